/*
 * Who descends from a thread, and whether it runs: the lists of children that proc(5) calls
 * `/proc/PID/task/TID/children` (3.5; with CONFIG_PROC_CHILDREN since 4.2).
 */
#ifndef PT_CHILDREN_H
#define PT_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buffer.h"
#include "procfs.h"
#include "procparse.h"

/* stat of a thread, or with TID 0 of the whole process. 0 or -errno. */
int pt_thread_stat(const struct pt_procfs *procfs, pid_t pid, pid_t tid, struct pt_stat *ret_stat);

/* Whether a thread in this state runs no more for now: stopped, traced, dead. */
bool pt_state_is_still(char state);

/* A list of pids. All zero bytes are an empty one. */
struct pt_children {
    struct pt_buffer text;   /* as the kernel gave it */
    struct pt_buffer former; /* what was read before that */
    pid_t *pids;
    size_t count, capacity;
};

void pt_children_done(struct pt_children *children);

/*
 * Reads the children of one thread, oldest first. 0 or -errno; -ENOENT: it is gone, or the kernel
 * has no such lists (pt_children_exist).
 *
 * When a child is reaped just after it was listed, the kernel counts on from a place that has moved
 * and skips as many others (get_children_pid in fs/proc/array.c). Every such child is missing from
 * the next reading: the same text twice is the truth. RET_SAME says whether it is what was read
 * into CHILDREN before.
 */
int pt_children_read(const struct pt_procfs *procfs, pid_t pid, pid_t tid,
                     struct pt_children *children, bool *ret_same);

/* Whether this kernel has the lists: our own is there as long as we are. */
bool pt_children_exist(const struct pt_procfs *procfs);

#endif
