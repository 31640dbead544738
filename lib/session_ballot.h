/*
 * What is proposed for each of a session's variables, and by how many of its processes; and what
 * was dropped, with the reason. The number only ranks the proposals of one user's one session: what
 * is taken is decided by what lives behind it.
 */
#ifndef PT_SESSION_BALLOT_H
#define PT_SESSION_BALLOT_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buffer.h"
#include "session_values.h"

/* So many different proposals are kept for one variable, dropped values for one session, and bytes
 * of a dropped value. */
#define PT_PROPOSALS_MAX 256
#define PT_DROPPED_MAX 64
#define PT_DROPPED_LENGTH 256

struct pt_proposal {
    const char *text; /* accepted by its bytes */
    uint32_t votes;
};

struct pt_proposals {
    struct pt_proposal *list; /* most votes first once the ballot is counted */
    size_t count, room;
};

struct pt_dropped {
    const char *name;
    enum pt_drop why;
    const char *text; /* raw bytes, cut */
    size_t length;
};

/* Names that are asked for beside the session's own. */
struct pt_imports {
    const char *const *names;
    size_t count;
};

struct pt_ballot {
    struct pt_arena *arena;           /* borrowed: holds everything */
    const struct pt_imports *imports; /* borrowed */
    struct pt_proposals *proposals;   /* PT_VALUE_COUNT, then the imports */
    struct pt_dropped *dropped;
    size_t dropped_count, dropped_room;
};

int pt_ballot_init(struct pt_ballot *ret_ballot, const struct pt_imports *imports,
                   struct pt_arena *arena);

/* Takes one variable of one process: a vote, or a dropped value, or nothing when it is none that is
 * asked for. 0 or -ENOMEM. */
int pt_ballot_take(struct pt_ballot *ballot, const char *variable, size_t length);

/* The ballots in order of their votes, first come first. */
void pt_ballot_count(struct pt_ballot *ballot);

/* Notes a dropped value, once. 0 or -ENOMEM. */
int pt_ballot_drop(struct pt_ballot *ballot, const char *name, enum pt_drop why, const char *text,
                   size_t length);

#endif
