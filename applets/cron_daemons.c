/* Which cron daemons run, which of them are ours to suspend, and whether another one follows. */
#include "cron_graceful.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "service.h"
#include "units.h"

#define FIND_TRIES 5

/* --- choosing --- */

/* By --daemon: it and no other. */
static bool is_pointed_at(const struct cron_settings *settings, const struct pt_process *process)
{
    for (size_t i = 0; i < settings->pid_count; i++) {
        if (settings->pids[i] == process->stat.pid)
            return true;
    }
    return false;
}

/* By --exe-name. */
static bool is_called_so(const struct cron_settings *settings, const struct pt_process *process)
{
    for (size_t i = 0; i < settings->name_count; i++) {
        if (cron_is_called(process, settings->names[i]))
            return true;
    }
    return false;
}

static bool is_same_program(const struct pt_process *a, const struct pt_process *b)
{
    return pt_bytes_equal(pt_process_exe_path(a), pt_process_exe_path(b)) &&
           strcmp(a->stat.comm, b->stat.comm) == 0;
}

/* May it be a daemon; one like LIKE, where that is given? */
static bool may_be(const struct cron_settings *settings, const struct pt_process *process,
                   const struct cron_daemon *like)
{
    if (like != NULL)
        return cron_may_be(process) || is_same_program(process, &like->process);
    if (settings->pid_count + settings->name_count > 0)
        return is_pointed_at(settings, process) || is_called_so(settings, process);
    return cron_may_be(process);
}

/* Marks the records that may be daemons, or another one LIKE that, and completes them. */
static int nominate(const struct cron *cron, struct pt_snapshot *snapshot,
                    const struct cron_daemon *like, uint32_t **ret_indexes, size_t *ret_count)
{
    uint32_t *indexes = calloc(snapshot->count + 1, sizeof *indexes);
    size_t count = 0;
    int error;

    if (indexes == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < snapshot->count; i++) {
        const struct pt_process *process = &snapshot->processes[i];

        if (pt_process_is_kernel_thread(process) || pt_process_has_ended(process))
            continue;
        if (may_be(&cron->settings, process, like))
            indexes[count++] = i;
    }
    error = pt_snapshot_add(snapshot, indexes, count, CRON_DETAILS);
    if (error != 0) {
        free(indexes);
        return error;
    }
    *ret_indexes = indexes;
    *ret_count = count;
    return 0;
}

/*
 * A fresh child of a daemon, and of what runs its job, looks exactly like a daemon; and what one of
 * its jobs runs may be called cron: suspended it would never end. Only what drains is told to
 * there.
 */
static bool is_below_match(const struct cron *cron, const struct pt_snapshot *snapshot,
                           const struct pt_process *process)
{
    const struct cron_kind *kind = cron_kind_of(process);
    const struct pt_process *above = pt_snapshot_find(snapshot, process->stat.ppid);

    /* A torn scan may hold a cycle: nobody has that many ancestors. */
    for (size_t steps = 0; above != NULL && steps < snapshot->count; steps++) {
        if (above->more != NULL && (cron_kind_of(above) != NULL || cron_runs_job(NULL, above)))
            return true;
        if (is_called_so(&cron->settings, above))
            return true;
        if (kind == NULL || cron_kind_drain(kind) != 0)
            return false;
        above = pt_snapshot_find(snapshot, above->stat.ppid);
    }
    return false;
}

static bool has_uids(const struct pt_process *process, uid_t uid)
{
    const uid_t *uids = process->more->status.uid;

    return uids[PT_REAL] == uid && uids[PT_EFFECTIVE] == uid && uids[PT_SAVED] == uid &&
           uids[PT_FILESYSTEM] == uid;
}

/*
 * bcron's scheduler runs as a user of its own below nobody, and beside it, as its child, what runs
 * the jobs as root: that this file is root's and so is the process says that root started both.
 */
static bool has_root_worker(const struct cron *cron, struct pt_snapshot *snapshot,
                            const struct pt_process *process, const struct cron_kind *kind)
{
    for (uint32_t i = 0; kind != NULL && i < snapshot->count; i++) {
        const struct pt_process *child = &snapshot->processes[i];
        uid_t owner;
        mode_t mode;

        if (child->stat.ppid != process->stat.pid || pt_process_has_ended(child) ||
            pt_snapshot_add(snapshot, &i, 1, CRON_DETAILS) != 0 ||
            !pt_process_has(child, PT_SOURCE_STATUS))
            continue;
        if (cron_is_worker_file(kind, child) && has_uids(child, 0) &&
            pt_process_exe_owner(&cron->procfs, child, &owner, &mode) == 0 && owner == 0 &&
            (mode & (S_IWGRP | S_IWOTH)) == 0)
            return true;
    }
    return false;
}

