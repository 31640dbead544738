/* The jobs: each direct child of a daemon with all below it, until that child has ended. */
#include "cron_graceful.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "ending.h"
#include "helper.h"
#include "report.h"
#include "schedule.h"
#include "units.h"

/* An @reboot job: began with the daemon, and runs for long. */
#define REBOOT_WITHIN (60 * PT_SECOND)
#define REBOOT_AGE (3600 * PT_SECOND)

#define KILL_AFTER (10 * PT_SECOND)
#define KILL_WAIT (5 * PT_SECOND)

/* How many jobs the progress line names. */
#define PROGRESS_JOBS 3

/* --- what a job runs --- */

static bool is_shell(const char *name, size_t length)
{
    static const char *const shells[] = {"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"};

    for (size_t i = length; i-- > 0;) {
        if (name[i] == '/') {
            name += i + 1;
            length -= i + 1;
            break;
        }
    }
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strlen(shells[i]) == length && memcmp(shells[i], name, length) == 0)
            return true;
    }
    return false;
}

/* The text behind -c of a shell's command line. */
static bool shell_text(const struct pt_process *process, const char **ret_text, size_t *ret_length)
{
    const char *words[3];
    size_t lengths[3], offset = 0;

    if (!pt_process_has(process, PT_SOURCE_CMDLINE))
        return false;
    for (int i = 0; i < 3; i++) {
        if (!pt_next_string(process->more->cmdline.bytes, process->more->cmdline.length, &offset,
                            &words[i], &lengths[i]))
            return false;
    }
    if (!is_shell(words[0], lengths[0]) || lengths[1] != 2 || memcmp(words[1], "-c", 2) != 0)
        return false;
    *ret_text = words[2];
    *ret_length = lengths[2];
    return true;
}

/* The command line with blanks between, or comm in brackets. */
static int plain_text(struct cron *cron, struct cron_job *job, const struct pt_process *process)
{
    struct pt_bytes cmdline = {0};
    size_t length;
    char *text;

    if (pt_process_has(process, PT_SOURCE_CMDLINE))
        cmdline = process->more->cmdline;
    length = cmdline.length;
    while (length > 0 && cmdline.bytes[length - 1] == '\0')
        length--;
    text = pt_arena_strndup(&cron->arena, length > 0 ? cmdline.bytes : process->stat.comm,
                            length > 0 ? length : process->stat.comm_length);
    if (text == NULL)
        return -ENOMEM;
    job->length = length > 0 ? length : process->stat.comm_length;
    for (size_t i = 0; i < job->length; i++) {
        if (text[i] == '\0')
            text[i] = ' ';
    }
    job->text = text;
    job->shown = process->stat.pid;
    return 0;
}

/* --- a view of all processes --- */

struct view {
    struct pt_snapshot snapshot;
    struct pt_tree tree;
    uint32_t *depths;
    uint32_t self; /* our own record */
};

static void view_done(struct view *view)
{
    free(view->depths);
    pt_tree_done(&view->tree);
    pt_snapshot_done(&view->snapshot);
}

static int view_make(struct view *view, const struct pt_procfs *procfs, pid_t self)
{
    int error;

    *view = (struct view){.depths = NULL};
    error = pt_snapshot_scan(&view->snapshot, procfs, 0);
    if (error != 0)
        return error;
    error = pt_tree_build(&view->tree, &view->snapshot, false);
    if (error == 0)
        error = pt_tree_depths(&view->tree, &view->depths);
    view->self = pt_snapshot_index(&view->snapshot, self);
    if (error != 0)
        view_done(view);
    return error;
}

/* Fills the job's text: of the deepest shell, else of the first process that is not the daemon's
 * own program. */
