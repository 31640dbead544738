#include "hold.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "procparse.h"
#include "units.h"
#include "waitset.h"

/* PTRACE_O_EXITKILL, 3.8 (include/uapi/linux/ptrace.h). */
#define OPTION_EXITKILL 0x00100000L

/* How long a thread may take to stop (on a busy machine seconds), and how often we look,
 * nanoseconds. */
#define PATIENCE (10 * PT_SECOND)
#define PAUSE INT64_C(500000)

static void pause_a_little(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE};

    nanosleep(&pause, NULL);
}

/* --- what /proc says --- */

static int read_thread(const struct pt_hold *hold, pid_t tid, struct pt_stat *ret_stat,
                       struct pt_status *ret_status)
{
    const struct pt_dir *root = &hold->verifier->procfs->root;
    char path[PT_PROCFS_PATH], bytes[8192];
    ssize_t length;
    int error;

    snprintf(path, sizeof path, "%d/task/%d/stat", (int)hold->handle->pid, (int)tid);
    length = pt_dir_read(root, path, bytes, sizeof bytes);
    if (length < 0)
        return (int)length;
    error = pt_parse_stat(bytes, (size_t)length, ret_stat);
    if (error != 0)
        return error;
    snprintf(path, sizeof path, "%d/task/%d/status", (int)hold->handle->pid, (int)tid);
    length = pt_dir_read(root, path, bytes, sizeof bytes);
    if (length < 0)
        return (int)length;
    return pt_parse_status(bytes, (size_t)length, ret_status);
}

/* Calls EACH for every thread; ends with what it says when that is not 0. */
struct thread_walk {
    struct pt_hold *hold;
    int (*each)(struct pt_hold *hold, pid_t tid);
};

static int visit_thread(const char *name, unsigned char type, void *data)
{
    const struct thread_walk *walk = data;
    pid_t tid = pt_parse_pid_name(name);

    (void)type;
    return tid > 0 ? walk->each(walk->hold, tid) : 0;
}

static int each_thread(struct pt_hold *hold, int (*each)(struct pt_hold *hold, pid_t tid))
{
    struct thread_walk walk = {hold, each};
    char path[PT_PROCFS_PATH];
    struct pt_dir task;
    int error;

    snprintf(path, sizeof path, "%d/task", (int)hold->handle->pid);
    error = pt_dir_open_at(&task, &hold->verifier->procfs->root, path);
    if (error != 0)
        return error == -ENOENT ? -ESRCH : error;
    error = pt_dir_each(&task, visit_thread, &walk);
    pt_dir_close(&task);
    return error;
}

/* 1: it is gone, or never to run again; 0; -errno: that cannot be told. */
static int is_over(const struct pt_hold *hold, pid_t tid, struct pt_stat *ret_stat,
                   struct pt_status *ret_status)
{
    int error = read_thread(hold, tid, ret_stat, ret_status);

    if (error == -ENOENT || error == -ESRCH)
        return 1;
    return error != 0 ? error : strchr("ZXx", ret_stat->state) != NULL;
}

/* 1: one that runs, or is another's tracee. 0 or -errno. */
static int runs(struct pt_hold *hold, pid_t tid)
{
    struct pt_stat stat;
    struct pt_status status;
    int over = is_over(hold, tid, &stat, &status);

    if (over != 0)
        return over < 0 ? over : 0;
    if (hold->means == PT_HELD_PTRACE)
        return !(strchr("tT", stat.state) != NULL && status.tracer == getpid());
    return stat.state != 'T';
}

/* Whether every thread is held, as /proc has it. */
static int verify(struct pt_hold *hold)
{
    int64_t give_up = pt_deadline(pt_monotonic(), PATIENCE);
    int running;

    while ((running = each_thread(hold, runs)) == 1) {
        if (pt_monotonic() > give_up)
            return -ETIMEDOUT;
        pause_a_little();
    }
    return running;
}

/* --- ptrace --- */

/*
 * While a target of several threads execs, the kernel waits for its other threads to be reaped and
 * holds what PTRACE_SEIZE waits for; those of them that we have attached to already are ours to
 * reap, and we sit in PTRACE_SEIZE: for ever, both. So somebody else of us reaps meanwhile.
 */
struct reaper {
    pthread_t thread;
    struct pt_hold *hold;
    atomic_bool done;
    bool runs;
};

/*
 * By tid: asked about all of them, waitid(2) would tell of those that stopped, wanted or not, again
 * and again. Not consumed until it is known to be an end: a stop is await_stop's.
 */
