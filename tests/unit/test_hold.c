/* hold: real processes, stopped and given back.
 * labels: native */
#include "hold.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "scarce.h"
#include "suite.h"
#include "units.h"
#include "waitset.h"

static struct pt_procfs procfs;
static struct pt_verifier anybody;

static struct pt_process read_process(pid_t pid)
{
    static struct pt_arena arena;
    struct pt_process process;

    pt_arena_clear(&arena);
    ck_assert_int_eq(
        pt_process_read(&procfs, pid, PT_SOURCE_BIT(PT_SOURCE_STATUS), &arena, &process), 0);
    return process;
}

/* Until the process is in one of these states. */
static void await_state(pid_t pid, const char *states)
{
    int64_t end = pt_deadline(pt_monotonic(), 20 * PT_SECOND);
    const struct timespec pause = {.tv_nsec = 1000000};

    while (strchr(states, read_process(pid).stat.state) == NULL) {
        ck_assert_msg(pt_monotonic() < end, "state %c of %d", read_process(pid).stat.state, pid);
        nanosleep(&pause, NULL);
    }
}

static void *sleep_on(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

/* A child that sleeps, with THREADS more, and says `x` into the pipe at each SIGUSR1. */
static int told;
static void tell(int signal)
{
    (void)signal;
    if (write(told, "x", 1) != 1)
        _exit(1);
}

static pid_t make_sleeper(int threads, int *ret_told)
{
    int ends[2];
    char byte;
    pid_t pid;

    if (anybody.procfs == NULL)
        ck_assert_int_eq(pt_procfs_open(&procfs, NULL), 0);
    anybody.procfs = &procfs;
    ck_assert_int_eq(pipe(ends), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        told = ends[1];
        signal(SIGUSR1, tell);
        for (int i = 0; i < threads; i++) {
            pthread_t thread;

            if (pthread_create(&thread, NULL, sleep_on, NULL) != 0)
                _exit(1);
        }
        tell(0);
        sleep_on(NULL);
    }
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    close(ends[1]);
    *ret_told = ends[0];
    await_state(pid, "S");
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void hold_and_release(int threads)
{
    struct pt_hold hold = PT_HOLD_NONE;
    struct pt_handle handle = PT_HANDLE_NONE;
    int pipe;
    pid_t pid = make_sleeper(threads, &pipe);
    char byte;

    ck_assert_int_eq(pt_handle_open(&handle, &anybody, pid), 1);
    ck_assert_int_eq(pt_hold_begin(&hold, &handle, &anybody), 0);
    ck_assert_int_eq(hold.means, PT_HELD_PTRACE);
    ck_assert_int_eq(hold.state_before, 'S');
    ck_assert(!hold.was_stopped);
    ck_assert_uint_eq(hold.thread_count, (size_t)threads + 1);
    ck_assert_int_eq(read_process(pid).stat.state, 't');
    ck_assert_int_eq(read_process(pid).more->status.tracer, getpid());

    /* What it is sent meanwhile waits, and comes. */
    kill(pid, SIGUSR1);
    kill(pid, SIGCONT);
    ck_assert_int_eq(read_process(pid).more->status.shared_pending >> (SIGUSR1 - 1) & 1, 1);
    ck_assert_int_eq(read_process(pid).stat.state, 't');
    pt_hold_release(&hold);
    ck_assert_int_eq(read(pipe, &byte, 1), 1);
    ck_assert_int_eq(read_process(pid).more->status.tracer, 0);
    await_state(pid, "S");
    pt_hold_release(&hold);
    pt_handle_close(&handle);
    close(pipe);
    end(pid);
}

START_TEST(holds_and_releases)
{
    hold_and_release(0);
    hold_and_release(1);
    hold_and_release(7);
}
END_TEST

START_TEST(again_and_again)
{
    struct pt_hold hold = PT_HOLD_NONE;
    struct pt_handle handle = PT_HANDLE_NONE;
    int pipe;
    pid_t pid = make_sleeper(2, &pipe);
    char byte;

    ck_assert_int_eq(pt_handle_open(&handle, &anybody, pid), 1);
    for (int i = 0; i < 50; i++) {
        /* One is about to be taken when it stops. */
        kill(pid, SIGUSR1);
        ck_assert_int_eq(pt_hold_begin(&hold, &handle, &anybody), 0);
        pt_hold_release(&hold);
        ck_assert_int_eq(read(pipe, &byte, 1), 1);
    }
    await_state(pid, "S");
    pt_handle_close(&handle);
    close(pipe);
    end(pid);
}
END_TEST

START_TEST(one_that_was_stopped)
{
    struct pt_hold hold = PT_HOLD_NONE;
    struct pt_handle handle = PT_HANDLE_NONE;
    int pipe;
    pid_t pid = make_sleeper(0, &pipe);

    kill(pid, SIGSTOP);
    await_state(pid, "T");
    ck_assert_int_eq(pt_handle_open(&handle, &anybody, pid), 1);
    ck_assert_int_eq(pt_hold_begin(&hold, &handle, &anybody), 0);
    ck_assert(hold.was_stopped);
    pt_hold_release(&hold);
    await_state(pid, "T");
    ck_assert_int_eq(read_process(pid).more->status.tracer, 0);
    pt_handle_close(&handle);
    close(pipe);
    end(pid);
}
END_TEST

/* Somebody else's tracee is left alone. */
START_TEST(traced_already)
{
    struct pt_hold hold = PT_HOLD_NONE;
    struct pt_handle handle = PT_HANDLE_NONE;
    int pipe, ends[2];
    pid_t pid = make_sleeper(0, &pipe), tracer;
    char byte;

    ck_assert_int_eq(pt_handle_open(&handle, &anybody, pid), 1);
    ck_assert_int_eq(pipe2(ends, 0), 0);
    tracer = fork();
    if (tracer == 0) {
        struct pt_hold theirs = PT_HOLD_NONE;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (pt_hold_begin(&theirs, &handle, &anybody) != 0 || write(ends[1], "x", 1) != 1)
            _exit(1);
        sleep_on(NULL);
    }
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    ck_assert_int_eq(pt_hold_begin(&hold, &handle, &anybody), -EBUSY);
    ck_assert_int_eq(hold.tracer, tracer);
    ck_assert_int_eq(read_process(pid).more->status.tracer, tracer);

    /* Its death gives the daemon back. */
    end(tracer);
    await_state(pid, "S");
    ck_assert_int_eq(pt_hold_begin(&hold, &handle, &anybody), 0);
    pt_hold_release(&hold);
    pt_handle_close(&handle);
    close(pipe);
    end(pid);
}
END_TEST

START_TEST(dies_while_held)
{
    struct pt_hold hold = PT_HOLD_NONE;
    struct pt_handle handle = PT_HANDLE_NONE;
    int64_t give_up = pt_deadline(pt_monotonic(), 20 * PT_SECOND);
    int pipe;
    pid_t pid = make_sleeper(1, &pipe);

    ck_assert_int_eq(pt_handle_open(&handle, &anybody, pid), 1);
    ck_assert_int_eq(pt_hold_begin(&hold, &handle, &anybody), 0);
    kill(pid, SIGKILL);
    while (!pt_hold_reap(&hold))
        ck_assert(pt_monotonic() < give_up);
    pt_hold_release(&hold);
    ck_assert_int_eq(pt_hold_begin(&hold, &handle, &anybody), -ESRCH);
    pt_handle_close(&handle);
    close(pipe);
}
END_TEST

/* It dies, and is let go before anybody looked: no zombie of it keeps its parent waiting. */
START_TEST(dies_unseen)
{
    struct pt_hold hold = PT_HOLD_NONE;
    struct pt_handle handle = PT_HANDLE_NONE;
    int pipe;
    pid_t pid = make_sleeper(3, &pipe);

    ck_assert_int_eq(pt_handle_open(&handle, &anybody, pid), 1);
    ck_assert_int_eq(pt_hold_begin(&hold, &handle, &anybody), 0);
    kill(pid, SIGKILL);
    pt_hold_release(&hold);
    ck_assert_int_eq(hold.means, PT_HELD_NOT);
    waitpid(pid, NULL, 0);
    ck_assert_int_eq(pt_handle_has_ended(&handle, &procfs), 1);
    ck_assert_int_eq(kill(pid, 0), -1);
    pt_handle_close(&handle);
    close(pipe);
}
END_TEST

START_TEST(kill_at_exit)
{
    struct pt_hold hold = PT_HOLD_NONE;
    struct pt_handle handle = PT_HANDLE_NONE;
    int pipe;
    pid_t pid = make_sleeper(0, &pipe);

    ck_assert_int_eq(pt_handle_open(&handle, &anybody, pid), 1);
    ck_assert_int_eq(pt_hold_kill_at_exit(&hold), -EINVAL); /* nothing is held */
    ck_assert_int_eq(pt_hold_begin(&hold, &handle, &anybody), 0);
    ck_assert_int_eq(pt_hold_kill_at_exit(&hold), 0);
    ck_assert_int_eq(hold.means, PT_HELD_NOT);
    pt_hold_release(&hold); /* lets nobody go */
    ck_assert_int_eq(read_process(pid).stat.state, 't');
    end(pid);

    pid = make_sleeper(0, &pipe);
    pt_handle_close(&handle);
    ck_assert_int_eq(pt_handle_open(&handle, &anybody, pid), 1);
    ck_assert_int_eq(pt_hold_begin(&hold, &handle, &anybody), 0);
    end(pid);
    ck_assert_int_eq(pt_hold_kill_at_exit(&hold), -ESRCH);
    pt_hold_release(&hold);
    pt_handle_close(&handle);
    close(pipe);
}
END_TEST

START_TEST(nothing_left_to_hold_with)
{
    int pipe;
    pid_t pid = make_sleeper(6, &pipe);

    while (scarce_anything()) {
        struct pt_hold hold = PT_HOLD_NONE;
        struct pt_handle handle = PT_HANDLE_NONE;
        int error = pt_handle_open(&handle, &anybody, pid);

        if (error == 1)
            error = pt_hold_begin(&hold, &handle, &anybody);
        if (scarce_end(error) == 0)
            ck_assert_uint_eq(hold.thread_count, 7);
        else
            ck_assert_int_eq(hold.means, PT_HELD_NOT);
        pt_hold_release(&hold);
        pt_handle_close(&handle);
        ck_assert_int_eq(read_process(pid).more->status.tracer, 0);
        await_state(pid, "S");
    }
    end(pid);
    close(pipe);
}
END_TEST

/* --- threads that come and go --- */

static void *end_at_once(void *nothing)
{
    return nothing;
}

static void *make_threads(void *nothing)
{
    for (;;) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, end_at_once, NULL) == 0)
            pthread_join(thread, NULL);
    }
    return nothing;
}