/* Root's, where we are root; else anybody's that we may know. */
static bool is_trusted(const struct cron *cron, struct pt_snapshot *snapshot,
                       const struct pt_process *process, const struct cron_kind *kind)
{
    return has_uids(process, geteuid()) || (geteuid() != 0 && has_uids(process, 0)) ||
           has_root_worker(cron, snapshot, process, kind);
}

/* Whether it is a container's, by its PIDs (NSpid, 4.1) or its namespace's inode. */
static bool is_elsewhere(const struct cron *cron, const struct pt_process *process)
{
    const struct pt_procfs *procfs = &cron->procfs;
    size_t pids = process->more->status.nspid_count;
    uint64_t ours, its;

    if (pids > 0)
        return pids > 1;
    return pt_process_pid_namespace(procfs, cron->self, &ours) == 0 &&
           pt_process_pid_namespace(procfs, process->stat.pid, &its) == 0 && its != ours;
}

/* Why a match is none of ours to touch, or NULL. */
static const char *why_not(const struct cron *cron, const struct pt_process *process, bool trusted)
{
    if (!pt_process_has(process, PT_SOURCE_STATUS))
        return "it cannot be read";
    if (is_elsewhere(cron, process))
        return "it is in another PID namespace";
    if (trusted || is_pointed_at(&cron->settings, process))
        return NULL;
    return geteuid() == 0 ? "it is not root's" : "it is neither root's nor ours";
}

static const char *label_of(struct cron *cron, const char *name, const char *what)
{
    struct pt_buffer text;
    const char *label = NULL;

    pt_buffer_init(&text);
    if (pt_buffer_append_format(&text, "%s (%s)", name, what) == 0)
        label = pt_arena_strndup(&cron->arena, text.data, text.length);
    pt_buffer_done(&text);
    return label;
}

static int append_daemon(struct cron *cron, struct cron_daemon *daemon)
{
    struct cron_daemon **daemons;

    if (daemon->label == NULL)
        return -ENOMEM;
    daemons = realloc(cron->daemons, (cron->daemon_count + 1) * sizeof(struct cron_daemon *));
    if (daemons == NULL)
        return -ENOMEM;
    cron->daemons = daemons;
    cron->daemons[cron->daemon_count++] = daemon;
    return 0;
}

static int add_daemon(struct cron *cron, const struct pt_process *process,
                      const struct cron_kind *kind, bool trusted)
{
    struct cron_daemon *daemon =
        pt_arena_alloc(&cron->arena, sizeof *daemon, PT_ALIGN_OF(struct cron_daemon));
    char pid[16];

    if (daemon == NULL)
        return -ENOMEM;
    snprintf(pid, sizeof pid, "%d", (int)process->stat.pid);
    *daemon = (struct cron_daemon){.kind = kind,
                                   .label = label_of(cron, cron_kind_label(kind), pid),
                                   .process = *process,
                                   .handle = PT_HANDLE_NONE,
                                   .hold = PT_HOLD_NONE,
                                   .service = PT_SERVICE_NONE,
                                   .stranger = !trusted};
    daemon->term = cron_catches(process, SIGTERM) ? CRON_TERM_HANDLER : CRON_TERM_DEFAULT;
    if (cron_kind_drain(kind) != 0)
        daemon->term = CRON_TERM_DRAINS;
    return append_daemon(cron, daemon);
}

int cron_add_timers(struct cron *cron, const struct cron_daemon *template)
{
    struct cron_daemon *daemon =
        pt_arena_alloc(&cron->arena, sizeof *daemon, PT_ALIGN_OF(struct cron_daemon));

    if (daemon == NULL)
        return -ENOMEM;
    *daemon = *template;
    daemon->kind = &cron_kind_timers;
    daemon->label = label_of(cron, cron_kind_label(&cron_kind_timers), daemon->service.name);
    return append_daemon(cron, daemon);
}

/* Whether the process that was found is still it: a child that was about to exec was no daemon. */
static int verify_daemon(const struct pt_verifier *verifier, const struct pt_handle *handle,
                         struct pt_process *now, struct pt_arena *arena)
{
    const struct cron_daemon *daemon = verifier->data;
    int error;

    (void)handle;
    if (now->stat.starttime != daemon->process.stat.starttime)
        return 0;
    if (daemon->kind == &cron_kind_other)
        return 1;
    error = pt_process_add_watched(verifier->procfs, now, CRON_DETAILS, arena);
    if (error != 0)
        return error == -ESRCH ? 0 : error;
    return cron_kind_of(now) == daemon->kind;
}

