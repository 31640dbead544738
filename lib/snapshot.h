/*
 * All processes, read once: scan, settle, find, and more sources for some. Owns the records and
 * their strings; nothing moves once it is made, but records that turn out to be gone are marked
 * (pt_snapshot_is_gone) and skipped by tree and match.
 */
#ifndef PT_SNAPSHOT_H
#define PT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "process.h"
#include "procfs.h"

struct pt_snapshot {
    const struct pt_procfs *procfs; /* borrowed */
    struct pt_process *processes;   /* ascending by pid */
    size_t count;
    size_t gone;             /* listed, and vanished before they were read */
    size_t refused;          /* listed, and stat was refused */
    struct pt_clocks clocks; /* when the scan began */
    struct pt_arena arena;
};

/*
 * Reads every process that the root lists. Large scans and those that ask for sources of
 * PT_SOURCES_MMAP_LOCK are read by threads; one that hangs for a second costs its process that
 * source (ETIMEDOUT), nobody else anything. -ENOMEM or -errno of the root.
 */
int pt_snapshot_scan(struct pt_snapshot *ret_snapshot, const struct pt_procfs *procfs,
                     pt_sources sources);

/* Frees everything; accepts a zeroed one. */
void pt_snapshot_done(struct pt_snapshot *snapshot);

/*
 * A scan is not atomic: before a process is called a root for want of its parent, it is read once
 * more (it may have been reparented, or be gone), and so is that parent. Only what is still so
 * counts. Call it between scan and tree. Does nothing on a root that is not live. -errno.
 */
int pt_snapshot_settle(struct pt_snapshot *snapshot);

/* The record of `pid`, or NULL. O(log n). */
struct pt_process *pt_snapshot_find(const struct pt_snapshot *snapshot, pid_t pid);

/* Whether others' processes are kept from us (hidepid): who is not found may be one of them. */
bool pt_snapshot_is_blind(const struct pt_snapshot *snapshot);

#define PT_NO_INDEX UINT32_MAX

/* The same as an index, PT_NO_INDEX when there is none. */
uint32_t pt_snapshot_index(const struct pt_snapshot *snapshot, pid_t pid);

/*
 * Completes: adds sources to the records with these indexes, under watch where they need it. A
 * record whose process is gone meanwhile is marked so. -ENOMEM or -errno of the root.
 */
int pt_snapshot_add(struct pt_snapshot *snapshot, const uint32_t *indexes, size_t count,
                    pt_sources sources);

/* True for a record that vanished after the scan. */
static inline bool pt_snapshot_is_gone(const struct pt_process *process)
{
    return process->error[PT_SOURCE_STAT] == PT_GONE;
}

/* Seconds since its start when the scan began, in nanoseconds; never negative. */
int64_t pt_snapshot_age(const struct pt_snapshot *snapshot, const struct pt_process *process);

/* Its start as nanoseconds since the epoch. */
int64_t pt_snapshot_start_time(const struct pt_snapshot *snapshot,
                               const struct pt_process *process);

#endif
