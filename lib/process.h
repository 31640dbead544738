/*
 * One process, read once: which sources were asked for, what each of them said, and why one of
 * them could not be read. A record owns nothing: its arena does.
 *
 * A record is whole or it is not there. `stat` alone decides whether a process is gone: then there
 * is no record. A source that may not be read is *unknown* (its errno), never empty or zero; ENOENT
 * of exe is a kernel thread or a zombie.
 */
#ifndef PT_PROCESS_H
#define PT_PROCESS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "arena.h"
#include "procfs.h"
#include "procparse.h"

/* The sources of a record, cheapest first. */
enum pt_source {
    PT_SOURCE_STAT,         /* always read */
    PT_SOURCE_OWNER,        /* owner of /proc/PID: the effective uid (root when not dumpable and
                               `status` is refused too) */
    PT_SOURCE_STATUS,       /* ids, NSpid, signals, Vm sums */
    PT_SOURCE_STATM,        /* resident, shared pages */
    PT_SOURCE_CGROUP,       /* cgroup's text */
    PT_SOURCE_EXE,          /* link text, and whether it was deleted */
    PT_SOURCE_CWD,          /* link text */
    PT_SOURCE_LABEL,        /* attr/current, without its newline */
    PT_SOURCE_OOM_SCORE,
    PT_SOURCE_NAMESPACES,   /* ns/: inode of each */
    PT_SOURCE_WCHAN,
    PT_SOURCE_INODE,        /* of the pidfd, on pidfs (6.9); else unknown (ENOSYS) */
    PT_SOURCE_THREADS,      /* task/: tid and comm of every thread */
    PT_SOURCE_CMDLINE,      /* takes the target's mmap lock, as all that follow */
    PT_SOURCE_ENVIRON,
    PT_SOURCE_SMAPS_ROLLUP, /* or sums over smaps before 4.14 */
    PT_SOURCE_COUNT
};

/* A set of sources. */
typedef uint32_t pt_sources;
#define PT_SOURCE_BIT(source) ((pt_sources)1 << (source))

/* Those that a stranger can hold for ever: they are read between pt_watch_enter and pt_watch_leave
 * (watch.h). */
#define PT_SOURCES_MMAP_LOCK                                                                       \
    (PT_SOURCE_BIT(PT_SOURCE_CMDLINE) | PT_SOURCE_BIT(PT_SOURCE_ENVIRON) |                         \
     PT_SOURCE_BIT(PT_SOURCE_SMAPS_ROLLUP))

/* Keep cmdline and environ whole (up to PT_STRINGS_LIMIT) and not their first PT_STRINGS_KEPT
 * bytes: for a record that is used and dropped at once. */
#define PT_READ_WHOLE ((pt_sources)1 << 31)

/* Sources of PT_SOURCES_MMAP_LOCK are not tried: their errno is ETIMEDOUT. */
#define PT_READ_NO_LOCK ((pt_sources)1 << 30)

/* error[PT_SOURCE_STAT] of a record whose process vanished after it was read: ESRCH. */
#define PT_GONE ESRCH

#define PT_STRINGS_KEPT ((size_t)4096)
#define PT_STRINGS_LIMIT ((size_t)8 << 20)

/* The namespaces of ns/, in the order of pt_namespace_names. */
enum pt_namespace {
    PT_NS_CGROUP,
    PT_NS_IPC,
    PT_NS_MNT,
    PT_NS_NET,
    PT_NS_PID,
    PT_NS_TIME,
    PT_NS_USER,
    PT_NS_UTS,
    PT_NS_COUNT
};
extern const char *const pt_namespace_names[PT_NS_COUNT];

/* Bytes in the record's arena, NUL-terminated for convenience; may hold NULs. */
struct pt_bytes {
    const char *bytes;
    size_t length;
};

struct pt_thread {
    pid_t tid;
    char state;
    uint32_t comm_length;
    const char *comm;
};

