/* Going before all others, and held up by no signal, for as long as others are stopped by us. */
#ifndef PT_UNDISTURBED_H
#define PT_UNDISTURBED_H

#include <signal.h>
#include <stdbool.h>

/* What is to be put back. All zero bytes: nothing. */
struct pt_undisturbed {
    bool active;
    bool goes_first;
    int former_nice;
    sigset_t former_mask;
};

/* Blocks all signals for this thread, so that none can end us meanwhile, and sets it to nice -20
 * where we may (root, RLIMIT_NICE): whoever forks as fast as it can does so on as many CPUs as
 * there are, and others want them too. Does nothing while it lasts. */
void pt_undisturbed_begin(struct pt_undisturbed *undisturbed);

/* Puts both back; accepts what was never begun. */
void pt_undisturbed_end(struct pt_undisturbed *undisturbed);

#endif
