/* What refuse and conceal share: seccomp filters (seccomp(2), 3.5) in classic BPF. They compare
 * numbers of this program's own architecture only. No <linux/...> header, as in the rest of the
 * tree: musl-gcc has none.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

/* struct sock_filter and sock_fprog of <linux/filter.h>. */
struct instruction {
    uint16_t code;
    uint8_t if_true, if_false;
    uint32_t operand;
};

struct program {
    unsigned short length;
    struct instruction *instructions;
};

enum {
    LOAD_WORD = 0x20,      /* BPF_LD | BPF_W | BPF_ABS; seccomp_data begins with the number */
    JUMP_IF_EQUAL = 0x15,  /* BPF_JMP | BPF_JEQ | BPF_K */
    RETURN = 0x06,         /* BPF_RET | BPF_K */
    NO_NEW_PRIVILEGES = 38 /* PR_SET_NO_NEW_PRIVS; who is not root must set it before a filter */
};

#define RETURN_ERRNO 0x00050000u
#define RETURN_ASK 0x7fc00000u /* SECCOMP_RET_USER_NOTIF, 5.0 */
#define RETURN_ALLOW 0x7fff0000u

#define KERNEL(major, minor) ((major)*1000u + (minor))

struct call {
    const char *name;
    int number;
    unsigned since; /* KERNEL(); 0: older than all that we run on */
};

/* What the project or a libc calls for it, and an older kernel or somebody's filter lacks. */
static const struct call calls[] = {
    {"capget", SYS_capget, 0},
    {"capset", SYS_capset, 0},
    {"clone", SYS_clone, 0},
#ifdef SYS_clone3
    {"clone3", SYS_clone3, KERNEL(5, 3)},
#endif
#ifdef SYS_close_range
    {"close_range", SYS_close_range, KERNEL(5, 9)},
#endif
    {"connect", SYS_connect, 0},
#ifdef SYS_copy_file_range
    {"copy_file_range", SYS_copy_file_range, KERNEL(4, 5)},
#endif
#ifdef SYS_execveat
    {"execveat", SYS_execveat, KERNEL(3, 19)},
#endif
#ifdef SYS_faccessat2
    {"faccessat2", SYS_faccessat2, KERNEL(5, 8)},
#endif
#ifdef SYS_fchmodat2
    {"fchmodat2", SYS_fchmodat2, KERNEL(6, 6)},
#endif
#ifdef SYS_fork
    {"fork", SYS_fork, 0},
#endif
    {"getdents64", SYS_getdents64, 0},
#ifdef SYS_getrandom
    {"getrandom", SYS_getrandom, KERNEL(3, 17)},
#endif
    {"kcmp", SYS_kcmp, 0},
    {"keyctl", SYS_keyctl, 0},
    {"kill", SYS_kill, 0},
#ifdef SYS_membarrier
    {"membarrier", SYS_membarrier, KERNEL(4, 3)},
#endif
#ifdef SYS_memfd_create
    {"memfd_create", SYS_memfd_create, KERNEL(3, 17)},
#endif
#ifdef SYS_openat2
    {"openat2", SYS_openat2, KERNEL(5, 6)},
#endif
#ifdef SYS_pidfd_getfd
    {"pidfd_getfd", SYS_pidfd_getfd, KERNEL(5, 6)},
#endif
#ifdef SYS_pidfd_open
    {"pidfd_open", SYS_pidfd_open, KERNEL(5, 3)},
#endif
#ifdef SYS_pidfd_send_signal
    {"pidfd_send_signal", SYS_pidfd_send_signal, KERNEL(5, 1)},
#endif
    {"prctl", SYS_prctl, 0},
    {"prlimit64", SYS_prlimit64, 0},
#ifdef SYS_process_madvise
    {"process_madvise", SYS_process_madvise, KERNEL(5, 10)},
#endif
    {"process_vm_readv", SYS_process_vm_readv, 0},
    {"ptrace", SYS_ptrace, 0},
#ifdef SYS_renameat2
    {"renameat2", SYS_renameat2, KERNEL(3, 15)},
#endif
    {"seccomp", SYS_seccomp, KERNEL(3, 17)},
    {"setgroups", SYS_setgroups, 0},
    {"setns", SYS_setns, 0},
    {"setresgid", SYS_setresgid, 0},
    {"setresuid", SYS_setresuid, 0},
    {"setsid", SYS_setsid, 0},
    {"socket", SYS_socket, 0},
#ifdef SYS_statx
    {"statx", SYS_statx, KERNEL(4, 11)},
#endif
    {"unshare", SYS_unshare, 0},
};

enum { CALL_COUNT = sizeof calls / sizeof *calls };

/* Two instructions: FATE for the call NUMBER, or whatever comes after. */
static inline struct instruction *add_rule(struct instruction *at, int number, uint32_t fate)
{
    *at++ = (struct instruction){JUMP_IF_EQUAL, 0, 1, (uint32_t)number};
    *at++ = (struct instruction){RETURN, 0, 0, fate};
    return at;
}

/* KERNEL() of a word such as 3.10; 0: it is none. */
static inline unsigned kernel_of(const char *word)
{
    unsigned major, minor;

    return sscanf(word, "%u.%u", &major, &minor) == 2 ? KERNEL(major, minor) : 0;
}

#endif
