/* with-gui-environment: run a command in a user's desktop session, from a cron job, a daemon, a
 * udev rule or an ssh login; without a command, print what a shell must set for it.
 *
 * As root we become the user first, completely (lib/become). As the session's own user nothing
 * changes but the session's variables, and the command takes our place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "arena.h"
#include "become.h"
#include "report.h"
#include "session_find.h"
#include "session_options.h"
#include "session_run.h"
#include "units.h"

enum { OPTION_IMPORT = PT_OPTION_OWN };

static const struct pt_option rows[] = {
    {0, PT_TAKES_VALUE, OPTION_IMPORT, "import", "NAME,...", NULL,
     "take these variables from the session too, such as SSH_AUTH_SOCK"},
    {0},
};

static const struct pt_option_group groups[] = {
    {"Session", pt_session_rows}, {"Environment", rows}, {"Other", pt_options_common}, {0}};

static const struct pt_exit_status statuses[] = {
    {"0", "printed; else the command's own"},
    {"1", "nothing to run, and no session can be reached"},
    {"2", "usage, with nothing to run"},
    {"3", "standard output could not be written"},
    {"4", "/proc cannot be used"},
    {"124", "--wait: no session came about"},
    {"125", "a failure of ours, with a command to run"},
    {"126", "the command cannot be run"},
    {"127", "the command was not found"},
    {"128+N", "the command was ended by signal N"},
    {0},
};

static const struct pt_options options = {
    .name = "with-gui-environment",
    .summary = "run a command in a user's desktop session, or print its environment",
    .synopsis = "[OPTION]... [--] [COMMAND [ARG]...]",
    .operands = "<command>",
    .parsing = PT_STOP_AT_OPERAND,
    .groups = groups,
    .exit_statuses = statuses,
};

/* Adds the names of NAME,NAME to what was there. */
static void take_imports(struct pt_imports *imports, const struct pt_parser *parser,
                         struct pt_arena *arena)
{
    size_t room = imports->count + strlen(parser->value) + 1;
    const char **names = pt_arena_array(arena, room, sizeof *names, PT_ALIGN_OF(const char *));

    if (names == NULL)
        pt_die(PT_EXIT_FAILED, "out of memory");
    for (size_t i = 0; i < imports->count; i++)
        names[i] = imports->names[i];
    imports->names = names;
    for (const char *at = parser->value;; at++) {
        size_t length = strcspn(at, ",");

        if (!pt_value_is_name(at, length))
            pt_option_refuse(parser, "not the name of a variable");
        names[imports->count] = pt_arena_strndup(arena, at, length);
        if (names[imports->count++] == NULL)
            pt_die(PT_EXIT_FAILED, "out of memory");
        at += length;
        if (*at == '\0')
            return;
    }
}

/* --- printing --- */

static void print_variable(const char *name, const char *value)
{
    if (value != NULL)
        printf("export %s='%s'\n", name, value); /* it has no quote in it */
    else
        printf("unset %s\n", name);
}

static bool has_language(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0')
            return true;
    }
    return false;
}

static int print_lines(const struct pt_candidate *session)
{
    const struct pt_imports *imports = session->ballot.imports;

    if (!pt_user_is_us(session->uid))
        pt_warn("whoever takes these over trusts the sockets of %s; a command given here runs as "
                "that user",
                session->user.name);
    for (size_t i = 0; i < PT_VALUE_COUNT; i++) {
        const char *value = session->answer.values[i];

        if (i != PT_VALUE_LANG || (value != NULL && !has_language()))
            print_variable(pt_value_names[i], value);
    }
    for (size_t i = 0; i < imports->count; i++) {
        if (session->answer.imports[i] != NULL)
            print_variable(imports->names[i], session->answer.imports[i]);
    }
    return PT_EXIT_OK;
}

/* --- running --- */

static int run_command(const struct pt_candidate *session, char **argv)
{
    const struct pt_session_command command = {
        .session = session, .name = argv[0], .argv = argv, .timeout = PT_INFINITE};

    if (pt_user_is_us(session->uid))
        return pt_session_exec(session, argv);
    return pt_session_run(&command);
}

static int act(const struct pt_session_settings *settings, char **argv)
{
    struct pt_sessions *sessions;
    int status;

    if (settings->print)
        return pt_session_show(settings, false);
    status = pt_session_find(settings, false, &sessions);
    if (status != PT_EXIT_OK && status != PT_EXIT_TIMED_OUT && *argv != NULL)
        status = PT_EXIT_FAILED;
    if (status == PT_EXIT_OK && *argv == NULL && !pt_user_is_us(sessions->list[0].uid) &&
        settings->user == NULL)
        pt_usage("without a command another user's environment is printed only with --user");
    if (status == PT_EXIT_OK)
        status =
            *argv != NULL ? run_command(&sessions->list[0], argv) : print_lines(&sessions->list[0]);
    pt_sessions_free(sessions);
    return status;
}

static int run(int argc, char **argv)
{
    struct pt_session_settings settings;
    struct pt_parser parser;
    struct pt_arena arena;
    int id, status;

    pt_arena_init(&arena);
    if (pt_session_runs_command(&options, argc, argv))
        pt_report_failures_are(PT_EXIT_FAILED);
    pt_session_settings_init(&settings, &options);
    pt_parser_init(&parser, &options, argc, argv);
    while ((id = pt_option_next(&parser)) != PT_OPTION_END) {
        if (!pt_session_option(&settings, &parser, id))
            take_imports(&settings.query.imports, &parser, &arena);
    }
    status = act(&settings, pt_parser_rest(&parser));
    pt_arena_done(&arena);
    return status;
}

const struct pt_applet pt_applet_with_gui_environment = {&options, run};
