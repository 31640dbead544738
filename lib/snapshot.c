/*
 * All PIDs are listed first, then record i belongs to PID i: workers need no lock, and nothing is
 * sorted or merged afterwards.
 */
#include "snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"
#include "watch.h"

/* Settling goes on while it finds something new; a fork storm must not keep it for ever. */
#define SETTLE_ROUNDS 4

/* --- scan --- */

static void drop_gone(struct pt_snapshot *snapshot)
{
    size_t kept = 0;
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct pt_process *process = &snapshot->processes[i];
        if (pt_snapshot_is_gone(process)) {
            snapshot->gone++;
            continue;
        }
        if (kept != i)
            snapshot->processes[kept] = *process;
        kept++;
    }
    snapshot->count = kept;
}

static size_t count_refused(const struct pt_snapshot *snapshot)
{
    size_t refused = 0;
    for (size_t i = 0; i < snapshot->count; i++)
        refused += snapshot->processes[i].error[PT_SOURCE_STAT] != 0;
    return refused;
}

int pt_snapshot_scan(struct pt_snapshot *ret_snapshot, const struct pt_procfs *procfs,
                     pt_sources sources)
{
    struct pt_snapshot snapshot = {.procfs = procfs};
    pid_t *pids = NULL;
    pt_arena_init(&snapshot.arena);
    int error = pt_procfs_clocks(procfs, &snapshot.clocks);
    if (error == 0)
        error = pt_procfs_pids(procfs, &pids, &snapshot.count);
    if (error != 0)
        goto out;
    snapshot.processes = calloc(snapshot.count + 1, sizeof *snapshot.processes);
    if (snapshot.processes == NULL) {
        error = -ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < snapshot.count; i++)
        snapshot.processes[i].stat.pid = pids[i];
    error =
        pt_watch_read(procfs, snapshot.processes, NULL, snapshot.count, sources, &snapshot.arena);
    if (error < 0)
        goto out;
    drop_gone(&snapshot);
    snapshot.refused = count_refused(&snapshot);
    *ret_snapshot = snapshot;
out:
    free(pids);
    if (error < 0)
        pt_snapshot_done(&snapshot);
    return error;
}

void pt_snapshot_done(struct pt_snapshot *snapshot)
{
    free(snapshot->processes);
    pt_arena_done(&snapshot->arena);
    *snapshot = (struct pt_snapshot){0};
}

/* --- find --- */

/* Where `pid` stands, or would stand. */
static size_t lower_bound(const struct pt_snapshot *snapshot, pid_t pid)
{
    size_t low = 0, high = snapshot->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (snapshot->processes[middle].stat.pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t pt_snapshot_index(const struct pt_snapshot *snapshot, pid_t pid)
{
    size_t index = lower_bound(snapshot, pid);
    if (index == snapshot->count || snapshot->processes[index].stat.pid != pid)
        return PT_NO_INDEX;
    return (uint32_t)index;
}

struct pt_process *pt_snapshot_find(const struct pt_snapshot *snapshot, pid_t pid)
{
    uint32_t index = pt_snapshot_index(snapshot, pid);
    return index == PT_NO_INDEX ? NULL : &snapshot->processes[index];
}

bool pt_snapshot_is_blind(const struct pt_snapshot *snapshot)
{
    if (snapshot->refused > 0)
        return true;
    return snapshot->procfs->own_namespace && pt_snapshot_find(snapshot, 1) == NULL;
}

int pt_snapshot_add(struct pt_snapshot *snapshot, const uint32_t *indexes, size_t count,
                    pt_sources sources)
{
    return pt_watch_read(snapshot->procfs, snapshot->processes, indexes, count, sources,
                         &snapshot->arena);
}

/* --- settle --- */

static bool lacks_parent(const struct pt_snapshot *snapshot, const struct pt_process *process)
{
    if (process->error[PT_SOURCE_STAT] != 0 || process->stat.ppid == 0)
        return false;
    const struct pt_process *parent = pt_snapshot_find(snapshot, process->stat.ppid);
    /* One that is refused was seen: its children are settled. */
    return parent == NULL || pt_snapshot_is_gone(parent) ||
           parent->stat.starttime > process->stat.starttime;
}

static int insert(struct pt_snapshot *snapshot, const struct pt_process *process)
{
    struct pt_process *grown = realloc(snapshot->processes, (snapshot->count + 2) * sizeof *grown);
    if (grown == NULL)
        return -ENOMEM;
    snapshot->processes = grown;
    size_t index = lower_bound(snapshot, process->stat.pid);
    memmove(grown + index + 1, grown + index, (snapshot->count - index) * sizeof *grown);
    grown[index] = *process;
    snapshot->count++;
    return 0;
}

/* Reads `pid` again: replaces its record, adds it, or marks the one that is there as gone. */
static int look_again(struct pt_snapshot *snapshot, pid_t pid, pt_sources sources)
{
    struct pt_process now;
    struct pt_process *before = pt_snapshot_find(snapshot, pid);
    int error = pt_process_read_watched(snapshot->procfs, pid, sources, &snapshot->arena, &now);
    if (error == -ESRCH) {
        if (before != NULL)
            before->error[PT_SOURCE_STAT] = PT_GONE;
        return 0;
    }
    if (error < 0)
        return error;
    if (before == NULL)
        return insert(snapshot, &now);
    *before = now;
    return 0;
}

/*
 * Looks again at every process without a parent, and then at that parent; what was only torn is
 * whole afterwards. Says whether anything was to be looked at.
 */
static int settle_once(struct pt_snapshot *snapshot, bool *ret_again)
{
    size_t count = 0;
    pid_t *lone = malloc((snapshot->count + 1) * sizeof *lone);
    if (lone == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < snapshot->count; i++)
        if (lacks_parent(snapshot, &snapshot->processes[i]))
            lone[count++] = snapshot->processes[i].stat.pid;

    int error = 0;
    bool again = false;
    for (size_t i = 0; i < count && error == 0; i++) {
        struct pt_process *process = pt_snapshot_find(snapshot, lone[i]);
        pt_sources sources = process->asked;
        pid_t ppid = process->stat.ppid;
        error = look_again(snapshot, lone[i], sources);
        process = pt_snapshot_find(snapshot, lone[i]);
        if (error < 0 || !lacks_parent(snapshot, process))
            continue;
        error = look_again(snapshot, process->stat.ppid, sources);
        process = pt_snapshot_find(snapshot, lone[i]);
        again |= process->stat.ppid != ppid || !lacks_parent(snapshot, process);
    }
    free(lone);
    *ret_again = again;
    return error;
}

int pt_snapshot_settle(struct pt_snapshot *snapshot)
{
    bool again = snapshot->procfs->live;
    int error = 0;
    for (int round = 0; round < SETTLE_ROUNDS && again && error == 0; round++)
        error = settle_once(snapshot, &again);
    drop_gone(snapshot);
    return error;
}

/* --- times --- */

static int64_t since_boot(const struct pt_snapshot *snapshot, const struct pt_process *process)
{
    return pt_ticks_to_nanoseconds(process->stat.starttime, snapshot->procfs->ticks);
}

int64_t pt_snapshot_age(const struct pt_snapshot *snapshot, const struct pt_process *process)
{
    int64_t start = since_boot(snapshot, process);
    return snapshot->clocks.boottime > start ? snapshot->clocks.boottime - start : 0;
}

int64_t pt_snapshot_start_time(const struct pt_snapshot *snapshot, const struct pt_process *process)
{
    return snapshot->clocks.realtime - snapshot->clocks.boottime + since_boot(snapshot, process);
}
