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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applet.h"
#include "helper.h"
#include "report.h"
#include "spawn.h"
#include "text.h"

/* Inode of ns/pid of the initial PID namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu

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
    struct pt_process us;

    return pt_process_read(&cron->procfs, cron->self, PT_SOURCE_BIT(PT_SOURCE_CGROUP), &cron->arena,
                           &us) == 0 &&
           pt_process_has(&us, PT_SOURCE_CGROUP) &&
           pt_bytes_equal(us.more->cgroup, daemon->process.more->cgroup);
}

/* Why this daemon must not be touched by us; NULL. */
static const char *why_untouchable(struct cron *cron, const struct cron_daemon *daemon)
{
    bool first = daemon->process.stat.pid == 1;

    if (daemon->timers)
        return geteuid() != 0 && !cron->settings.output.dry_run ? "only root may do this" : NULL;
    if (geteuid() != 0 && !cron->settings.output.dry_run &&
        daemon->process.more->status.uid[PT_EFFECTIVE] != geteuid())
        return "it is root's: only root may do this";
    if (cron->settings.command == NULL && first && daemon->above_us)
        return "it is PID 1, and we run in one of its jobs";
    if (first && cron->settings.end_container && is_initial_namespace(cron))
        return "it is PID 1 of the machine, no container's";
    return NULL;
}

/* Why its supervisor must not be asked by us; NULL. */
static const char *why_unstoppable(struct cron *cron, const struct cron_daemon *daemon)
{
    if (cron->settings.command == NULL && daemon->service.own_cgroup && !daemon->service.stopping &&
        share_cgroup(cron, daemon))
        return "its stop would end us too (KillMode)";
    return NULL;
}

static int check_daemons(struct cron *cron,
                         const char *(*why_not)(struct cron *cron,
                                                const struct cron_daemon *daemon))
{
    for (size_t i = 0; i < cron->daemon_count; i++) {
        const char *why = why_not(cron, cron->daemons[i]);

        if (why == NULL)
            continue;
        pt_warn("%s is left alone: %s", cron->daemons[i]->label, why);
        return CRON_IMPOSSIBLE;
    }
    return 0;
}

/* --- additions --- */

