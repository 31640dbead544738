/* A search's result: for people, as JSON, and a line about one candidate for messages. */
#ifndef SESSION_SHOW_H
#define SESSION_SHOW_H

#include <stdbool.h>

#include "buffer.h"
#include "session.h"

/* `anna (1000), session 2 on seat0, active`: raw text of the user database and logind in it. */
void pt_session_describe(const struct pt_candidate *candidate, struct pt_buffer *text);

/* On stdout; CHOSEN are so many of the first. */
void pt_sessions_print(const struct pt_sessions *sessions, size_t chosen);
void pt_sessions_print_json(const struct pt_sessions *sessions, size_t chosen);

#endif