static int describe(struct cron *cron, struct view *view, uint32_t top, struct cron_job *job)
{
    struct pt_snapshot *snapshot = &view->snapshot;
    uint32_t shown = top, deepest = 0;
    const char *text;
    size_t length;

    for (size_t i = 0; i < view->tree.node_count; i++) {
        uint32_t node = view->tree.order[i];
        struct pt_process *process = &snapshot->processes[node];

        if (!pt_tree_is_within(&view->tree, node, top))
            continue;
        pt_snapshot_add(snapshot, &node, 1,
                        PT_SOURCE_BIT(PT_SOURCE_CMDLINE) | PT_SOURCE_BIT(PT_SOURCE_EXE));
        if (shell_text(process, &text, &length) &&
            (job->text == NULL || view->depths[node] > deepest)) {
            job->text = pt_arena_strndup(&cron->arena, text, length);
            job->length = length;
            job->shown = process->stat.pid;
            deepest = view->depths[node];
            if (job->text == NULL)
                return -ENOMEM;
        }
        if (shown == top && process->stat.comm_length != 0 &&
            strcmp(process->stat.comm, job->daemon->process.stat.comm) != 0)
            shown = node;
    }
    return job->text != NULL ? 0 : plain_text(cron, job, &snapshot->processes[shown]);
}

/* --- finding --- */

static bool is_known(const struct cron *cron, const struct pt_process *process)
{
    for (size_t i = 0; i < cron->job_count; i++) {
        if (cron->jobs[i]->handle.pid == process->stat.pid &&
            cron->jobs[i]->starttime == process->stat.starttime)
            return true;
    }
    return false;
}

static int verify_job(const struct pt_verifier *verifier, const struct pt_handle *handle,
                      struct pt_process *now, struct pt_arena *arena)
{
    const struct cron_job *job = verifier->data;

    (void)handle;
    (void)arena;
    return now->stat.starttime == job->starttime;
}

static bool is_excepted(const struct cron_settings *settings, const char *text)
{
    for (size_t i = 0; i < settings->except_count; i++) {
        if (regexec(&settings->except[i], text, 0, NULL, 0) == 0)
            return true;
    }
    return false;
}

static void judge(const struct cron *cron, const struct view *view, uint32_t node,
                  struct cron_job *job)
{
    const struct pt_process *process = &view->snapshot.processes[node];
    int64_t age = pt_snapshot_age(&view->snapshot, process);
    int64_t daemon_age = pt_snapshot_age(&view->snapshot, &job->daemon->process);

    job->excepted = !job->worker && is_excepted(&cron->settings, job->text);
    job->ours = view->self != PT_NO_INDEX && pt_tree_is_within(&view->tree, view->self, node);
    job->at_reboot = age > REBOOT_AGE && daemon_age - age < REBOOT_WITHIN;
    job->since = pt_monotonic() - age;
    job->new = true;
}

static int add_job(struct cron *cron, struct view *view, struct cron_daemon *daemon, uint32_t node,
                   bool worker)
{
    const struct pt_process *process = &view->snapshot.processes[node];
    struct cron_job *job = pt_arena_alloc(&cron->arena, sizeof *job, PT_ALIGN_OF(struct cron_job));
    struct cron_job **jobs;
    int error;

    if (job == NULL)
        return -ENOMEM;
    *job = (struct cron_job){.daemon = daemon,
                             .handle = PT_HANDLE_NONE,
                             .starttime = process->stat.starttime,
                             .worker = worker};
    job->verifier = (struct pt_verifier){&cron->procfs, verify_job, job};
    error = pt_handle_open(&job->handle, &job->verifier, process->stat.pid);
    if (error == 0 || error == -ESRCH)
        return 0;
    if (error < 0)
        return error;
    error = describe(cron, view, node, job);
    jobs = error == 0 ? realloc(cron->jobs, (cron->job_count + 1) * sizeof *jobs) : NULL;
    if (jobs == NULL) {
        pt_handle_close(&job->handle);
        return -ENOMEM;
    }
    judge(cron, view, node, job);
    cron->jobs = jobs;
    cron->jobs[cron->job_count++] = job;
    return pt_waitset_add(cron->waitset, &job->handle, job);
}

