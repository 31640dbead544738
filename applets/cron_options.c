/* The command line of cron-graceful. */
#include "cron_graceful.h"

#include <errno.h>
#include <stdlib.h>

#include "report.h"

#define REPORT_EACH (300 * PT_SECOND)

enum {
    OPTION_DAEMON = PT_OPTION_OWN,
    OPTION_EXE_NAME,
    OPTION_EXCEPT,
    OPTION_DETACHED,
    OPTION_TIMEOUT,
    OPTION_ON_TIMEOUT,
    OPTION_REPORT,
    OPTION_ADDITIONS,
    OPTION_NO_ADDITIONS,
    OPTION_END_CONTAINER,
    OPTION_RUN,
};

static const struct pt_option whom_rows[] = {
    {0, PT_TAKES_VALUE, OPTION_DAEMON, "daemon", "PID", "<pid>",
     "the cron daemon is process PID, whatever it is called"},
    {0, PT_TAKES_VALUE, OPTION_EXE_NAME, "exe-name", "NAME", NULL,
     "the cron daemon is what runs the program NAME"},
    {0, PT_TAKES_VALUE, OPTION_EXCEPT, "except", "REGEX", NULL,
     "do not wait for jobs whose command matches; may be repeated"},
    {0, PT_TAKES_NOTHING, OPTION_DETACHED, "detached", NULL, NULL,
     "wait for what has detached itself from a job, too"},
    {0},
};

static const struct pt_option how_rows[] = {
    {'t', PT_TAKES_VALUE, OPTION_TIMEOUT, "timeout", "DURATION", NULL,
     "wait no longer than this, counted from the suspension; 0: without end"},
    {0, PT_TAKES_VALUE, OPTION_ON_TIMEOUT, "on-timeout", "ACTION", "resume stop kill-jobs",
     "then resume cron (the default), stop it all the same, or end the jobs and stop it"},
    {0, PT_TAKES_VALUE, OPTION_REPORT, "report", "DURATION", NULL,
     "name the jobs that still run so often instead of each 5m; 0: never"},
    {0, PT_TAKES_VALUE, OPTION_ADDITIONS, "additions", "CMD", "<command>",
     "run this program once cron is suspended, instead of " CRON_ADDITIONS},
    {0, PT_TAKES_NOTHING, OPTION_NO_ADDITIONS, "no-additions", NULL, NULL, "run none"},
    {0, PT_TAKES_NOTHING, OPTION_END_CONTAINER, "end-container", NULL, NULL,
     "end cron where it is PID 1 of a container, and the container with it"},
    {0, PT_TAKES_COMMAND, OPTION_RUN, "run", "COMMAND", "<command>",
     "do not stop cron: run COMMAND once no job runs, then resume it"},
    {0},
};

static const struct pt_option_group groups[] = {
    {"Whom", whom_rows},
    {"How", how_rows},
    {"Output", pt_options_output},
    {"Other", pt_options_common},
    {0},
};

static const struct pt_exit_status exit_statuses[] = {
    {"0", "stopped, drained, or there is none; -n: no job would be waited for"},
    {"1", "failed, and cron goes on; -n: jobs run"},
    {"2", "usage"},
    {"3", "a failed write"},
    {"4", "/proc cannot be used"},
    {"5", "cron could not be suspended or stopped, or was started again"},
    {"124", "timed out"},
    {"125", "--run: any failure of cron-graceful itself"},
    {"126", "--run: COMMAND cannot be executed"},
    {"127", "--run: COMMAND was not found"},
    {"128+N", "interrupted by signal N; cron goes on, unless it had been told to end"},
    {0},
};

const struct pt_options cron_options = {
    .name = "cron-graceful",
    .summary = "stop cron without cutting off a running job",
    .synopsis = "[OPTION]...",
    .parsing = PT_OPERANDS_ANYWHERE,
    .groups = groups,
    .exit_statuses = exit_statuses,
    .notes = "With --run the exit status is COMMAND's.",
};

/* --- settings --- */

/* An empty word, as a script's unset variable leaves it, would match every job, or nothing. */
static const char *take_word(const struct pt_parser *parser)
{
    if (*parser->value == '\0')
        pt_option_refuse(parser, "empty");
    return parser->value;
}

static void take_except(struct cron_settings *settings, const struct pt_parser *parser)
{
    struct pt_fault fault = {0};
    int error =
        pt_pattern_regex(&settings->except[settings->except_count++], take_word(parser), &fault);

    if (error == -EINVAL)
        pt_option_fault(parser, &fault);
    if (error < 0)
        pt_die(CRON_FAILED, "out of memory");
}

static void take_option(struct cron_settings *settings, const struct pt_parser *parser, int id)
{
    switch (id) {
    case OPTION_DAEMON:
        settings->pids[settings->pid_count++] = pt_option_pid(parser);
        break;
    case OPTION_EXE_NAME:
        settings->names[settings->name_count++] = take_word(parser);
        break;
    case OPTION_EXCEPT:
        take_except(settings, parser);
        break;
    case OPTION_DETACHED:
        settings->detached = true;
        break;
    case OPTION_TIMEOUT:
        settings->timeout = pt_option_wait(parser);
        break;
    case OPTION_ON_TIMEOUT:
        settings->on_timeout = (enum cron_on_timeout)pt_option_choice(parser);
        break;
    case OPTION_REPORT:
        settings->report = pt_option_wait(parser);
        break;
    case OPTION_ADDITIONS:
        settings->additions = parser->value;
        break;
    case OPTION_NO_ADDITIONS:
        settings->no_additions = true;
        break;
    case OPTION_END_CONTAINER:
        settings->end_container = true;
        break;
    }
}

static void check_settings(const struct cron_settings *settings)
{
    if (settings->additions != NULL && settings->no_additions)
        pt_usage("--additions and --no-additions exclude each other");
    if (settings->command == NULL)
        return;
    if (settings->end_container)
        pt_usage("--run stops nothing: no --end-container");
    if (settings->on_timeout != CRON_RESUME)
        pt_usage("--run stops nothing: no --on-timeout");
    if (settings->output.dry_run)
        pt_usage("--run and --dry-run exclude each other");
    if (settings->output.json)
        pt_usage("--run leaves stdout to COMMAND: no --json");
}

void cron_read_options(struct cron_settings *settings, int argc, char **argv)
{
    size_t words = (size_t)argc + 1;
    struct pt_parser parser;
    int id;

    *settings = (struct cron_settings){.timeout = PT_INFINITE, .report = REPORT_EACH};
    settings->except = calloc(words, sizeof *settings->except);
    settings->pids = calloc(words, sizeof *settings->pids);
    settings->names = calloc(words, sizeof *settings->names);
    if (settings->except == NULL || settings->pids == NULL || settings->names == NULL)
        pt_die(CRON_FAILED, "out of memory");
    if (pt_options_runs_command(&cron_options, argc, argv))
        pt_report_failures_are(CRON_RUN_FAILED);
    pt_parser_init(&parser, &cron_options, argc, argv);
    while ((id = pt_option_next(&parser)) != PT_OPTION_END) {
        if (id == PT_OPTION_OPERAND)
            pt_option_refuse(&parser, "no operand is taken");
        if (id == OPTION_RUN)
            settings->command = pt_parser_rest(&parser);
        else if (!pt_option_take_output(&settings->output, id))
            take_option(settings, &parser, id);
    }
    check_settings(settings);
}

void cron_settings_done(struct cron_settings *settings)
{
    for (size_t i = 0; i < settings->except_count; i++)
        pt_pattern_done(&settings->except[i]);
    free(settings->except);
    free(settings->pids);
    free(settings->names);
}
