#include "session_options.h"

#include <string.h>

#include "units.h"
#include "user_names.h"

const struct pt_option pt_session_rows[] = {
    {0, PT_TAKES_VALUE, SESSION_USER, "user", "USER", "<user>",
     "the session of this user, and of nobody else"},
    {0, PT_TAKES_VALUE, SESSION_WAIT, "wait", "DURATION", NULL,
     "wait until there is a session, so long; 0: without end"},
    {0, PT_TAKES_NOTHING, SESSION_HEADLESS, "headless-ok", NULL, NULL,
     "a live message bus is enough: no display is needed"},
    {0, PT_TAKES_NOTHING, SESSION_PRINT, "print", NULL, NULL,
     "only show which session would be used, and what was rejected and why"},
    {0, PT_TAKES_NOTHING, SESSION_JSON, "json", NULL, NULL, "the same as JSON"},
    {0},
};

void pt_session_settings_init(struct pt_session_settings *settings,
                              const struct pt_options *options)
{
    *settings = (struct pt_session_settings){
        .prefix = options->prefix != NULL ? options->prefix : "",
        .query = {.systemd = "/run/systemd"},
    };
}

bool pt_session_option(struct pt_session_settings *settings, const struct pt_parser *parser, int id)
{
    switch (id) {
    case SESSION_USER:
        if (pt_user_id(parser->value, &settings->query.uid) != 0)
            pt_option_refuse(parser, "no such user");
        settings->user = parser->value;
        settings->query.has_uid = true;
        return true;
    case SESSION_WAIT:
        settings->wait = pt_option_wait(parser);
        settings->waits = true;
        return true;
    case SESSION_HEADLESS:
        settings->query.headless_ok = true;
        return true;
    case SESSION_JSON:
    case SESSION_PRINT:
        settings->json |= id == SESSION_JSON;
        settings->print = true;
        settings->query.everything = true;
        return true;
    }
    return false;
}

bool pt_session_runs_command(const struct pt_options *options, int argc, char **argv)
{
    struct pt_parser parser;
    struct pt_fault fault;
    bool shows = false;
    int id;

    pt_parser_init(&parser, options, argc, argv);
    while ((id = pt_parser_step(&parser, &fault)) != PT_OPTION_END)
        shows |= id == SESSION_PRINT || id == SESSION_JSON;
    return !shows && *pt_parser_rest(&parser) != NULL;
}