/* The children of PARENT: of the daemon, or of the worker that runs its jobs. */
static int add_children(struct cron *cron, struct view *view, struct cron_daemon *daemon,
                        uint32_t parent)
{
    size_t count;
    uint32_t *children = pt_tree_children(&view->tree, parent, &count);
    int error = 0;

    for (size_t i = 0; i < count && error == 0; i++) {
        const struct pt_process *process = &view->snapshot.processes[children[i]];
        bool worker = parent == pt_snapshot_index(&view->snapshot, daemon->process.stat.pid);

        if (pt_process_has_ended(process))
            continue;
        pt_snapshot_add(&view->snapshot, &children[i], 1, PT_SOURCE_BIT(PT_SOURCE_EXE));
        worker = worker && cron_is_worker(daemon->kind, process);
        if (!is_known(cron, process))
            error = add_job(cron, view, daemon, children[i], worker);
        if (error == 0 && worker)
            error = add_children(cron, view, daemon, children[i]);
    }
    return error;
}

int cron_find_jobs(struct cron *cron)
{
    struct view view;
    int error = view_make(&view, &cron->procfs, cron->self);

    if (error != 0)
        return error;
    for (size_t i = 0; i < cron->daemon_count && error == 0; i++) {
        struct cron_daemon *daemon = cron->daemons[i];
        uint32_t node = pt_snapshot_index(&view.snapshot, daemon->process.stat.pid);

        if (node != PT_NO_INDEX && pt_tree_holds(&view.tree, node) &&
            view.snapshot.processes[node].stat.starttime == daemon->process.stat.starttime)
            error = add_children(cron, &view, daemon, node);
        if (node != PT_NO_INDEX && view.self != PT_NO_INDEX &&
            pt_tree_is_within(&view.tree, view.self, node))
            daemon->above_us = true;
    }
    view_done(&view);
    return error;
}

int cron_youngest_child(struct cron *cron, const struct cron_daemon *daemon, int64_t *ret_age)
{
    struct pt_snapshot snapshot;
    int64_t youngest = PT_INFINITE;
    int error = pt_snapshot_scan(&snapshot, &cron->procfs, 0);

    if (error != 0)
        return error;
    for (size_t i = 0; i < snapshot.count; i++) {
        const struct pt_process *process = &snapshot.processes[i];

        if (process->stat.ppid == daemon->process.stat.pid && !pt_process_has_ended(process) &&
            pt_snapshot_age(&snapshot, process) < youngest)
            youngest = pt_snapshot_age(&snapshot, process);
    }
    pt_snapshot_done(&snapshot);
    *ret_age = youngest;
    return 0;
}

/* --- waiting --- */

static bool is_awaited(const struct cron_job *job)
{
    return !job->handle.ended && !job->excepted && !job->ours &&
           (!job->worker || job->daemon->draining);
}

size_t cron_jobs_left(const struct cron *cron, const struct cron_daemon *daemon)
{
    size_t left = 0;

    for (size_t i = 0; i < cron->job_count; i++) {
        if (is_awaited(cron->jobs[i]) && (daemon == NULL || cron->jobs[i]->daemon == daemon))
            left++;
    }
    return left;
}

static const char *age_text(const struct cron_job *job, char text[PT_DURATION_SIZE])
{
    int64_t age = pt_monotonic() - job->since;

    return pt_format_duration(age - age % PT_SECOND, text);
}

const char *cron_job_mark(const struct cron_job *job)
{
    if (job->ours)
        return ", not waited for: we run in it";
    if (job->excepted)
        return ", not waited for (--except)";
    if (job->at_reboot)
        return ", since the start of cron (@reboot? see --except)";
    return "";
}

