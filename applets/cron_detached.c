/*
 * What has left its job: below no daemon any more, and still the job's work.
 *
 * It is certain of three kinds: what is in the cgroup of a systemd unit whose main process is the
 * daemon; what is in a session that a job has had, where the daemon gives each job one; and what
 * was seen below a job before. A process that began, left its session and lost its parent all
 * between two of our looks is none of these, and cannot be known without a cgroup.
 */
#include "cron_graceful.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipes.h"
#include "report.h"

static uint32_t daemon_node(const struct cron_view *view, const struct cron_daemon *daemon)
{
    uint32_t node = pt_snapshot_index(&view->snapshot, daemon->process.stat.pid);

    if (daemon->timers || node == PT_NO_INDEX || !pt_tree_holds(&view->tree, node) ||
        view->snapshot.processes[node].stat.starttime != daemon->process.stat.starttime)
        return PT_NO_INDEX;
    return node;
}

/* --- who is below whom --- */

enum {
    BELOW = 1,  /* below a daemon, or a job that is known: no news */
    AROUND = 2, /* the daemons themselves, ourselves and our ancestors */
    CHOSEN = 4, /* it has left a job */
};

/* Marks what needs no look. */
static int mark(const struct cron *cron, const struct cron_view *view, uint8_t **ret_marks)
{
    uint8_t *marks = calloc(view->snapshot.count + 1, sizeof *marks);

    if (marks == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < cron->daemon_count; i++) {
        uint32_t node = daemon_node(view, cron->daemons[i]);

        if (node != PT_NO_INDEX)
            marks[node] |= BELOW;
    }
    for (size_t i = 0; i < cron->job_count; i++) {
        uint32_t node = pt_snapshot_index(&view->snapshot, cron->jobs[i]->handle.pid);

        if (node != PT_NO_INDEX &&
            view->snapshot.processes[node].stat.starttime == cron->jobs[i]->starttime)
            marks[node] |= BELOW;
    }
    pt_tree_mark_descendants(&view->tree, marks, BELOW, BELOW);
    if (view->self != PT_NO_INDEX) {
        marks[view->self] |= AROUND;
        pt_tree_mark_ancestors(&view->tree, marks, AROUND, AROUND);
    }
    *ret_marks = marks;
    return 0;
}

/* --- who has left --- */

static int by_pid(const void *a, const void *b)
{
    pid_t left = ((const struct cron_member *)a)->pid, right = ((const struct cron_member *)b)->pid;

    return (left > right) - (left < right);
}

static struct cron_daemon *was_below(const struct cron *cron, const struct pt_process *process)
{
    const struct cron_member key = {.pid = process->stat.pid};
    const struct cron_member *found = NULL;

    if (cron->member_count > 0)
        found = bsearch(&key, cron->members, cron->member_count, sizeof key, by_pid);
    return found != NULL && found->starttime == process->stat.starttime ? found->daemon : NULL;
}

/* The session's number belongs to others once its leader is younger than our knowledge of it. */
static bool is_still_it(const struct cron_view *view, const struct cron_session *session)
{
    const struct pt_process *leader = pt_snapshot_find(&view->snapshot, session->session);

    return leader == NULL || leader->stat.starttime <= session->seen;
}

static struct cron_daemon *in_session(const struct cron *cron, const struct cron_view *view,
                                      const struct pt_process *process)
{
    for (size_t i = 0; i < cron->session_count; i++) {
        if (cron->sessions[i].session == process->stat.session &&
            is_still_it(view, &cron->sessions[i]))
            return cron->sessions[i].daemon;
    }
    return NULL;
}

/* A unit's cgroup is the daemon's alone where systemd says that it is the unit's main process. */
static struct cron_daemon *in_cgroup(const struct cron *cron, struct cron_view *view, uint32_t node)
{
    const struct pt_process *process = &view->snapshot.processes[node];

    for (size_t i = 0; i < cron->daemon_count; i++) {
        struct cron_daemon *daemon = cron->daemons[i];

        if (daemon->timers || daemon->service.answer != PT_ANSWER_SYSTEMD)
            continue;
        if (pt_snapshot_add(&view->snapshot, &node, 1, PT_SOURCE_BIT(PT_SOURCE_CGROUP)) != 0 ||
            !pt_process_has(process, PT_SOURCE_CGROUP))
            return NULL;
        if (pt_bytes_equal(process->more->cgroup, daemon->process.more->cgroup))
            return daemon;
    }
    return NULL;
}

static int find_left(struct cron *cron, struct cron_view *view, uint8_t *marks)
{
    int error = 0;

    /* Parents first, so that what is below one that is found is its. */
    for (size_t i = 0; i < view->tree.node_count && error == 0; i++) {
        uint32_t node = view->tree.order[i], parent = view->tree.parent[node];
        const struct pt_process *process = &view->snapshot.processes[node];
        struct cron_job template = {.detached = true};

        if (parent != PT_NO_INDEX && (marks[parent] & CHOSEN) != 0)
            marks[node] |= CHOSEN;
        if (marks[node] != 0 || pt_process_has_ended(process))
            continue;
        template.daemon = was_below(cron, process);
        if (template.daemon == NULL)
            template.daemon = in_session(cron, view, process);
        if (template.daemon == NULL)
            template.daemon = in_cgroup(cron, view, node);
        if (template.daemon == NULL)
            continue;
        marks[node] |= CHOSEN;
        error = cron_add_job(cron, view, node, &template);
    }
    return error;
}

