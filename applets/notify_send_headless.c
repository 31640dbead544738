/* notify-send-headless: notify-send(1) in a user's desktop session, from a cron job, a daemon, a
 * udev rule or an ssh login.
 *
 * Our own options begin with --session- and stand first; from the first other word on everything is
 * notify-send's, `--` included: an untrusted text must not become an option of ours. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "arena.h"
#include "notify_builtin.h"
#include "report.h"
#include "session_find.h"
#include "session_options.h"
#include "session_run.h"
#include "session_show.h"
#include "text.h"
#include "units.h"

enum { OPTION_ALL = PT_OPTION_OWN, OPTION_TIMEOUT, OPTION_QUIET, OPTION_BUILTIN };

static const struct pt_option rows[] = {
    {0, PT_TAKES_NOTHING, OPTION_ALL, "all", NULL, NULL,
     "every session that can be reached, one after the other"},
    {0, PT_TAKES_VALUE, OPTION_TIMEOUT, "timeout", "DURATION", NULL,
     "give up on a session after this time: 10s, or never with notify-send's -w and -A; 0: never"},
    {0, PT_TAKES_NOTHING, OPTION_QUIET, "quiet", NULL, NULL,
     "exit 0 and say nothing of ours when nothing could be sent"},
    {0, PT_TAKES_NOTHING, OPTION_BUILTIN, "builtin", NULL, NULL,
     "do not run notify-send: send it by our own client"},
    {0},
};

static const struct pt_option_group groups[] = {
    {"Session", pt_session_rows}, {"Sending", rows}, {"Other", pt_options_common}, {0}};

static const struct pt_exit_status statuses[] = {
    {"0", "sent; --session-print: there is a session"},
    {"1", "notify-send failed; --session-print: there is no session"},
    {"2", "usage, where nothing was to be sent: nothing given, --session-print, --session-json"},
    {"3", "standard output could not be written, with --session-print"},
    {"4", "/proc cannot be used, with --session-print"},
    {"124", "nothing within --session-timeout or --session-wait"},
    {"125", "a failure of ours: usage, no session"},
    {"126", "notify-send cannot be run"},
    {"127", "notify-send is not installed, and the built-in client cannot do what is asked"},
    {"128+N", "notify-send was ended by signal N"},
    {0},
};

static const struct pt_options options = {
    .name = "notify-send-headless",
    .summary = "send a desktop notification to a user's session from anywhere",
    .synopsis = "[--session-OPTION]... [NOTIFY-SEND ARGUMENT]...",
    .operands = NULL,
    .parsing = PT_PREFIXED_ONLY,
    .prefix = "session-",
    .groups = groups,
    .exit_statuses = statuses,
    .notes = "Alone, --help and --version are ours.",
};

struct settings {
    struct pt_session_settings session;
    bool all, quiet, builtin, has_timeout;
    int64_t timeout;
    char **argv; /* notify-send's, with its name */
    struct notify_message message;
};

/* --- arguments --- */

/* notify-send dies of SIGTRAP on what is not UTF-8. */
static char *make_utf8(const char *text, struct pt_arena *arena)
{
    struct pt_buffer valid = {0};
    char *copy = NULL;

    if (pt_buffer_append_utf8(&valid, text, strlen(text)) == 0)
        copy = pt_arena_strndup(arena, pt_buffer_text(&valid), valid.length);
    pt_buffer_done(&valid);
    if (copy == NULL)
        pt_die(PT_EXIT_FAILED, "out of memory");
    return copy;
}

static char **make_arguments(char **words, struct pt_arena *arena)
{
    size_t count = 0;
    char **argv;

    while (words[count] != NULL)
        count++;
    argv = pt_arena_array(arena, count + 2, sizeof *argv, PT_ALIGN_OF(char *));
    if (argv == NULL)
        pt_die(PT_EXIT_FAILED, "out of memory");
    argv[0] = make_utf8("notify-send", arena);
    for (size_t i = 0; i < count; i++)
        argv[i + 1] = make_utf8(words[i], arena);
    return argv;
}

/* --- sending --- */

struct client {
    const struct settings *settings;
    const char *bus;
    uid_t uid;
};

/* In the child, as the user: notify-send is not there, or not wanted. */
static int send_by_ourselves(const struct pt_session_command *command)
{
    const struct client *client = command->data;

    return notify_builtin_send(&client->settings->message, client->bus, client->uid,
                               command->timeout);
}

