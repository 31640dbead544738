/* The raw calls: arguments in the right order, errors as -errno, and what a kernel lacks is
 * -ENOSYS. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "suite.h"

/* Whether RESULT says that this kernel, or a filter around us, does not have the call. */
static int lacks(int result)
{
    return result == -ENOSYS || result == -EPERM;
}

START_TEST(pidfds)
{
    pid_t child = fork();
    int fd, status;
    bool works;

    if (child == 0) {
        for (;;)
            pause();
    }
    fd = pt_pidfd_open(child, 0);
    works = !lacks(fd) && !lacks(pt_pidfd_send_signal(fd, 0)); /* valgrind 3.24 has but the first */
    if (works) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
        ck_assert_int_eq(pt_pidfd_send_signal(fd, 0), 0);
        ck_assert_int_eq(pt_pidfd_send_signal(fd, 1000), -EINVAL);
        ck_assert_int_eq(pt_pidfd_send_signal(fd, SIGKILL), 0);
        ck_assert_int_eq(poll(&poll_fd, 1, 10000), 1);
    } else {
        kill(child, SIGKILL);
    }
    ck_assert_uint_eq(pt_pidfd_inode(STDIN_FILENO), 0); /* no pidfd: no identity */
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    if (works) {
        ck_assert_int_eq(pt_pidfd_send_signal(fd, 0), -ESRCH);
        ck_assert_int_eq(pt_pidfd_open(0, 0), -EINVAL);
    }
    if (fd >= 0)
        close(fd);
}
END_TEST

START_TEST(openat2_resolves)
{
    const struct pt_open_how how = {.flags = O_PATH | O_CLOEXEC,
                                    .resolve = PT_RESOLVE_BENEATH | PT_RESOLVE_NO_MAGICLINKS};
    int root = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = pt_openat2(root, "self/stat", &how);

    if (!lacks(fd)) {
        ck_assert_int_ge(fd, 0);
        close(fd);
        ck_assert_int_eq(pt_openat2(root, "../etc", &how), -EXDEV);
        ck_assert_int_eq(pt_openat2(root, "self/exe", &how), -ELOOP);
        ck_assert_int_eq(pt_openat2(root, "self/nothing", &how), -ENOENT);
    }
    close(root);
}
END_TEST

/* The struct's layout, against stat(2) of a file of ours. */
START_TEST(statx_agrees_with_stat)
{
    char path[] = "/tmp/pt-statx-XXXXXX";
    int fd = mkstemp(path), result;
    struct pt_statx found = {.mask = 77};
    struct stat known;

    ck_assert_int_eq(sizeof found, 256);
    ck_assert_int_eq(pt_statx(AT_FDCWD, "/nonexistent/x", 0, PT_STATX_BASIC, &found),
                     lacks(pt_statx(fd, "", AT_EMPTY_PATH, 0, &found)) ? -ENOSYS : -ENOENT);
    ck_assert_int_eq(write(fd, "12345", 5), 5);
    ck_assert_int_eq(fchmod(fd, 0640), 0);
    ck_assert_int_eq(fstat(fd, &known), 0);
    result = pt_statx(fd, "", AT_EMPTY_PATH | PT_STATX_DONT_SYNC, PT_STATX_BASIC, &found);
    if (!lacks(result)) {
        ck_assert_int_eq(result, 0);
        ck_assert_uint_eq(found.mask & PT_STATX_BASIC, PT_STATX_BASIC);
        ck_assert_uint_eq(found.inode, known.st_ino);
        ck_assert_uint_eq(found.size, 5);
        ck_assert_uint_eq(found.mode, known.st_mode);
        ck_assert_uint_eq(found.links, 1);
        ck_assert_uint_eq(found.uid, known.st_uid);
        ck_assert_int_eq(found.modified.seconds, known.st_mtim.tv_sec);
    }
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(close_range_closes_what_it_says)
{
    int low = fcntl(0, F_DUPFD, 700), middle = fcntl(0, F_DUPFD, 710),
        high = fcntl(0, F_DUPFD, 720);
    int result = pt_close_range(701, 719, 0);

    if (!lacks(result)) {
        ck_assert_int_eq(result, 0);
        ck_assert_int_eq(fcntl(low, F_GETFD), 0);
        ck_assert_int_eq(fcntl(middle, F_GETFD), -1);
        ck_assert_int_eq(fcntl(high, F_GETFD), 0);
        ck_assert_int_eq(pt_close_range(2, 1, 0), -EINVAL);
        if (pt_close_range(720, 720, PT_CLOSE_RANGE_CLOEXEC) == 0)
            ck_assert_int_eq(fcntl(high, F_GETFD), FD_CLOEXEC);
    }
    close(low);
    close(high);
}
END_TEST

START_TEST(getrandom_fills_all)
{
    unsigned char bytes[1024] = {0}, other[1024] = {0};
    int result = pt_getrandom(bytes, sizeof bytes - 1);
    size_t zeroes = 0;

    if (result == -ENOSYS)
        return;
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(bytes[sizeof bytes - 1], 0);
    ck_assert_int_eq(pt_getrandom(other, sizeof other), 0);
    ck_assert_mem_ne(bytes, other, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes - 1; i++)
        zeroes += bytes[i] == 0;
    ck_assert_uint_lt(zeroes, 64);
}
END_TEST

START_TEST(keyrings)
{
    long serial = pt_keyctl_join_session_keyring();

    if (serial == -ENOSYS || serial == -EPERM || serial == -EDQUOT)
        return;
    ck_assert_int_gt(serial, 0);
    ck_assert_int_eq(pt_keyctl_link(PT_KEY_SPEC_USER_KEYRING, PT_KEY_SPEC_SESSION_KEYRING), 0);
    ck_assert_int_eq(pt_keyctl_link(PT_KEY_SPEC_USER_KEYRING, -1000), -EINVAL);
}
END_TEST

/* In a child each (Check forks), so that dropping them harms nobody. */
START_TEST(capabilities)
{
    struct pt_capabilities had, now;
    const uint64_t bit = UINT64_C(1) << PT_CAP_SYS_PTRACE;

    ck_assert_int_eq(pt_capget(&had), 0);
    ck_assert_int_eq(pt_capset(&had), 0);
    now = had;
    now.effective &= ~bit;
    now.permitted &= ~bit;
    now.inheritable &= ~bit;
    ck_assert_int_eq(pt_capset(&now), 0);
    ck_assert_int_eq(pt_capget(&had), 0);
    ck_assert_uint_eq(had.effective, now.effective);
    ck_assert_uint_eq(had.permitted, now.permitted);
    ck_assert_uint_eq(had.inheritable, now.inheritable);
    now.permitted |= bit;
    ck_assert_int_eq(pt_capset(&now), -EPERM);
}
END_TEST

START_TEST(futexes_wait)
{
    atomic_uint word = 1;

    ck_assert_int_eq(pt_futex_wait(&word, 2, INT64_C(3600000000000)), -EAGAIN);
    ck_assert_int_eq(pt_futex_wait(&word, 1, 1000), -ETIMEDOUT);
    pt_futex_wake(&word); /* nobody waits */
    ck_assert_uint_eq(word, 1);
}
END_TEST

int main(void)
{
    return RUN_SUITE("kernel", pidfds, openat2_resolves, statx_agrees_with_stat,
                     close_range_closes_what_it_says, getrandom_fills_all, keyrings, capabilities,
                     futexes_wait);
}
