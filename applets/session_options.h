/* The options that notify-send-headless and with-gui-environment share: the same names, with and
 * without `session-` in front. */
#ifndef SESSION_OPTIONS_H
#define SESSION_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "session.h"

enum {
    SESSION_USER = PT_OPTION_SESSION,
    SESSION_WAIT,
    SESSION_HEADLESS,
    SESSION_PRINT,
    SESSION_JSON
};

extern const struct pt_option pt_session_rows[];

/* What they say. */
struct pt_session_settings {
    const char *prefix; /* of the options' names, for messages */
    const char *user;   /* as it was named, or NULL */
    struct pt_session_query query;
    bool waits;
    int64_t wait; /* nanoseconds, PT_INFINITE: without end */
    bool print, json;
};

void pt_session_settings_init(struct pt_session_settings *settings,
                              const struct pt_options *options);

/* Takes the option just read; false when it is none of these. Ends with a usage error for a value
 * that cannot be. */
bool pt_session_option(struct pt_session_settings *settings, const struct pt_parser *parser,
                       int id);

/* Whether a command is to run, asked before argv is parsed for good: then a failure of ours is 125.
 */
bool pt_session_runs_command(const struct pt_options *options, int argc, char **argv);

#endif
