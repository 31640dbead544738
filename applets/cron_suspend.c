/* Suspending the daemons, at a moment in which they launch nothing, and giving them back. */
#include "cron_graceful.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "children.h"
#include "report.h"
#include "service.h"

/* How long a suspension is tried that does not fall into a launch, and what lies between. */
#define SETTLE_FOR (30 * PT_SECOND)
#define SETTLE_PAUSE (20 * PT_MILLISECOND)
#define YOUNG PT_SECOND

/* --- whether it launches --- */

static int64_t age_of(const struct pt_procfs *procfs, const struct pt_clocks *clocks, pid_t pid)
{
    struct pt_arena arena = {0};
    struct pt_process process;
    int64_t age = PT_INFINITE;

    if (pt_process_read(procfs, pid, 0, &arena, &process) == 0 && !pt_process_has_ended(&process))
        age = clocks->boottime - pt_ticks_to_nanoseconds(process.stat.starttime, procfs->ticks);
    pt_arena_done(&arena);
    return age;
}

/* Of the children that a thread of its has, as the kernel lists them. */
static bool has_young(const struct pt_procfs *procfs, pid_t pid, pid_t tid)
{
    struct pt_children children = {0};
    struct pt_clocks clocks;
    bool same, young = pt_procfs_clocks(procfs, &clocks) != 0 ||
                       pt_children_read(procfs, pid, tid, &children, &same) != 0;

    for (size_t i = 0; !young && i < children.count; i++)
        young = age_of(procfs, &clocks, children.pids[i]) < YOUNG;
    pt_children_done(&children);
    return young;
}

/* The same by a scan: for many threads, or a kernel without such lists. */
static bool has_young_by_scan(const struct pt_procfs *procfs, pid_t daemon)
{
    struct pt_snapshot snapshot;
    bool young = false;

    if (pt_snapshot_scan(&snapshot, procfs, 0) != 0)
        return true;
    for (size_t i = 0; i < snapshot.count && !young; i++) {
        const struct pt_process *process = &snapshot.processes[i];

        young = process->stat.ppid == daemon && !pt_process_has_ended(process) &&
                pt_snapshot_age(&snapshot, process) < YOUNG;
    }
    pt_snapshot_done(&snapshot);
    return young;
}

/* Whether it may have been caught while launching a minute's batch. */
static bool is_caught(const struct cron *cron, const struct cron_daemon *daemon)
{
    const struct pt_stat *stat = &daemon->process.stat;
    struct timespec now;

    if (daemon->hold.was_stopped)
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    if (daemon->hold.state_before != 'S' || now.tv_sec % 60 < 2 || now.tv_sec % 60 > 57)
        return true;
    if (stat->threads > 1 || !pt_children_exist(&cron->procfs))
        return has_young_by_scan(&cron->procfs, stat->pid);
    return has_young(&cron->procfs, stat->pid, stat->pid);
}

/* --- suspending --- */

/* Another one of its kind that starts from now on has taken its place. */
static void note_end(const struct cron *cron, struct cron_daemon *daemon)
{
    struct pt_clocks clocks;

    if (pt_procfs_clocks(&cron->procfs, &clocks) == 0)
        daemon->over = (uint64_t)clocks.boottime / (PT_SECOND / cron->procfs.ticks);
}

/* PID 1 of a container ignores SIGSTOP, and to trace it takes a capability. */
static int go_without(const struct cron *cron, struct cron_daemon *daemon)
{
    daemon->loose = true;
    pt_warn("%s may not be traced, so new jobs cannot be prevented: add "
            "securityContext.capabilities.add: [SYS_PTRACE], or an init as PID 1 so that SIGSTOP "
            "works",
            daemon->label);
    if (cron->settings.command != NULL)
        return CRON_IMPOSSIBLE;
    pt_say(0, "waiting for a moment without a job");
    return 0;
}

static int explain(const struct cron *cron, struct cron_daemon *daemon, int error)
{
    if (error == -EPERM)
        return go_without(cron, daemon);
    if (error == -EBUSY)
        pt_warn("%s is traced by process %d (another cron-graceful, strace, gdb): it cannot "
                "be suspended",
                daemon->label, (int)daemon->hold.tracer);
    else
        pt_warn("%s cannot be suspended: %s", daemon->label,
                error == -ETIMEDOUT ? "it does not stop" : strerror(-error));
    return CRON_IMPOSSIBLE;
}