static void reap_if_ended(pid_t tid)
{
    siginfo_t info = {0};

    /* __WALL in waitid(2) since 4.7; before, nobody helps. */
    if (waitid(P_PID, (id_t)tid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0)
        return;
    if (info.si_pid == tid &&
        (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED))
        waitid(P_PID, (id_t)tid, &info, WEXITED | WNOHANG | __WALL);
}

static void *reap_threads(void *data)
{
    struct reaper *reaper = data;

    while (!atomic_load(&reaper->done)) {
        pthread_mutex_lock(&reaper->hold->lock);
        for (size_t i = 0; i < reaper->hold->thread_count; i++)
            reap_if_ended(reaper->hold->threads[i].tid);
        pthread_mutex_unlock(&reaper->hold->lock);
        pause_a_little();
    }
    return NULL;
}

static void start_reaper(struct reaper *reaper)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    reaper->runs = pthread_create(&reaper->thread, NULL, reap_threads, reaper) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void stop_reaper(struct reaper *reaper)
{
    atomic_store(&reaper->done, true);
    if (reaper->runs)
        pthread_join(reaper->thread, NULL);
}

static bool is_attached(const struct pt_hold *hold, pid_t tid)
{
    for (size_t i = 0; i < hold->thread_count; i++) {
        if (hold->threads[i].tid == tid)
            return true;
    }
    return false;
}

static int append_thread(struct pt_hold *hold, pid_t tid)
{
    struct pt_held_thread *threads =
        pt_grow(hold->threads, hold->thread_count, &hold->thread_capacity, sizeof *threads);

    if (threads == NULL)
        return -ENOMEM;
    hold->threads = threads;
    hold->threads[hold->thread_count++] = (struct pt_held_thread){.tid = tid};
    return 0;
}

/* The list changes while the reaper looks at it. */
static int add_thread(struct pt_hold *hold, pid_t tid)
{
    int error;

    pthread_mutex_lock(&hold->lock);
    error = append_thread(hold, tid);
    pthread_mutex_unlock(&hold->lock);
    return error;
}

static void forget_thread(struct pt_hold *hold, size_t index)
{
    pthread_mutex_lock(&hold->lock);
    hold->threads[index] = hold->threads[--hold->thread_count];
    pthread_mutex_unlock(&hold->lock);
}

/* What ptrace refused it for. EPERM is said of one on its way out too (ptrace_attach in
 * kernel/ptrace.c): a thread that ended is none to be held. */
static int why_not_seized(const struct pt_hold *hold, pid_t tid, int error)
{
    struct pt_stat stat;
    struct pt_status status;

    if (error == ESRCH || (error == EPERM && is_over(hold, tid, &stat, &status) == 1))
        return 0;
    return -error;
}

static int attach(struct pt_hold *hold, pid_t tid)
{
    int error;

    if (is_attached(hold, tid))
        return 0;
    error = add_thread(hold, tid);
    if (error != 0)
        return error;
    if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0) {
        error = why_not_seized(hold, tid, errno);
        forget_thread(hold, hold->thread_count - 1);
        return error;
    }
    /* It may have died since: then waiting for its stop tells. */
    ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
    return 0;
}

/* Waits until thread INDEX has stopped; one that ended instead is reaped and forgotten. */
static int await_stop(struct pt_hold *hold, size_t index, int64_t give_up)
{
    struct pt_held_thread *thread = &hold->threads[index];
    int status;
    pid_t pid;

    while ((pid = waitpid(thread->tid, &status, __WALL | WNOHANG)) == 0) {
        if (pt_monotonic() > give_up)
            return -ETIMEDOUT;
        pause_a_little();
    }
    if (pid != thread->tid || !WIFSTOPPED(status)) {
        forget_thread(hold, index);
        return 0;
    }
    /* Stopped by our interrupt, or just about to take a signal: that must not be lost. */
    if (status >> 16 == 0)
        thread->signal = WSTOPSIG(status);
    return 1;
}

static int await_stops(struct pt_hold *hold, size_t from)
{
    int64_t give_up = pt_deadline(pt_monotonic(), PATIENCE);

    while (from < hold->thread_count) {
        int stopped = await_stop(hold, from, give_up);

        if (stopped < 0)
            return stopped;
        from += (size_t)stopped;
    }
    return 0;
}

static int hold_by_ptrace(struct pt_hold *hold)
{
    struct reaper reaper = {.hold = hold};
    size_t before;
    int error;

    start_reaper(&reaper);
    /* A thread that is not stopped yet may start another one. */
    do {
        before = hold->thread_count;
        error = each_thread(hold, attach);
        if (error == 0)
            error = await_stops(hold, before);
    } while (error == 0 && hold->thread_count > before);
    stop_reaper(&reaper);
    /* A pid is not given away while its process lives: what was attached to was the daemon. */
    if (error == 0)
        error = pt_handle_has_ended(hold->handle, hold->verifier->procfs);
    if (error == 1 || (error == 0 && hold->thread_count == 0))
        error = -ESRCH;
    if (error == 0)
        error = verify(hold);
    return error;
}

