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
#include "source.h"

/* error[PT_SOURCE_STAT] of a record whose process vanished after it was read: ESRCH. */
#define PT_GONE ESRCH

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
 * that a recycled PID cannot mix two processes. Returns 0; -ESRCH: gone; -ENOMEM, -EMFILE,
 * -ENFILE: we have no means to read. When stat is refused (hidepid=1: EPERM, EACCES) or is no
 * kernel's (EINVAL) 0 is returned; the record holds pid, owner, error[PT_SOURCE_STAT], and the same
 * errno for every other source asked for.
 *
 * Reads in the calling thread: sources of PT_SOURCES_MMAP_LOCK may hang there for ever, so others
 * use pt_process_read_watched or pt_watch_read.
 */
int pt_process_read(const struct pt_procfs *procfs, pid_t pid, pt_sources sources,
                    struct pt_arena *arena, struct pt_process *ret_process);

/*
 * Adds sources to a record: opens the directory, reads stat again; -ESRCH when the starttime is
 * another or the process is gone (the record is then dropped by the caller). What was already
 * known stays, but stat, which is refreshed; with PT_READ_WHOLE what was cut is read again. A
 * record whose stat was refused stays refused. PT_SOURCE_OWNER alone is read by path and stat not
 * again, as it only orders siblings; when the directory is gone its errno says so.
 */
int pt_process_add(const struct pt_procfs *procfs, struct pt_process *process, pt_sources sources,
                   struct pt_arena *arena);

/*
 * What both do: reads the process stat.pid of a record that is zero otherwise, adds to one that is
 * not. Sources of PT_SOURCES_MMAP_LOCK are read inside GATE, if there is one. When it has been
 * taken meanwhile, that is -ECANCELED: record and arena are another thread's and were not touched
 * since.
 */
int pt_process_load(const struct pt_procfs *procfs, struct pt_process *process, pt_sources sources,
                    struct pt_arena *arena, struct pt_gate *gate);

/*
 * pt_process_read and _add under watch (watch.c): what takes the target's mmap lock is read by
 * another thread, and given up after one second with errno ETIMEDOUT. For one record.
 */
int pt_process_read_watched(const struct pt_procfs *procfs, pid_t pid, pt_sources sources,
                            struct pt_arena *arena, struct pt_process *ret_process);
int pt_process_add_watched(const struct pt_procfs *procfs, struct pt_process *process,
                           pt_sources sources, struct pt_arena *arena);

/* The states that wait(2)ing processes count as ended: Z, X, x, and no live thread beside it. */
bool pt_process_has_ended(const struct pt_process *process);

/* A kernel thread, or one that has ended with all its threads: it has no executable, no arguments
 * and no memory of its own, whoever asks. */
bool pt_process_lacks_program(const struct pt_process *process);

/*
 * Whether the errno of a source says that there is no such thing, and not that we could not see it:
 * the executable and directory of what runs no program, labels of a kernel without a security
 * module (EINVAL: it keeps none; ENOENT: built without), the strings of what has no memory.
 */
bool pt_process_lacks(const struct pt_process *process, enum pt_source source);

/* Resident pages: statm's where it was read, else stat's, which since Linux 6.2 lags behind by some
 * pages for each CPU (percpu counters that only statm, status and smaps sum up). */
uint64_t pt_process_resident(const struct pt_process *process);

/* Whether they are TEXT. What is unknown (bytes NULL) is none. */
bool pt_bytes_are(struct pt_bytes bytes, const char *text);

/* Whether both are the same; so are two that are unknown. */
bool pt_bytes_equal(struct pt_bytes a, struct pt_bytes b);

/* What stands behind the last slash; the whole where there is none. */
struct pt_bytes pt_base_name(struct pt_bytes path);

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

/* Whether NAME is argv[0], or argv[1] as a script behind its interpreter and what `busybox NAME`
 * runs: by base name. Needs CMDLINE. */
bool pt_process_argv_names(const struct pt_process *process, const char *name);

/*
 * The owner and the mode of the file that runs, as the kernel has them at hand (statx, 4.11): its
 * file system, which may be a stranger's, is not asked. 0; -ESRCH: the process is gone; -ENOSYS:
 * the kernel cannot say, or the root is not live; -EACCES.
 */
int pt_process_exe_owner(const struct pt_procfs *procfs, const struct pt_process *process,
                         uid_t *ret_uid, mode_t *ret_mode);

/* The effective uid: status when it was read, else the owner. False: neither is known. */
bool pt_process_euid(const struct pt_process *process, uid_t *ret_uid);

/* The inode of a process's PID namespace, by one call: of all PT_SOURCE_NAMESPACES it alone. 0 or
 * -errno. */
int pt_process_pid_namespace(const struct pt_procfs *procfs, pid_t pid, uint64_t *ret_inode);

#endif