/* What only some records carry. A member is valid when its source was asked for and has errno 0. */
struct pt_process_more {
    struct pt_status status;
    struct pt_statm statm;
    struct pt_smaps smaps;
    struct pt_bytes cmdline, environ; /* strings ending in NUL, see pt_next_string */
    bool cmdline_cut, environ_cut;    /* more than PT_STRINGS_KEPT: read whole before it is used */
    struct pt_bytes exe;              /* the link's text as the kernel gives it */
    struct pt_bytes exe_path;         /* the same less ` (deleted)` where that is no part of it */
    bool exe_deleted;
    struct pt_bytes cwd, label, cgroup, wchan;
    int oom_score;
    uint64_t inode;
    uint64_t namespaces[PT_NS_COUNT]; /* 0: the kernel has none of this kind */
    struct pt_thread *threads;        /* by tid; the leader is among them */
    size_t thread_count;
};

struct pt_process {
    struct pt_stat stat;                  /* zero but for pid when stat was refused */
    pt_sources asked;                     /* the sources that were asked for */
    uid_t owner;                          /* PT_SOURCE_OWNER, or when stat was refused */
    uint8_t error[PT_SOURCE_COUNT];       /* errno of each source asked for; 0: it was read */
    struct pt_process_more *more;         /* NULL while only stat and owner were asked for */
};

/* True when the source was asked for and read. */
static inline bool pt_process_has(const struct pt_process *process, enum pt_source source)
{
    return (process->asked & PT_SOURCE_BIT(source)) && process->error[source] == 0;
}

static inline bool pt_process_is_kernel_thread(const struct pt_process *process)
{
    return process->stat.flags & PT_PF_KTHREAD;
}

/*
 * Reads one process. stat alone is read by path; where more is wanted the directory is held, so
 * that a recycled PID cannot mix two processes. Returns 0; -ESRCH: gone; -ENOMEM; other -errno:
 * procfs itself failed. When stat is refused (hidepid=1: EPERM, EACCES) the record holds pid,
 * owner and error[PT_SOURCE_STAT], every other source asked for has the same errno, and 0 is
 * returned.
 *
 * Reads in the calling thread: sources of PT_SOURCES_MMAP_LOCK may hang there for ever, so only
 * workers of pt_watch_run ask for them (pt_process_read_watched does so for one record).
 */
int pt_process_read(const struct pt_procfs *procfs, pid_t pid, pt_sources sources,
                    struct pt_arena *arena, struct pt_process *ret_process);

/*
 * Adds sources to a record: opens the directory, reads stat again; -ESRCH when the starttime is
 * another or the process is gone (the record is then dropped by the caller). What was already
 * known stays, but stat, which is refreshed. `more` is replaced by a copy in `arena`, never written
 * through, so that a copy of the record can be completed apart. PT_SOURCE_OWNER alone is read by
 * path.
 */
int pt_process_add(const struct pt_procfs *procfs, struct pt_process *process, pt_sources sources,
                   struct pt_arena *arena);

/*
 * The same two under watch: what takes the target's mmap lock is read by another thread, and given
 * up after one second with errno ETIMEDOUT for each such source asked for. For one record.
 */
int pt_process_read_watched(const struct pt_procfs *procfs, pid_t pid, pt_sources sources,
                            struct pt_arena *arena, struct pt_process *ret_process);
int pt_process_add_watched(const struct pt_procfs *procfs, struct pt_process *process,
                           pt_sources sources, struct pt_arena *arena);

/* The states that wait(2)ing processes count as ended: Z, X, x, and no live thread beside it. */
bool pt_process_has_ended(const struct pt_process *process);

/*
 * exe-name as python-proc had it: base name of exe, else argv[0] if it is a bare name found in an
 * absolute directory of our own PATH, else comm. Needs EXE and CMDLINE (of which only argv[0]
 * counts) where exe cannot be read. The result points into the record. Never fails: comm is always
 * there.
 */
struct pt_bytes pt_process_exe_name(const struct pt_process *process);

/* exe-path: exe less ` (deleted)`, else an absolute argv[0] as it stands (never looked up), else
 * empty with bytes NULL. */
struct pt_bytes pt_process_exe_path(const struct pt_process *process);

/* argv[0]; bytes NULL when cmdline was not read or is empty. */
struct pt_bytes pt_process_argv0(const struct pt_process *process);

/* The effective uid: status when it was read, else the owner. False: neither is known. */
bool pt_process_euid(const struct pt_process *process, uid_t *ret_uid);

#endif
