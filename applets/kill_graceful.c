/*
 * kill-graceful: end processes gracefully, then by force.
 *
 * What `kill; sleep 5; kill -9`, pkill(1), killall -w and start-stop-daemon --retry are used for.
 * Unlike them we signal nobody who was not proven to be meant (handle.h), let no process slip away
 * by forking (freeze.h), wait for all targets together and count a zombie as ended: only its parent
 * can do more about it.
 *
 * Deliberately there is no way to mean everybody: without TARGET and criterion we do nothing.
 */
#include "kill_graceful.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applet.h"
#include "criteria.h"
#include "report.h"
#include "spawn.h"
#include "units.h"

#define DEFAULT_WAIT (10 * PT_SECOND)
#define KILL_WAIT_TIME (10 * PT_SECOND)

enum {
    OPTION_SIGNAL = PT_OPTION_OWN,
    OPTION_TIMEOUT,
    OPTION_NO_KILL,
    OPTION_KILL,
    OPTION_RETRY,
    OPTION_WAIT,
    OPTION_SUSPEND,
    OPTION_RESUME,
    OPTION_SIGNAL_ONLY,
    OPTION_NO_FREEZE,
    OPTION_TREE,
    OPTION_DESCENDANTS,
    OPTION_PIDFILE,
    OPTION_FORCE,
    OPTION_IGNORE_MISSING,
    OPTION_RUN,
    OPTION_AFTER,
    OPTION_LEAVE,
    OPTION_PRESERVE_STATUS,
};

static const struct pt_option whom_rows[] = {
    {0, PT_TAKES_VALUE, PT_CRITERIA_ID(PT_MATCH_PARENT), "parent", "PID", "<pid>",
     "children of the process PID"},
    {0, PT_TAKES_VALUE, OPTION_PIDFILE, "pidfile", "FILE", "<file>",
     "the process that FILE names; as root, a file that only root may write"},
    {0, PT_TAKES_NOTHING, OPTION_TREE, "tree", NULL, NULL, "with all their descendants"},
    {0, PT_TAKES_NOTHING, OPTION_DESCENDANTS, "descendants", NULL, NULL, "the descendants alone"},
    {0, PT_TAKES_NOTHING, OPTION_FORCE, "force", NULL, NULL,
     "PID 1, kernel threads, our own ancestors and other PID namespaces too"},
    {0, PT_TAKES_NOTHING, OPTION_IGNORE_MISSING, "ignore-missing", NULL, NULL,
     "succeed when there is nothing to end"},
    {0},
};

static const struct pt_option how_rows[] = {
    {'s', PT_TAKES_VALUE, OPTION_SIGNAL, "signal", "SIGNAL", "<signal>",
     "send this first instead of TERM"},
    {'t', PT_TAKES_VALUE, OPTION_TIMEOUT, "timeout", "DURATION", NULL,
     "wait so long before KILL instead of 10 s; 0: for ever"},
    {0, PT_TAKES_NOTHING, OPTION_NO_KILL, "no-kill", NULL, NULL, "never send KILL"},
    {'9', PT_TAKES_NOTHING, OPTION_KILL, "kill", NULL, NULL, "send KILL at once"},
    {0, PT_TAKES_VALUE, OPTION_RETRY, "retry", "SCHEDULE", NULL,
     "signals and waits in turn: TERM/30/INT/5/KILL/5"},
    {0, PT_TAKES_NOTHING, OPTION_WAIT, "wait", NULL, NULL,
     "send nothing, wait until all have ended, without end or for --timeout"},
    {0, PT_TAKES_NOTHING, OPTION_SUSPEND, "suspend", NULL, NULL, "stop them (STOP)"},
    {0, PT_TAKES_NOTHING, OPTION_RESUME, "resume", NULL, NULL, "continue them (CONT)"},
    {0, PT_TAKES_NOTHING, OPTION_SIGNAL_ONLY, "signal-only", NULL, NULL,
     "send the signal once and do not wait"},
    {0, PT_TAKES_NOTHING, OPTION_NO_FREEZE, "no-freeze", NULL, NULL,
     "never stop a tree or set while it is being signalled"},
    {0},
};

