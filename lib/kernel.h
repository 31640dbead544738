/*
 * The Linux calls, structs and constants that libc lags behind with, each with the kernel version
 * that brought it. No <linux/...> header: musl-gcc sees none, and theirs clash with libc's.
 *
 * A wrapper returns what the call does (0, a descriptor, a count) or -errno, never -1. -ENOSYS
 * means that the kernel lacks the call, or that a seccomp filter says so: callers fall back, these
 * do not.
 */
#ifndef PT_KERNEL_H
#define PT_KERNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* f_type of statfs(2) (include/uapi/linux/magic.h). */
#define PT_PROC_MAGIC 0x9fa0
#define PT_SYSFS_MAGIC 0x62656572
#define PT_CGROUP_MAGIC 0x27e0eb
#define PT_CGROUP2_MAGIC 0x63677270 /* 4.5 */
#define PT_PIDFS_MAGIC 0x50494446   /* 6.9: a pidfd's inode tells processes apart */

/* Real-time signals as glibc and Docker count them; the kernel's begin at 32, of which glibc keeps
 * two and musl three, so that SIGRTMIN+3 would name different signals in our two binaries. */
#define PT_SIGRTMIN 34
#define PT_SIGRTMAX 64

/* pidfd_open(2), 5.3. FLAGS 0. The descriptor is close-on-exec. -ESRCH: no such process;
 * -EINVAL: PID is a thread that leads no group, or is not positive. */
int pt_pidfd_open(pid_t pid, unsigned flags);

/* The inode of a pidfd, unique until reboot since 6.9, when they got a file system of their own; 0:
 * it tells nothing. */
uint64_t pt_pidfd_inode(int pidfd);

/* pidfd_send_signal(2), 5.1, without siginfo: as kill(2) would send it. */
int pt_pidfd_send_signal(int pidfd, int signal);

/* gettid(2), for which glibc has a name since 2.30. */
pid_t pt_gettid(void);

/* Whether TID is still a thread of ours: tgkill(2), 2.5.75, of signal 0. */
bool pt_thread_exists(pid_t tid);

/* struct open_how of openat2(2), 5.6. */
struct pt_open_how {
    uint64_t flags;   /* O_ flags; unknown ones are an error here */
    uint64_t mode;    /* 0 without O_CREAT */
    uint64_t resolve; /* PT_RESOLVE_ bits */
};

#define PT_RESOLVE_NO_XDEV 0x01
#define PT_RESOLVE_NO_MAGICLINKS 0x02 /* the links of /proc/PID/fd, exe, cwd, root */
#define PT_RESOLVE_NO_SYMLINKS 0x04
#define PT_RESOLVE_BENEATH 0x08
#define PT_RESOLVE_IN_ROOT 0x10
#define PT_RESOLVE_CACHED 0x20 /* 5.12: -EAGAIN rather than ask a file system; before: -EINVAL */

/* openat2(2), 5.6. The new descriptor. */
int pt_openat2(int directory, const char *path, const struct pt_open_how *how);

/* struct statx_timestamp and struct statx of statx(2), 4.11 (include/uapi/linux/stat.h). */
struct pt_statx_time {
    int64_t seconds;
    uint32_t nanoseconds;
    int32_t reserved;
};

struct pt_statx {
    uint32_t mask; /* which of the members below were filled */
    uint32_t block_size;
    uint64_t attributes;
    uint32_t links;
    uint32_t uid;
    uint32_t gid;
    uint16_t mode;
    uint16_t reserved;
    uint64_t inode;
    uint64_t size;
    uint64_t blocks;
    uint64_t attributes_mask;
    struct pt_statx_time accessed;
    struct pt_statx_time born;
    struct pt_statx_time changed;
    struct pt_statx_time modified;
    uint32_t rdev_major;
    uint32_t rdev_minor;
    uint32_t device_major;
    uint32_t device_minor;
    uint64_t mount; /* 5.8 */
    uint64_t later[13];
};

#define PT_STATX_TYPE 0x001u
#define PT_STATX_INODE 0x100u
#define PT_STATX_BASIC 0x7ffu
#define PT_STATX_DONT_SYNC 0x4000 /* AT_STATX_DONT_SYNC: what is cached will do */

/* statx(2), 4.11, of PATH below DIRECTORY; "" with AT_EMPTY_PATH for the descriptor itself. FLAGS
 * are AT_ flags and PT_STATX_DONT_SYNC. RET_STATX is written on success alone. */
int pt_statx(int directory, const char *path, int flags, unsigned mask, struct pt_statx *ret_statx);

/* struct linux_dirent64 of getdents64(2), 2.4. An entry takes `length` bytes, its name ends in NUL;
 * entries may stand unaligned for us: copy what stands before the name. */
struct pt_dirent {
    uint64_t inode;
    int64_t next;
    uint16_t length;
    uint8_t type; /* DT_ */
    char name[];
};

/* getdents64(2): the bytes filled, 0 at the end. */
int pt_getdents(int directory, void *entries, size_t size);

#define PT_CLOSE_RANGE_CLOEXEC 0x4u /* 5.11 */

/* close_range(2), 5.9: descriptors FIRST to LAST, both included. */
int pt_close_range(unsigned first, unsigned last, unsigned flags);

/* getrandom(2), 3.17: fills SIZE bytes. Interruptions are taken up again. With an early boot's
 * empty pool it gives -EAGAIN and never waits; then, and on -ENOSYS, /dev/urandom is the caller's
 * affair. */
int pt_getrandom(void *bytes, size_t size);

/* futex(2), 2.6.22, between threads of this process. Waits while *WORD is VALUE, but no longer than
 * NANOSECONDS: 0 (woken, or for nothing), -EAGAIN (it is not), -EINTR, -ETIMEDOUT. */
int pt_futex_wait(atomic_uint *word, unsigned value, int64_t nanoseconds);

/* Wakes one that waits. */
void pt_futex_wake(atomic_uint *word);

/* keyctl(2), 2.6.10 (include/uapi/linux/keyctl.h); the two operations that give a child of ours
 * the user's keyrings and not root's. */
#define PT_KEYCTL_JOIN_SESSION_KEYRING 1
#define PT_KEYCTL_LINK 8
#define PT_KEY_SPEC_SESSION_KEYRING (-3)
#define PT_KEY_SPEC_USER_KEYRING (-4)

/* A new anonymous session keyring for this process: its serial number. */
long pt_keyctl_join_session_keyring(void);

/* Links the key or keyring KEY (a serial or PT_KEY_SPEC_) into KEYRING. */
int pt_keyctl_link(int32_t key, int32_t keyring);

/* Capabilities as version 3 of capget(2) has them, 2.6.26: 64 bits in two halves, here joined. */
struct pt_capabilities {
    uint64_t effective;
    uint64_t permitted;
    uint64_t inheritable;
};

/* Numbers of bits (include/uapi/linux/capability.h). */
#define PT_CAP_SYS_PTRACE 19
#define PT_CAP_PERFMON 38 /* 5.8 */

/* capget(2) and capset(2) of the calling thread. */
int pt_capget(struct pt_capabilities *ret_capabilities);
int pt_capset(const struct pt_capabilities *capabilities);

#endif