static int hold_of(struct cron *cron, struct cron_daemon *daemon)
{
    daemon->verifier =
        (struct pt_verifier){.procfs = &cron->procfs, .verify = verify_daemon, .data = daemon};
    return pt_handle_open(&daemon->handle, &daemon->verifier, daemon->process.stat.pid);
}

/* Whether we run below it, as the scan has it. */
static bool is_above_us(const struct cron *cron, const struct pt_snapshot *snapshot,
                        const struct cron_daemon *daemon)
{
    const struct pt_process *process = pt_snapshot_find(snapshot, cron->self);

    /* A torn scan may hold a cycle: nobody has that many ancestors. */
    for (size_t steps = 0; process != NULL && steps < snapshot->count; steps++) {
        if (process->stat.ppid == daemon->process.stat.pid)
            return true;
        process = pt_snapshot_find(snapshot, process->stat.ppid);
    }
    return false;
}

static int find_service(struct cron *cron, struct pt_snapshot *snapshot, struct cron_daemon *daemon)
{
    int error;

    /* PID 1 has none, whatever an image's /etc/init.d and a pid file say: it is the runtime's. */
    if (daemon->stranger || daemon->process.stat.pid == 1)
        return 0;
    error = pt_service_find(&daemon->service, snapshot, &daemon->process,
                            cron_kind_services(daemon->kind), &cron->arena);
    if (error == 0 && daemon->service.distrust != NULL)
        pt_warn("%s is taken for unsupervised: %s", daemon->label, daemon->service.distrust);
    return error;
}

/* The handles and supervisors. 1: one has ended since. */
static int complete(struct cron *cron, struct pt_snapshot *snapshot)
{
    size_t found = cron->daemon_count;
    int error = 0;

    cron->daemon_count = 0;
    for (size_t i = 0; i < found && error >= 0; i++) {
        struct cron_daemon *daemon = cron->daemons[i];

        error = hold_of(cron, daemon);
        if (error <= 0) {
            error = error == -ESRCH ? 0 : error;
            continue;
        }
        cron->daemons[cron->daemon_count++] = daemon;
        daemon->above_us = is_above_us(cron, snapshot, daemon);
        error = find_service(cron, snapshot, daemon);
    }
    return error < 0 ? error : cron->daemon_count < found;
}

static int choose(struct cron *cron, struct pt_snapshot *snapshot, const uint32_t *indexes,
                  size_t count)
{
    bool by_user = cron->settings.pid_count + cron->settings.name_count > 0;

    for (size_t i = 0; i < count; i++) {
        const struct pt_process *process = &snapshot->processes[indexes[i]];
        const struct cron_kind *kind = cron_kind_of(process);
        const char *why;
        bool trusted;
        int error;

        if (pt_snapshot_is_gone(process) || (kind == NULL && !by_user))
            continue;
        if (!is_pointed_at(&cron->settings, process) && is_below_match(cron, snapshot, process))
            continue;
        trusted =
            pt_process_has(process, PT_SOURCE_STATUS) && is_trusted(cron, snapshot, process, kind);
        why = why_not(cron, process, trusted);
        if (why != NULL) {
            pt_say(0, "%s (%d) is left alone: %s",
                   kind != NULL ? cron_kind_label(kind) : cron_kind_label(&cron_kind_other),
                   (int)process->stat.pid, why);
            continue;
        }
        error = add_daemon(cron, process, kind != NULL ? kind : &cron_kind_other, trusted);
        if (error != 0)
            return error;
    }
    return 0;
}

static int find_once(struct cron *cron)
{
    struct pt_snapshot snapshot;
    uint32_t *indexes = NULL;
    size_t count = 0;
    int error = pt_snapshot_scan(&snapshot, &cron->procfs, PT_SOURCE_BIT(PT_SOURCE_EXE));

    if (error != 0)
        return error;
    cron->blind = pt_snapshot_is_blind(&snapshot);
    error = nominate(cron, &snapshot, NULL, &indexes, &count);
    if (error == 0)
        error = choose(cron, &snapshot, indexes, count);
    free(indexes);
    if (error == 0)
        error = complete(cron, &snapshot);
    /* The daemons' records live as long as we do. */
    pt_arena_absorb(&cron->arena, &snapshot.arena);
    pt_snapshot_done(&snapshot);
    return error;
}

void cron_daemon_done(struct cron_daemon *daemon)
{
    if (daemon->helper > 0) {
        kill(daemon->helper, SIGKILL); /* our child, not reaped: the pid is its */
        waitpid(daemon->helper, NULL, 0);
        daemon->helper = 0;
    }
    pt_service_done(&daemon->service);
    pt_hold_release(&daemon->hold);
    pt_handle_close(&daemon->handle);
}