static const struct pt_option run_rows[] = {
    {0, PT_TAKES_COMMAND, OPTION_RUN, "run", "COMMAND", "<command>",
     "run COMMAND; when it ends, end whatever it left behind"},
    {0, PT_TAKES_VALUE, OPTION_AFTER, "after", "DURATION", NULL, "end it all after this time"},
    {0, PT_TAKES_NOTHING, OPTION_LEAVE, "leave", NULL, NULL,
     "keep what a COMMAND left behind that ended by itself"},
    {0, PT_TAKES_NOTHING, OPTION_PRESERVE_STATUS, "preserve-status", NULL, NULL,
     "exit as COMMAND did even when its time ran out"},
    {0},
};

static const struct pt_option_group groups[] = {
    {"Whom", whom_rows},
    {"Criteria (of one kind any, of different kinds all must hold)", pt_criteria_rows},
    {"How", how_rows},
    {"Running a command", run_rows},
    {"Output", pt_options_output},
    {"Other", pt_options_common},
    {0},
};

static const struct pt_exit_status exit_statuses[] = {
    {"0", "all ended (or stopped, continued, signalled)"},
    {"1", "there was nothing to end"},
    {"2", "usage, or a pid file that is empty, malformed or refused"},
    {"3", "a failed write"},
    {"4", "/proc cannot be used"},
    {"5", "some survived, or a tree may have that grew faster than it could be stopped"},
    {"6", "some could not be signalled: not permitted, or protected"},
    {"124", "--wait timed out; --run: time ran out"},
    {"125", "--run: any failure of kill-graceful itself"},
    {"126", "--run: COMMAND cannot be executed"},
    {"127", "--run: COMMAND was not found"},
    {"128+N", "interrupted by signal N"},
    {0},
};

static const struct pt_options options = {
    .name = "kill-graceful",
    .summary = "end processes gracefully, then by force",
    .synopsis = "[OPTION]... [TARGET]...",
    .operands = "<pid>",
    .parsing = PT_OPERANDS_ANYWHERE,
    .groups = groups,
    .exit_statuses = exit_statuses,
    .notes = "TARGET is PID, PID@STARTTIME (field id of ps-tree) or PID:INODE (field inode). "
             "DURATION is 10, 0.3, 2.5s, 500ms, 1m30s or 2h.",
};

/* --- settings --- */

/* What is only needed until the schedule is known. */
struct choice {
    const char *mode_option; /* the option that chose the mode */
    const char *retry;       /* its text */
    const char *exclusive;   /* of -t, --no-kill, -9: the last one, as typed */
    int64_t timeout;
    int signal;
    bool has_timeout, has_signal, no_kill, kill;
};

static void choose_mode(struct kill_settings *settings, struct choice *choice,
                        const struct pt_parser *parser, enum kill_mode mode)
{
    if (choice->mode_option != NULL && settings->mode != mode)
        pt_usage("--%s and --%s exclude each other", choice->mode_option, parser->row->names);
    settings->mode = mode;
    choice->mode_option = parser->row->names;
}

static void take_signal(const struct pt_parser *parser, struct choice *choice)
{
    struct pt_fault fault = {0};

    if (pt_parse_signal(parser->value, &choice->signal, &fault) != 0)
        pt_option_fault(parser, &fault);
    choice->has_signal = true;
}

