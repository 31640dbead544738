/* Ending the daemons so that they stay ended. */
#include "cron_graceful.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "report.h"
#include "service.h"

/* After a supervisor's answer, until a signal of its is seen. */
#define SIGNAL_PATIENCE (5 * PT_SECOND)
#define LOOK (2 * PT_MILLISECOND)

/* A handler that launches on is seen after this; nobody waits longer than that for the end. */
#define LAUNCH_PATIENCE (100 * PT_MILLISECOND)
#define END_PATIENCE (10 * PT_SECOND)
#define SUPERVISOR_PATIENCE (30 * PT_SECOND)

/* What nobody answers for is watched so long, by so many looks. */
#define WATCH_LOOKS 5
#define WATCH_EACH (300 * PT_MILLISECOND)

void cron_describe_stop(const struct cron_daemon *daemon, struct pt_buffer *text)
{
    int drain = cron_kind_drain(daemon->kind);
    char signal[PT_SIGNAL_SIZE];

    if (daemon->service.kind != NULL)
        pt_service_describe(&daemon->service, text);
    else
        pt_buffer_append_format(text, "SIG%s",
                                pt_format_signal(drain != 0 ? drain : SIGTERM, signal));
}

/* --- asking for the stop --- */

int cron_ask_to_stop(struct cron_daemon *daemon)
{
    return pt_service_stop(&daemon->service, &daemon->helper);
}

/* Whether its helper has ended, with the status, by a look that does not wait. */
static bool has_answered(struct cron_daemon *daemon, int *ret_status)
{
    if (daemon->helper == 0)
        return true;
    if (waitpid(daemon->helper, ret_status, WNOHANG) == 0)
        return false;
    daemon->helper = 0;
    return true;
}

/* The answer is waited for. */
static void take_answer(struct cron *cron, struct cron_daemon *daemon)
{
    pid_t helper = daemon->helper;
    int status = 0, error = 0;

    daemon->helper = 0;
    if (helper != 0)
        error = cron_wait_child(cron, helper, cron_helper_deadline(cron), &status);
    if (error == -ETIMEDOUT)
        pt_warn("%s does not answer", daemon->service.argv[0]);
    else if (error == 0 && status != 0)
        pt_warn("%s: exit status %d", daemon->service.argv[0], status);
}

