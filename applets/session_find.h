/* A search for sessions as a user asks for it: it may wait, and says why it found none. */
#ifndef SESSION_FIND_H
#define SESSION_FIND_H

#include <stdbool.h>

#include "session.h"
#include "session_options.h"

/*
 * Finds sessions: 0 with at least one that can be reached, and one that can be chosen unless ALL
 * are wanted; else the exit status, after the reasons were said. The caller frees; NULL: the search
 * itself failed.
 */
int pt_session_find(const struct pt_session_settings *settings, bool all,
                    struct pt_sessions **ret_sessions);

/* --print and --json: shows everything; the exit status. */
int pt_session_show(const struct pt_session_settings *settings, bool all);

#endif