static void take_how(struct kill_settings *settings, struct choice *choice,
                     const struct pt_parser *parser, int id)
{
    switch (id) {
    case OPTION_SIGNAL:
        take_signal(parser, choice);
        break;
    case OPTION_TIMEOUT:
        choice->timeout = pt_option_wait(parser);
        choice->has_timeout = true;
        break;
    case OPTION_NO_KILL:
        choice->no_kill = true;
        break;
    case OPTION_KILL:
        choice->kill = true;
        break;
    case OPTION_RETRY:
        choice->retry = parser->value;
        break;
    case OPTION_WAIT:
        choose_mode(settings, choice, parser, KILL_WAIT);
        break;
    case OPTION_SUSPEND:
        choose_mode(settings, choice, parser, KILL_SUSPEND);
        break;
    case OPTION_RESUME:
        choose_mode(settings, choice, parser, KILL_RESUME);
        break;
    case OPTION_SIGNAL_ONLY:
        choose_mode(settings, choice, parser, KILL_SIGNAL_ONLY);
        break;
    }
}

static void take_option(struct kill_settings *settings, const struct pt_parser *parser, int id)
{
    switch (id) {
    case OPTION_NO_FREEZE:
        settings->no_freeze = true;
        break;
    case OPTION_TREE:
        settings->tree = true;
        break;
    case OPTION_DESCENDANTS:
        settings->descendants = true;
        break;
    case OPTION_PIDFILE:
        if (parser->value[0] == '\0')
            pt_option_refuse(parser, "empty");
        settings->pidfiles[settings->pidfile_count++] = parser->value;
        break;
    case OPTION_FORCE:
        settings->force = true;
        break;
    case OPTION_IGNORE_MISSING:
        settings->ignore_missing = true;
        break;
    case OPTION_AFTER:
        settings->after = pt_option_wait(parser);
        settings->has_after = true;
        break;
    case OPTION_LEAVE:
        settings->leave = true;
        break;
    case OPTION_PRESERVE_STATUS:
        settings->preserve_status = true;
        break;
    }
}

/* What contradicts itself is an error, not a guess. */
static void check_how(const struct kill_settings *settings, const struct choice *choice)
{
    bool sends = settings->mode == KILL_END || settings->mode == KILL_SIGNAL_ONLY;
    bool timed = settings->mode == KILL_END || settings->mode == KILL_WAIT;

    if (choice->has_signal && !sends)
        pt_usage("--%s sends no signal of yours: no --signal", choice->mode_option);
    if (choice->kill && !sends)
        pt_usage("--%s sends no signal of yours: no --kill", choice->mode_option);
    if ((choice->no_kill || choice->retry != NULL) && settings->mode != KILL_END)
        pt_usage("--%s has no schedule: no --no-kill or --retry", choice->mode_option);
    if (choice->has_timeout && !timed)
        pt_usage("--%s does not wait: no --timeout", choice->mode_option);
    if (choice->kill && choice->no_kill)
        pt_usage("--kill and --no-kill exclude each other");
    if (choice->kill && choice->has_signal)
        pt_usage("--kill and --signal exclude each other");
    if (choice->retry != NULL && (choice->kill || choice->no_kill || choice->has_timeout))
        pt_usage("--retry says it all: no --kill, --no-kill or --timeout");
    if (settings->tree && settings->descendants)
        pt_usage("--tree and --descendants exclude each other");
}

static void check_run(const struct kill_settings *settings)
{
    if (settings->command == NULL) {
        if (settings->has_after || settings->leave || settings->preserve_status)
            pt_usage("--after, --leave and --preserve-status need --run COMMAND");
        return;
    }
    if (settings->operand_count + settings->pidfile_count > 0)
        pt_usage("--run COMMAND takes no TARGET");
    if (!pt_match_is_empty(settings->match) || pt_match_is_inverted(settings->match) ||
        settings->tree || settings->descendants || settings->force)
        pt_usage("--run means what COMMAND starts: no criteria, --tree, --descendants or --force");
    if (settings->mode != KILL_END || settings->output.dry_run)
        pt_usage("--run goes with none of --wait, --suspend, --resume, --signal-only, --dry-run");
}

