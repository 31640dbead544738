/*
 * A set of processes that deeds are done to: who is in it, found below whom, and as what.
 *
 * Members never move and never leave: their handles say that they have ended. One that was already
 * dead when it was found is kept too, as one that has ended: an unreaped zombie stays in its
 * parent's list, and must not be news each time.
 */
#ifndef PT_MEMBERS_H
#define PT_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "handle.h"

/* What a member is there for. A verifier's positive answers; see pt_members_add. */
enum pt_role {
    PT_ROLE_TARGET = 1, /* it is meant: signalled, and stopped while the set is closed */
    PT_ROLE_HELD,       /* stopped while the set is closed, else left alone: a root whose
                           descendants are meant */
    PT_ROLE_PASSED,     /* left alone, but what descends from it may be meant: our own ancestors */
    PT_ROLE_DEAD,       /* it had ended when it was found */
};

#define PT_NO_MEMBER UINT32_MAX

/* A signal that was sent to a member. */
struct pt_sent {
    struct pt_sent *next; /* the one sent after it */
    int64_t at;           /* CLOCK_MONOTONIC, nanoseconds */
    int signal;
};

struct pt_member {
    struct pt_handle handle;
    const struct pt_verifier *verifier; /* borrowed: asked again where there are no pidfds */
    uint32_t parent;                    /* the member it was found below, or PT_NO_MEMBER */
    enum pt_role role;
    const char *comm; /* as it was when it was found; bytes, NUL-terminated too */
    uint32_t comm_length;
    /* freeze.h's */
    bool asked;        /* it was sent SIGSTOP in this freeze, or left alone for a reason */
    bool stopped;      /* we stopped it, and owe it a SIGCONT */
    bool was_stopped;  /* it was stopped before we came, so we owe it none */
    bool closed;       /* every thread of it was seen stopped or gone in the last pass */
    bool left_running; /* the foreground job of a terminal */
    bool frozen;       /* by its cgroup */
    bool refused;      /* we may not signal it */
    pid_t tpgid;       /* as in its record when it was found */
    char state;        /* as its record said last: the letter that kept it from being closed */
    bool forking;      /* let run, because it is in the middle of fork */
    uint32_t let_run;  /* how often */
    uint32_t news;     /* in how many looks at its children one was new */
    uint64_t trace;    /* of its threads and children as the last pass saw them */
    /* ending.h's */
    struct pt_sent *sent, *last_sent; /* what it was sent, in order */
    int64_t added, ended;             /* CLOCK_MONOTONIC; ended is 0 while it lives */
    bool awaited;                     /* it is in the waitset */
    bool forced;                      /* it was sent SIGKILL */
    bool unreported;                  /* it ended while nothing could be said */
};

struct pt_members {
    const struct pt_procfs *procfs; /* borrowed */
    struct pt_member **list;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* index + 1 by pid, the newest of each pid; 0: free */
    size_t slot_count;
    struct pt_arena arena;
};

void pt_members_init(struct pt_members *members, const struct pt_procfs *procfs);

/* Closes the handles and frees everything; accepts an empty one. */
void pt_members_done(struct pt_members *members);

/* The newest member with that pid, or PT_NO_MEMBER. It may have ended, and the pid be another's. */
uint32_t pt_members_find(const struct pt_members *members, pid_t pid);

/*
 * Opens, verifies (as pt_handle_open; a positive answer of `verify` is the member's role) and adds.
 * `verifier` must outlive the set. A process that is a member already becomes none twice: its role
 * is raised to TARGET if that was the answer. Returns 1, with its index; else as pt_handle_open.
 * One that had ended is added as DEAD when its zombie can be seen, and -ESRCH is returned.
 */
int pt_members_add(struct pt_members *members, pid_t pid, const struct pt_verifier *verifier,
                   uint32_t parent, uint32_t *ret_index);

/* Signals a member as pt_handle_signal does, and remembers a refusal. */
int pt_member_signal(struct pt_member *member, const struct pt_procfs *procfs, int signal);

/* Keeps in mind that SIGNAL was sent to it, now. 0 or -ENOMEM. */
int pt_member_note_sent(struct pt_members *members, struct pt_member *member, int signal);

static inline bool pt_member_lives(const struct pt_member *member)
{
    return !member->handle.ended;
}

/* Targets that have not ended. */
size_t pt_members_living(const struct pt_members *members);

#endif
