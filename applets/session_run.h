/*
 * A command in a session: the environment it gets, becoming the user, and what passes between it
 * and us. As the session's own user there is nothing to become, and nothing passes through us.
 */
#ifndef SESSION_RUN_H
#define SESSION_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "session.h"

struct pt_session_command {
    const struct pt_candidate *session;
    const char *name;   /* for messages */
    char **argv;        /* NULL: only `instead` */
    int64_t timeout;    /* nanoseconds; PT_INFINITE: none */
    bool without_input; /* its stdin is /dev/null */
    bool escaped;       /* what passes through us is escaped, line by line */
    /* What to do in the child, as the user and in her environment, when there is no such command;
     * its status. NULL: 127. */
    int (*instead)(const struct pt_session_command *command);
    const void *data; /* for `instead` */
};

/* Runs it to its end: its status, 128 + N for signal N, 126 and 127 as env(1), 125 when something
 * of ours failed, 124 when it took too long; messages were said. */
int pt_session_run(const struct pt_session_command *command);

/* In the session's own user's process: becomes the command. Returns only on failure, with the
 * status. */
int pt_session_exec(const struct pt_candidate *session, char **argv);

#endif
