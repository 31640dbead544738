/*
 * cron-graceful: stop cron without cutting off a running job.
 *
 * The daemon is suspended so that nothing new starts, its jobs are waited for, and it is stopped
 * through its supervisor or by TERM. However we end before that, it runs on: the kernel undoes a
 * suspension by ptrace (hold.h).
 *
 * Deliberately: a job that we run in is never waited for, and daemons that finish their jobs by
 * themselves are told to, not suspended.
 */
#include "cron_graceful.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applet.h"
#include "kernel.h"
#include "helper.h"
#include "report.h"
#include "spawn.h"
#include "text.h"
#include "units.h"

#define ADDITIONS "cron-graceful-additions"
#define REPORT_EACH (300 * PT_SECOND)

/* Inode of ns/pid of the initial PID namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu

enum {
    OPTION_DAEMON = PT_OPTION_OWN,
    OPTION_EXE_NAME,
    OPTION_EXCEPT,
    OPTION_TIMEOUT,
    OPTION_ON_TIMEOUT,
    OPTION_REPORT,
    OPTION_ADDITIONS,
    OPTION_NO_ADDITIONS,
    OPTION_END_CONTAINER,
    OPTION_RUN,
    OPTION_DRY_RUN,
    OPTION_JSON,
    OPTION_VERBOSE,
    OPTION_QUIET,
};

static const struct pt_option whom_rows[] = {
    {0, PT_TAKES_VALUE, OPTION_DAEMON, "daemon", "PID", "<pid>",
     "the cron daemon is process PID, whatever it is called"},
    {0, PT_TAKES_VALUE, OPTION_EXE_NAME, "exe-name", "NAME", NULL,
     "the cron daemon is what runs the program NAME"},
    {0, PT_TAKES_VALUE, OPTION_EXCEPT, "except", "REGEX", NULL,
     "do not wait for jobs whose command matches; may be repeated"},
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
     "run this program once cron is suspended, instead of " ADDITIONS},
    {0, PT_TAKES_NOTHING, OPTION_NO_ADDITIONS, "no-additions", NULL, NULL, "run none"},
    {0, PT_TAKES_NOTHING, OPTION_END_CONTAINER, "end-container", NULL, NULL,
     "end cron where it is PID 1 of a container, and the container with it"},
    {0, PT_TAKES_COMMAND, OPTION_RUN, "run", "COMMAND", "<command>",
     "do not stop cron: run COMMAND once no job runs, then resume it"},
    {0},
};

static const struct pt_option output_rows[] = {
    {'n', PT_TAKES_NOTHING, OPTION_DRY_RUN, "dry-run", NULL, NULL,
     "show daemons and jobs and what would be done, and do nothing"},
    {0, PT_TAKES_NOTHING, OPTION_JSON, "json", NULL, NULL, "report on stdout as JSON"},
    {'v', PT_TAKES_NOTHING, OPTION_VERBOSE, "verbose", NULL, NULL, "say more"},
    {'q', PT_TAKES_NOTHING, OPTION_QUIET, "quiet", NULL, NULL, "say warnings and errors alone"},
    {0},
};

static const struct pt_option_group groups[] = {
    {"Whom", whom_rows},
    {"How", how_rows},
    {"Output", output_rows},
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
    {"128+N", "interrupted by signal N, and cron goes on"},
    {0},
};

static const struct pt_options options = {
    .name = "cron-graceful",
    .summary = "stop cron without cutting off a running job",
    .synopsis = "[OPTION]...",
    .parsing = PT_OPERANDS_ANYWHERE,
    .groups = groups,
    .exit_statuses = exit_statuses,
    .notes = "With --run the exit status is COMMAND's.",
};

/* --- settings --- */

static int64_t take_wait(const struct pt_parser *parser)
{
    struct pt_fault fault = {0};
    int64_t wait;

    if (pt_parse_wait(parser->value, &wait, &fault) != 0)
        pt_option_fault(parser, &fault);
    return wait;
}

static void take_daemon(struct cron_settings *settings, const struct pt_parser *parser)
{
    struct pt_fault fault = {0};

    if (pt_parse_pid(parser->value, &settings->pids[settings->pid_count++], &fault) != 0)
        pt_option_fault(parser, &fault);
}

static void take_except(struct cron_settings *settings, const struct pt_parser *parser)
{
    if (regcomp(&settings->except[settings->except_count], parser->value,
                REG_EXTENDED | REG_NOSUB) != 0)
        pt_option_refuse(parser, "not a regular expression");
    settings->except_count++;
}

