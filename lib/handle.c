#include "handle.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "units.h"

/* Descriptors that pidfds leave to everything else: reading /proc takes some, by threads too. */
#define DESCRIPTORS_LEFT 64

static bool is_scarce(int fd)
{
    struct rlimit limit;
    rlim_t left = DESCRIPTORS_LEFT;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return false;
    if (left > limit.rlim_cur / 2)
        left = limit.rlim_cur / 2;
    return (rlim_t)fd >= limit.rlim_cur - left;
}

/* Opens the pidfd, or notes why there is none. 0 or -ESRCH. */
static int open_pidfd(struct pt_handle *handle)
{
    int fd = pt_pidfd_open(handle->pid, 0);

    handle->fd = fd >= 0 ? fd : -1;
    handle->lack = 0;
    switch (fd) {
    case -ESRCH:
    case -EINVAL: /* a thread that leads no process */
    case -ENOENT: /* the same, since 6.15 */
        return -ESRCH;
    case -EPERM:
    case -EACCES:
        handle->lack = EPERM;
        break;
    case -EMFILE:
    case -ENFILE:
    case -ENOMEM:
        handle->lack = EMFILE;
        break;
    default:
        if (fd < 0)
            handle->lack = ENOSYS;
        else
            handle->inode = pt_pidfd_inode(fd);
    }
    return 0;
}

static bool pidfd_has_ended(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents != 0;
}

/* Whether the clock still shows the tick in which a process started that has this record. */
static bool is_young(const struct pt_procfs *procfs, uint64_t starttime)
{
    struct pt_clocks clocks;

    if (pt_procfs_clocks(procfs, &clocks) != 0 || clocks.boottime < 0)
        return true;
    return starttime >= (uint64_t)clocks.boottime / ((uint64_t)PT_SECOND / procfs->ticks);
}

/* Reads stat, and where no pidfd told threads from processes, what does. 0 or -errno. */
static int read_now(const struct pt_handle *handle, const struct pt_procfs *procfs,
                    struct pt_arena *arena, struct pt_process *ret_process)
{
    pt_sources sources = PT_SOURCE_BIT(PT_SOURCE_STAT);
    int error;

    if (handle->fd < 0)
        sources |= PT_SOURCE_BIT(PT_SOURCE_STATUS);
    error = pt_process_read(procfs, handle->pid, sources, arena, ret_process);
    if (error != 0)
        return error;
    if (ret_process->error[PT_SOURCE_STAT] != 0)
        return -EACCES;
    if (pt_process_has_ended(ret_process))
        return -ESRCH;
    if (handle->fd < 0 && pt_process_has(ret_process, PT_SOURCE_STATUS) &&
        ret_process->more->status.tgid != handle->pid)
        return -ESRCH;
    return 0;
}

/* Whether the identities agree by a starttime that another may share. */
static bool is_doubtful(const struct pt_handle *known, const struct pt_handle *now)
{
    return known->young && (known->inode == 0 || now->inode == 0);
}

/*
 * The proof: reads, asks, and sees that the process behind the pidfd still lives. `known` is whom
 * the handle was opened for, NULL at first. As pt_handle_open.
 */
static int recognise(struct pt_handle *handle, const struct pt_verifier *verifier,
                     const struct pt_handle *known)
{
    struct pt_arena arena;
    struct pt_process now;
    bool young;
    int answer;

    pt_arena_init(&arena);
    answer = read_now(handle, verifier->procfs, &arena, &now);
    if (answer == 0) {
        answer = 1;
        handle->starttime = now.stat.starttime;
        young = is_young(verifier->procfs, handle->starttime);
        if (known != NULL && !pt_handle_is_same(known, handle))
            answer = -ESRCH;
        else if (verifier->verify != NULL && (known == NULL || is_doubtful(known, handle)))
            answer = verifier->verify(verifier, handle, &now, &arena);
        handle->young = young;
    }
    if (answer >= 0 && handle->fd >= 0 && pidfd_has_ended(handle->fd))
        answer = -ESRCH;
    pt_arena_done(&arena);
    return answer;
}

