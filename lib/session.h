/*
 * Finding desktop sessions: candidates from logind and, where it explains nothing, from who has
 * processes; what their processes propose (session_evidence); what lives (session_probe); the
 * order among those that can be reached.
 *
 * Here only /proc and /run/systemd are read, and the user database.
 */
#ifndef PT_SESSION_H
#define PT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arena.h"
#include "procfs.h"
#include "session_evidence.h"

/* A whole search takes so long at the most, whatever others do. */
#define PT_SEARCH_PATIENCE (9 * INT64_C(1000000000))

struct pt_session_query {
    bool has_uid; /* only this user's */
    uid_t uid;
    bool headless_ok;   /* a live bus is enough */
    bool notifications; /* the bus is to have, or to start, a notification daemon */
    bool everything;    /* ask all, also what cannot be the best */
    struct pt_imports imports;
    const char *systemd; /* /run/systemd, or what stands for it */
};

/* What was found. Everything lives in the arena, but the query's imports, which are borrowed. */
struct pt_sessions {
    struct pt_arena arena;
    struct pt_candidate *list; /* reachable ones first, best first */
    size_t count;
    size_t reachable;
    bool apart; /* our mount namespace is not the system's: it may hide /run/user or X's sockets */
};

/*
 * Searches. As another user than root only one's own sessions are looked at: -EPERM when the query
 * names another. 0 also when there is none; -ENOMEM or -errno of the procfs.
 */
int pt_sessions_find(const struct pt_procfs *procfs, const struct pt_session_query *query,
                     struct pt_sessions **ret_sessions);
void pt_sessions_free(struct pt_sessions *sessions);

/* How many of the first are equally good and of different users, so that none can be chosen: 0 or
 * at least 2. */
size_t pt_sessions_tied(const struct pt_sessions *sessions);

/* Why a candidate cannot be used; NULL: it can, or was not asked. */
const char *pt_session_refusal(const struct pt_candidate *candidate);

#endif
