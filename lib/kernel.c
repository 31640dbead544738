#include "kernel.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since 5.1 a new call has one number everywhere, but for the offsets of these three
 * (arch/.../syscall.tbl). Where libc knows no number and neither do we, -1 is ENOSYS. */
#if defined(__mips__) || defined(__alpha__) || (defined(__x86_64__) && defined(__ILP32__))
#define COMMON_NUMBER(number) (-1)
#else
#define COMMON_NUMBER(number) (number)
#endif

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal COMMON_NUMBER(424)
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open COMMON_NUMBER(434)
#endif
#ifndef SYS_close_range
#define SYS_close_range COMMON_NUMBER(436)
#endif
#ifndef SYS_openat2
#define SYS_openat2 COMMON_NUMBER(437)
#endif
#ifndef SYS_statx
#define SYS_statx (-1)
#endif
#ifndef SYS_getrandom
#define SYS_getrandom (-1)
#endif

static const unsigned getrandom_nonblock = 1; /* GRND_NONBLOCK */

static const int futex_wait_private = 128, futex_wake_private = 129; /* FUTEX_WAIT, _WAKE */

/* What syscall(2) gave, as the kernel itself says it. */
static int answer(long result)
{
    return result < 0 ? -errno : (int)result;
}

int pt_pidfd_open(pid_t pid, unsigned flags)
{
    return answer(syscall(SYS_pidfd_open, pid, flags));
}

uint64_t pt_pidfd_inode(int pidfd)
{
    struct statfs system;
    struct stat file;

    if (fstatfs(pidfd, &system) != 0 || (uint64_t)system.f_type != PT_PIDFS_MAGIC)
        return 0;
    return fstat(pidfd, &file) == 0 ? (uint64_t)file.st_ino : 0;
}

int pt_pidfd_send_signal(int pidfd, int signal)
{
    return answer(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0u));
}

pid_t pt_gettid(void)
{
    return (pid_t)syscall(SYS_gettid);
}

bool pt_thread_exists(pid_t tid)
{
    return syscall(SYS_tgkill, getpid(), tid, 0) == 0;
}

int pt_openat2(int directory, const char *path, const struct pt_open_how *how)
{
    return answer(syscall(SYS_openat2, directory, path, how, sizeof *how));
}

int pt_statx(int directory, const char *path, int flags, unsigned mask, struct pt_statx *ret_statx)
{
    struct pt_statx found;
    int result = answer(syscall(SYS_statx, directory, path, flags, mask, &found));

    if (result == 0)
        *ret_statx = found;
    return result;
}

int pt_getdents(int directory, void *entries, size_t size)
{
    return answer(syscall(SYS_getdents64, directory, entries, size));
}

int pt_close_range(unsigned first, unsigned last, unsigned flags)
{
    return answer(syscall(SYS_close_range, first, last, flags));
}

int pt_getrandom(void *bytes, size_t size)
{
    unsigned char *next = bytes;

    while (size > 0) {
        int result = answer(syscall(SYS_getrandom, next, size, getrandom_nonblock));
        if (result == -EINTR)
            continue;
        if (result < 0)
            return result;
        next += result;
        size -= (size_t)result;
    }
    return 0;
}

int pt_futex_wait(atomic_uint *word, unsigned value, int64_t nanoseconds)
{
    /* The call's own timespec, whatever libc makes of time_t. */
    const struct {
        long seconds, nanoseconds;
    } timeout = {(long)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};

    return answer(syscall(SYS_futex, word, futex_wait_private, value, &timeout));
}

void pt_futex_wake(atomic_uint *word)
{
    syscall(SYS_futex, word, futex_wake_private, 1);
}

long pt_keyctl_join_session_keyring(void)
{
    long serial = syscall(SYS_keyctl, (long)PT_KEYCTL_JOIN_SESSION_KEYRING, NULL);

    return serial < 0 ? -errno : serial;
}

int pt_keyctl_link(int32_t key, int32_t keyring)
{
    return answer(syscall(SYS_keyctl, (long)PT_KEYCTL_LINK, (long)key, (long)keyring));
}

/* struct __user_cap_header_struct and __user_cap_data_struct (include/uapi/linux/capability.h). */
struct capability_header {
    uint32_t version;
    int32_t pid; /* 0: the calling thread */
};

struct capability_half {
    uint32_t effective;
    uint32_t permitted;
    uint32_t inheritable;
};

static const struct capability_header capability_version_3 = {.version = 0x20080522};

static uint64_t join(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

int pt_capget(struct pt_capabilities *ret_capabilities)
{
    struct capability_header header = capability_version_3;
    struct capability_half half[2] = {{0}}; /* valgrind sees the kernel fill in the first alone */
    int result = answer(syscall(SYS_capget, &header, half));

    if (result == 0)
        *ret_capabilities = (struct pt_capabilities){
            .effective = join(half[0].effective, half[1].effective),
            .permitted = join(half[0].permitted, half[1].permitted),
            .inheritable = join(half[0].inheritable, half[1].inheritable),
        };
    return result;
}

int pt_capset(const struct pt_capabilities *capabilities)
{
    struct capability_header header = capability_version_3;
    struct capability_half half[2];

    for (unsigned i = 0; i < 2; i++)
        half[i] = (struct capability_half){
            .effective = (uint32_t)(capabilities->effective >> 32 * i),
            .permitted = (uint32_t)(capabilities->permitted >> 32 * i),
            .inheritable = (uint32_t)(capabilities->inheritable >> 32 * i),
        };
    return answer(syscall(SYS_capset, &header, half));
}
