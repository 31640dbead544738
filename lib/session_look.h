/*
 * What a probe does once it has become the user: takes the proposals in order, keeps the first of
 * each that is live, and writes the answer.
 */
#ifndef PT_SESSION_LOOK_H
#define PT_SESSION_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "become.h"
#include "buffer.h"
#include "session_answer.h"
#include "session_ballot.h"

/* One session, and what is to be known of it. */
struct pt_probe {
    const struct pt_user *user;
    struct pt_ballot *ballot; /* counted; takes what the child drops */
    const char *id;           /* of its logind session; NULL: none */
    bool takes_rest;          /* what no process of its own names is its as well */
    bool headless_ok;         /* a live bus is enough */
    bool notifications;       /* its bus is to have, or to start, a notification daemon */
    struct pt_answer answer;  /* afterwards; a refusal when there was none */
};

/* Writes the whole answer. The deadline is the child's own, so that it can still say what it has.
 */
void pt_look(const struct pt_probe *probe, int64_t deadline, struct pt_buffer *answer);

#endif
