/* conceal [-o PROGRAM] NAME|VERSION [--] COMMAND [ARGUMENT]...: for COMMAND and all its children
 * files of that NAME are not there (openat(2) says ENOENT), as on a kernel that was built without
 * them. VERSION, as 3.10, stands for all that came later and is in our tables: files are not there,
 * calls are ENOSYS, new values of an old call's arguments EINVAL. With -o it is so for PROGRAM
 * alone, the last word of its exe's path, wherever COMMAND runs it: whoever judges it sees the
 * kernel as it is.
 *
 * A seccomp filter asks us about each such call (SECCOMP_RET_USER_NOTIF, 5.0; to let it go on as if
 * nothing had been, 5.5). We are nobody's child then, so that COMMAND does not see us below itself,
 * and end with the last who has the filter. Status 77 where that cannot be, as below another
 * conceal.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"

/* <linux/seccomp.h>. */
struct question {
    uint64_t id;
    uint32_t pid, flags;
    int32_t number;
    uint32_t architecture;
    uint64_t instruction, arguments[6];
};

struct answer {
    uint64_t id;
    int64_t value;
    int32_t error;
    uint32_t flags;
};

enum {
    SET_MODE_FILTER = 1,
    NEW_LISTENER = 8,
    CONTINUE = 1, /* SECCOMP_USER_NOTIF_FLAG_CONTINUE */
    SKIPPED = 77
};

#define RECEIVE _IOWR('!', 0, struct question)
#define SEND _IOWR('!', 1, struct answer)

/* Files by their last words, to the call that looks for them as argument 1. */
static const struct {
    const char *name;
    int number;
    unsigned since;
} files[] = {
    {"children", SYS_openat, KERNEL(4, 2)}, /* 3.5 with CONFIG_CHECKPOINT_RESTORE, which few had */
    {"smaps_rollup", SYS_openat, KERNEL(4, 14)},
    {"timens_offsets", SYS_openat, KERNEL(5, 6)},
    {"cgroup", SYS_readlinkat, KERNEL(4, 6)}, /* of /proc/PID/ns */
    {"time", SYS_readlinkat, KERNEL(5, 6)},
    {"cgroup.controllers", SYS_openat, KERNEL(4, 5)}, /* cgroup v2 */
    {"cgroup.events", SYS_openat, KERNEL(4, 5)},
    {"cgroup.freeze", SYS_openat, KERNEL(5, 2)},
    {"cgroup.kill", SYS_openat, KERNEL(5, 14)},
    {"memory.current", SYS_openat, KERNEL(4, 5)},
    {"memory.max", SYS_openat, KERNEL(4, 5)},
};

enum { FILE_COUNT = sizeof files / sizeof *files };

/* What an old call does not know: the argument's bits in `mask`, when they are `value`. */
static const struct {
    int number;
    unsigned argument;
    uint32_t mask, value;
    unsigned since;
} values[] = {
    {SYS_prctl, 0, UINT32_MAX, 47, KERNEL(4, 3)},          /* PR_CAP_AMBIENT */
    {SYS_waitid, 0, UINT32_MAX, 3, KERNEL(5, 4)},          /* P_PIDFD */
    {SYS_waitid, 3, 0x40000000, 0x40000000, KERNEL(4, 7)}, /* __WALL */
};

enum { VALUE_COUNT = sizeof values / sizeof *values };

/* What is concealed: `name`, or what is younger than `version`; from `program` alone, if any. */
struct veil {
    const char *name, *program;
    unsigned version;
};

static int skip(const char *what)
{
    printf("skipped: %s: %s\n", what, strerror(errno));
    return SKIPPED;
}

/* A page after the other: the one that follows may not be there, or may hold the path's end. */
static void read_path(const struct question *question, char *path, size_t size)
{
    uintptr_t at = (uintptr_t)question->arguments[1];
    size_t left = 4096 - at % 4096, first = left < size - 1 ? left : size - 1;
    struct iovec here = {path, size - 1};
    struct iovec there[] = {{(void *)at, first}, {(void *)(at + first), size - 1 - first}};
    ssize_t length =
        syscall(SYS_process_vm_readv, (pid_t)question->pid, &here, 1UL, there, 2UL, 0UL);

    path[length > 0 ? length : 0] = '\0';
}

static const char *last_word(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static bool is_hidden_file(const struct veil *veil, const struct question *question)
{
    char path[4096];
    const char *name;

    read_path(question, path, sizeof path);
    name = last_word(path);
    if (veil->name != NULL)
        return strcmp(name, veil->name) == 0;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (question->number == files[i].number && veil->version < files[i].since &&
            strcmp(name, files[i].name) == 0)
            return true;
    }
    return false;
}