static void take_output(struct cron_settings *settings, int id)
{
    switch (id) {
    case OPTION_DRY_RUN:
        settings->dry_run = true;
        break;
    case OPTION_JSON:
        settings->json = true;
        break;
    case OPTION_VERBOSE:
        pt_report_set_verbosity(1);
        break;
    case OPTION_QUIET:
        pt_report_set_verbosity(-1);
        break;
    }
}

static void take_option(struct cron_settings *settings, const struct pt_parser *parser, int id)
{
    switch (id) {
    case OPTION_DAEMON:
        take_daemon(settings, parser);
        break;
    case OPTION_EXE_NAME:
        settings->names[settings->name_count++] = parser->value;
        break;
    case OPTION_EXCEPT:
        take_except(settings, parser);
        break;
    case OPTION_TIMEOUT:
        settings->timeout = take_wait(parser);
        break;
    case OPTION_ON_TIMEOUT:
        settings->on_timeout = (enum cron_on_timeout)pt_option_choice(parser);
        break;
    case OPTION_REPORT:
        settings->report = take_wait(parser);
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
    default:
        take_output(settings, id);
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
    if (settings->dry_run)
        pt_usage("--run and --dry-run exclude each other");
    if (settings->json)
        pt_usage("--run leaves stdout to COMMAND: no --json");
}

static void read_options(struct cron_settings *settings, int argc, char **argv)
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
    if (pt_options_runs_command(&options, argc, argv))
        pt_report_failures_are(CRON_RUN_FAILED);
    pt_parser_init(&parser, &options, argc, argv);
    while ((id = pt_option_next(&parser)) != PT_OPTION_END) {
        if (id == PT_OPTION_OPERAND)
            pt_option_refuse(&parser, "no operand is taken");
        if (id == OPTION_RUN)
            settings->command = pt_parser_rest(&parser);
        else
            take_option(settings, &parser, id);
    }
    check_settings(settings);
}

/* --- what is shown --- */

static const char *means_name(const struct cron *cron, const struct cron_daemon *daemon)
{
    static const char *const names[] = {
        [PT_HELD_NOT] = "impossible", [PT_HELD_PTRACE] = "ptrace", [PT_HELD_SIGSTOP] = "SIGSTOP"};
    bool root = daemon->process.more->status.uid[PT_EFFECTIVE] == 0;

    if (daemon->process.more->status.tracer != 0)
        return names[PT_HELD_NOT];
    return names[pt_hold_foresee(&cron->procfs, daemon->process.stat.pid, geteuid() == 0 || !root)];
}

static void print_line(struct pt_buffer *line)
{
    struct pt_buffer shown;

    pt_buffer_init(&shown);
    pt_buffer_escape(&shown, pt_buffer_text(line), line->length,
                     pt_text_utf8_locale() ? PT_ESCAPE_UTF8 : 0);
    printf("%s\n", pt_buffer_text(&shown));
    pt_buffer_done(&shown);
    pt_buffer_clear(line);
}

static void print_jobs(const struct cron *cron, const struct cron_daemon *daemon,
                       struct pt_buffer *line)
{
    for (size_t i = 0; i < cron->job_count; i++) {
        const struct cron_job *job = cron->jobs[i];

        if (job->daemon != daemon || job->worker)
            continue;
        pt_buffer_append_format(line, "  job %d: ", (int)job->handle.pid);
        pt_buffer_append(line, job->text, job->length);
        pt_buffer_append_text(line, cron_job_mark(job));
        print_line(line);
    }
}

static void print_plan(const struct cron *cron)
{
    struct pt_buffer line;

    pt_buffer_init(&line);
    for (size_t i = 0; i < cron->daemon_count; i++) {
        const struct cron_daemon *daemon = cron->daemons[i];

        pt_buffer_append_format(&line,
                                "%s (%d): supervisor: %s; stop: ", cron_kind_name(daemon->kind),
                                (int)daemon->process.stat.pid, pt_service_kind(&daemon->service));
        cron_describe_stop(daemon, &line);
        pt_buffer_append_format(&line, "; suspend by: %s; TERM: %s", means_name(cron, daemon),
                                cron_term_name(daemon));
        print_line(&line);
        print_jobs(cron, daemon, &line);
    }
    pt_buffer_done(&line);
}

static void write_daemon(const struct cron *cron, const struct cron_daemon *daemon,
                         struct pt_json *json)
{
    struct pt_buffer stop;

