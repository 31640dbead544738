/*
 * A tree of files that stands for /proc, in a directory of its own. Whatever goes wrong while it is
 * built fails the test.
 */
#ifndef FAKEPROC_H
#define FAKEPROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fakeproc {
    char *path; /* for pt_procfs_open */
    int fd;
};

/* What is 0 or NULL gets a usual value: state S, one thread, pgrp and session the pid's, starttime
 * the pid, comm "fake". */
struct fake_process {
    pid_t pid, ppid, pgrp, session, tpgid;
    int tty;
    uint32_t flags; /* PF_ */
    uint32_t threads;
    char state;
    const char *comm;
    size_t comm_length; /* 0: up to its NUL */
    uint64_t starttime, utime, stime, vsize, rss;
    int nice;
    uid_t uid;
    gid_t gid;
};

/* An empty tree but for `uptime`, which says 1000 seconds. */
void fakeproc_init(struct fakeproc *proc);

/* Removes the tree. */
void fakeproc_done(struct fakeproc *proc);

/* stat, status, statm, comm, cmdline (comm alone) and task/PID of a process. */
void fakeproc_add(const struct fakeproc *proc, const struct fake_process *process);

/* task/TID of a process: its comm and stat. */
void fakeproc_add_thread(const struct fakeproc *proc, pid_t pid, pid_t tid, const char *comm,
                         char state);

/* Everything of a process. */
void fakeproc_remove(const struct fakeproc *proc, pid_t pid);

/*
 * Single files of a process, `pid` 0: of the root; "attr/current" makes its directory too. What was
 * there before is replaced.
 */
void fakeproc_write(const struct fakeproc *proc, pid_t pid, const char *name, const char *bytes,
                    size_t length);
void fakeproc_text(const struct fakeproc *proc, pid_t pid, const char *name, const char *text);
void fakeproc_link(const struct fakeproc *proc, pid_t pid, const char *name, const char *target);
void fakeproc_fifo(const struct fakeproc *proc, pid_t pid, const char *name);
void fakeproc_unlink(const struct fakeproc *proc, pid_t pid, const char *name);

#endif