static int send_to(const struct settings *settings, const struct pt_candidate *session)
{
    const struct client client = {settings, session->answer.values[PT_VALUE_BUS], session->uid};
    const struct pt_session_command command = {
        .session = session,
        .name = "notify-send",
        .argv = settings->builtin ? NULL : settings->argv,
        .timeout = settings->timeout,
        .without_input = true,
        .escaped = true,
        .instead = send_by_ourselves,
        .data = &client,
    };
    int status = pt_session_run(&command);

    if (status != PT_EXIT_OK && !session->answer.bus_has_daemon)
        pt_warn("no notification daemon was running on %s: if one was started, it failed",
                client.bus);
    return status;
}

static bool is_sent_already(const struct pt_sessions *sessions, size_t to)
{
    const struct pt_candidate *list = sessions->list;

    for (size_t i = 0; i < to; i++) {
        if (list[i].uid == list[to].uid &&
            strcmp(list[i].answer.values[PT_VALUE_BUS], list[to].answer.values[PT_VALUE_BUS]) == 0)
            return true;
    }
    return false;
}

/* 0 when one was reached. Two sessions of a user on one bus are one. */
static int send_to_all(const struct settings *settings, const struct pt_sessions *sessions)
{
    int failure = PT_EXIT_OK;
    bool reached = false;

    for (size_t i = 0; i < sessions->reachable; i++) {
        struct pt_buffer text = {0};
        int status;

        if (is_sent_already(sessions, i))
            continue;
        status = send_to(settings, &sessions->list[i]);
        reached |= status == PT_EXIT_OK;
        if (status == PT_EXIT_OK)
            continue;
        failure = status;
        pt_session_describe(&sessions->list[i], &text);
        pt_warn("%s: not reached (status %d)", pt_buffer_text(&text), status);
        pt_buffer_done(&text);
    }
    return reached ? PT_EXIT_OK : failure;
}

static int act(const struct settings *settings)
{
    struct pt_sessions *sessions;
    int status;

    if (settings->session.print)
        return pt_session_show(&settings->session, settings->all);
    status = pt_session_find(&settings->session, settings->all, &sessions);
    if (status == PT_EXIT_OK)
        status =
            settings->all ? send_to_all(settings, sessions) : send_to(settings, &sessions->list[0]);
    else if (status != PT_EXIT_TIMED_OUT)
        status = PT_EXIT_FAILED;
    pt_sessions_free(sessions);
    return settings->quiet ? PT_EXIT_OK : status;
}

/* --- the command line --- */

static void take_option(struct settings *settings, const struct pt_parser *parser, int id)
{
    switch (id) {
    case OPTION_ALL:
        settings->all = true;
        settings->session.query.everything = true;
        break;
    case OPTION_TIMEOUT:
        settings->timeout = pt_option_wait(parser);
        settings->has_timeout = true;
        break;
    case OPTION_QUIET:
        settings->quiet = true;
        pt_report_set_verbosity(-2);
        break;
    case OPTION_BUILTIN:
        settings->builtin = true;
        break;
    }
}

static void take_message(struct settings *settings, char **words, struct pt_arena *arena)
{
    settings->argv = make_arguments(words, arena);
    notify_builtin_parse(settings->argv, &settings->message);
    if (settings->all && settings->message.waits)
        pt_usage("--session-all: not with an option of notify-send that waits");
    if (!settings->has_timeout)
        settings->timeout = settings->message.waits ? PT_INFINITE : 10 * PT_SECOND;
}

static int run(int argc, char **argv)
{
    struct settings settings = {0};
    struct pt_parser parser;
    struct pt_arena arena;
    int id, status;

    if (pt_session_runs_command(&options, argc, argv))
        pt_report_failures_are(PT_EXIT_FAILED);
    pt_arena_init(&arena);
    pt_session_settings_init(&settings.session, &options);
    settings.session.query.notifications = true;
    pt_parser_init(&parser, &options, argc, argv);
    while ((id = pt_option_next(&parser)) != PT_OPTION_END) {
        if (!pt_session_option(&settings.session, &parser, id))
            take_option(&settings, &parser, id);
    }
    if (*pt_parser_rest(&parser) == NULL && !settings.session.print)
        pt_options_usage(&options);
    take_message(&settings, pt_parser_rest(&parser), &arena);
    status = act(&settings);
    pt_arena_done(&arena);
    return status;
}

const struct pt_applet pt_applet_notify_send_headless = {&options, run};