    pt_buffer_init(&stop);
    cron_describe_stop(daemon, &stop);
    pt_json_begin_object(json, NULL);
    pt_json_i64(json, "pid", daemon->process.stat.pid);
    pt_json_u64(json, "starttime", daemon->process.stat.starttime);
    pt_json_text(json, "kind", cron_kind_name(daemon->kind));
    pt_json_text(json, "supervisor", pt_service_kind(&daemon->service));
    pt_json_text(json, "service", daemon->service.name);
    pt_json_string(json, "stop", pt_buffer_text(&stop), stop.length);
    if (cron->settings.dry_run)
        pt_json_text(json, "suspend_by", means_name(cron, daemon));
    pt_json_text(json, "term", cron_term_name(daemon));
    pt_json_bool(json, "stopped", daemon->stopped);
    if (daemon->held_at != 0)
        pt_json_time(json, "missed_from", daemon->missed_from);
    cron_write_jobs(cron, daemon, json);
    pt_json_end_object(json);
    pt_buffer_done(&stop);
}

static int report(const struct cron *cron, int status)
{
    struct pt_json json;

    if (!cron->settings.json)
        return status;
    pt_json_init(&json, stdout, PT_JSON_PRETTY);
    pt_json_begin_object(&json, NULL);
    pt_json_i64(&json, "schema", 1);
    pt_json_bool(&json, "dry_run", cron->settings.dry_run);
    pt_json_begin_array(&json, "daemons");
    for (size_t i = 0; i < cron->daemon_count; i++)
        write_daemon(cron, cron->daemons[i], &json);
    pt_json_end_array(&json);
    pt_json_bool(&json, "timed_out", cron->timed_out);
    pt_json_i64(&json, "status", status);
    pt_json_end_object(&json);
    return status;
}

/* --- refusals --- */

static bool is_initial_namespace(struct cron *cron)
{
    struct pt_process us;

    if (pt_process_read(&cron->procfs, cron->self, PT_SOURCE_BIT(PT_SOURCE_NAMESPACES),
                        &cron->arena, &us) != 0 ||
        !pt_process_has(&us, PT_SOURCE_NAMESPACES))
        return true;
    return us.more->namespaces[PT_NS_PID] == INITIAL_PID_NAMESPACE;
}

static bool share_cgroup(struct cron *cron, const struct cron_daemon *daemon)
{
    const struct pt_bytes *theirs = &daemon->process.more->cgroup;
    struct pt_process us;

    return pt_process_read(&cron->procfs, cron->self, PT_SOURCE_BIT(PT_SOURCE_CGROUP), &cron->arena,
                           &us) == 0 &&
           pt_process_has(&us, PT_SOURCE_CGROUP) && us.more->cgroup.length == theirs->length &&
           memcmp(us.more->cgroup.bytes, theirs->bytes, theirs->length) == 0;
}

/* Why this daemon cannot be stopped from where we are; NULL. */
static const char *refusal(struct cron *cron, const struct cron_daemon *daemon)
{
    bool stops = cron->settings.command == NULL;
    bool first = daemon->process.stat.pid == 1;

    if (geteuid() != 0 && !cron->settings.dry_run &&
        daemon->process.more->status.uid[PT_EFFECTIVE] != geteuid())
        return "it is root's: only root may do this";
    if (stops && first && daemon->above_us)
        return "it is PID 1, and we run in one of its jobs";
    if (stops && daemon->service.own_cgroup && !daemon->service.stopping &&
        share_cgroup(cron, daemon))
        return "its stop would end us too (KillMode)";
    if (first && cron->settings.end_container && is_initial_namespace(cron))
        return "it is PID 1 of the machine, no container's";
    return NULL;
}

static int check_daemons(struct cron *cron)
{
    for (size_t i = 0; i < cron->daemon_count; i++) {
        const char *why = refusal(cron, cron->daemons[i]);

        if (why == NULL)
            continue;
        pt_warn("%s (%d) is left alone: %s", cron_kind_name(cron->daemons[i]->kind),
                (int)cron->daemons[i]->process.stat.pid, why);
        return CRON_IMPOSSIBLE;
    }
    return 0;
}

/* --- additions --- */

