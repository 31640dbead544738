/*
 * The reapers outside a set of processes: PID 1, and whatever is above a member and none itself.
 *
 * Each of them may be a child subreaper (prctl(2), 3.4), to whom the kernel hands what a member
 * leaves behind; no file tells who is one, so their lists of children are read too. Who was noted
 * once stays noted: when the last member has ended there is nobody left to ask for its parent.
 * (That its pid may be another's by then does no harm, since whoever is found below it must be
 * meant.)
 */
#ifndef PT_REAPERS_H
#define PT_REAPERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "members.h"

struct pt_reapers {
    pid_t *pids;
    size_t count, capacity;
};

/* Frees; accepts an empty one. */
void pt_reapers_done(struct pt_reapers *reapers);

/* Notes PID and what is above it, up to a living member of MEMBERS, which has parents of its own to
 * note, or to one that may not be read (hidepid): nobody could ever see that its list stays the
 * same. 0 or -ENOMEM. */
int pt_reapers_note(struct pt_reapers *reapers, const struct pt_members *members, pid_t pid);

/* Forgets those whose pid is nobody's any more. Whether there were any. */
bool pt_reapers_forget_gone(struct pt_reapers *reapers, const struct pt_procfs *procfs);

#endif
