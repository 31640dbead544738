/* The jobs: each direct child of a daemon with all below it, until that child has ended. */
#include "cron_graceful.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* An @reboot job: began with the daemon, and runs for long. */
#define REBOOT_WITHIN (60 * PT_SECOND)
#define REBOOT_AGE (3600 * PT_SECOND)

/* --- what a job runs --- */

bool cron_is_shell(struct pt_bytes path)
{
    static const char *const shells[] = {"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"};

    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (pt_bytes_are(pt_base_name(path), shells[i]))
            return true;
    }
    return false;
}

/* The text behind -c of a shell's command line. */
static bool shell_text(const struct pt_process *process, struct pt_bytes *ret_text)
{
    struct pt_bytes words[3];
    size_t offset = 0;

    if (!pt_process_has(process, PT_SOURCE_CMDLINE))
        return false;
    for (int i = 0; i < 3; i++) {
        if (!pt_next_string(process->more->cmdline.bytes, process->more->cmdline.length, &offset,
                            &words[i].bytes, &words[i].length))
            return false;
    }
    if (!cron_is_shell(words[0]) || !pt_bytes_are(words[1], "-c"))
        return false;
    *ret_text = words[2];
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

static void view_done(struct cron_view *view)
{
    free(view->depths);
    pt_tree_done(&view->tree);
    pt_snapshot_done(&view->snapshot);
}

static int view_make(struct cron_view *view, const struct pt_procfs *procfs, pid_t self)
{
    int error;

    *view = (struct cron_view){.depths = NULL};
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
static int describe(struct cron *cron, struct cron_view *view, uint32_t top, struct cron_job *job)
{
    struct pt_snapshot *snapshot = &view->snapshot;
    uint32_t shown = top, deepest = 0;
    struct pt_bytes text;

    for (size_t i = 0; i < view->tree.node_count; i++) {
        uint32_t node = view->tree.order[i];
        struct pt_process *process = &snapshot->processes[node];
        int error;

        if (!pt_tree_is_within(&view->tree, node, top))
            continue;
        error = pt_snapshot_add(snapshot, &node, 1,
                                PT_SOURCE_BIT(PT_SOURCE_CMDLINE) | PT_SOURCE_BIT(PT_SOURCE_EXE));
        if (error != 0)
            return error;
        if (shell_text(process, &text) && (job->text == NULL || view->depths[node] > deepest)) {
            job->text = pt_arena_strndup(&cron->arena, text.bytes, text.length);
            job->length = text.length;
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

static bool is_excepted(const struct cron_settings *settings, const struct cron_job *job)
{
    for (size_t i = 0; i < settings->except_count; i++) {
        if (pt_pattern_matches(&settings->except[i], job->text, job->length))
            return true;
    }
    return false;
}

static void judge(const struct cron *cron, const struct cron_view *view, uint32_t node,
                  struct cron_job *job)
{
    const struct pt_process *process = &view->snapshot.processes[node];
    int64_t age = pt_snapshot_age(&view->snapshot, process);
    int64_t daemon_age = pt_snapshot_age(&view->snapshot, &job->daemon->process);

    job->excepted = !job->worker && is_excepted(&cron->settings, job);
    job->ours = view->self != PT_NO_INDEX && pt_tree_is_within(&view->tree, view->self, node);
    job->at_reboot = !job->daemon->timers && age > REBOOT_AGE && daemon_age - age < REBOOT_WITHIN;
    job->since = pt_monotonic() - age;
    job->new = true;
}

int cron_add_job(struct cron *cron, struct cron_view *view, uint32_t node,
                 const struct cron_job *template)
{
    const struct pt_process *process = &view->snapshot.processes[node];
    struct cron_job *job = pt_arena_alloc(&cron->arena, sizeof *job, PT_ALIGN_OF(struct cron_job));
    struct cron_job **jobs;
    int error;

    if (job == NULL)
        return -ENOMEM;
    *job = *template;
    job->handle = job->inner = (struct pt_handle)PT_HANDLE_NONE;
    job->starttime = process->stat.starttime;
    job->verifier = (struct pt_verifier){&cron->procfs, verify_job, job};
    error = pt_handle_open(&job->handle, &job->verifier, process->stat.pid);
    if (error == 0 || error == -ESRCH)
        return 0;
    if (error < 0)
        return error;
    error = describe(cron, view, node, job);
    jobs =
        error == 0 ? realloc(cron->jobs, (cron->job_count + 1) * sizeof(struct cron_job *)) : NULL;
    if (jobs == NULL) {
        pt_handle_close(&job->handle);
        return error != 0 ? error : -ENOMEM;
    }
    judge(cron, view, node, job);
    cron->jobs = jobs;
    cron->jobs[cron->job_count++] = job;
    return pt_waitset_add(cron->waitset, &job->handle, job);
}

/* One that is not known yet, below the daemon or its worker. */
static int take_child(struct cron *cron, struct cron_view *view, struct cron_daemon *daemon,
                      uint32_t node, bool worker)
{
    const struct cron_job template = {.daemon = daemon, .worker = worker};

    if (is_known(cron, &view->snapshot.processes[node]))
        return 0;
    return cron_add_job(cron, view, node, &template);
}

/* The same if it lives, with the answer whether it is a worker itself. */
static int take_living(struct cron *cron, struct cron_view *view, struct cron_daemon *daemon,
                       uint32_t node, bool *ret_worker)
{
    const struct pt_process *process = &view->snapshot.processes[node];
    int error;

    *ret_worker = false;
    if (pt_process_has_ended(process))
        return 0;
    error = pt_snapshot_add(&view->snapshot, &node, 1, PT_SOURCE_BIT(PT_SOURCE_EXE));
    if (error != 0)
        return error;
    *ret_worker =
        process->stat.ppid == daemon->process.stat.pid && cron_is_worker(daemon->kind, process);
    return take_child(cron, view, daemon, node, *ret_worker);
}

/* The jobs that the daemon's worker runs. */
static int add_jobs_of(struct cron *cron, struct cron_view *view, struct cron_daemon *daemon,
                       uint32_t worker)
{
    size_t count;
    uint32_t *children = pt_tree_children(&view->tree, worker, &count);
    int error = 0;
    bool is_worker;

    for (size_t i = 0; i < count && error == 0; i++)
        error = take_living(cron, view, daemon, children[i], &is_worker);
    return error;
}

static int add_children(struct cron *cron, struct cron_view *view, struct cron_daemon *daemon,
                        uint32_t node)
{
    size_t count;
    uint32_t *children = pt_tree_children(&view->tree, node, &count);
    int error = 0;

    for (size_t i = 0; i < count && error == 0; i++) {
        bool is_worker;

        error = take_living(cron, view, daemon, children[i], &is_worker);
        if (error == 0 && is_worker)
            error = add_jobs_of(cron, view, daemon, children[i]);
    }
    return error;
}

/* Workers that have outlived their daemon still run its jobs. */
static int add_orphans(struct cron *cron, struct cron_view *view)
{
    int error = 0;

    for (size_t i = 0; i < cron->job_count && error == 0; i++) {
        struct cron_job *job = cron->jobs[i];
        uint32_t node = pt_snapshot_index(&view->snapshot, job->handle.pid);

        if (job->worker && job->daemon->handle.ended && !job->handle.ended && node != PT_NO_INDEX &&
            view->snapshot.processes[node].stat.starttime == job->starttime)
            error = add_jobs_of(cron, view, job->daemon, node);
    }
    return error;
}

/* Jobs that a daemon with a handler launched between its TERM and its end: the processes above them
 * began since its suspension and bear their name. */
static int add_late(struct cron *cron, struct cron_view *view, struct cron_daemon *daemon)
{
    int error = 0;

    for (uint32_t node = 0; node < view->snapshot.count && error == 0; node++) {
        const struct pt_process *process = &view->snapshot.processes[node];

        if (process->stat.starttime < daemon->over || pt_process_has_ended(process))
            continue;
        error = pt_snapshot_add(&view->snapshot, &node, 1, CRON_DETAILS);
        if (error == 0 && cron_runs_job(daemon->kind, process))
            error = take_child(cron, view, daemon, node, false);
    }
    return error;
}

/* The index of a daemon that is still there; PT_NO_INDEX. */
static uint32_t node_of(const struct cron_view *view, const struct cron_daemon *daemon)
{
    uint32_t node = pt_snapshot_index(&view->snapshot, daemon->process.stat.pid);

    if (node == PT_NO_INDEX || !pt_tree_holds(&view->tree, node) ||
        view->snapshot.processes[node].stat.starttime != daemon->process.stat.starttime)
        return PT_NO_INDEX;
    return node;
}

struct unit_call {
    struct cron_view *view;
    struct cron_daemon *daemon;
};

static int take_unit(struct cron *cron, pid_t pid, void *data)
{
    struct unit_call *call = data;
    uint32_t node = pt_snapshot_index(&call->view->snapshot, pid);

    return node == PT_NO_INDEX ? 0 : take_child(cron, call->view, call->daemon, node, false);
}

/* The jobs whose output somebody else keeps open are no longer waited for. */
static int find_holders(struct cron *cron, struct cron_view *view)
{
    int error = 0;

    for (size_t i = 0; i < cron->job_count && error == 0; i++) {
        struct cron_job *job = cron->jobs[i];

        if (cron_reads_output(job->daemon->kind) && !job->detached && !job->handle.ended)
            error = cron_find_holder(cron, view, job);
    }
    return error;
}

static int find_all(struct cron *cron, struct cron_view *view)
{
    int error = 0;

    for (size_t i = 0; i < cron->daemon_count && error == 0; i++) {
        struct cron_daemon *daemon = cron->daemons[i];
        struct unit_call call = {view, daemon};
        uint32_t node = node_of(view, daemon);

        if (daemon->timers)
            error = cron_each_unit(cron, daemon, take_unit, &call);
        else if (daemon->handle.ended && daemon->term == CRON_TERM_HANDLER && daemon->over != 0)
            error = add_late(cron, view, daemon);
        else if (node != PT_NO_INDEX)
            error = add_children(cron, view, daemon, node);
    }
    if (error == 0)
        error = add_orphans(cron, view);
    if (error == 0)
        error = find_holders(cron, view);
    return error == 0 ? cron_find_detached(cron, view) : error;
}

int cron_find_jobs(struct cron *cron)
{
    struct cron_view view;
    int error = view_make(&view, &cron->procfs, cron->self);

    if (error != 0)
        return error;
    error = find_all(cron, &view);
    cron->looked_at = pt_monotonic();
    cron->look_at = PT_INFINITE;
    view_done(&view);
    return error;
}

/* --- what is said of them --- */

bool cron_awaits_detached(const struct cron *cron, const struct cron_daemon *daemon)
{
    return cron->settings.detached ||
           (daemon->service.own_cgroup && cron->settings.command == NULL);
}

/* A PID 1 that drains by itself does so when the runtime tells it to. */
static bool is_the_runtimes(const struct cron *cron, const struct cron_job *job)
{
    const struct cron_daemon *daemon = job->daemon;

    return daemon->process.stat.pid == 1 && daemon->term == CRON_TERM_DRAINS &&
           cron->settings.command == NULL && !cron->settings.end_container;
}

bool cron_is_awaited(const struct cron *cron, const struct cron_job *job)
{
    if (is_the_runtimes(cron, job))
        return false;
    if (job->handle.ended || job->excepted || job->ours)
        return false;
    if (job->detached || job->holder != 0)
        return cron_awaits_detached(cron, job->daemon);
    return !job->worker || job->daemon->draining;
}

size_t cron_jobs_left(const struct cron *cron, const struct cron_daemon *daemon)
{
    size_t left = 0;

    for (size_t i = 0; i < cron->job_count; i++) {
        if (cron_is_awaited(cron, cron->jobs[i]) &&
            (daemon == NULL || cron->jobs[i]->daemon == daemon))
            left++;
    }
    return left;
}

const char *cron_job_age(const struct cron_job *job, char text[PT_DURATION_SIZE])
{
    int64_t age = pt_monotonic() - job->since;

    return pt_format_duration(age - age % PT_SECOND, text);
}

const char *cron_job_mark(const struct cron *cron, const struct cron_job *job)
{
    bool awaited = cron_awaits_detached(cron, job->daemon);

    if (job->ours)
        return ", not waited for: we run in it";
    if (is_the_runtimes(cron, job))
        return ", not waited for: its daemon drains at the runtime's TERM";
    if (job->excepted)
        return ", not waited for (--except)";
    if (job->holder != 0)
        return awaited ? ", ended but for its output"
                       : ", ended but for its output: not waited for";
    if (job->detached)
        return awaited ? ", detached" : ", detached: not waited for (see --detached)";
    if (job->at_reboot)
        return ", since the start of cron (@reboot? see --except)";
    return "";
}

void cron_show_jobs(const struct cron *cron)
{
    char age[PT_DURATION_SIZE];

    for (size_t i = 0; i < cron->job_count; i++) {
        struct cron_job *job = cron->jobs[i];

        if (!job->new || job->worker || job->handle.ended)
            continue;
        job->new = false;
        pt_say(0, "job %d of %s: %.*s (%s%s)", (int)job->handle.pid, job->daemon->label,
               (int)job->length, job->text, cron_job_age(job, age), cron_job_mark(cron, job));
    }
}

static void write_job(const struct cron_job *job, struct pt_json *json)
{
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
    pt_json_bool(json, "detached", job->detached);
    if (job->holder != 0)
        pt_json_i64(json, "output_held_by", job->holder);
    pt_json_end_object(json);
}

void cron_write_jobs(const struct cron *cron, const struct cron_daemon *daemon,
                     struct pt_json *json)
{
    pt_json_begin_array(json, "jobs");
    for (size_t i = 0; i < cron->job_count; i++) {
        if (cron->jobs[i]->daemon == daemon && !cron->jobs[i]->worker)
            write_job(cron->jobs[i], json);
    }
    pt_json_end_array(json);
}