static void make_schedule(struct kill_settings *settings, const struct choice *choice)
{
    struct pt_schedule *schedule = &settings->schedule;
    int signal = choice->kill ? SIGKILL : choice->has_signal ? choice->signal : SIGTERM;
    int64_t timeout = choice->has_timeout ? choice->timeout : DEFAULT_WAIT;
    struct pt_fault fault = {0};
    int error = 0;

    pt_schedule_init(schedule);
    if (choice->retry != NULL) {
        error = pt_schedule_parse(schedule, choice->retry, signal, &fault);
        if (error == -EINVAL)
            pt_usage("--retry: '%s': %s", choice->retry, fault.text);
    } else if (settings->mode == KILL_WAIT) {
        error = pt_schedule_add(schedule, 0, choice->has_timeout ? choice->timeout : PT_INFINITE);
    } else if (settings->mode == KILL_RESUME) {
        error = pt_schedule_add(schedule, SIGCONT, 0);
    } else if (settings->mode == KILL_SIGNAL_ONLY) {
        error = pt_schedule_add(schedule, signal, 0);
    } else if (choice->no_kill) {
        error = pt_schedule_add(schedule, signal, timeout);
    } else {
        error = pt_schedule_escalate(schedule, signal, timeout, KILL_WAIT_TIME);
    }
    if (error != 0)
        pt_die(PT_EXIT_IO, "out of memory");
    settings->polite_signal_given = choice->has_signal || choice->kill || choice->retry != NULL;
}

static void read_options(struct kill_settings *settings, int argc, char **argv)
{
    struct choice choice = {0};
    struct pt_parser parser;
    int id;

    *settings = (struct kill_settings){.match = pt_criteria_new(), .after = PT_INFINITE};
    settings->operands = calloc((size_t)argc + 1, sizeof *settings->operands);
    settings->pidfiles = calloc((size_t)argc + 1, sizeof *settings->pidfiles);
    if (settings->operands == NULL || settings->pidfiles == NULL)
        pt_die(PT_EXIT_IO, "out of memory");
    pt_parser_init(&parser, &options, argc, argv);
    while ((id = pt_option_next(&parser)) != PT_OPTION_END) {
        if (id == PT_OPTION_OPERAND)
            settings->operands[settings->operand_count++] = argv[parser.next - 1];
        else if (id == OPTION_RUN)
            settings->command = pt_parser_rest(&parser);
        else if (!pt_criteria_take(settings->match, &parser, id) &&
                 !pt_option_take_output(&settings->output, id)) {
            take_how(settings, &choice, &parser, id);
            take_option(settings, &parser, id);
        }
    }
    check_how(settings, &choice);
    check_run(settings);
    make_schedule(settings, &choice);
}

static void settings_done(struct kill_settings *settings)
{
    pt_match_free(settings->match);
    pt_schedule_done(&settings->schedule);
    free(settings->operands);
    free(settings->pidfiles);
}

/* --- acting --- */

/* INT, TERM and HUP end us, once whatever we stopped goes on again. */
static bool signalled(const struct pt_event *event, void *data)
{
    (void)event;
    (void)data;
    return true;
}

static int make_waitset(struct pt_waitset **ret_waitset, const struct pt_procfs *procfs)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    return pt_waitset_new(ret_waitset, procfs, &signals);
}

/* A signal that came meanwhile, or 0. */
static int signal_so_far(struct pt_waitset *waitset)
{
    struct pt_event event;

    if (pt_waitset_next(waitset, 0, &event) == 0 && event.kind == PT_EVENT_SIGNAL)
        return event.signal;
    return 0;
}

/* They are suspended: a signal that comes from now on must not say that we were interrupted, and
 * leave them so. */
static void ignore_late_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_IGN);
}

static int note_stops(struct pt_members *members)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < members->count; i++) {
        struct pt_member *member = members->list[i];

        if (member->role == PT_ROLE_TARGET && member->stopped)
            error = pt_member_note_sent(members, member, SIGSTOP);
    }
    return error;
}