/* --- what is remembered --- */

static int remember_session(struct cron *cron, struct cron_daemon *daemon, pid_t session,
                            uint64_t now)
{
    struct cron_session *sessions;

    for (size_t i = 0; i < cron->session_count; i++) {
        if (cron->sessions[i].session == session) {
            cron->sessions[i].seen = now;
            return 0;
        }
    }
    sessions = realloc(cron->sessions, (cron->session_count + 1) * sizeof *sessions);
    if (sessions == NULL)
        return -ENOMEM;
    cron->sessions = sessions;
    sessions[cron->session_count++] = (struct cron_session){daemon, session, now};
    return 0;
}

/* The node's session, where it is its job's alone. */
static int take_session(struct cron *cron, const struct cron_view *view, struct cron_daemon *daemon,
                        const struct pt_process *process)
{
    uint64_t now = (uint64_t)view->snapshot.clocks.boottime / (PT_SECOND / cron->procfs.ticks);

    if (!cron_has_job_sessions(daemon->kind) || process->stat.session <= 0 ||
        process->stat.session == daemon->process.stat.session)
        return 0;
    return remember_session(cron, daemon, process->stat.session, now);
}

/* Everybody who is below a daemon now. */
static int remember(struct cron *cron, const struct cron_view *view)
{
    struct cron_member *members = calloc(view->tree.node_count + 1, sizeof *members);
    struct cron_daemon **whose = calloc(view->snapshot.count + 1, sizeof(struct cron_daemon *));
    size_t count = 0;
    int error = members == NULL || whose == NULL ? -ENOMEM : 0;

    for (size_t i = 0; i < cron->daemon_count && error == 0; i++) {
        uint32_t node = daemon_node(view, cron->daemons[i]);

        if (node != PT_NO_INDEX)
            whose[node] = cron->daemons[i];
    }
    for (size_t i = 0; i < view->tree.node_count && error == 0; i++) {
        uint32_t node = view->tree.order[i], parent = view->tree.parent[node];
        const struct pt_process *process = &view->snapshot.processes[node];

        if (parent == PT_NO_INDEX || whose[parent] == NULL || whose[node] != NULL)
            continue;
        whose[node] = whose[parent];
        members[count++] =
            (struct cron_member){whose[node], process->stat.starttime, process->stat.pid};
        error = take_session(cron, view, whose[node], process);
    }
    free(whose);
    if (error != 0) {
        free(members);
        return error;
    }
    qsort(members, count, sizeof *members, by_pid);
    free(cron->members);
    cron->members = members;
    cron->member_count = count;
    return 0;
}

int cron_find_detached(struct cron *cron, struct cron_view *view)
{
    uint8_t *marks;
    int error = mark(cron, view, &marks);

    if (error != 0)
        return error;
    error = find_left(cron, view, marks);
    free(marks);
    return error == 0 ? remember(cron, view) : error;
}

/* --- who keeps an output open --- */

/* Whether the shell that the job was is among its children. */
static bool has_shell(const struct cron_view *view, uint32_t top, uint32_t *ret_shell)
{
    size_t count;
    const uint32_t *children = pt_tree_children(&view->tree, top, &count);

    for (size_t i = 0; i < count; i++) {
        const struct pt_process *process = &view->snapshot.processes[children[i]];

        if (process->stat.session == process->stat.pid && !pt_process_has_ended(process)) {
            *ret_shell = children[i];
            return true;
        }
    }
    return false;
}

/* Its shell's end is when the output decides. */
static int watch_shell(struct cron *cron, const struct cron_view *view, uint32_t shell,
                       struct cron_job *job)
{
    const struct pt_verifier anybody = {.procfs = &cron->procfs};
    pid_t pid = view->snapshot.processes[shell].stat.pid;
    int found;

    if (job->inner.pid != 0)
        return 0;
    found = pt_handle_open(&job->inner, &anybody, pid);
    return found == 1 ? pt_waitset_add(cron->waitset, &job->inner, job) : 0;
}

int cron_find_holder(struct cron *cron, struct cron_view *view, struct cron_job *job)
{
    uint32_t top = pt_snapshot_index(&view->snapshot, job->handle.pid), shell;
    const struct pt_process *keeper;
    pid_t holder = 0;
    int error;

    if (top == PT_NO_INDEX || !pt_tree_holds(&view->tree, top) || job->holder != 0)
        return 0;
    if (has_shell(view, top, &shell))
        return watch_shell(cron, view, shell, job);
    error = pt_pipe_holder(&view->snapshot, job->handle.pid, &holder);
    if (error != 0 || holder == 0)
        return error;
    job->holder = holder;
    keeper = pt_snapshot_find(&view->snapshot, holder);
    pt_say(0, "job %d has ended, but process %d (%.*s) keeps its output open%s",
           (int)job->handle.pid, (int)holder, (int)keeper->stat.comm_length, keeper->stat.comm,
           cron_awaits_detached(cron, job->daemon) ? "" : ": not waited for (see --detached)");
    return 0;
}
