/* Suspending the daemons, giving them back, and ending them so that they stay ended. */
#include "cron_graceful.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "report.h"
#include "units.h"

/* How long a suspension is tried that does not fall into a launch, and what lies between. */
#define SETTLE_FOR (30 * PT_SECOND)
#define SETTLE_PAUSE (20 * PT_MILLISECOND)
#define YOUNG PT_SECOND

/* After a supervisor's answer, until a signal of its is seen. */
#define SIGNAL_PATIENCE (5 * PT_SECOND)
#define LOOK (2 * PT_MILLISECOND)

/* A handler that launches on is seen after this; nobody waits longer than that for the end. */
#define LAUNCH_PATIENCE (100 * PT_MILLISECOND)
#define END_PATIENCE (10 * PT_SECOND)
#define SUPERVISOR_PATIENCE (30 * PT_SECOND)
#define WATCH (1500 * PT_MILLISECOND)

static const char *name_of(const struct cron_daemon *daemon)
{
    return cron_kind_name(daemon->kind);
}

static int pid_of(const struct cron_daemon *daemon)
{
    return (int)daemon->process.stat.pid;
}

void cron_describe_stop(const struct cron_daemon *daemon, struct pt_buffer *text)
{
    char signal[PT_SIGNAL_SIZE];

    if (daemon->service.supervisor != NULL)
        pt_service_describe(&daemon->service, text);
    else
        pt_buffer_append_format(
            text, "SIG%s",
            pt_format_signal(cron_drain_signal(daemon) != 0 ? cron_drain_signal(daemon) : SIGTERM,
                             signal));
}

/* --- suspending --- */

/* Whether it may have been caught while launching a minute's batch. */
static bool is_caught(struct cron *cron, const struct cron_daemon *daemon)
{
    int64_t age = 0;
    struct timespec now;

    if (daemon->hold.was_stopped)
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    if (daemon->hold.state_before != 'S' || now.tv_sec % 60 < 2 || now.tv_sec % 60 > 57)
        return true;
    return cron_youngest_child(cron, daemon, &age) != 0 || age < YOUNG;
}

static int explain(const struct cron_daemon *daemon, int error)
{
    if (error == -EBUSY)
        pt_warn(
            "%s (%d) is traced by process %d (another cron-graceful, strace, gdb): it cannot be "
            "suspended",
            name_of(daemon), pid_of(daemon), (int)daemon->hold.tracer);
    else if (error == -EPERM && pid_of(daemon) == 1)
        pt_warn("%s is PID 1 and may not be traced, so new jobs cannot be prevented: add "
                "securityContext.capabilities.add: [SYS_PTRACE], or an init as PID 1",
                name_of(daemon));
    else
        pt_warn("%s (%d) cannot be suspended: %s", name_of(daemon), pid_of(daemon),
                error == -ETIMEDOUT ? "it does not stop" : strerror(-error));
    return CRON_IMPOSSIBLE;
}

static void note_suspension(struct cron_daemon *daemon)
{
    struct timespec now;

    if (daemon->held_at != 0)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    daemon->held_at = pt_monotonic();
    daemon->missed_from = now.tv_sec;
}

/* Until it is suspended at a moment in which it launches nothing. */
static int suspend(struct cron *cron, struct cron_daemon *daemon)
{
    int64_t give_up = pt_deadline(pt_monotonic(), SETTLE_FOR);
    bool told = false;

    for (;;) {
        int error = pt_hold_begin(&daemon->hold, &daemon->handle, &daemon->verifier);

        if (error == -ESRCH) {
            pt_say(0, "%s (%d) has ended by itself", name_of(daemon), pid_of(daemon));
            return 0;
        }
        if (error != 0)
            return explain(daemon, error);
        if (!is_caught(cron, daemon)) {
            note_suspension(daemon);
            pt_say(0, "%s (%d) is suspended by %s", name_of(daemon), pid_of(daemon),
                   daemon->hold.means == PT_HELD_PTRACE ? "ptrace" : "SIGSTOP");
            return 0;
        }
        if (pt_monotonic() > give_up) {
            note_suspension(daemon);
            pt_warn("%s (%d) is suspended, perhaps while it launches jobs", name_of(daemon),
                    pid_of(daemon));
            return 0;
        }
        pt_hold_release(&daemon->hold);
        if (!told)
            pt_say(1, "%s (%d) may be launching jobs: a moment", name_of(daemon), pid_of(daemon));
        told = true;
        if (cron_pause(cron, pt_deadline(pt_monotonic(), SETTLE_PAUSE)))
            return 128 + cron->interrupted;
    }
}

