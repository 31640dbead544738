/* What a command has for its environment in a session. */
#ifndef SESSION_ENVIRONMENT_H
#define SESSION_ENVIRONMENT_H

#include "session.h"

/*
 * The environment of a session: our own with the session's variables set and unset, where we are
 * its user; else from scratch. NAME=VALUE, NULL at the end; the caller frees it by
 * pt_session_environment_free. NULL: no memory.
 */
char **pt_session_environment(const struct pt_candidate *session);
void pt_session_environment_free(char **environment);

#endif