int pt_handle_open(struct pt_handle *ret_handle, const struct pt_verifier *verifier, pid_t pid)
{
    struct pt_handle handle = {.pid = pid, .fd = -1};
    int answer;

    if (!verifier->procfs->own_namespace)
        return -EXDEV;
    if (pid <= 0)
        return -ESRCH;
    answer = open_pidfd(&handle);
    if (answer != 0)
        return answer;
    answer = recognise(&handle, verifier, NULL);
    if (handle.fd >= 0 && (answer <= 0 || is_scarce(handle.fd))) {
        pt_handle_close(&handle);
        handle.lack = EMFILE;
    }
    if (answer > 0)
        *ret_handle = handle;
    return answer;
}

void pt_handle_close(struct pt_handle *handle)
{
    if (handle->fd >= 0)
        close(handle->fd);
    handle->fd = -1;
}

static int send_by_pid(const struct pt_handle *handle, int signal)
{
    if (handle->fd >= 0 && pidfd_has_ended(handle->fd))
        return -ESRCH;
    return kill(handle->pid, signal) == 0 ? 0 : -errno;
}

/* A filter may refuse pidfd_send_signal alone, with any errno that it likes. */
static int send_now(const struct pt_handle *handle, int signal)
{
    int error;

    if (handle->fd < 0)
        return send_by_pid(handle, signal);
    error = pt_pidfd_send_signal(handle->fd, signal);
    if (error == 0 || error == -ESRCH || error == -EINVAL || error == -EAGAIN)
        return error;
    error = send_by_pid(handle, 0);
    return error == 0 ? send_by_pid(handle, signal) : error;
}

/*
 * Recognises whom the handle was opened for, through a pidfd of this moment if there are any.
 *
 * The signal may make it another program, which the caller's question does not know. So that it
 * need not be asked again, the tick in which the process started is waited for to end; not before
 * SIGSTOP, which must be quick and after which it changes nothing.
 */
static int recognise_again(struct pt_handle *moment, const struct pt_verifier *verifier,
                           struct pt_handle *handle, int signal)
{
    const struct timespec tick = {.tv_nsec = (long)((uint64_t)PT_SECOND / verifier->procfs->ticks)};
    int answer = recognise(moment, verifier, handle);

    if (answer > 0 && moment->young && signal != SIGSTOP) {
        nanosleep(&tick, NULL);
        answer = recognise(moment, verifier, handle);
    }
    handle->young = moment->young;
    return answer > 0 ? 0 : answer == 0 ? -ESRCH : answer;
}

int pt_handle_signal(struct pt_handle *handle, const struct pt_verifier *verifier, int signal)
{
    struct pt_handle moment = *handle;
    int error = 0;

    if (!verifier->procfs->own_namespace)
        return -EXDEV;
    if (handle->ended)
        return -ESRCH;
    if (handle->fd < 0) {
        error = open_pidfd(&moment);
        if (error == 0)
            error = recognise_again(&moment, verifier, handle, signal);
    }
    if (error == 0)
        error = send_now(&moment, signal);
    if (handle->fd < 0)
        pt_handle_close(&moment);
    if (error == -ESRCH)
        handle->ended = true;
    return error;
}

static int look(struct pt_handle *handle, const struct pt_procfs *procfs)
{
    struct pt_handle now = *handle;
    struct pt_process process;
    struct pt_arena arena;
    int error;

    pt_arena_init(&arena);
    error = pt_process_read(procfs, handle->pid, PT_SOURCE_BIT(PT_SOURCE_STAT), &arena, &process);
    if (error == 0 && process.error[PT_SOURCE_STAT] != 0)
        error = -EACCES;
    if (error == 0) {
        now.starttime = process.stat.starttime;
        error = pt_process_has_ended(&process) || !pt_handle_is_same(handle, &now);
    } else if (error == -ESRCH) {
        error = 1;
    }
    pt_arena_done(&arena);
    return error;
}

int pt_handle_has_ended(struct pt_handle *handle, const struct pt_procfs *procfs)
{
    int answer;

    if (handle->ended)
        return 1;
    answer = handle->fd >= 0 ? pidfd_has_ended(handle->fd) : look(handle, procfs);
    if (answer == 1)
        handle->ended = true;
    return answer;
}

bool pt_handle_is_same(const struct pt_handle *a, const struct pt_handle *b)
{
    if (a->inode != 0 && b->inode != 0 && a->inode != b->inode)
        return false;
    return a->pid == b->pid && a->starttime == b->starttime;
}
