/*
 * Sessions that might be reached, whose processes there are, and which of them may speak for a
 * session: those that live in the namespaces of the system, PID 1's, or ours where we are not root.
 * A process's cgroup chooses among its user's sessions and no others: anybody can name a cgroup
 * session-5.scope.
 */
#ifndef PT_SESSION_EVIDENCE_H
#define PT_SESSION_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arena.h"
#include "become.h"
#include "logind.h"
#include "procfs.h"
#include "session_answer.h"
#include "session_ballot.h"

/* Best first. */
enum pt_rank {
    PT_RANK_ACTIVE,      /* on a seat, in front */
    PT_RANK_ONLINE,      /* on a seat, switched away from */
    PT_RANK_SEATLESS,    /* xrdp, VNC */
    PT_RANK_UNEXPLAINED, /* a user with a live display that no session file explains */
};

/* A session that might be reached: one of logind's, or a user without. */
struct pt_candidate {
    uid_t uid;
    const struct pt_logind_session *session; /* NULL: unexplained */
    enum pt_rank rank;
    bool takes_rest;  /* the best of its user: what belongs to no other session is its */
    bool heard;       /* its processes were read */
    bool asked;       /* its answer is there */
    size_t witnesses; /* processes of its user that may be of the system's namespaces */
    struct pt_user user;
    const char *exclusion; /* why it does not count, without being asked; NULL: it does */
    struct pt_ballot ballot;
    struct pt_answer answer;
};

struct pt_owner {
    pid_t pid;
    uid_t uid;
};

/* Of mount, PID and user namespaces. */
#define PT_EVIDENCE_KINDS 3

/* The processes, by their owners, and the namespaces that count. */
struct pt_evidence {
    const struct pt_procfs *procfs; /* borrowed */
    struct pt_owner *owners;
    size_t count;
    char namespaces[PT_EVIDENCE_KINDS][32]; /* "": not known, then all count */
    bool apart;                             /* we ourselves do not live there */
};

/* Lists them. -ENOMEM or -errno of the root. */
int pt_evidence_init(struct pt_evidence *ret_evidence, const struct pt_procfs *procfs);
void pt_evidence_done(struct pt_evidence *evidence);

/* The next uid after *UID that owns a process, false at the end; begin with (uid_t)-1. O(n). */
bool pt_evidence_next_uid(const struct pt_evidence *evidence, uid_t *uid);

/* Whether a process shares the namespaces of the system, by which it sees the same files, processes
 * and users: 1, 0, or -errno where that cannot be told. */
int pt_evidence_lives_there(const struct pt_evidence *evidence, pid_t pid);

/* Whether the text of /proc/PID/cgroup names the session ID: `session-ID.scope`, elogind `/ID`. */
bool pt_evidence_names_session(const char *cgroup, size_t length, const char *id);

#endif