int cron_suspend(struct cron *cron)
{
    for (size_t i = 0; i < cron->daemon_count; i++) {
        struct cron_daemon *daemon = cron->daemons[i];
        int status;

        if (daemon->term == CRON_TERM_DRAINS && cron->settings.command == NULL)
            continue;
        status = suspend(cron, daemon);
        if (status != 0)
            return status;
    }
    return 0;
}

void cron_resume(struct cron *cron)
{
    for (size_t i = 0; i < cron->daemon_count; i++) {
        struct cron_daemon *daemon = cron->daemons[i];
        int64_t suspended = pt_monotonic() - daemon->held_at;
        char text[PT_DURATION_SIZE];

        if (daemon->hold.means == PT_HELD_NOT)
            continue;
        pt_hold_release(&daemon->hold);
        if (daemon->handle.ended)
            continue;
        if (daemon->hold.was_stopped)
            pt_say(0, "%s (%d) is left stopped, as it was found", name_of(daemon), pid_of(daemon));
        else
            pt_say(0, "%s (%d) goes on after %s; it %s", name_of(daemon), pid_of(daemon),
                   pt_format_duration(suspended, text), cron_catch_up(daemon->kind, suspended));
    }
}

/* --- daemons that drain by themselves --- */

int cron_begin_drains(struct cron *cron)
{
    for (size_t i = 0; i < cron->daemon_count; i++) {
        struct cron_daemon *daemon = cron->daemons[i];
        char signal[PT_SIGNAL_SIZE];
        int error;

        if (daemon->term != CRON_TERM_DRAINS || daemon->handle.ended || pid_of(daemon) == 1)
            continue;
        if (daemon->service.supervisor != NULL && !daemon->service.stopping &&
            cron_drain_signal(daemon) == SIGTERM)
            error = pt_service_stop(&daemon->service);
        else
            error = pt_handle_signal(&daemon->handle, &daemon->verifier, cron_drain_signal(daemon));
        if (error != 0 && error != -ESRCH) {
            pt_warn("%s (%d) cannot be told to finish: %s", name_of(daemon), pid_of(daemon),
                    strerror(-error));
            return CRON_IMPOSSIBLE;
        }
        daemon->draining = true;
        pt_say(0, "%s (%d) was told to finish its jobs (SIG%s)", name_of(daemon), pid_of(daemon),
               pt_format_signal(cron_drain_signal(daemon), signal));
    }
    return 0;
}

/* --- stopping --- */

/* Whether a signal that ends it waits for it. */
static bool end_is_pending(const struct cron *cron, const struct cron_daemon *daemon)
{
    static const int ends[] = {SIGTERM, SIGINT, SIGQUIT, SIGKILL};
    struct pt_arena arena = {0};
    struct pt_process now;
    bool pending = false;

    if (pt_process_read(&cron->procfs, daemon->process.stat.pid, PT_SOURCE_BIT(PT_SOURCE_STATUS),
                        &arena, &now) == 0 &&
        pt_process_has(&now, PT_SOURCE_STATUS)) {
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
            pending = pending || (now.more->status.shared_pending >> (ends[i] - 1) & 1) != 0;
    }
    pt_arena_done(&arena);
    return pending;
}

static int send_term(struct cron_daemon *daemon)
{
    int error = pt_handle_signal(&daemon->handle, &daemon->verifier, SIGTERM);

    return error == -ESRCH ? 0 : error;
}

