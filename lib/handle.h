/*
 * One process, held: the only way to signal it.
 *
 * A pid read from /proc is a hint: the process may end and its pid be given to another at any
 * moment. pt_handle_open makes a proof of it: it opens a pidfd, reads the record *again*, asks the
 * caller whether that is who was meant, and then sees that the process behind the pidfd still
 * lives. A pid is not given away while its process lives, so what was read in between was read of
 * it, and what is sent through the pidfd reaches it.
 *
 * States a handle can be in:
 *   fd >= 0             held; nothing can take its place
 *   fd -1, lack ENOSYS  the kernel has no pidfds (before 5.3)
 *   fd -1, lack EPERM   pidfds are refused (the seccomp filters of old containers)
 *   fd -1, lack EMFILE  no descriptor was left for it
 *   ended               it has ended; fd stays until it is closed, since somebody may wait for it
 *
 * Without fd each signal opens for this moment, recognises, sends and closes: where the pidfd was
 * only for want of descriptors absent that is as exact as ever. Without pidfds it is kill(2) after
 * reading starttime: what remains possible is that the process ends *and* its pid is given away in
 * the microseconds between that read and kill(2). (starttime counts ticks of 10 ms, but once the
 * clock is past the tick in which a process started, every process that follows under its pid has
 * a later one. Until then the caller's question is asked again too.)
 *
 * No other file knows which of these it is.
 */
#ifndef PT_HANDLE_H
#define PT_HANDLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "arena.h"
#include "process.h"
#include "procfs.h"

struct pt_handle {
    pid_t pid;
    uint64_t starttime; /* ticks after boot */
    uint64_t inode;     /* of its pidfd where that is on pidfs (6.9), unique until reboot; else 0 */
    int fd;             /* pidfd, or -1 */
    int lack;           /* why there is no fd: ENOSYS, EPERM or EMFILE; else 0 */
    bool young;         /* last recognised in the tick in which it started */
    bool ended;
};

#define PT_HANDLE_NONE                                                                             \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/*
 * Who is meant. `verify` is asked about the record as it is now; it may add sources to it
 * (pt_match_process, pt_process_add_watched, into `arena`), and says a positive number: this one;
 * 0: another; or -errno. `handle` has its pid and inode. NULL means whoever has the pid.
 */
struct pt_verifier {
    const struct pt_procfs *procfs; /* borrowed */
    int (*verify)(const struct pt_verifier *verifier, const struct pt_handle *handle,
                  struct pt_process *now, struct pt_arena *arena);
    void *data;
};

/*
 * Opens and verifies. Returns `verify`'s positive answer, or 1: it is the one; 0: it is another;
 * -ESRCH: it has ended (a zombie has; a leader that exited before its threads has not), or PID is a
 * thread that leads no process; -EACCES: its record may not be read; -EXDEV: the root is not a live
 * procfs of our own PID namespace, whose pids mean nothing to kill(2); other -errno as `verify` or
 * reading said. The handle is written for a positive answer alone. Some descriptors are left for
 * others to use.
 */
int pt_handle_open(struct pt_handle *ret_handle, const struct pt_verifier *verifier, pid_t pid);

/* Lets go; accepts one that is closed. Its identity stays readable. */
void pt_handle_close(struct pt_handle *handle);

/*
 * Sends SIGNAL (0: only asks). 0; -ESRCH: it has ended, and the handle says so from now on; -EPERM:
 * we may not, believed only where kill(2) says so too; -EXDEV as above; -EINVAL: no such signal.
 */
int pt_handle_signal(struct pt_handle *handle, const struct pt_verifier *verifier, int signal);

/*
 * Whether it has ended, by a look that does not wait: poll(2) of the pidfd, else its record. 1, 0,
 * or -errno where that cannot be told.
 */
int pt_handle_has_ended(struct pt_handle *handle, const struct pt_procfs *procfs);

/* Whether both are the same process, for as long as the machine runs. */
bool pt_handle_is_same(const struct pt_handle *a, const struct pt_handle *b);

#endif