void cron_show_jobs(const struct cron *cron)
{
    char age[PT_DURATION_SIZE];

    for (size_t i = 0; i < cron->job_count; i++) {
        struct cron_job *job = cron->jobs[i];

        if (!job->new || job->worker)
            continue;
        job->new = false;
        pt_say(0, "job %d of %s (%d): %.*s (%s%s)", (int)job->handle.pid,
               cron_kind_name(job->daemon->kind), (int)job->daemon->process.stat.pid,
               (int)job->length, job->text, age_text(job, age), cron_job_mark(job));
    }
}

void cron_write_jobs(const struct cron *cron, const struct cron_daemon *daemon,
                     struct pt_json *json)
{
    pt_json_begin_array(json, "jobs");
    for (size_t i = 0; i < cron->job_count; i++) {
        const struct cron_job *job = cron->jobs[i];

        if (job->daemon != daemon || job->worker)
            continue;
        pt_json_begin_object(json, NULL);
        pt_json_i64(json, "pid", job->handle.pid);
        pt_json_u64(json, "starttime", job->starttime);
        pt_json_i64(json, "command_pid", job->shown);
        pt_json_string(json, "command", job->text, job->length);
        pt_json_double(json, "elapsed", (double)(pt_monotonic() - job->since) / 1e9, 1);
        pt_json_bool(json, "ended", job->handle.ended);
        pt_json_bool(json, "excepted", job->excepted);
        pt_json_bool(json, "ours", job->ours);
        pt_json_bool(json, "at_reboot", job->at_reboot);
        pt_json_end_object(json);
    }
    pt_json_end_array(json);
}

static void show_progress(const struct cron *cron)
{
    struct pt_buffer line;
    char age[PT_DURATION_SIZE];
    size_t named = 0, left = cron_jobs_left(cron, NULL);

    pt_buffer_init(&line);
    pt_buffer_append_format(&line, "%zu job%s left", left, left == 1 ? "" : "s");
    for (size_t i = 0; i < cron->job_count && named < PROGRESS_JOBS; i++) {
        const struct cron_job *job = cron->jobs[i];

        if (!is_awaited(job))
            continue;
        pt_buffer_append_format(&line, "%s %d %.*s (%s)", named++ == 0 ? ":" : ",",
                                (int)job->handle.pid, (int)job->length, job->text,
                                age_text(job, age));
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

        if (is_awaited(job))
            pt_say(0, "still waiting for job %d: %.*s (%s)", (int)job->handle.pid, (int)job->length,
                   job->text, age_text(job, age));
    }
}