/* Its supervisor is asked; back as soon as the signal that ends the daemon waits for it. */
static int ask_supervisor(struct cron *cron, struct cron_daemon *daemon)
{
    struct pt_service *service = &daemon->service;
    int64_t answered_at = 0;
    int error = pt_service_stop(service), status = 0;

    if (error != 0) {
        pt_warn("%s cannot be asked: %s", pt_service_kind(service), strerror(-error));
        return send_term(daemon);
    }
    while (!daemon->handle.ended && !end_is_pending(cron, daemon)) {
        if (answered_at == 0 && pt_service_answered(service, &status))
            answered_at = pt_monotonic();
        if (answered_at != 0 && pt_monotonic() > answered_at + SIGNAL_PATIENCE) {
            pt_warn("%s sent %s (%d) no signal (status %d): TERM comes from us",
                    pt_service_kind(service), name_of(daemon), pid_of(daemon), status);
            return send_term(daemon);
        }
        cron_await_end(cron, daemon, pt_deadline(pt_monotonic(), LOOK));
        if (cron->interrupted != 0)
            return 0;
    }
    return 0;
}

/* It goes on launching the rest of its batch: once more, with those waited for. */
static int hold_again(struct cron *cron, struct cron_daemon *daemon)
{
    int error = pt_hold_begin(&daemon->hold, &daemon->handle, &daemon->verifier);

    if (error == -ESRCH)
        return 0;
    if (error != 0)
        return error;
    error = cron_find_jobs(cron);
    if (error == 0) {
        cron_show_jobs(cron);
        error = cron_wait_jobs(cron, daemon);
    }
    pt_hold_release(&daemon->hold);
    return error;
}

/* Waits for its end after its release. */
static int await_end(struct cron *cron, struct cron_daemon *daemon)
{
    bool supervised = daemon->service.supervisor != NULL;
    int64_t patience = supervised ? SUPERVISOR_PATIENCE : END_PATIENCE;
    int64_t give_up = pt_deadline(pt_monotonic(), patience);

    while (daemon->term == CRON_TERM_HANDLER && pt_monotonic() < give_up) {
        int error;

        cron_await_end(cron, daemon, pt_deadline(pt_monotonic(), LAUNCH_PATIENCE));
        if (daemon->handle.ended || cron->interrupted != 0 || cron->timed_out)
            return 0;
        error = hold_again(cron, daemon);
        if (error != 0)
            return error;
    }
    cron_await_end(cron, daemon, give_up);
    if (daemon->handle.ended || cron->interrupted != 0)
        return 0;
    pt_warn("%s (%d) does not end upon TERM: SIGKILL", name_of(daemon), pid_of(daemon));
    pt_handle_signal(&daemon->handle, &daemon->verifier, SIGKILL);
    cron_await_end(cron, daemon, pt_deadline(pt_monotonic(), END_PATIENCE));
    return 0;
}

/* That it stays away. */
static int verify_stop(struct cron *cron, struct cron_daemon *daemon)
{
    const char *parent;
    int stopped;
    pid_t again;

    if (!daemon->handle.ended) {
        pt_warn("%s (%d) has not ended", name_of(daemon), pid_of(daemon));
        return CRON_IMPOSSIBLE;
    }
    stopped = pt_service_is_stopped(&daemon->service, &cron->procfs);
    if (stopped == 1)
        return 0;
    cron_pause(cron, pt_deadline(pt_monotonic(), WATCH));
    again = cron_respawned(cron, daemon, &parent);
    if (again != 0) {
        pt_warn("%s runs again as process %d: started by %s (%d)", name_of(daemon), (int)again,
                parent, (int)daemon->process.stat.ppid);
        return CRON_IMPOSSIBLE;
    }
    return 0;
}

