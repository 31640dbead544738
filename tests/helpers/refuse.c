/* refuse ERRNO CALL[,CALL...] [--] COMMAND [ARGUMENT]...: COMMAND and all its children get ERRNO
 * (ENOSYS, EPERM ...) from these system calls, as from an older kernel or in a container.
 *
 * A seccomp filter, 3.5, of classic BPF (seccomp(2)); it compares numbers of this program's own
 * architecture only. No <linux/...> header, as in the rest of the tree: musl-gcc has none.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

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
    SET_SECCOMP = 22,      /* PR_SET_SECCOMP */
    MODE_FILTER = 2,       /* SECCOMP_MODE_FILTER */
    NO_NEW_PRIVILEGES = 38 /* PR_SET_NO_NEW_PRIVS */
};

#define RETURN_ALLOW 0x7fff0000u
#define RETURN_ERRNO 0x00050000u

struct named {
    const char *name;
    int number;
};

/* What the project calls and an older kernel or a filter lacks. */
static const struct named calls[] = {
    {"capget", SYS_capget},
    {"clone", SYS_clone},
#ifdef SYS_clone3
    {"clone3", SYS_clone3},
#endif
#ifdef SYS_close_range
    {"close_range", SYS_close_range},
#endif
    {"connect", SYS_connect},
#ifdef SYS_fork
    {"fork", SYS_fork},
#endif
    {"getdents64", SYS_getdents64},
    {"getrandom", SYS_getrandom},
    {"keyctl", SYS_keyctl},
    {"kill", SYS_kill},
#ifdef SYS_openat2
    {"openat2", SYS_openat2},
#endif
#ifdef SYS_pidfd_getfd
    {"pidfd_getfd", SYS_pidfd_getfd},
#endif
#ifdef SYS_pidfd_open
    {"pidfd_open", SYS_pidfd_open},
#endif
#ifdef SYS_pidfd_send_signal
    {"pidfd_send_signal", SYS_pidfd_send_signal},
#endif
    {"prctl", SYS_prctl},
    {"process_vm_readv", SYS_process_vm_readv},
    {"ptrace", SYS_ptrace},
    {"setns", SYS_setns},
    {"socket", SYS_socket},
#ifdef SYS_statx
    {"statx", SYS_statx},
#endif
    {"unshare", SYS_unshare},
};

static const struct named errors[] = {
    {"EACCES", EACCES}, {"EINVAL", EINVAL}, {"EMFILE", EMFILE}, {"ENOENT", ENOENT},
    {"ENOMEM", ENOMEM}, {"ENOSYS", ENOSYS}, {"EPERM", EPERM},
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "refuse: %s: %s\n", what, why);
    exit(125);
}

static uint32_t look_up(const struct named *table, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(table[i].name) == length && memcmp(table[i].name, name, length) == 0)
            return (uint32_t)table[i].number;
    }
    die(name, "not in refuse's table");
}

/* Loads the number, then two instructions a call: not it, or the error. */
static unsigned short compile(struct instruction *at, size_t room, uint32_t error,
                              const char *names)
{
    struct instruction *first = at;

    *at++ = (struct instruction){LOAD_WORD, 0, 0, 0};
    while (*names != '\0') {
        size_t length = strcspn(names, ",");
        uint32_t call = look_up(calls, sizeof calls / sizeof *calls, names, length);

        if ((size_t)(at - first) + 3 > room)
            die(names, "too many calls");
        *at++ = (struct instruction){JUMP_IF_EQUAL, 0, 1, call};
        *at++ = (struct instruction){RETURN, 0, 0, RETURN_ERRNO | error};
        names += length + (names[length] == ',');
    }
    *at++ = (struct instruction){RETURN, 0, 0, RETURN_ALLOW};
    return (unsigned short)(at - first);
}

int main(int argc, char **argv)
{
    struct instruction instructions[64];
    struct program program = {.instructions = instructions};
    uint32_t error;

    if (argc < 4)
        die("usage", "refuse ERRNO CALL[,CALL]... [--] COMMAND [ARGUMENT]...");
    error = look_up(errors, sizeof errors / sizeof *errors, argv[1], strlen(argv[1]));
    program.length =
        compile(instructions, sizeof instructions / sizeof *instructions, error, argv[2]);
    argv += strcmp(argv[3], "--") == 0 ? 4 : 3;
    /* Root's COMMAND keeps the privileges that exec gives; others must forgo them. */
    if (prctl(SET_SECCOMP, MODE_FILTER, &program) != 0 &&
        (prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0 ||
         prctl(SET_SECCOMP, MODE_FILTER, &program) != 0)) {
        printf("skipped: no seccomp filters here: %s\n", strerror(errno));
        return 77;
    }
    execvp(argv[0], argv);
    die(argv[0], strerror(errno));
}