static pid_t make_churner(void)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        pthread_t thread;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; i < 3; i++) {
            if (pthread_create(&thread, NULL, make_threads, NULL) != 0)
                _exit(1);
        }
        make_threads(NULL);
    }
    return pid;
}

static int count_running(const char *name, unsigned char type, void *data)
{
    size_t *running = data;
    pid_t tid = pt_parse_pid_name(name);
    char path[PT_PROCFS_PATH], bytes[2048];
    struct pt_stat stat;
    ssize_t length;

    (void)type;
    snprintf(path, sizeof path, "%d/stat", (int)tid);
    length = pt_dir_read(&procfs.root, path, bytes, sizeof bytes);
    if (length > 0 && pt_parse_stat(bytes, (size_t)length, &stat) == 0)
        *running += strchr("tZX", stat.state) == NULL;
    return 0;
}

/* All of them, also those that began while others were being stopped; and by ptrace, though some
 * end while we attach. */
START_TEST(threads_come_and_go)
{
    pid_t pid = make_churner();

    ck_assert_int_eq(pt_procfs_open(&procfs, NULL), 0);
    anybody.procfs = &procfs;
    for (int i = 0; i < 400; i++) {
        struct pt_hold hold = PT_HOLD_NONE;
        struct pt_handle handle = PT_HANDLE_NONE;
        struct pt_dir task;
        char path[PT_PROCFS_PATH];
        size_t running = 0;

        ck_assert_int_eq(pt_handle_open(&handle, &anybody, pid), 1);
        ck_assert_int_eq(pt_hold_begin(&hold, &handle, &anybody), 0);
        ck_assert_int_eq(hold.means, PT_HELD_PTRACE);
        ck_assert_int_eq(pt_dir_open_at(&task, &procfs.root, pt_procfs_path(path, pid, "task")), 0);
        ck_assert_int_eq(pt_dir_each(&task, count_running, &running), 0);
        ck_assert_uint_eq(running, 0);
        pt_dir_close(&task);
        pt_hold_release(&hold);
        pt_handle_close(&handle);
    }
    end(pid);
}
END_TEST

int main(void)
{
    return RUN_SUITE("hold", holds_and_releases, again_and_again, one_that_was_stopped,
                     traced_already, dies_while_held, dies_unseen, kill_at_exit,
                     nothing_left_to_hold_with, threads_come_and_go);
}
