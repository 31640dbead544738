/*
 * What a record is made of, and how each source of it is read. A record itself is read by
 * process.h.
 */
#ifndef PT_SOURCE_H
#define PT_SOURCE_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arena.h"
#include "dir.h"
#include "procfs.h"
#include "procparse.h"
#include "text.h"

/* The sources of a record, cheapest first. */
enum pt_source {
    PT_SOURCE_STAT,   /* always read */
    PT_SOURCE_OWNER,  /* owner of /proc/PID: the effective uid, dumpable or not
                         (task_dump_owner, fs/proc/base.c) */
    PT_SOURCE_STATUS, /* ids, NSpid, signals, Vm sums */
    PT_SOURCE_STATM,  /* resident, shared pages */
    PT_SOURCE_CGROUP, /* cgroup's text */
    PT_SOURCE_EXE,    /* link text, and whether it was deleted */
    PT_SOURCE_CWD,    /* link text */
    PT_SOURCE_LABEL,  /* attr/current, without its newline */
    PT_SOURCE_OOM_SCORE,
    PT_SOURCE_NAMESPACES, /* ns/: inode of each */
    PT_SOURCE_WCHAN,
    PT_SOURCE_INODE,   /* of the pidfd, on pidfs (6.9); else unknown (ENOSYS) */
    PT_SOURCE_THREADS, /* task/: tid and comm of every thread */
    PT_SOURCE_CMDLINE, /* takes the target's mmap lock, as all that follow */
    PT_SOURCE_ENVIRON,
    PT_SOURCE_MAPS,         /* maps: names of the files that are mapped */
    PT_SOURCE_SMAPS_ROLLUP, /* or sums over smaps before 4.14 */
    PT_SOURCE_COUNT
};

/* A set of sources. */
typedef uint32_t pt_sources;
#define PT_SOURCE_BIT(source) ((pt_sources)1 << (source))

/* Those that a stranger can hold for ever: they are read under watch (watch.h). */
#define PT_SOURCES_MMAP_LOCK                                                                       \
    (PT_SOURCE_BIT(PT_SOURCE_CMDLINE) | PT_SOURCE_BIT(PT_SOURCE_ENVIRON) |                         \
     PT_SOURCE_BIT(PT_SOURCE_MAPS) | PT_SOURCE_BIT(PT_SOURCE_SMAPS_ROLLUP))

/* Keep cmdline and environ whole (up to PT_STRINGS_LIMIT) and not their first PT_STRINGS_KEPT
 * bytes: for a record that is used and dropped at once. */
#define PT_READ_WHOLE ((pt_sources)1 << 31)

/* PT_SOURCE_THREADS with the state of each thread, which costs more. */
#define PT_READ_THREAD_STATES ((pt_sources)1 << 30)

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
    char state; /* NUL unless PT_READ_THREAD_STATES was given */
    uint32_t comm_length;
    const char *comm;
};

/* What only some records carry. A member is valid when its source was asked for and has errno 0. */
struct pt_process_more {
    struct pt_status status;
    struct pt_statm statm;
    struct pt_smaps smaps;
    struct pt_bytes cmdline, environ; /* strings ending in NUL, see pt_next_string */
    bool cmdline_cut, environ_cut;    /* more than PT_STRINGS_KEPT: read whole before it is used;
                                         of environ whole variables are kept */
    struct pt_bytes exe;              /* the link's text as the kernel gives it */
    struct pt_bytes exe_path;         /* the same less ` (deleted)` where that is no part of it */
    bool exe_deleted;
    struct pt_bytes cwd, label, cgroup, wchan;
    struct pt_bytes mapped; /* base names of mapped files, each ending in NUL; some may repeat */
    int oom_score;
    uint64_t inode;
    uint64_t namespaces[PT_NS_COUNT]; /* 0: the kernel has none of this kind */
    struct pt_thread *threads;        /* by tid; the leader is among them */
    size_t thread_count;
};

struct pt_process {
    struct pt_stat stat;            /* zero but for pid and an empty comm when it was refused */
    pt_sources asked;               /* the sources that were asked for */
    uid_t owner;                    /* PT_SOURCE_OWNER, or when stat was refused */
    uint8_t error[PT_SOURCE_COUNT]; /* errno of each source asked for; 0: it was read */
    struct pt_process_more *more;   /* NULL while only stat and owner were asked for */
};

/* --- reading --- */

/*
 * Stands around each read that may hang, between the thread that reads and the one that watches it:
 * both may want the record, and whoever changes `passage` first has it. Zero to begin with.
 */
struct pt_gate {
    atomic_uint passage; /* odd inside such a read, another number for each */
};
#define PT_GATE_TAKEN UINT_MAX

/* One process while it is read. */
struct pt_reading {
    const struct pt_procfs *procfs;
    struct pt_process *process; /* stat has been read, and `more` is there */
    struct pt_arena *arena;
    struct pt_gate *gate; /* or NULL */
    pt_sources flags;     /* PT_READ_… */
    struct pt_dir dir;    /* /proc/PID, held */
    struct pt_dir thread; /* of a leader that has exited: a live thread of its, which still has the
                             memory, files and namespaces; else closed */
    struct pt_buffer text;
};

/* Frees and closes what a reading has; touches nothing else. */
void pt_reading_done(struct pt_reading *reading);

/*
 * The two that need no held directory, of what `path` names below DIR. STAT holds the pid, and a
 * comm of before, if there is one, is not copied again. 0 or -errno.
 */
int pt_source_read_stat(const struct pt_dir *dir, const char *path, struct pt_arena *arena,
                        struct pt_stat *stat);
int pt_source_read_owner(const struct pt_dir *dir, const char *path, uid_t *ret_owner);

/*
 * Reads any other source into `more`. 0; -errno, which is the source's; -ECANCELED: the gate was
 * taken.
 */
int pt_source_read(struct pt_reading *reading, enum pt_source source);

#endif