static void note_suspension(struct cron *cron, struct cron_daemon *daemon)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    daemon->held_at = pt_monotonic();
    daemon->missed_from = now.tv_sec;
    note_end(cron, daemon);
    if (cron->deadline == PT_INFINITE)
        cron->deadline = pt_deadline(daemon->held_at, cron->settings.timeout);
}

/* It is held, and stays so. */
static int keep(struct cron *cron, struct cron_daemon *daemon, bool settled)
{
    static const char *const means[] = {[PT_HELD_PTRACE] = "ptrace", [PT_HELD_SIGSTOP] = "SIGSTOP"};

    note_suspension(cron, daemon);
    if (settled)
        pt_say(0, "%s is suspended by %s", daemon->label, means[daemon->hold.means]);
    else
        pt_warn("%s is suspended, perhaps while it launches jobs", daemon->label);
    return 0;
}

/* Until it is suspended at a moment in which it launches nothing. */
static int suspend(struct cron *cron, struct cron_daemon *daemon)
{
    int64_t give_up = pt_deadline(pt_monotonic(), SETTLE_FOR);
    bool told = false;

    for (;;) {
        int error = pt_hold_begin(&daemon->hold, &daemon->handle, &daemon->verifier);

        if (error == -ESRCH) {
            pt_say(0, "%s has ended by itself", daemon->label);
            return 0;
        }
        if (error != 0)
            return explain(cron, daemon, error);
        if (!is_caught(cron, daemon))
            return keep(cron, daemon, true);
        if (pt_monotonic() > give_up)
            return keep(cron, daemon, false);
        pt_hold_release(&daemon->hold);
        if (!told)
            pt_say(1, "%s may be launching jobs: a moment", daemon->label);
        told = true;
        if (cron_pause(cron, pt_deadline(pt_monotonic(), SETTLE_PAUSE)))
            return PT_EXIT_SIGNALLED + cron->interrupted;
    }
}

static int suspend_timers(struct cron *cron, struct cron_daemon *daemon)
{
    int error;

    /* A systemctl that is killed has been heard all the same: start them again in any case. */
    note_suspension(cron, daemon);
    error = cron_stop_timers(cron, daemon);
    if (error == -EINTR)
        return PT_EXIT_SIGNALLED + cron->interrupted;
    if (error != 0) {
        pt_warn("%s cannot be stopped: %s", daemon->service.name, strerror(-error));
        return CRON_IMPOSSIBLE;
    }
    pt_say(0, "%s: %s has been stopped, so its timers start nothing", cron_kind_label(daemon->kind),
           daemon->service.name);
    return 0;
}

int cron_suspend(struct cron *cron)
{
    int status = 0;

    for (size_t i = 0; i < cron->daemon_count && status == 0; i++) {
        struct cron_daemon *daemon = cron->daemons[i];

        if (daemon->held_at != 0 || daemon->loose || daemon->handle.ended)
            continue;
        if (daemon->timers)
            status = suspend_timers(cron, daemon);
        else if (daemon->term != CRON_TERM_DRAINS || cron->settings.command != NULL)
            status = suspend(cron, daemon);
    }
    if (cron->deadline == PT_INFINITE)
        cron->deadline = pt_deadline(pt_monotonic(), cron->settings.timeout);
    return status;
}

int cron_suspend_again(struct cron *cron, struct cron_daemon *daemon)
{
    int error = pt_hold_begin(&daemon->hold, &daemon->handle, &daemon->verifier);

    if (error != 0)
        return error == -ESRCH ? 0 : error;
    error = cron_find_jobs(cron);
    if (error == 0) {
        cron_show_jobs(cron);
        error = cron_wait_jobs(cron, daemon);
    }
    pt_hold_release(&daemon->hold);
    return error;
}

/* --- giving back --- */

