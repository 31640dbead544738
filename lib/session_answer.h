/*
 * What a probe says to us through a pipe, one fact a line. It was root's child when it began, but
 * has become a user who may have led it astray: what we read is hostile. It is bounded, must be
 * whole, and each value must be acceptable again.
 */
#ifndef PT_SESSION_ANSWER_H
#define PT_SESSION_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buffer.h"
#include "session_ballot.h"
#include "session_values.h"

#define PT_ANSWER_LIMIT ((size_t)64 << 10)

/* Why a session cannot be used. */
enum pt_refusal {
    PT_REFUSED_NOT,
    PT_REFUSED_NO_ANSWER,
    PT_REFUSED_NOT_ASKED,
    PT_REFUSED_NOT_BECOME,
    PT_REFUSED_NO_DISPLAY,
    PT_REFUSED_NO_BUS,
    PT_REFUSED_NO_DAEMON,
    PT_REFUSED_UNKNOWN_USER,
    PT_REFUSED_EXCLUDED, /* by its class and state, or the account: the session's own text */
    PT_REFUSED_COUNT
};

/* The reason as a phrase. */
const char *pt_refusal_text(enum pt_refusal refusal);

/* What lives in a session. Texts are in the arena. */
struct pt_answer {
    enum pt_refusal refusal;
    const char *values[PT_VALUE_COUNT]; /* NULL: not set */
    const char **imports;               /* as many as the ballot's; NULL: not set */
    bool has_display;
    bool bus_has_daemon; /* somebody owns org.freedesktop.Notifications there */
};

/* Writing, by the probe. */
void pt_answer_value(struct pt_buffer *out, enum pt_value value, const char *text);
void pt_answer_import(struct pt_buffer *out, size_t import, const char *text);
void pt_answer_drop(struct pt_buffer *out, enum pt_value value, enum pt_drop why, const char *text);
void pt_answer_end(struct pt_buffer *out, enum pt_refusal refusal, bool has_display,
                   bool bus_has_daemon);

/*
 * Parses a whole answer. Dropped values go to BALLOT, whose imports say how many there may be. 0;
 * -EPROTO: it is none, and RET_ANSWER is untouched; -ENOMEM.
 */
int pt_answer_parse(const char *bytes, size_t length, struct pt_ballot *ballot,
                    struct pt_answer *ret_answer);

/* Whether one that refuses nothing has what it claims: a bus, which NOTIFICATIONS need, or else a
 * display. */
bool pt_answer_is_sound(const struct pt_answer *answer, bool notifications);

#endif