static int suspend(struct kill_set *set, struct pt_waitset *waitset, struct kill_report *report)
{
    struct pt_freeze *freeze = &set->freeze;
    int error = pt_freeze_close(freeze, SIGSTOP);
    int signal = signal_so_far(waitset);

    if (error == 0)
        error = note_stops(freeze->members);
    if (error != 0 || signal != 0) {
        pt_freeze_continue(freeze);
        return error != 0 ? error : PT_EXIT_SIGNALLED + signal;
    }
    ignore_late_signals();
    pt_freeze_keep(freeze);
    report->outgrown = pt_freeze_is_outgrown(freeze);
    kill_report_freeze(report, freeze);
    return kill_report_end(report);
}

static int end(struct kill_set *set, struct pt_waitset *waitset, struct kill_report *report)
{
    const struct kill_settings *settings = set->settings;
    struct pt_ending ending = {
        .freeze = &set->freeze,
        .waitset = waitset,
        .schedule = &settings->schedule,
        .freezes = !settings->no_freeze && set->freeze.growth != PT_GROWTH_NONE &&
                   (settings->mode == KILL_END || (settings->mode == KILL_SIGNAL_ONLY &&
                                                   settings->schedule.steps[0].signal != 0)),
        .continues = settings->mode == KILL_END,
        .waits = settings->mode == KILL_END || settings->mode == KILL_WAIT,
        .tick = isatty(STDERR_FILENO) ? PT_SECOND : 0,
        .stepped = kill_report_stepped,
        .progress = kill_report_progress,
        .left = kill_report_left,
        .signalled = signalled,
        .data = report,
    };
    int error = pt_ending_run(&ending);

    if (error != 0)
        return error;
    pt_progress_done();
    if (ending.interrupted != 0)
        return PT_EXIT_SIGNALLED + ending.interrupted;
    report->outgrown = ending.outgrown;
    return kill_report_end(report);
}

static int act(struct kill_set *set)
{
    struct pt_waitset *waitset = NULL;
    struct kill_report report;
    int result;

    kill_report_init(&report, set);
    result = make_waitset(&waitset, set->procfs);
    if (result == 0)
        result = kill_set_find(set);
    if (result == 0 && set->settings->output.dry_run) {
        result = pt_freeze_discover(&set->freeze, false);
        if (result == 0)
            result = kill_report_plan(&report);
    } else if (result == 0 && set->settings->mode == KILL_SUSPEND) {
        result = suspend(set, waitset, &report);
    } else if (result == 0) {
        result = end(set, waitset, &report);
    }
    pt_freeze_continue(&set->freeze);
    pt_waitset_free(waitset);
    return result;
}

static int run_set(const struct kill_settings *settings, const struct pt_procfs *procfs)
{
    struct kill_set set;
    int result;

    pt_origin_raise_descriptors(); /* each target is held by one */
    kill_set_init(&set, settings, procfs);
    result = act(&set);
    kill_set_done(&set);
    return result;
}

static int run(int argc, char **argv)
{
    struct kill_settings settings;
    struct pt_procfs procfs;
    int result;

    if (pt_options_runs_command(&options, argc, argv))
        pt_report_failures_are(PT_EXIT_FAILED);
    read_options(&settings, argc, argv);
    if (settings.command == NULL && settings.operand_count + settings.pidfile_count == 0 &&
        pt_match_is_empty(settings.match))
        pt_usage("neither a TARGET nor a criterion: there is no way to mean every process");
    result = pt_procfs_open(&procfs, NULL);
    if (result != 0)
        pt_die(PT_EXIT_NO_PROC, "/proc: %s",
               result == -EINVAL ? "not a procfs" : strerror(-result));
    if (!procfs.own_namespace)
        pt_die(PT_EXIT_NO_PROC, "/proc: not of our own PID namespace: its pids are others here");
    if (settings.command != NULL)
        result = kill_run(&settings, &procfs);
    else
        result = run_set(&settings, &procfs);
    pt_procfs_close(&procfs);
    settings_done(&settings);
    if (result < 0)
        pt_die(settings.command != NULL ? PT_EXIT_FAILED : PT_EXIT_IO, "%s", strerror(-result));
    return result;
}

const struct pt_applet pt_applet_kill_graceful = {.options = &options, .run = run};