/* Their file; a usage error where the user named one that is none. */
static void find_additions(const struct cron_settings *settings, struct pt_buffer *ret_path)
{
    struct pt_buffer skipped;
    const char *name = settings->additions != NULL ? settings->additions : CRON_ADDITIONS;
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
        error = cron_wait_child(cron, pid, cron->deadline, &status);
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

    /* Stopped by Ctrl-Z it would keep cron suspended, and nobody could have it go on. */
    signal(SIGTSTP, SIG_IGN);
    signal(SIGTTIN, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
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
    if (cron->interrupted != 0)
        return PT_EXIT_SIGNALLED + cron->interrupted;
    pt_warn("%s: %s", what, strerror(-error));
    return fail(cron, CRON_FAILED);
}

/* What is done about jobs that outlast --timeout. */
static const char *timeout_action(const struct cron *cron)
{
    static const char *const actions[] = {
        [CRON_RESUME] = "cron is resumed",
        [CRON_STOP] = "cron is stopped all the same",
        [CRON_KILL_JOBS] = "they are ended, then cron is stopped",
    };
    bool held = false;

    if (cron->settings.command != NULL)
        return "the command is not run";
    for (size_t i = 0; i < cron->daemon_count; i++)
        held |= cron->daemons[i]->held_at != 0;
    if (cron->settings.on_timeout == CRON_RESUME && !held)
        return "nothing is forced";
    return actions[cron->settings.on_timeout];
}

/* That some were told to finish cannot be taken back. */
static void tell_of_draining(const struct cron *cron)
{
    for (size_t i = 0; i < cron->daemon_count; i++) {
        if (cron->daemons[i]->draining)
            pt_warn("%s was told to finish: it ends when its jobs do", cron->daemons[i]->label);
    }
}

/* The jobs that outlast --timeout. */
static int time_out(struct cron *cron)
{
    size_t left = cron_jobs_left(cron, NULL);
    int error;

    pt_warn("timed out with %zu job%s left: %s", left, left == 1 ? "" : "s", timeout_action(cron));
    if (cron->settings.on_timeout == CRON_RESUME) {
        tell_of_draining(cron);
        return CRON_TIMED_OUT;
    }
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

/* What has left its job since the last look, and goes on: said once nobody waits for us any more.
 */
static void tell_of_detached(struct cron *cron)
{
    if (cron->look_at != PT_INFINITE && cron_find_jobs(cron) == 0)
        cron_show_jobs(cron);
}

static int stop(struct cron *cron)
{
    int status = cron_stop(cron);

    tell_of_detached(cron);
    /* What a handler launched after its TERM has outlasted the time. */
    return status == 0 && cron->timed_out ? CRON_TIMED_OUT : status;
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
    return cron->settings.command != NULL ? run_command(cron) : stop(cron);
}

/* Asks the supervisors, and systemd for timers. 0, or an exit status. */
static int ask_around(struct cron *cron)
{
    int error = 0;

    cron_confirm_services(cron);
    if (cron->interrupted == 0)
        error = cron_find_timers(cron);
    if (cron->interrupted != 0)
        return PT_EXIT_SIGNALLED + cron->interrupted;
    return error != 0 ? fail_with(cron, "asking systemd for cron.target", error) : 0;
}

/* Suspends first, since each moment counts, and asks afterwards. 0 or an exit status. */
static int hold_all(struct cron *cron)
{
    int status = cron_suspend(cron);

    if (status == 0)
        status = ask_around(cron);
    if (status == 0)
        status = check_daemons(cron, why_unstoppable);
    return status == 0 ? cron_suspend(cron) : status;
}

/* The jobs of those that drain are found while they are still its children. */
static int begin_drains(struct cron *cron)
{
    int error = 0;

    for (size_t i = 0; i < cron->daemon_count && error == 0; i++) {
        if (cron->daemons[i]->term == CRON_TERM_DRAINS)
            error = cron_find_jobs(cron);
    }
    return error != 0 ? fail_with(cron, "looking for jobs", error) : cron_begin_drains(cron);
}

/* The status is the same wherever the signal came: what was asked for has not been seen to happen.
 */
static void tell_of_interruption(const struct cron *cron)
{
    pt_warn("interrupted by signal %d", cron->interrupted);
    for (size_t i = 0; i < cron->daemon_count; i++) {
        const struct cron_daemon *daemon = cron->daemons[i];

        if (daemon->told && !daemon->handle.ended)
            pt_warn("%s does not go on: it has been told to end", daemon->label);
    }
}

static int act(struct cron *cron, const struct pt_buffer *additions)
{
    int status;

    pt_report_never_wait();
    status = hold_all(cron);
    if (status == 0) {
        run_additions(cron, additions);
        if (cron->settings.command == NULL && cron->interrupted == 0)
            status = begin_drains(cron);
    }
    if (status != 0)
        status = fail(cron, status);
    else if (cron->interrupted != 0)
        status = PT_EXIT_SIGNALLED + cron->interrupted;
    else
        status = wait_and_stop(cron);
    if (cron->ends_with_us == NULL)
        cron_resume(cron);
    if (cron->interrupted != 0)
        tell_of_interruption(cron);
    return status;
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
        pt_warn("/proc: %s", error == 0         ? "not of our own PID namespace"
                             : error == -EINVAL ? "not a procfs"
                                                : strerror(-error));
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
    return error != 0 ? fail_with(cron, "looking for cron", error) : 0;
}

/* -n. */
static int plan(struct cron *cron)
{
    int status = check_daemons(cron, why_unstoppable), error;

    if (status != 0)
        return status;
    error = cron_find_jobs(cron);
    return error != 0 ? fail_with(cron, "looking for jobs", error) : cron_show_plan(cron);
}

static int work(struct cron *cron, const struct pt_buffer *additions)
{
    int status = begin(cron);

    /* What is held is held first; nobody waits for an answer here. */
    if (status == 0 && (cron->settings.output.dry_run || cron->daemon_count == 0))
        status = ask_around(cron);
    if (status != 0)
        return status;
    if (cron->daemon_count == 0 && cron->blind) {
        pt_warn("processes of others are hidden from us (hidepid): there may be a cron daemon");
        return cron_report(cron, fail(cron, CRON_IMPOSSIBLE));
    }
    if (cron->daemon_count == 0) {
        if (cron->settings.pid_count == 0)
            pt_say(0, "no cron daemon runs here");
        return cron_report(cron, cron->settings.command != NULL ? run_command(cron) : 0);
    }
    status = check_daemons(cron, why_untouchable);
    if (status != 0)
        return cron_report(cron, fail(cron, status));
    return cron_report(cron, cron->settings.output.dry_run ? plan(cron) : act(cron, additions));
}

static void cron_done(struct cron *cron)
{
    for (size_t i = 0; i < cron->job_count; i++) {
        pt_handle_close(&cron->jobs[i]->handle);
        pt_handle_close(&cron->jobs[i]->inner);
    }
    for (size_t i = 0; i < cron->daemon_count; i++)
        cron_daemon_done(cron->daemons[i]);
    cron_settings_done(&cron->settings);
    pt_waitset_free(cron->waitset);
    pt_procfs_close(&cron->procfs);
    free(cron->daemons);
    free(cron->jobs);
    free(cron->members);
    free(cron->sessions);
    pt_arena_done(&cron->arena);
}

/* A stopped tracer would leave cron stopped, and so would one that ends by a message after SIGSTOP.
 * Blocked, not ignored: helpers take them. */
static void block_signals(void)
{
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTSTP);
    sigaddset(&blocked, SIGTTIN);
    sigaddset(&blocked, SIGTTOU);
    sigaddset(&blocked, SIGPIPE);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
}

static int run(int argc, char **argv)
{
    struct cron cron = {.procfs = PT_PROCFS_CLOSED,
                        .self = getpid(),
                        .deadline = PT_INFINITE,
                        .look_at = PT_INFINITE};
    struct pt_buffer additions;
    int status;

    cron_read_options(&cron.settings, argc, argv);
    pt_buffer_init(&additions);
    find_additions(&cron.settings, &additions);
    pt_origin_save(&cron.origin);
    pt_origin_prepare_children();
    block_signals();
    status = work(&cron, &additions);
    pt_buffer_done(&additions);
    if (cron.ends_with_us != NULL) {
        status = pt_report_end(status);
        pt_hold_kill_at_exit(&cron.ends_with_us->hold);
    }
    cron_done(&cron);
    return status;
}

const struct pt_applet pt_applet_cron_graceful = {.options = &cron_options, .run = run};