static void resume_timers(struct cron *cron, struct cron_daemon *daemon)
{
    int error;

    if (daemon->held_at == 0 || daemon->stopped)
        return;
    error = cron_start_timers(cron, daemon);
    if (error != 0)
        pt_warn("%s cannot be started again: %s", daemon->service.name, strerror(-error));
    else
        pt_say(0, "%s: %s has been started again", cron_kind_label(daemon->kind),
               daemon->service.name);
    daemon->held_at = 0;
}

static void resume(const struct cron *cron, struct cron_daemon *daemon)
{
    int64_t suspended = pt_monotonic() - daemon->held_at;
    bool ended = pt_hold_reap(&daemon->hold);
    char text[PT_DURATION_SIZE];

    pt_hold_release(&daemon->hold);
    if (ended && cron->settings.command != NULL)
        pt_warn("%s has ended while it was suspended: its successor may have started jobs",
                daemon->label);
    if (ended || daemon->told)
        return;
    if (daemon->hold.was_stopped)
        pt_say(0, "%s is left stopped, as it was found", daemon->label);
    else
        pt_say(0, "%s (%d) goes on after %s; it %s", cron_kind_label(daemon->kind),
               daemon->process.stat.pid, pt_format_duration(suspended, text),
               cron_catch_up(daemon->kind, suspended));
}

void cron_resume(struct cron *cron)
{
    for (size_t i = 0; i < cron->daemon_count; i++) {
        struct cron_daemon *daemon = cron->daemons[i];

        if (daemon->timers)
            resume_timers(cron, daemon);
        else if (daemon->hold.means != PT_HELD_NOT)
            resume(cron, daemon);
    }
}

/* --- supervisors --- */

static int start_question(const void *data, int output, pid_t *ret_pid)
{
    return pt_service_ask(data, output, ret_pid);
}

static void confirm(struct cron *cron, struct cron_daemon *daemon)
{
    struct pt_buffer answer;
    int error;

    pt_buffer_init(&answer);
    error = cron_ask(cron, start_question, &daemon->service, &answer);
    if (error != 0 && error != -EINTR)
        pt_warn("%s does not say whether %s is its: taken for unsupervised: %s",
                pt_service_kind(&daemon->service), daemon->label,
                error == -ETIMEDOUT ? "no answer" : strerror(-error));
    if (error != 0 || !pt_service_confirm(&daemon->service, daemon->process.stat.pid, &answer))
        pt_service_forget(&daemon->service);
    pt_buffer_done(&answer);
}

void cron_confirm_services(struct cron *cron)
{
    for (size_t i = 0; i < cron->daemon_count && cron->interrupted == 0; i++) {
        if (cron->daemons[i]->service.doubtful)
            confirm(cron, cron->daemons[i]);
    }
}

/* --- daemons that drain by themselves --- */

static int begin_drain(const struct cron *cron, struct cron_daemon *daemon)
{
    int number = cron_kind_drain(daemon->kind);
    char signal[PT_SIGNAL_SIZE];
    int error;

    note_end(cron, daemon);
    if (daemon->service.kind != NULL && !daemon->service.stopping && number == SIGTERM)
        error = cron_ask_to_stop(daemon);
    else
        error = pt_handle_signal(&daemon->handle, &daemon->verifier, number);
    if (error != 0 && error != -ESRCH) {
        pt_warn("%s cannot be told to finish: %s", daemon->label, strerror(-error));
        return CRON_IMPOSSIBLE;
    }
    daemon->draining = daemon->told = true;
    /* One that somebody has stopped would never take it. */
    if (daemon->process.stat.state == 'T')
        pt_handle_signal(&daemon->handle, &daemon->verifier, SIGCONT);
    pt_say(0, "%s was told to finish its jobs (SIG%s)", daemon->label,
           pt_format_signal(number, signal));
    return 0;
}

int cron_begin_drains(struct cron *cron)
{
    int status = 0;

    for (size_t i = 0; i < cron->daemon_count && status == 0; i++) {
        struct cron_daemon *daemon = cron->daemons[i];

        if (daemon->term == CRON_TERM_DRAINS && !daemon->handle.ended &&
            (daemon->process.stat.pid != 1 || cron->settings.end_container))
            status = begin_drain(cron, daemon);
    }
    return status;
}
