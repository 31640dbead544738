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

/* --- reading many --- */

struct reading {
    const struct pt_procfs *procfs;
    struct pt_process *processes;
    const pid_t *pids;       /* scan: of each record; else NULL */
    const uint32_t *indexes; /* add: the records meant */
    pt_sources sources;
};

static int read_item(size_t item, bool may_hang, struct pt_arena *arena, void *ret_result,
                     void *data)
{
    const struct reading *reading = data;
    pt_sources sources = reading->sources | (may_hang ? 0 : PT_READ_NO_LOCK);
    struct pt_process *process = ret_result;
    if (reading->pids != NULL)
        return pt_process_read(reading->procfs, reading->pids[item], sources, arena, process);
    *process = reading->processes[reading->indexes[item]];
    return pt_process_add(reading->procfs, process, sources, arena);
}

static int keep_item(size_t item, int error, const void *result, void *data)
{
    const struct reading *reading = data;
    size_t index = reading->pids ? item : reading->indexes[item];
    if (error == -ESRCH)
        reading->processes[index].error[PT_SOURCE_STAT] = PT_GONE;
    else if (error == 0)
        reading->processes[index] = *(const struct pt_process *)result;
    return error == -ESRCH ? 0 : error;
}

static int read_all(struct reading *reading, size_t count, struct pt_arena *arena)
{
    struct pt_watch watch = {
        .count = count,
        .may_hang = reading->sources & PT_SOURCES_MMAP_LOCK,
        .result_size = sizeof(struct pt_process),
        .work = read_item,
        .finish = keep_item,
        .data = reading,
    };
    return pt_watch_run(&watch, arena);
}

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
    if (error < 0)
        goto out;
    snapshot.processes = calloc(snapshot.count + 1, sizeof *snapshot.processes);
    if (snapshot.processes == NULL) {
        error = -ENOMEM;
        goto out;
    }
    struct reading reading = {
        .procfs = procfs, .processes = snapshot.processes, .pids = pids, .sources = sources};
    error = read_all(&reading, snapshot.count, &snapshot.arena);
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

int pt_snapshot_add(struct pt_snapshot *snapshot, const uint32_t *indexes, size_t count,
                    pt_sources sources)
{
    struct reading reading = {.procfs = snapshot->procfs,
                              .processes = snapshot->processes,
                              .indexes = indexes,
                              .sources = sources};
    return read_all(&reading, count, &snapshot->arena);
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
    struct pt_process *grown =
        realloc(snapshot->processes, (snapshot->count + 2) * sizeof *grown);
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
    int error =
        pt_process_read_watched(snapshot->procfs, pid, sources, &snapshot->arena, &now);
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

int64_t pt_snapshot_start_time(const struct pt_snapshot *snapshot,
                               const struct pt_process *process)
{
    return snapshot->clocks.realtime - snapshot->clocks.boottime + since_boot(snapshot, process);
}
