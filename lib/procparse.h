/*
 * Pure parsers of the files below /proc: (bytes, length) in, a struct out. They never read past
 * `length`, need no terminating NUL, allocate nothing, and say -EINVAL to what the kernel could not
 * have written (a record that is too short, a word for a number), -ERANGE to a number that does not
 * fit. Formats: proc(5) and the kernel's fs/proc/array.c, task_mmu.c, base.c.
 */
#ifndef PT_PROCPARSE_H
#define PT_PROCPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* MAX_PID_NS_LEVEL is 32 (include/linux/pid_namespace.h), and the initial one. */
#define PT_NSPID_MAX 33

/* Each thread has a PID, of which there are at most so many: PID_MAX_LIMIT of
 * include/linux/threads.h. What says more is no record. */
#define PT_THREADS_MAX 4194304

/* PF_ flags of stat's field 9 (include/linux/sched.h). */
#define PT_PF_EXITING 0x00000004u
#define PT_PF_KTHREAD 0x00200000u

/* /proc/PID/stat, the fields that somebody shows or needs. */
struct pt_stat {
    uint64_t starttime; /* field 22, ticks after boot */
    uint64_t utime;     /* ticks */
    uint64_t stime;     /* ticks */
    uint64_t vsize;     /* bytes */
    uint64_t rss;       /* pages */
    const char *comm;   /* raw bytes between the first `(` and the last `)`; not NUL-terminated
                           by the parser; pt_process makes it a NUL-terminated copy */
    uint32_t comm_length;
    uint32_t flags; /* PF_ */
    pid_t pid;
    pid_t ppid;
    pid_t pgrp;    /* 0: of another PID namespace */
    pid_t session; /* 0: of another PID namespace */
    pid_t tpgid;   /* -1: no terminal */
    uint32_t tty;  /* device number, kernel encoding; 0: none */
    int32_t nice;
    uint32_t threads;
    char state;
};

/*
 * All fields through 22 are required; vsize and rss, which come later, are 0 where a record ends
 * before them. `comm` points into `bytes`.
 */
int pt_parse_stat(const char *bytes, size_t length, struct pt_stat *ret_stat);

enum { PT_REAL, PT_EFFECTIVE, PT_SAVED, PT_FILESYSTEM };

/* /proc/PID/status. Memory is in bytes. */
struct pt_status {
    uid_t uid[4]; /* PT_REAL … */
    gid_t gid[4];
    pid_t tgid;                /* the process; another pid than was read: of its other threads */
    pid_t tracer;              /* TracerPid, 0: none */
    uint32_t nspid_count;      /* 0: the kernel has no NSpid (before 4.1) */
    pid_t nspid[PT_NSPID_MAX]; /* outermost first: ours, then its own namespaces' */
    uint64_t pending;          /* SigPnd, of the thread; bit N-1 is signal N */
    uint64_t shared_pending;   /* ShdPnd, of the process */
    uint64_t blocked;          /* SigBlk */
    uint64_t ignored;          /* SigIgn */
    uint64_t caught;           /* SigCgt */
    bool has_memory;           /* VmRSS was there: not a kernel thread or zombie */
    uint64_t rss;              /* VmRSS */
    uint64_t rss_shmem;        /* RssShmem, 4.5 */
    uint64_t page_tables;      /* VmPTE */
    uint64_t swap;             /* VmSwap */
    uint32_t threads;
};

int pt_parse_status(const char *bytes, size_t length, struct pt_status *ret_status);

/* /proc/PID/statm: pages. */
struct pt_statm {
    uint64_t size, resident, shared;
};

int pt_parse_statm(const char *bytes, size_t length, struct pt_statm *ret_statm);

/* smaps_rollup (4.14), or the sums over smaps. Bytes. */
struct pt_smaps {
    uint64_t rss, pss, pss_shmem, private_clean, private_dirty, shared_clean, shared_dirty, swap,
        swap_pss;
    bool has_pss_shmem; /* smaps itself has no Pss_Shmem line */
    bool has_swap_pss;  /* before 4.3 there is no SwapPss line */
    bool any;           /* an Rss: line was seen: a zombie's file is empty, with success */
};

/* Adds one line (`Pss:  123 kB`) to the sums; lines it does not know are nothing. */
void pt_parse_smaps_line(const char *line, size_t length, struct pt_smaps *sums);

/* The whole of smaps_rollup. -ESRCH when there was no Rss: line. */
int pt_parse_smaps_rollup(const char *bytes, size_t length, struct pt_smaps *ret_smaps);

/*
 * The path of a controller in the text of /proc/PID/cgroup. `controller` is "" for the unified
 * hierarchy (line `0::PATH`), "name=systemd" for a named one, else a v1 controller ("memory").
 * -ENOENT when there is no such line. The path points into `bytes`; a trailing ` (deleted)` stays.
 */
int pt_parse_cgroup(const char *bytes, size_t length, const char *controller, const char **ret_path,
                    size_t *ret_path_length);

/*
 * Walks cmdline or environ: false at the end. `offset` starts at 0. What follows the last NUL
 * counts as one more; empty ones in between are empty.
 */
bool pt_next_string(const char *bytes, size_t length, size_t *offset, const char **ret_string,
                    size_t *ret_length);

/* One field of meminfo in bytes ("MemAvailable"). -ENOENT. */
int pt_parse_meminfo(const char *bytes, size_t length, const char *name, uint64_t *ret_bytes);

/* /proc/uptime: the first number, in nanoseconds. */
int pt_parse_uptime(const char *bytes, size_t length, int64_t *ret_nanoseconds);

/* One line of mountinfo. Strings point into the line and keep its octal escapes (\040). */
struct pt_mount {
    uint64_t id; /* as in fdinfo's mnt_id */
    const char *root, *mount_point, *type, *super_options;
    size_t root_length, mount_point_length, type_length, super_options_length;
};

int pt_parse_mountinfo_line(const char *line, size_t length, struct pt_mount *ret_mount);

/* A list of PIDs between blanks, as in task/TID/children (3.5): false at the end. */
bool pt_next_pid(const char *bytes, size_t length, size_t *offset, pid_t *ret_pid);

/* The name of an entry of /proc that is a process; 0: it is none. */
pid_t pt_parse_pid_name(const char *name);

#endif