static void detach(struct pt_hold *hold)
{
    for (size_t i = 0; i < hold->thread_count; i++) {
        struct pt_held_thread *thread = &hold->threads[i];
        int status;

        if (ptrace(PTRACE_DETACH, thread->tid, NULL, (void *)(intptr_t)thread->signal) == 0)
            continue;
        /* It died, or has not stopped yet: a stop that comes is waited for but a moment. */
        for (int tries = 0; tries < 50; tries++) {
            pid_t pid = waitpid(thread->tid, &status, __WALL | WNOHANG);

            if (pid == thread->tid && WIFSTOPPED(status)) {
                int number = status >> 16 == 0 ? WSTOPSIG(status) : 0;

                ptrace(PTRACE_DETACH, thread->tid, NULL, (void *)(intptr_t)number);
            }
            if (pid != 0)
                break;
            pause_a_little();
        }
    }
    free(hold->threads);
    hold->threads = NULL;
    hold->thread_count = hold->thread_capacity = 0;
}

/* --- SIGSTOP --- */

static int hold_by_signal(struct pt_hold *hold)
{
    int error;

    /* The init of a PID namespace ignores it, from inside. */
    if (hold->handle->pid == 1)
        return -EPERM;
    error = pt_handle_signal(hold->handle, hold->verifier, SIGSTOP);
    return error != 0 ? error : verify(hold);
}

/* --- both --- */

int pt_hold_begin(struct pt_hold *hold, struct pt_handle *handle,
                  const struct pt_verifier *verifier)
{
    struct pt_stat stat;
    struct pt_status status;
    int error;

    *hold =
        (struct pt_hold){.handle = handle, .verifier = verifier, .lock = PTHREAD_MUTEX_INITIALIZER};
    error = read_thread(hold, handle->pid, &stat, &status);
    if (error != 0)
        return error == -ENOENT ? -ESRCH : error;
    if (status.tracer != 0) {
        hold->tracer = status.tracer;
        return -EBUSY;
    }
    hold->state_before = stat.state;
    hold->was_stopped = stat.state == 'T';
    hold->means = PT_HELD_PTRACE;
    error = hold_by_ptrace(hold);
    if (error == 0)
        return 0;
    pt_hold_release(hold);
    if (error != -EPERM && error != -ENOSYS)
        return error;
    hold->refusal = -error;
    hold->means = PT_HELD_SIGSTOP;
    error = hold_by_signal(hold);
    if (error != 0)
        pt_hold_release(hold);
    return error;
}

void pt_hold_release(struct pt_hold *hold)
{
    if (hold->means == PT_HELD_PTRACE)
        detach(hold);
    if (hold->means == PT_HELD_SIGSTOP && !hold->was_stopped)
        pt_handle_signal(hold->handle, hold->verifier, SIGCONT);
    hold->means = PT_HELD_NOT;
}

static bool may_trace_anybody(void)
{
    struct pt_capabilities ours;

    return pt_capget(&ours) == 0 && (ours.effective >> PT_CAP_SYS_PTRACE & 1) != 0;
}

/* Yama's scope, where there is Yama: 0 any process of our user, 1 descendants, 2 with
 * CAP_SYS_PTRACE, 3 nobody (Documentation/admin-guide/LSM/Yama.rst). */
static char trace_scope(const struct pt_procfs *procfs)
{
    char scope;

    if (pt_dir_read_head(&procfs->root, "sys/kernel/yama/ptrace_scope", &scope, 1) != 1)
        return '0';
    return scope;
}

enum pt_hold_means pt_hold_foresee(const struct pt_procfs *procfs, pid_t pid, bool ours)
{
    char scope = trace_scope(procfs);
    /* Nobody has pid 0: ESRCH, unless a filter refuses the call as such. */
    bool refused = ptrace(PTRACE_SEIZE, 0, NULL, NULL) != 0 && errno != ESRCH;

    if (!refused && scope != '3' && (!ours || may_trace_anybody() || (scope == '0' && geteuid())))
        return PT_HELD_PTRACE;
    return pid == 1 ? PT_HELD_NOT : PT_HELD_SIGSTOP;
}

bool pt_hold_reap(struct pt_hold *hold)
{
    if (hold->handle == NULL)
        return false;
    for (size_t i = hold->thread_count; i-- > 0;) {
        int status;
        pid_t pid = waitpid(hold->threads[i].tid, &status, __WALL | WNOHANG);

        if (pid == hold->threads[i].tid && !WIFSTOPPED(status))
            forget_thread(hold, i);
    }
    return pt_handle_has_ended(hold->handle, hold->verifier->procfs) == 1;
}

int pt_hold_kill_at_exit(struct pt_hold *hold)
{
    if (hold->means != PT_HELD_PTRACE)
        return -EINVAL;
    for (size_t i = 0; i < hold->thread_count; i++) {
        if (ptrace(PTRACE_SETOPTIONS, hold->threads[i].tid, NULL, (void *)OPTION_EXITKILL) != 0)
            return -errno;
    }
    /* They are the kernel's now: a release must not let go of them. */
    free(hold->threads);
    hold->threads = NULL;
    hold->thread_count = hold->thread_capacity = 0;
    hold->means = PT_HELD_NOT;
    return 0;
}