static void take_end(struct cron *cron, const struct pt_event *event)
{
    struct cron_job *job = event->data;
    char age[PT_DURATION_SIZE];

    for (size_t i = 0; i < cron->daemon_count; i++) {
        if (&cron->daemons[i]->handle == event->handle)
            pt_hold_reap(&cron->daemons[i]->hold);
    }
    if (job != NULL && !job->worker)
        pt_say(job->excepted || job->ours ? 1 : 0, "job %d has ended: %.*s (%s)",
               (int)job->handle.pid, (int)job->length, job->text, age_text(job, age));
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

int cron_wait_jobs(struct cron *cron, const struct cron_daemon *daemon)
{
    bool terminal = pt_report_verbosity() >= 0 && pt_terminal_columns(2) > 0;
    int error = 0;

    cron->remind_at = pt_deadline(pt_monotonic(), cron->settings.report);
    while (error == 0 && cron->interrupted == 0 && is_waiting(cron, daemon)) {
        int64_t moment = earlier(cron->deadline, cron->remind_at), now = pt_monotonic();
        enum pt_event_kind kind = PT_EVENT_TIME;

        if (terminal) {
            show_progress(cron);
            moment = earlier(moment, pt_deadline(now, PT_SECOND));
        }
        error = wait_event(cron, moment, &kind);
        if (kind != PT_EVENT_TIME || error != 0)
            continue;
        now = pt_monotonic();
        if (now >= cron->deadline) {
            cron->timed_out = true;
            break;
        }
        if (now >= cron->remind_at)
            remind(cron);
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

/* Until the child ends. A signal is handed on, or ends the wait where that is not asked for. */
static int await_child(struct cron *cron, struct pt_handle *child,
                       const struct pt_verifier *anybody, bool follow)
{
    while (!child->ended) {
        struct pt_event event;
        int error = pt_waitset_next(cron->waitset, follow ? PT_INFINITE : cron->deadline, &event);

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

static int wait_child(struct cron *cron, pid_t pid, bool follow, int *ret_status)
{
    const struct pt_verifier anybody = {.procfs = &cron->procfs};
    struct pt_handle child = PT_HANDLE_NONE;
    int error = pt_handle_open(&child, &anybody, pid), reaped;

    if (error == 1) {
        error = pt_waitset_add(cron->waitset, &child, NULL);
        if (error == 0)
            error = await_child(cron, &child, &anybody, follow);
        if (error != 0)
            pt_handle_signal(&child, &anybody, SIGKILL);
        pt_waitset_remove(cron->waitset, &child);
    } else if (error == -ESRCH) {
        error = 0;
    }
    reaped = reap(pid, ret_status);
    pt_handle_close(&child);
    return error != 0 ? error : reaped;
}

int cron_wait_child(struct cron *cron, pid_t pid, int *ret_status)
{
    return wait_child(cron, pid, false, ret_status);
}

int cron_follow_child(struct cron *cron, pid_t pid, int *ret_status)
{
    return wait_child(cron, pid, true, ret_status);
}

/* --- ending them --- */

static int admit(const struct pt_verifier *verifier, const struct pt_handle *handle,
                 struct pt_process *now, struct pt_arena *arena)
{
    (void)verifier;
    (void)handle;
    (void)now;
    (void)arena;
    return PT_ROLE_TARGET;
}

static bool end_it(const struct pt_event *event, void *data)
{
    struct cron *cron = data;

    cron->interrupted = event->signal;
    return true;
}

static int end_members(struct cron *cron, struct pt_members *members,
                       const struct pt_schedule *schedule)
{
    struct pt_freeze freeze;
    struct pt_waitset *waitset;
    struct pt_ending ending;
    int error = pt_waitset_new(&waitset, &cron->procfs, &cron->signals);

    if (error != 0)
        return error;
    pt_freeze_init(&freeze, members, PT_GROWTH_TREE);
    freeze.admit = (struct pt_verifier){.procfs = &cron->procfs, .verify = admit};
    ending = (struct pt_ending){.freeze = &freeze,
                                .waitset = waitset,
                                .schedule = schedule,
                                .freezes = true,
                                .continues = true,
                                .waits = true,
                                .signalled = end_it,
                                .data = cron};
    error = pt_ending_run(&ending);
    pt_freeze_done(&freeze);
    pt_waitset_free(waitset);
    return error;
}

int cron_kill_jobs(struct cron *cron)
{
    struct pt_members members;
    struct pt_schedule schedule;
    int error;

    pt_members_init(&members, &cron->procfs);
    pt_schedule_init(&schedule);
    error = pt_schedule_escalate(&schedule, SIGTERM, KILL_AFTER, KILL_WAIT);
    for (size_t i = 0; i < cron->job_count && error == 0; i++) {
        struct cron_job *job = cron->jobs[i];
        uint32_t index;

        if (!is_awaited(job) || job->worker)
            continue;
        pt_say(0, "ending job %d: %.*s", (int)job->handle.pid, (int)job->length, job->text);
        error = pt_members_add(&members, job->handle.pid, &job->verifier, PT_NO_MEMBER, &index);
        if (error > 0 || error == -ESRCH)
            error = 0;
    }
    if (error == 0)
        error = end_members(cron, &members, &schedule);
    if (error == 0 && pt_members_living(&members) > 0)
        error = -EBUSY;
    pt_schedule_done(&schedule);
    pt_members_done(&members);
    return error;
}