static void warn_losses(const struct cron *cron, const struct cron_daemon *daemon)
{
    const char *loses = cron_kind_loses(daemon->kind);
    size_t jobs = 0, living = 0;

    for (size_t i = 0; i < cron->job_count; i++) {
        jobs += cron->jobs[i]->daemon == daemon;
        living += cron->jobs[i]->daemon == daemon && !cron->jobs[i]->handle.ended;
    }
    if (loses != NULL && jobs > 0)
        pt_warn("%s (%d) writes its jobs' %s itself: those of %zu job%s are lost", name_of(daemon),
                pid_of(daemon), loses, jobs, jobs == 1 ? "" : "s");
    if (daemon->service.own_cgroup && living > 0)
        pt_warn("%s stops all of %s: %zu job%s with it", pt_service_kind(&daemon->service),
                daemon->service.name, living, living == 1 ? "" : "s");
}

static int stop_one(struct cron *cron, struct cron_daemon *daemon)
{
    bool ask = daemon->service.supervisor != NULL && !daemon->service.stopping;
    int error;

    if (daemon->handle.ended)
        return 0;
    if (daemon->draining) {
        pt_warn("%s (%d) has not finished: it ends when its jobs do", name_of(daemon),
                pid_of(daemon));
        return CRON_TIMED_OUT;
    }
    warn_losses(cron, daemon);
    error = ask ? ask_supervisor(cron, daemon) : send_term(daemon);
    if (error == 0 && cron->interrupted != 0)
        return 128 + cron->interrupted;
    pt_hold_release(&daemon->hold);
    if (error == 0)
        error = await_end(cron, daemon);
    if (error != 0) {
        pt_warn("%s (%d) cannot be stopped: %s", name_of(daemon), pid_of(daemon), strerror(-error));
        return CRON_IMPOSSIBLE;
    }
    if (cron->interrupted != 0)
        return 128 + cron->interrupted;
    return verify_stop(cron, daemon);
}

/* --- PID 1 --- */

/* PID 1 of a container: TERM reaches it only where it has a handler. */
static int leave_first(struct cron *cron, struct cron_daemon *daemon)
{
    pt_hold_release(&daemon->hold);
    if (daemon->term == CRON_TERM_DRAINS) {
        pt_say(0, "%s is PID 1 and drains at the runtime's TERM", name_of(daemon));
        return 0;
    }
    if (daemon->term == CRON_TERM_HANDLER) {
        pt_say(0, "%s is PID 1: drained, and left to the runtime's TERM", name_of(daemon));
        return 0;
    }
    (void)cron;
    pt_warn(
        "%s is PID 1 and ignores SIGTERM, the runtime's too: jobs start again until SIGKILL; use "
        "--end-container or an init (docker run --init, tini)",
        name_of(daemon));
    return CRON_IMPOSSIBLE;
}

static int end_first(struct cron *cron, struct cron_daemon *daemon)
{
    int error;

    if (daemon->term == CRON_TERM_DEFAULT) {
        if (daemon->hold.means != PT_HELD_PTRACE) {
            pt_warn("%s is PID 1 and may not be traced: it cannot be ended from here",
                    name_of(daemon));
            return CRON_IMPOSSIBLE;
        }
        pt_say(0, "%s is PID 1: the container ends with us", name_of(daemon));
        cron->ends_with_us = daemon;
        return 0;
    }
    error = send_term(daemon);
    pt_hold_release(&daemon->hold);
    if (error == 0 && daemon->term == CRON_TERM_HANDLER)
        error = await_end(cron, daemon);
    if (error != 0)
        pt_warn("%s (1): %s", name_of(daemon), strerror(-error));
    return error != 0 ? CRON_IMPOSSIBLE : 0;
}

int cron_stop(struct cron *cron)
{
    struct cron_daemon *first = NULL;
    int worst = 0;

    for (size_t i = 0; i < cron->daemon_count; i++) {
        struct cron_daemon *daemon = cron->daemons[i];
        int status;

        if (pid_of(daemon) == 1) {
            first = daemon;
            continue;
        }
        status = stop_one(cron, daemon);
        if (status == 0)
            pt_say(0, "%s (%d) has been stopped", name_of(daemon), pid_of(daemon));
        daemon->stopped = status == 0;
        worst = status > worst ? status : worst;
    }
    if (first == NULL || worst != 0 || first->handle.ended)
        return worst;
    return cron->settings.end_container ? end_first(cron, first) : leave_first(cron, first);
}