/* 0, or the errno that an older kernel has for it. */
static int error_of(const struct veil *veil, const struct question *question)
{
    if (question->number == SYS_openat || question->number == SYS_readlinkat)
        return is_hidden_file(veil, question) ? ENOENT : 0;
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        if (question->number == values[i].number && veil->version < values[i].since &&
            ((uint32_t)question->arguments[values[i].argument] & values[i].mask) == values[i].value)
            return EINVAL;
    }
    for (size_t i = 0; i < CALL_COUNT; i++) {
        if (question->number == calls[i].number && veil->version < calls[i].since)
            return ENOSYS;
    }
    return 0;
}

static bool is_meant(const struct veil *veil, uint32_t pid)
{
    char link[32], path[4096];
    ssize_t length;

    if (veil->program == NULL)
        return true;
    snprintf(link, sizeof link, "/proc/%u/exe", (unsigned)pid);
    length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    return strcmp(last_word(path), veil->program) == 0;
}

static bool has_hung_up(int listener)
{
    struct pollfd poll_fd = {.fd = listener, .events = POLLIN};

    return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & POLLHUP);
}

/* By syscall(2): ioctl takes an int with musl, an unsigned long with glibc. */
static _Noreturn void serve(int listener, const struct veil *veil)
{
    struct question question;

    for (;;) {
        struct answer answer = {.flags = CONTINUE};
        int error;

        memset(&question, 0, sizeof question);
        if (syscall(SYS_ioctl, listener, RECEIVE, &question) != 0) {
            if (errno == EINTR)
                continue;
            /* ENOENT: whoever asked was killed meanwhile, or nobody has the filter any more. */
            if (errno != ENOENT || has_hung_up(listener))
                _exit(0);
            continue;
        }
        answer.id = question.id;
        error = error_of(veil, &question);
        if (error != 0 && is_meant(veil, question.pid)) {
            answer.flags = 0;
            answer.error = -error;
        }
        syscall(SYS_ioctl, listener, SEND, &answer);
    }
}

static int send_descriptor(int socket, int descriptor)
{
    char control[CMSG_SPACE(sizeof descriptor)] = {0}, byte = 0;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
}

static int receive_descriptor(int socket)
{
    char control[CMSG_SPACE(sizeof(int))], byte;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    int descriptor;

    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&message) == NULL)
        _exit(1);
    memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof descriptor);
    return descriptor;
}

/* In the grandchild, which outlives the child. */
static void start_server(const int ends[2], const struct veil *veil)
{
    pid_t pid = fork();

    if (pid != 0) {
        waitpid(pid, NULL, 0);
        return;
    }
    if (fork() != 0)
        _exit(0);
    close(ends[1]);
    for (int descriptor = 0; descriptor < 3; descriptor++)
        close(descriptor); /* nobody shall wait for us to close them */
    serve(receive_descriptor(ends[0]), veil);
}

/* The filter that asks about whatever the veil may hide: its length. */
static unsigned short compile(struct instruction *at, const struct veil *veil)
{
    struct instruction *first = at;

    *at++ = (struct instruction){LOAD_WORD, 0, 0, 0};
    at = add_rule(at, SYS_openat, RETURN_ASK);
    if (veil->name == NULL) {
        at = add_rule(at, SYS_readlinkat, RETURN_ASK);
        for (size_t i = 0; i < VALUE_COUNT; i++)
            at = add_rule(at, values[i].number, RETURN_ASK);
        for (size_t i = 0; i < CALL_COUNT; i++) {
            if (veil->version < calls[i].since)
                at = add_rule(at, calls[i].number, RETURN_ASK);
        }
    }
    *at++ = (struct instruction){RETURN, 0, 0, RETURN_ALLOW};
    return (unsigned short)(at - first);
}

int main(int argc, char **argv)
{
    struct instruction instructions[6 + 2 * (VALUE_COUNT + CALL_COUNT)];
    struct program program = {.instructions = instructions};
    struct veil veil = {.program = NULL};
    int ends[2];
    long listener;

    if (argc > 2 && strcmp(argv[1], "-o") == 0) {
        veil.program = argv[2];
        argv += 2;
        argc -= 2;
    }
    if (argc < 3)
        return 2;
    veil.version = kernel_of(argv[1]);
    veil.name = veil.version == 0 ? argv[1] : NULL;
    program.length = compile(instructions, &veil);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return skip("socketpair");
    start_server(ends, &veil);
    close(ends[0]);
    if (geteuid() != 0)
        prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0);
    listener = syscall(SYS_seccomp, SET_MODE_FILTER, NEW_LISTENER, &program);
    if (listener < 0)
        return skip("a seccomp filter that asks");
    if (send_descriptor(ends[1], (int)listener) != 0)
        return skip("sending its descriptor");
    close((int)listener);
    close(ends[1]);
    argv += strcmp(argv[2], "--") == 0 ? 3 : 2;
    execvp(argv[0], argv);
    fprintf(stderr, "conceal: %s: %s\n", argv[0], strerror(errno));
    return 125;
}
