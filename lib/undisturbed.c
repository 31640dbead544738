#include "undisturbed.h"

#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>

/* Before all others, getpriority(2). */
#define NICE_FIRST (-20)

void pt_undisturbed_begin(struct pt_undisturbed *undisturbed)
{
    sigset_t all;

    if (undisturbed->active)
        return;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &undisturbed->former_mask);
    errno = 0;
    undisturbed->former_nice = getpriority(PRIO_PROCESS, 0);
    undisturbed->goes_first = errno == 0 && setpriority(PRIO_PROCESS, 0, NICE_FIRST) == 0;
    undisturbed->active = true;
}

void pt_undisturbed_end(struct pt_undisturbed *undisturbed)
{
    if (!undisturbed->active)
        return;
    if (undisturbed->goes_first)
        setpriority(PRIO_PROCESS, 0, undisturbed->former_nice);
    sigprocmask(SIG_SETMASK, &undisturbed->former_mask, NULL);
    undisturbed->active = false;
}