/* Signals that nobody sends to end a process. */
static bool is_notice(int number)
{
    return number == SIGCHLD || number == SIGCONT || number == SIGURG || number == SIGWINCH ||
           number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/* Whether a signal that ends it waits for it: by a handler where it is a supervisor's usual one. */
static bool ends(const struct pt_status *status, int number)
{
    uint64_t bit = UINT64_C(1) << (number - 1);

    if ((status->shared_pending & bit) == 0 || is_notice(number))
        return false;
    return ((status->caught | status->ignored) & bit) == 0 || number == SIGTERM ||
           number == SIGINT || number == SIGQUIT;
}

static bool end_is_pending(const struct cron *cron, const struct cron_daemon *daemon)
{
    struct pt_arena arena = {0};
    struct pt_process now;
    bool pending = false;

    if (pt_process_read(&cron->procfs, daemon->process.stat.pid, PT_SOURCE_BIT(PT_SOURCE_STATUS),
                        &arena, &now) == 0 &&
        pt_process_has(&now, PT_SOURCE_STATUS)) {
        for (int number = 1; number <= 64 && !pending; number++)
            pending = ends(&now.more->status, number);
    }
    pt_arena_done(&arena);
    return pending;
}

static int send_term(struct cron_daemon *daemon)
{
    int error = pt_handle_signal(&daemon->handle, &daemon->verifier, SIGTERM);

    daemon->told |= error == 0;
    return error == -ESRCH ? 0 : error;
}

/* Its supervisor is asked; back as soon as the signal that ends the daemon waits for it. */
static int ask_supervisor(struct cron *cron, struct cron_daemon *daemon)
{
    int64_t answered_at = 0, give_up = cron_helper_deadline(cron);
    int error = cron_ask_to_stop(daemon), status = 0;

    if (error != 0) {
        pt_warn("%s cannot be asked: %s", pt_service_kind(&daemon->service), strerror(-error));
        return send_term(daemon);
    }
    while (!daemon->handle.ended && !end_is_pending(cron, daemon)) {
        int64_t now = pt_monotonic();

        if (answered_at == 0 && (has_answered(daemon, &status) || now > give_up))
            answered_at = now;
        if (answered_at != 0 && now > answered_at + SIGNAL_PATIENCE) {
            pt_warn("%s sent %s no signal (status %d): TERM comes from us",
                    pt_service_kind(&daemon->service), daemon->label, WEXITSTATUS(status));
            return send_term(daemon);
        }
        cron_await_end(cron, daemon, pt_deadline(now, LOOK));
        if (cron->interrupted != 0)
            return 0;
    }
    daemon->told = true;
    return 0;
}

/* --- its end --- */

/* A handler may launch the rest of a batch before it ends: those are waited for, and the patience
 * with the daemon stands still meanwhile. */
static int await_batch(struct cron *cron, struct cron_daemon *daemon, int64_t *give_up)
{
    while (daemon->term == CRON_TERM_HANDLER && !daemon->loose && pt_monotonic() < *give_up) {
        int64_t before;
        int error;

        cron_await_end(cron, daemon, pt_deadline(pt_monotonic(), LAUNCH_PATIENCE));
        if (daemon->handle.ended || cron->interrupted != 0 || cron->timed_out)
            break;
        before = pt_monotonic();
        error = cron_suspend_again(cron, daemon);
        if (error != 0)
            return error;
        *give_up = pt_deadline(*give_up, pt_monotonic() - before);
    }
    return 0;
}

/* Waits for its end after its release. */
static int await_end(struct cron *cron, struct cron_daemon *daemon)
{
    int64_t patience = daemon->service.kind != NULL ? SUPERVISOR_PATIENCE : END_PATIENCE;
    int64_t give_up = pt_deadline(pt_monotonic(), patience);
    int error = await_batch(cron, daemon, &give_up);

    if (error != 0)
        return error;
    cron_await_end(cron, daemon, give_up);
    if (daemon->handle.ended || cron->interrupted != 0)
        return 0;
    pt_warn("%s does not end upon TERM: SIGKILL", daemon->label);
    pt_handle_signal(&daemon->handle, &daemon->verifier, SIGKILL);
    cron_await_end(cron, daemon, pt_deadline(pt_monotonic(), END_PATIENCE));
    return 0;
}

/* What it launched just before its end: a fresh child looks like another daemon for a moment. */
static int await_late(struct cron *cron, struct cron_daemon *daemon)
{
    int error;

    if (cron_pause(cron, pt_deadline(pt_monotonic(), LAUNCH_PATIENCE)))
        return 0;
    error = cron_find_jobs(cron);
    if (error == 0) {
        cron_show_jobs(cron);
        error = cron_wait_jobs(cron, daemon);
    }
    return error;
}

/* --- that it stays away --- */

static int start_question(const void *data, int output, pid_t *ret_pid)
{
    return pt_service_ask(data, output, ret_pid);
}

/* What its supervisor says: 1: stopped; 0: not; -errno: nothing. */
static int ask_state(struct cron *cron, const struct cron_daemon *daemon)
{
    struct pt_buffer answer;
    int error = -ENOTSUP;

    if (daemon->service.kind == NULL)
        return error;
    pt_buffer_init(&answer);
    error = cron_ask(cron, start_question, &daemon->service, &answer);
    if (error == 0)
        error = answer.length > 0 ? pt_service_is_stopped(&daemon->service, &answer) : -EIO;
    pt_buffer_done(&answer);
    return error;
}

/* Whether another one comes within a while, which is said. */
static bool comes_back(struct cron *cron, const struct cron_daemon *daemon)
{
    for (int i = 0; i < WATCH_LOOKS && cron->interrupted == 0; i++) {
        const char *name;
        pid_t again, parent;

        cron_pause(cron, pt_deadline(pt_monotonic(), WATCH_EACH));
        again = cron_respawned(cron, daemon, &parent, &name);
        if (again == 0)
            continue;
        pt_warn("%s runs again as process %d: started by %s (%d)", cron_kind_label(daemon->kind),
                (int)again, name, (int)parent);
        return true;
    }
    return false;
}

static int verify_stop(struct cron *cron, struct cron_daemon *daemon)
{
    if (!daemon->handle.ended) {
        pt_warn("%s has not ended", daemon->label);
        return CRON_IMPOSSIBLE;
    }
    take_answer(cron, daemon);
    /* As its unit's own ExecStop= we are what systemd waits for. */
    if (daemon->service.stopping || ask_state(cron, daemon) == 1)
        return 0;
    if (comes_back(cron, daemon))
        return CRON_IMPOSSIBLE;
    if (cron->interrupted == 0 && ask_state(cron, daemon) == 0) {
        pt_warn("%s does not say that %s is stopped", pt_service_kind(&daemon->service),
                daemon->service.name);
        return CRON_IMPOSSIBLE;
    }
    return cron->interrupted != 0 ? PT_EXIT_SIGNALLED + cron->interrupted : 0;
}

/* --- one daemon --- */

/* Lets one that was asked to end do so: where it was stopped before we came, TERM would wait. */
static void release_to_end(struct cron_daemon *daemon)
{
    pt_hold_release(&daemon->hold);
    if (daemon->hold.was_stopped)
        pt_handle_signal(&daemon->handle, &daemon->verifier, SIGCONT);
}

static void warn_losses(const struct cron *cron, const struct cron_daemon *daemon)
{
    const char *loses = cron_kind_loses(daemon->kind);
    size_t jobs = 0, living = 0;

    for (size_t i = 0; i < cron->job_count; i++) {
        jobs += cron->jobs[i]->daemon == daemon && !cron->jobs[i]->detached;
        living += cron->jobs[i]->daemon == daemon && !cron->jobs[i]->handle.ended;
    }
    if (loses != NULL && jobs > 0)
        pt_warn("%s writes its jobs' %s itself: those of %zu job%s are lost", daemon->label, loses,
                jobs, jobs == 1 ? "" : "s");
    if (daemon->service.own_cgroup && living > 0)
        pt_warn("%s stops all of %s: %zu job%s with it", pt_service_kind(&daemon->service),
                daemon->service.name, living, living == 1 ? "" : "s");
}

/* One that was told to finish its jobs, and of which nothing is forced before the time is over. */
static int end_drained(struct cron *cron, struct cron_daemon *daemon)
{
    if (cron->timed_out && cron->settings.on_timeout == CRON_KILL_JOBS)
        cron_await_end(cron, daemon, pt_deadline(pt_monotonic(), END_PATIENCE));
    if (cron->timed_out && !daemon->handle.ended && send_term(daemon) == 0)
        cron_await_end(cron, daemon, pt_deadline(pt_monotonic(), END_PATIENCE));
    if (daemon->handle.ended)
        return verify_stop(cron, daemon);
    pt_warn("%s has not finished: it ends when its jobs do", daemon->label);
    return CRON_TIMED_OUT;
}

static int stop_one(struct cron *cron, struct cron_daemon *daemon)
{
    bool ask = daemon->service.kind != NULL && !daemon->service.stopping;
    int error;

    if (daemon->timers)
        return 0;
    if (daemon->draining)
        return end_drained(cron, daemon);
    if (daemon->handle.ended)
        return verify_stop(cron, daemon);
    warn_losses(cron, daemon);
    error = ask ? ask_supervisor(cron, daemon) : send_term(daemon);
    if (error == 0 && cron->interrupted != 0)
        return PT_EXIT_SIGNALLED + cron->interrupted;
    if (error == 0) {
        release_to_end(daemon);
        error = await_end(cron, daemon);
    }
    if (error == 0 && daemon->handle.ended && daemon->term == CRON_TERM_HANDLER)
        error = await_late(cron, daemon);
    if (error != 0) {
        pt_warn("%s cannot be stopped: %s", daemon->label, strerror(-error));
        return CRON_IMPOSSIBLE;
    }
    if (cron->interrupted != 0)
        return PT_EXIT_SIGNALLED + cron->interrupted;
    return verify_stop(cron, daemon);
}

/* --- PID 1 --- */

/* PID 1 of a container: TERM reaches it only where it has a handler. */
static int leave_first(struct cron_daemon *daemon)
{
    pt_hold_release(&daemon->hold);
    if (daemon->term == CRON_TERM_DRAINS) {
        pt_say(0, "%s is PID 1 and drains at the runtime's TERM", cron_kind_label(daemon->kind));
        return 0;
    }
    if (daemon->term == CRON_TERM_HANDLER && !daemon->loose) {
        pt_say(0, "%s is PID 1: drained, and left to the runtime's TERM",
               cron_kind_label(daemon->kind));
        return 0;
    }
    if (daemon->term == CRON_TERM_HANDLER)
        pt_warn("%s is PID 1 and may not be traced: its jobs start again",
                cron_kind_label(daemon->kind));
    else
        pt_warn("%s is PID 1 and ignores SIGTERM, the runtime's too: jobs start again until "
                "SIGKILL; use --end-container or an init (docker run --init, tini)",
                cron_kind_label(daemon->kind));
    return CRON_IMPOSSIBLE;
}

static int end_first(struct cron *cron, struct cron_daemon *daemon)
{
    int error;

    if (daemon->draining)
        return end_drained(cron, daemon);
    if (daemon->term == CRON_TERM_DEFAULT) {
        if (daemon->hold.means != PT_HELD_PTRACE) {
            pt_warn("%s is PID 1 and may not be traced: it cannot be ended from here",
                    cron_kind_label(daemon->kind));
            return CRON_IMPOSSIBLE;
        }
        pt_say(0, "%s is PID 1: the container ends with us", cron_kind_label(daemon->kind));
        cron->ends_with_us = daemon;
        return 0;
    }
    error = send_term(daemon);
    pt_hold_release(&daemon->hold);
    if (error == 0)
        error = await_end(cron, daemon);
    if (error == 0 && cron->interrupted != 0)
        return PT_EXIT_SIGNALLED + cron->interrupted;
    /* The first process of our own namespace takes no SIGKILL from inside it. */
    if (error != 0 || !daemon->handle.ended)
        pt_warn("%s (1): %s", cron_kind_label(daemon->kind),
                error != 0 ? strerror(-error) : "it has not ended");
    return error != 0 || !daemon->handle.ended ? CRON_IMPOSSIBLE : 0;
}

int cron_stop(struct cron *cron)
{
    struct cron_daemon *first = NULL;
    int worst = 0;

    for (size_t i = 0; i < cron->daemon_count; i++) {
        struct cron_daemon *daemon = cron->daemons[i];
        int status;

        if (daemon->process.stat.pid == 1) {
            first = daemon;
            continue;
        }
        status = stop_one(cron, daemon);
        if (status == 0)
            pt_say(0, "%s has been stopped", daemon->label);
        daemon->stopped = status == 0;
        worst = status > worst ? status : worst;
    }
    if (first == NULL || worst != 0 || first->handle.ended)
        return worst;
    return cron->settings.end_container ? end_first(cron, first) : leave_first(first);
}
