/*
 * What the processes of a user say about her session: the variables in their environments.
 *
 * A process is heard only for the user that all four of its uids are and that owns its
 * /proc/PID/environ (a program that was setuid, or changed its ids and has not called exec since,
 * shows a stranger's environment), before and after that is read.
 */
#ifndef PT_SESSION_HEAR_H
#define PT_SESSION_HEAR_H

#include <stddef.h>
#include <stdint.h>

#include "session_evidence.h"

/*
 * Hears the processes of the candidates' users and fills their ballots, which must be empty;
 * SESSIONS are all of logind's, whose processes belong to no candidate else. A user that the
 * databases do not know (user.known false) gets ids and home from a process. Whose environment
 * cannot be read, or not within a second, is passed over; who is not heard by DEADLINE
 * (pt_monotonic) is not heard. -ENOMEM or -errno of the root.
 */
int pt_session_hear(struct pt_evidence *evidence, struct pt_candidate *const *candidates,
                    size_t count, const struct pt_logind_session *sessions, size_t session_count,
                    int64_t deadline, struct pt_arena *arena);

#endif