static bool is_callers(const struct cron_daemon *daemon)
{
    return daemon->process.more->status.uid[PT_EFFECTIVE] == geteuid();
}

/* Who may stop his own only leaves root's alone where he has one, unless he named it. */
static void leave_roots(struct cron *cron)
{
    size_t own = 0, kept = 0;

    for (size_t i = 0; i < cron->daemon_count; i++)
        own += is_callers(cron->daemons[i]);
    if (own == 0 || geteuid() == 0 || cron->settings.output.dry_run || cron->settings.pid_count > 0)
        return;
    for (size_t i = 0; i < cron->daemon_count; i++) {
        struct cron_daemon *daemon = cron->daemons[i];

        if (is_callers(daemon)) {
            cron->daemons[kept++] = daemon;
            continue;
        }
        pt_say(0, "%s is left alone: it is root's", daemon->label);
        cron_daemon_done(daemon);
    }
    cron->daemon_count = kept;
}

/* What was named and is not there, one by one. */
static void tell_of_missing(const struct cron *cron)
{
    for (size_t i = 0; i < cron->settings.pid_count; i++) {
        bool found = false;

        for (size_t j = 0; j < cron->daemon_count && !found; j++)
            found = cron->daemons[j]->process.stat.pid == cron->settings.pids[i];
        if (!found)
            pt_warn("--daemon %d: there is no such process, or it is left alone",
                    (int)cron->settings.pids[i]);
    }
}

int cron_find(struct cron *cron)
{
    int error = 1;

    /* One that goes into the background is found while its child is none yet, and ends. */
    for (int tries = 0; tries < FIND_TRIES && error == 1; tries++) {
        while (cron->daemon_count > 0)
            cron_daemon_done(cron->daemons[--cron->daemon_count]);
        error = find_once(cron);
    }
    if (error < 0)
        return error;
    leave_roots(cron);
    tell_of_missing(cron);
    return 0;
}

/* --- its successor --- */

/* Of its kind; one that the table does not know, by its file and words. */
static bool is_its_kind(const struct cron_daemon *daemon, const struct pt_process *process)
{
    if (daemon->kind != &cron_kind_other)
        return cron_kind_of(process) == daemon->kind;
    return pt_process_has(process, PT_SOURCE_CMDLINE) &&
           is_same_program(process, &daemon->process) &&
           pt_bytes_equal(process->more->cmdline, daemon->process.more->cmdline);
}

/* Another of its kind, of its user, that is not a container's. */
static bool is_alike(const struct cron *cron, const struct cron_daemon *daemon,
                     const struct pt_process *process)
{
    return is_its_kind(daemon, process) && pt_process_has(process, PT_SOURCE_STATUS) &&
           !is_elsewhere(cron, process) &&
           has_uids(process, daemon->process.more->status.uid[PT_EFFECTIVE]);
}

/* One that we found at the beginning is nobody's successor. */
static bool is_known(const struct cron *cron, const struct pt_process *process)
{
    for (size_t i = 0; i < cron->daemon_count; i++) {
        if (cron->daemons[i]->process.stat.pid == process->stat.pid &&
            cron->daemons[i]->process.stat.starttime == process->stat.starttime)
            return true;
    }
    return false;
}

pid_t cron_respawned(struct cron *cron, const struct cron_daemon *daemon, pid_t *ret_parent,
                     const char **ret_name)
{
    struct pt_snapshot snapshot;
    uint32_t *indexes = NULL;
    size_t count = 0;
    pid_t found = 0;

    if (pt_snapshot_scan(&snapshot, &cron->procfs, PT_SOURCE_BIT(PT_SOURCE_EXE)) != 0)
        return 0;
    if (nominate(cron, &snapshot, daemon, &indexes, &count) != 0)
        count = 0;
    for (size_t i = 0; i < count && found == 0; i++) {
        const struct pt_process *process = &snapshot.processes[indexes[i]];
        const struct pt_process *parent;

        if (!is_alike(cron, daemon, process) || process->stat.starttime < daemon->over ||
            is_known(cron, process) || is_below_match(cron, &snapshot, process))
            continue;
        parent = pt_snapshot_find(&snapshot, process->stat.ppid);
        *ret_parent = process->stat.ppid;
        *ret_name = parent != NULL ? pt_arena_strndup(&cron->arena, parent->stat.comm,
                                                      parent->stat.comm_length)
                                   : NULL;
        if (*ret_name == NULL)
            *ret_name = "?";
        found = process->stat.pid;
    }
    free(indexes);
    pt_snapshot_done(&snapshot);
    return found;
}
