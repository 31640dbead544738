/*
 * One daemon, suspended so that it starts nothing, and given back as it was.
 *
 * First choice is ptrace: PTRACE_SEIZE and PTRACE_INTERRUPT (3.4) on every thread. It works on PID
 * 1 of our own namespace, where SIGSTOP is ignored, its parent hears nothing of it, and the kernel
 * undoes it when we die in any way, SIGKILL included (ptrace(2)). Where it is refused (EPERM: yama,
 * seccomp, no CAP_SYS_PTRACE) SIGSTOP must do. That it holds is verified from /proc, never assumed.
 *
 * The kernel knows as tracer the thread that attached: all of these are for one thread of ours.
 */
#ifndef PT_HOLD_H
#define PT_HOLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "handle.h"

enum pt_hold_means {
    PT_HELD_NOT,
    PT_HELD_PTRACE,
    PT_HELD_SIGSTOP,
};

struct pt_held_thread {
    pid_t tid;
    int signal; /* that it was about to take when it stopped, and gets at the end; 0: none */
};

struct pt_hold {
    struct pt_handle *handle;           /* borrowed */
    const struct pt_verifier *verifier; /* borrowed */
    enum pt_hold_means means;
    char state_before;              /* of its first thread, when it was last seen running */
    bool was_stopped;               /* somebody had stopped it before: so it is left */
    int refusal;                    /* errno of ptrace, where SIGSTOP was taken instead */
    pid_t tracer;                   /* whose tracee it is, with -EBUSY */
    struct pt_held_thread *threads; /* traced ones */
    size_t thread_count, thread_capacity;
    pthread_mutex_t lock; /* of that list */
};

#define PT_HOLD_NONE                                                                               \
    {                                                                                              \
        .means = PT_HELD_NOT, .lock = PTHREAD_MUTEX_INITIALIZER                                    \
    }

/*
 * Suspends. 0; -ESRCH: it has ended; -EBUSY: `tracer` traces it (another run of ours, strace, gdb),
 * nothing was tried; -EPERM: neither means works; -ETIMEDOUT: it did not stop within ten seconds (a
 * vfork that does not end, an uninterruptible wait); -ENOMEM. Nothing is held after an error.
 */
int pt_hold_begin(struct pt_hold *hold, struct pt_handle *handle,
                  const struct pt_verifier *verifier);

/*
 * By what pt_hold_begin would most likely suspend process PID. OURS: we are who will do it; else
 * somebody with all capabilities is.
 */
enum pt_hold_means pt_hold_foresee(const struct pt_procfs *procfs, pid_t pid, bool ours);

/* Lets it run on, or be stopped as it was. Accepts what is not held. */
void pt_hold_release(struct pt_hold *hold);

/*
 * To be called when the daemon has ended, or on SIGCHLD: a tracee that dies is reaped at once,
 * since its parent is told only then. Says whether it is gone.
 */
bool pt_hold_reap(struct pt_hold *hold);

/* Has the kernel kill it together with us: PTRACE_O_EXITKILL (3.8), the last call before we exit.
 * Nothing is held afterwards, as far as pt_hold_release is concerned. -errno; -EINVAL where it is
 * not held by ptrace. */
int pt_hold_kill_at_exit(struct pt_hold *hold);

#endif
