/*
 * Members that were stopped in the middle of fork(2).
 *
 * A fork that a signal interrupts is begun anew when its process goes on (ERESTARTNOINTR of
 * copy_process, kernel/fork.c), and libc blocks all signals around it. A process that is stopped
 * there, signalled and continued therefore forks first, and acts on the signal afterwards: its
 * child was sent nothing and stood in nobody's list. Who has the signal blocked is let run for a
 * moment, until it has not, or waits for something.
 */
#ifndef PT_FORKING_H
#define PT_FORKING_H

#include "members.h"

/* How long one is let run, nanoseconds, and how often in one freeze: a process may as well have the
 * signal blocked because it reads it from a signalfd(2). That one waits soon; another may have to
 * wait for a CPU first. */
#define PT_FORKING_PATIENCE INT64_C(200000000)
#define PT_FORKING_TRIES 3

/*
 * Continues the members that we stopped and that have SIGNAL blocked in some thread, and stops each
 * as soon as that is over, or PT_FORKING_PATIENCE is. How many these were; 0: all of them can act
 * on it.
 */
size_t pt_forking_finish(struct pt_members *members, int signal);

#endif
