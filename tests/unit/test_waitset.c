/* The one wait: descriptors beside signals and a moment, in the order that the header promises. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scarce.h"
#include "suite.h"
#include "units.h"
#include "waitset.h"

static struct pt_waitset *make(int signal)
{
    struct pt_waitset *waitset;
    sigset_t signals;

    sigemptyset(&signals);
    if (signal != 0)
        sigaddset(&signals, signal);
    ck_assert_int_eq(pt_waitset_new(&waitset, NULL, &signals), 0);
    return waitset;
}

/* The next one within a minute, which is enough for what is there already. */
static struct pt_event next(struct pt_waitset *waitset)
{
    struct pt_event event;

    ck_assert_int_eq(pt_waitset_next(waitset, pt_monotonic() + 60 * PT_SECOND, &event), 0);
    return event;
}

static bool is_quiet(struct pt_waitset *waitset)
{
    struct pt_event event;

    ck_assert_int_eq(pt_waitset_next(waitset, pt_monotonic() + 20 * PT_MILLISECOND, &event), 0);
    return event.kind == PT_EVENT_TIME;
}

START_TEST(reads_and_writes)
{
    struct pt_waitset *waitset = make(0);
    struct pt_event event;
    int ends[2], mark;
    char byte = 'x';

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    ck_assert_int_eq(pt_waitset_watch(waitset, ends[0], false, &mark), 0);
    ck_assert_int_eq(pt_waitset_watch(waitset, ends[0], true, &mark), -EEXIST);
    ck_assert(is_quiet(waitset));
    ck_assert_int_eq(write(ends[1], &byte, 1), 1);
    for (int i = 0; i < 2; i++) { /* again, as long as it is there */
        event = next(waitset);
        ck_assert_int_eq(event.kind, PT_EVENT_READY);
        ck_assert_int_eq(event.fd, ends[0]);
        ck_assert_ptr_eq(event.data, &mark);
    }
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    ck_assert(is_quiet(waitset));
    pt_waitset_unwatch(waitset, ends[0]);
    ck_assert_int_eq(pt_waitset_watch(waitset, ends[0], true, NULL), 0);
    ck_assert_int_eq(next(waitset).kind, PT_EVENT_READY);
    while (write(ends[0], &byte, 1) == 1)
        continue;
    ck_assert(is_quiet(waitset));
    close(ends[1]); /* broken is ready, too */
    ck_assert_int_eq(next(waitset).kind, PT_EVENT_READY);
    pt_waitset_unwatch(waitset, ends[0]);
    ck_assert(is_quiet(waitset));
    close(ends[0]);
    pt_waitset_free(waitset);
}
END_TEST

/* epoll refuses regular files, which never keep anybody waiting; several have their turns. */
START_TEST(regular_files)
{
    struct pt_waitset *waitset = make(0);
    FILE *files[2] = {tmpfile(), tmpfile()};
    int seen[2] = {0, 0}, ends[2];

    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pt_waitset_watch(waitset, fileno(files[i]), false, &seen[i]), 0);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(pt_waitset_watch(waitset, ends[0], false, NULL), 0);
    for (int i = 0; i < 8; i++) {
        struct pt_event event = next(waitset);

        ck_assert_int_eq(event.kind, PT_EVENT_READY);
        *(int *)event.data += 1;
    }
    ck_assert_int_eq(seen[0], 4);
    ck_assert_int_eq(seen[1], 4);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    ck_assert_int_eq(next(waitset).fd, ends[0]);
    for (int i = 0; i < 2; i++) {
        pt_waitset_unwatch(waitset, fileno(files[i]));
        fclose(files[i]);
    }
    pt_waitset_unwatch(waitset, ends[0]);
    ck_assert(is_quiet(waitset));
    ck_assert_int_eq(pt_waitset_watch(waitset, ends[0] + 1000, false, NULL), -EBADF);
    ck_assert(is_quiet(waitset));
    close(ends[0]);
    close(ends[1]);
    pt_waitset_free(waitset);
}
END_TEST

/* Whoever floods a descriptor holds up neither a signal nor the moment. */
START_TEST(order)
{
    struct pt_waitset *waitset = make(SIGUSR1);
    struct pt_event event;
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    ck_assert_int_eq(pt_waitset_watch(waitset, ends[0], false, NULL), 0);
    ck_assert_int_eq(raise(SIGUSR1), 0);
    ck_assert_int_eq(pt_waitset_next(waitset, 0, &event), 0);
    ck_assert_int_eq(event.kind, PT_EVENT_SIGNAL);
    ck_assert_int_eq(event.signal, SIGUSR1);
    ck_assert_int_eq(pt_waitset_next(waitset, 0, &event), 0);
    ck_assert_int_eq(event.kind, PT_EVENT_TIME);
    ck_assert_int_eq(next(waitset).kind, PT_EVENT_READY);
    close(ends[1]);
    pt_waitset_free(waitset); /* with a descriptor in it */
    close(ends[0]);
}
END_TEST

static bool is_blocked(int signal)
{
    sigset_t mask;

    ck_assert_int_eq(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    return sigismember(&mask, signal) == 1;
}

/* One that could not be made has blocked nothing. */
START_TEST(nothing_left_to_make_it)
{
    struct pt_waitset *waitset = NULL;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    while (scarce_anything()) {
        int error = scarce_end(pt_waitset_new(&waitset, NULL, &signals));

        ck_assert_int_eq(is_blocked(SIGUSR1), error == 0);
        if (error == 0)
            pt_waitset_free(waitset);
        ck_assert(!is_blocked(SIGUSR1));
    }
    pt_waitset_free(NULL);
}
END_TEST

/* What could not be added is not waited for, and what is there still is. */
START_TEST(no_memory_to_add)
{
    struct pt_waitset *waitset = make(0);
    int ends[2], more[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(pipe(more), 0);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    ck_assert_int_eq(write(more[1], "x", 1), 1);
    ck_assert_int_eq(pt_waitset_watch(waitset, ends[0], false, ends), 0);
    while (scarce_memory()) {
        struct pt_handle handle = {.pid = getpid(), .fd = -1, .lack = ENOSYS};

        if (scarce_end(pt_waitset_watch(waitset, more[0], false, more)) == 0)
            pt_waitset_unwatch(waitset, more[0]);
        ck_assert_ptr_eq(next(waitset).data, ends);
        ck_assert_int_eq(pt_waitset_watch(waitset, more[0], false, more), 0);
        pt_waitset_unwatch(waitset, more[0]);
        pt_waitset_remove(waitset, &handle); /* which is not in it */
    }
    while (scarce_memory()) {
        struct pt_handle handle = {.pid = getpid(), .fd = -1, .lack = ENOSYS};

        if (scarce_end(pt_waitset_add(waitset, &handle, NULL)) == 0)
            pt_waitset_remove(waitset, &handle);
        ck_assert_ptr_eq(next(waitset).data, ends);
    }
    pt_waitset_free(waitset);
    close(ends[0]);
    close(ends[1]);
    close(more[0]);
    close(more[1]);
}
END_TEST

int main(void)
{
    return RUN_SUITE("waitset", reads_and_writes, regular_files, order, nothing_left_to_make_it,
                     no_memory_to_add);
}
