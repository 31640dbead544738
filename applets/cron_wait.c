/* Waiting: for jobs, for the daemon's end, for children of ours. One wait for all of it. */
#include "cron_graceful.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.h"
#include "report.h"

/* How many jobs the progress line names. */
#define PROGRESS_JOBS 3

/* What has come free of its jobs is looked for no oftener. */
#define LOOK_EACH PT_SECOND

/* Once a job's shell has ended the process above it has so long to follow. */
#define OUTPUT_PATIENCE (200 * PT_MILLISECOND)

/* How long a helper may take. */
#define HELPER_LIMIT (30 * PT_SECOND)

static void show_progress(const struct cron *cron)
{
    struct pt_buffer line;
    char age[PT_DURATION_SIZE];
    size_t named = 0, left = cron_jobs_left(cron, NULL);

    pt_buffer_init(&line);
    pt_buffer_append_format(&line, "%zu job%s left", left, left == 1 ? "" : "s");
    for (size_t i = 0; i < cron->job_count && named < PROGRESS_JOBS; i++) {
        const struct cron_job *job = cron->jobs[i];

        if (!cron_is_awaited(cron, job))
            continue;
        pt_buffer_append_format(&line, "%s %d %.*s (%s)", named++ == 0 ? ":" : ",",
                                (int)job->handle.pid, (int)job->length, job->text,
                                cron_job_age(job, age));
    }
    if (line.error == 0)
        pt_progress("%s", pt_buffer_text(&line));
    pt_buffer_done(&line);
}

static void remind(struct cron *cron)
{
    char age[PT_DURATION_SIZE];

    cron->remind_at = pt_deadline(pt_monotonic(), cron->settings.report);
    for (size_t i = 0; i < cron->job_count; i++) {
        const struct cron_job *job = cron->jobs[i];

        if (cron_is_awaited(cron, job))
            pt_say(0, "still waiting for job %d: %.*s (%s)", (int)job->handle.pid, (int)job->length,
                   job->text, cron_job_age(job, age));
    }
}

/* A look for what jobs left behind, in a while, and not too often. */
static void plan_look(struct cron *cron, int64_t after)
{
    int64_t moment = pt_deadline(pt_monotonic(), after);
    int64_t soonest = pt_deadline(cron->looked_at, LOOK_EACH);

    if (moment < soonest)
        moment = soonest;
    if (moment < cron->look_at)
        cron->look_at = moment;
}

static void take_end(struct cron *cron, const struct pt_event *event)
{
    struct cron_job *job = event->data;
    char age[PT_DURATION_SIZE];

    for (size_t i = 0; i < cron->daemon_count; i++) {
        if (&cron->daemons[i]->handle == event->handle)
            pt_hold_reap(&cron->daemons[i]->hold);
    }
    if (job == NULL || job->worker)
        return;
    if (event->handle == &job->inner) {
        plan_look(cron, OUTPUT_PATIENCE);
        return;
    }
    plan_look(cron, 0);
    pt_say(job->excepted || job->ours || job->detached ? 1 : 0, "job %d has ended: %.*s (%s)",
           (int)job->handle.pid, (int)job->length, job->text, cron_job_age(job, age));
}

