/*
 * The root of a procfs: the only opener of /proc. On the applet's stack; everybody else borrows it
 * const.
 */
#ifndef PT_PROCFS_H
#define PT_PROCFS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dir.h"

/*
 * Processes that held a reader of ours in one read for a second (watch.h). They are not asked for
 * such a source again, and when there are PT_HELD_MAX nobody is. One thread writes, any may read.
 */
#define PT_HELD_MAX 8
struct pt_held {
    atomic_size_t count;
    struct {
        pid_t pid;
        uint64_t starttime;
    } process[PT_HELD_MAX];
};

struct pt_procfs {
    struct pt_dir root;
    bool live;          /* a real procfs, not a captured tree */
    bool own_namespace; /* live, and of our own PID namespace: its PIDs may be signalled */
    pid_t self;         /* we, as a live one names us; 0: nobody in it */
    uint64_t ticks;     /* a second (USER_HZ) */
    uint64_t page_size; /* bytes */
    struct pt_held *held;
};

#define PT_PROCFS_CLOSED                                                                           \
    {                                                                                              \
        .root = PT_DIR_CLOSED                                                                      \
    }

/*
 * Opens `path`, or /proc when it is NULL. It must be a directory in which at least one process can
 * be seen or, on a live one, `self` or `version`; in a captured one `uptime` too. -ENOTDIR, -ENOENT
 * …; -EINVAL: a directory that is no procfs at all.
 *
 * Our own namespace is told by `self`: its link is our pid and its NSpid holds one number only
 * (proc(5); a procfs of an outer namespace shows us under another pid and with several).
 */
int pt_procfs_open(struct pt_procfs *ret_procfs, const char *path);

/* Accepts a closed one. */
void pt_procfs_close(struct pt_procfs *procfs);

/*
 * The clocks at one moment: `boottime` is comparable to starttime, `realtime` is the epoch of the
 * same moment. Live: CLOCK_BOOTTIME and CLOCK_REALTIME (lxcfs overmounts uptime, and stat's btime
 * moves). Otherwise the root's `uptime` and that file's modification time: when it was captured.
 */
struct pt_clocks {
    int64_t boottime; /* nanoseconds */
    int64_t realtime; /* nanoseconds */
};

int pt_procfs_clocks(const struct pt_procfs *procfs, struct pt_clocks *ret_clocks);

/*
 * Every pid of the root, ascending, in an array that the caller frees; threads' own entries are not
 * listed by the kernel. -errno.
 */
int pt_procfs_pids(const struct pt_procfs *procfs, pid_t **ret_pids, size_t *ret_count);

/* The same of any directory: every tid of a process's `task`. */
int pt_procfs_list(const struct pt_dir *dir, pid_t **ret_pids, size_t *ret_count);

/* "PID", or "PID/file" where `file` is not NULL, as a path below the root or below `task`. Returns
 * BUFFER; a longer `file` than goes into it is a mistake of the caller's. */
#define PT_PROCFS_PATH 64
const char *pt_procfs_path(char buffer[PT_PROCFS_PATH], pid_t pid, const char *file);

/* The directory of one process, held: what is read through it is of one process only. -errno;
 * ENOENT and ESRCH mean gone. */
int pt_procfs_open_pid(const struct pt_procfs *procfs, pid_t pid, struct pt_dir *ret_dir);

#endif