/* Their file; a usage error where the user named one that is none. */
static void find_additions(const struct cron_settings *settings, struct pt_buffer *ret_path)
{
    struct pt_buffer skipped;
    const char *name = settings->additions != NULL ? settings->additions : ADDITIONS;
    int error;

    if (settings->no_additions)
        return;
    pt_buffer_init(&skipped);
    error = pt_helper_find(name, ret_path, &skipped);
    if (skipped.length > 0)
        pt_warn("passed over, since others than root may change it: %s", pt_buffer_text(&skipped));
    pt_buffer_done(&skipped);
    if (error == 0)
        return;
    pt_buffer_clear(ret_path);
    if (settings->additions != NULL)
        pt_usage("--additions: %s: %s", name,
                 error == -ENOENT ? "there is no such program" : "it may not be run");
}

static void run_additions(struct cron *cron, const struct pt_buffer *path)
{
    char *argv[] = {path->data, NULL};
    struct pt_helper helper = {.path = path->data, .argv = argv, .output = 2};
    int status = 0, error;
    pid_t pid;

    if (path->length == 0)
        return;
    error = pt_helper_start(&helper, &pid);
    if (error == 0)
        error = cron_wait_child(cron, pid, &status);
    if (error != 0)
        pt_warn("%s: %s", path->data, error == -ETIMEDOUT ? "timed out" : strerror(-error));
    else if (status != 0)
        pt_warn("%s: exit status %d", path->data, status);
}

/* --- --run --- */

/* COMMAND runs while nothing starts; signals that do not come from the terminal, which it has too,
 * are handed on to it. */
static int run_command(struct cron *cron)
{
    int status = 0, error;
    pid_t pid;

    error = pt_spawn(cron->settings.command, &cron->origin, &pid, &status);
    if (error != 0) {
        pt_warn("%s: %s", cron->settings.command[0], strerror(-error));
        return status != 0 ? status : CRON_RUN_FAILED;
    }
    error = cron_follow_child(cron, pid, &status);
    if (error != 0)
        pt_warn("%s: %s", cron->settings.command[0], strerror(-error));
    return error != 0 ? CRON_RUN_FAILED : status;
}

/* --- acting --- */

static int fail(const struct cron *cron, int status)
{
    if (cron->settings.command != NULL && status < CRON_TIMED_OUT)
        return CRON_RUN_FAILED;
    return status;
}

static int fail_with(const struct cron *cron, const char *what, int error)
{
    pt_warn("%s: %s", what, strerror(-error));
    return fail(cron, CRON_FAILED);
}

/* The jobs that outlast --timeout. */
static int time_out(struct cron *cron)
{
    static const char *const actions[] = {
        [CRON_RESUME] = "cron is resumed",
        [CRON_STOP] = "cron is stopped all the same",
        [CRON_KILL_JOBS] = "they are ended, then cron is stopped",
    };
    int error;

    pt_warn("timed out with %zu job%s left: %s", cron_jobs_left(cron, NULL),
            cron_jobs_left(cron, NULL) == 1 ? "" : "s", actions[cron->settings.on_timeout]);
    if (cron->settings.on_timeout == CRON_RESUME)
        return CRON_TIMED_OUT;
    if (cron->settings.on_timeout == CRON_KILL_JOBS) {
        error = cron_kill_jobs(cron);
        if (error != 0)
            pt_warn("not all jobs have ended: %s", strerror(-error));
    }
    if (cron->interrupted != 0)
        return PT_EXIT_SIGNALLED + cron->interrupted;
    cron->deadline = PT_INFINITE;
    error = cron_stop(cron);
    return error != 0 ? error : CRON_TIMED_OUT;
}

/* With every daemon suspended, or told to finish. */
static int wait_and_stop(struct cron *cron)
{
    int error = cron_find_jobs(cron);

    if (error == 0) {
        cron_show_jobs(cron);
        if (cron_jobs_left(cron, NULL) == 0)
            pt_say(0, "no job runs that is waited for");
        error = cron_wait_jobs(cron, NULL);
    }
    if (error != 0)
        return fail_with(cron, "waiting", error);
    if (cron->interrupted != 0)
        return PT_EXIT_SIGNALLED + cron->interrupted;
    if (cron->timed_out)
        return time_out(cron);
    return cron->settings.command != NULL ? run_command(cron) : cron_stop(cron);
}