/* One event; 0 or -errno. */
static int wait_event(struct cron *cron, int64_t moment, enum pt_event_kind *ret_kind)
{
    struct pt_event event;
    int error = pt_waitset_next(cron->waitset, moment, &event);

    if (error != 0)
        return error;
    if (event.kind == PT_EVENT_SIGNAL)
        cron->interrupted = event.signal;
    if (event.kind == PT_EVENT_ENDED)
        take_end(cron, &event);
    *ret_kind = event.kind;
    return 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Whether there is something to wait for: jobs, and daemons that end when theirs do. */
static bool is_waiting(const struct cron *cron, const struct cron_daemon *daemon)
{
    if (cron_jobs_left(cron, daemon) > 0)
        return true;
    for (size_t i = 0; i < cron->daemon_count && daemon == NULL; i++) {
        if (cron->daemons[i]->draining && !cron->daemons[i]->handle.ended)
            return true;
    }
    return false;
}

/* Whether there may be more than is known: once no job is left, that decides. */
static bool must_look(const struct cron *cron)
{
    if (cron->look_at == PT_INFINITE)
        return false;
    for (size_t i = 0; i < cron->daemon_count; i++) {
        if (cron->daemons[i]->loose || cron_awaits_detached(cron, cron->daemons[i]))
            return true;
    }
    return false;
}

static int look(struct cron *cron)
{
    int error = cron_find_jobs(cron);

    if (error == 0)
        cron_show_jobs(cron);
    return error;
}

/* What is due when the moment has come. */
static int take_moment(struct cron *cron)
{
    int64_t now = pt_monotonic();

    if (now >= cron->deadline) {
        cron->timed_out = true;
        return 0;
    }
    if (now >= cron->remind_at)
        remind(cron);
    return now >= cron->look_at ? look(cron) : 0;
}

int cron_wait_jobs(struct cron *cron, const struct cron_daemon *daemon)
{
    bool terminal = pt_report_verbosity() >= 0 && pt_terminal_columns(2) > 0;
    int error = 0;

    cron->remind_at = pt_deadline(pt_monotonic(), cron->settings.report);
    while (error == 0 && cron->interrupted == 0 && !cron->timed_out) {
        int64_t moment = earlier(earlier(cron->deadline, cron->remind_at), cron->look_at);
        enum pt_event_kind kind = PT_EVENT_ENDED;

        if (!is_waiting(cron, daemon)) {
            if (!must_look(cron))
                break;
            error = look(cron);
            continue;
        }
        if (terminal) {
            show_progress(cron);
            moment = earlier(moment, pt_deadline(pt_monotonic(), PT_SECOND));
        }
        error = wait_event(cron, moment, &kind);
        if (error == 0 && kind == PT_EVENT_TIME)
            error = take_moment(cron);
    }
    pt_progress_done();
    return error;
}

void cron_await_end(struct cron *cron, const struct cron_daemon *daemon, int64_t moment)
{
    enum pt_event_kind kind = PT_EVENT_ENDED;

    while (!daemon->handle.ended && cron->interrupted == 0 && kind != PT_EVENT_TIME) {
        if (wait_event(cron, moment, &kind) != 0)
            break;
    }
}

bool cron_pause(struct cron *cron, int64_t moment)
{
    enum pt_event_kind kind = PT_EVENT_ENDED;

    while (cron->interrupted == 0 && kind != PT_EVENT_TIME) {
        if (wait_event(cron, moment, &kind) != 0)
            break;
    }
    return cron->interrupted != 0;
}

/* --- children of ours --- */

/* Of the event's signal: what came from the terminal the child has got too. */
static void hand_on(const struct pt_event *event, struct pt_handle *child,
                    const struct pt_verifier *anybody)
{
    if (!event->from_terminal)
        pt_handle_signal(child, anybody, event->signal);
}

static int reap(pid_t pid, int *ret_status)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    *ret_status = pt_helper_status(status);
    return 0;
}

/* Until the child ends, or MOMENT. Signals are handed on where FOLLOW, else one ends the wait. */
static int await_child(struct cron *cron, struct pt_handle *child,
                       const struct pt_verifier *anybody, bool follow, int64_t moment)
{
    while (!child->ended) {
        struct pt_event event;
        int error = pt_waitset_next(cron->waitset, moment, &event);

        if (error != 0)
            return error;
        if (event.kind == PT_EVENT_TIME)
            return -ETIMEDOUT;
        if (event.kind == PT_EVENT_ENDED && event.handle != child)
            take_end(cron, &event);
        if (event.kind != PT_EVENT_SIGNAL)
            continue;
        if (follow) {
            hand_on(&event, child, anybody);
        } else {
            cron->interrupted = event.signal;
            return -EINTR;
        }
    }
    return 0;
}

static int wait_child(struct cron *cron, pid_t pid, bool follow, int64_t moment, int *ret_status)
{
    const struct pt_verifier anybody = {.procfs = &cron->procfs};
    struct pt_handle child = PT_HANDLE_NONE;
    int error = pt_handle_open(&child, &anybody, pid), reaped;

    if (error == 1) {
        error = pt_waitset_add(cron->waitset, &child, NULL);
        if (error == 0)
            error = await_child(cron, &child, &anybody, follow, moment);
        pt_waitset_remove(cron->waitset, &child);
    } else if (error == -ESRCH) {
        error = 0; /* a zombie already */
    }
    pt_handle_close(&child);
    if (error != 0)
        kill(pid, SIGKILL); /* our own child, not reaped: the pid is its */
    reaped = reap(pid, ret_status);
    return error != 0 ? error : reaped;
}

int cron_wait_child(struct cron *cron, pid_t pid, int64_t moment, int *ret_status)
{
    return wait_child(cron, pid, false, moment, ret_status);
}

int cron_follow_child(struct cron *cron, pid_t pid, int *ret_status)
{
    return wait_child(cron, pid, true, PT_INFINITE, ret_status);
}

/* --- helpers --- */

int64_t cron_helper_deadline(const struct cron *cron)
{
    return earlier(pt_deadline(pt_monotonic(), HELPER_LIMIT), cron->deadline);
}

/* What stands in the pipe: a pipe holds all that a helper may say (64 KiB; what wants to say more
 * does not end). Who has inherited its other end is not waited for. */
static int read_answer(int pipe, struct pt_buffer *answer)
{
    char part[4096];
    ssize_t length;

    while ((length = read(pipe, part, sizeof part)) > 0) {
        if (pt_buffer_append(answer, part, (size_t)length) != 0)
            return -ENOMEM;
    }
    return 0;
}

int cron_ask(struct cron *cron, int (*start)(const void *data, int output, pid_t *ret_pid),
             const void *data, struct pt_buffer *ret_answer)
{
    int ends[2], error, status;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    error = start(data, ends[1], &pid);
    close(ends[1]);
    if (error == 0)
        error = cron_wait_child(cron, pid, cron_helper_deadline(cron), &status);
    if (error == 0)
        error = read_answer(ends[0], ret_answer);
    close(ends[0]);
    return error;
}