static int act(struct cron *cron)
{
    struct pt_buffer additions;
    int status;

    pt_buffer_init(&additions);
    find_additions(&cron->settings, &additions);
    cron->deadline = pt_deadline(pt_monotonic(), cron->settings.timeout);
    status = cron_suspend(cron);
    if (status == 0) {
        run_additions(cron, &additions);
        if (cron->settings.command == NULL)
            status = cron_begin_drains(cron);
    }
    pt_buffer_done(&additions);
    if (status != 0)
        status = fail(cron, status);
    else if (cron->interrupted != 0)
        status = PT_EXIT_SIGNALLED + cron->interrupted;
    else
        status = wait_and_stop(cron);
    if (cron->ends_with_us == NULL)
        cron_resume(cron);
    if (cron->interrupted != 0 && cron->settings.command == NULL)
        pt_warn("interrupted by signal %d", cron->interrupted);
    return status;
}

/* -n: what would be done, as a gate before a deploy. */
static int show_plan(const struct cron *cron)
{
    if (!cron->settings.json)
        print_plan(cron);
    for (size_t i = 0; i < cron->daemon_count; i++) {
        if (strcmp(means_name(cron, cron->daemons[i]), "impossible") == 0)
            return CRON_IMPOSSIBLE;
    }
    return cron_jobs_left(cron, NULL) > 0 ? CRON_FAILED : 0;
}

static int watch_daemons(struct cron *cron)
{
    for (size_t i = 0; i < cron->daemon_count; i++) {
        int error = pt_waitset_add(cron->waitset, &cron->daemons[i]->handle, NULL);

        if (error != 0)
            return error;
    }
    return 0;
}

static int begin(struct cron *cron)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    int error = pt_procfs_open(&cron->procfs, NULL);

    if (error != 0 || !cron->procfs.own_namespace) {
        pt_warn("/proc: %s", error != 0 ? strerror(-error) : "not of our own PID namespace");
        return fail(cron, PT_EXIT_NO_PROC);
    }
    sigemptyset(&cron->signals);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(&cron->signals, signals[i]);
    error = pt_waitset_new(&cron->waitset, &cron->procfs, &cron->signals);
    if (error == 0)
        error = cron_find(cron);
    if (error == 0)
        error = watch_daemons(cron);
    if (error == 0)
        error = cron_find_jobs(cron);
    return error != 0 ? fail_with(cron, "looking for cron", error) : 0;
}

static int work(struct cron *cron)
{
    int status = begin(cron);

    if (status != 0)
        return status;
    if (cron->daemon_count == 0) {
        pt_say(0, "no cron daemon runs here");
        return report(cron, cron->settings.command != NULL ? run_command(cron) : 0);
    }
    status = check_daemons(cron);
    if (status != 0)
        return report(cron, fail(cron, status));
    if (cron->settings.dry_run)
        return report(cron, show_plan(cron));
    return report(cron, act(cron));
}

static void cron_done(struct cron *cron)
{
    for (size_t i = 0; i < cron->job_count; i++)
        pt_handle_close(&cron->jobs[i]->handle);
    for (size_t i = 0; i < cron->daemon_count; i++) {
        pt_service_done(&cron->daemons[i]->service);
        pt_hold_release(&cron->daemons[i]->hold);
        pt_handle_close(&cron->daemons[i]->handle);
    }
    for (size_t i = 0; i < cron->settings.except_count; i++)
        regfree(&cron->settings.except[i]);
    free(cron->settings.except);
    free(cron->settings.pids);
    free(cron->settings.names);
    pt_waitset_free(cron->waitset);
    pt_procfs_close(&cron->procfs);
}

/* A stopped tracer would leave cron stopped. Blocked, not ignored: helpers and COMMAND take them.
 */
static void block_stops(void)
{
    sigset_t stops;

    sigemptyset(&stops);
    sigaddset(&stops, SIGTSTP);
    sigaddset(&stops, SIGTTIN);
    sigaddset(&stops, SIGTTOU);
    sigprocmask(SIG_BLOCK, &stops, NULL);
}

static int run(int argc, char **argv)
{
    struct cron cron = {.procfs = PT_PROCFS_CLOSED, .self = getpid()};
    int status;

    read_options(&cron.settings, argc, argv);
    pt_origin_save(&cron.origin);
    pt_origin_prepare_children();
    block_stops();
    status = work(&cron);
    if (cron.ends_with_us != NULL) {
        status = pt_report_end(status);
        pt_hold_kill_at_exit(&cron.ends_with_us->hold);
    }
    cron_done(&cron);
    free(cron.daemons);
    free(cron.jobs);
    pt_arena_done(&cron.arena);
    return status;
}

const struct pt_applet pt_applet_cron_graceful = {.options = &options, .run = run};
