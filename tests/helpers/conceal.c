/* conceal NAME [--] COMMAND [ARGUMENT]...: for COMMAND and all its children files of that name are
 * not there (openat(2) says ENOENT), as on a kernel that was built without them: `children`,
 * `smaps_rollup`.
 *
 * A seccomp filter asks us about each openat (SECCOMP_RET_USER_NOTIF, 5.0; to let it go on as if
 * nothing had been, 5.5). We are nobody's child then, so that COMMAND does not see us below itself,
 * and end with the last who has the filter. Status 77 where that cannot be. No <linux/...> header:
 * musl-gcc has none.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* <linux/filter.h>, <linux/seccomp.h>. */
struct instruction {
    uint16_t code;
    uint8_t if_true, if_false;
    uint32_t operand;
};

struct program {
    unsigned short length;
    struct instruction *instructions;
};

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
    LOAD_WORD = 0x20,
    JUMP_IF_EQUAL = 0x15,
    RETURN = 0x06,
    SET_MODE_FILTER = 1,
    NEW_LISTENER = 8,
    NO_NEW_PRIVILEGES = 38, /* PR_SET_NO_NEW_PRIVS */
    CONTINUE = 1,           /* SECCOMP_USER_NOTIF_FLAG_CONTINUE */
    SKIPPED = 77
};

#define RETURN_ALLOW 0x7fff0000u
#define RETURN_ASK 0x7fc00000u
#define RECEIVE _IOWR('!', 0, struct question)
#define SEND _IOWR('!', 1, struct answer)

static int skip(const char *what)
{
    printf("skipped: %s: %s\n", what, strerror(errno));
    return SKIPPED;
}

/* Up to the end of its page, which is all that is sure to be there. */
static void read_path(const struct question *question, char *path, size_t size)
{
    uintptr_t at = (uintptr_t)question->arguments[1];
    size_t left = 4096 - at % 4096;
    struct iovec here = {path, size - 1}, there = {(void *)at, left < size - 1 ? left : size - 1};
    ssize_t length =
        syscall(SYS_process_vm_readv, (pid_t)question->pid, &here, 1UL, &there, 1UL, 0UL);

    path[length > 0 ? length : 0] = '\0';
}

static int has_hung_up(int listener)
{
    struct pollfd poll_fd = {.fd = listener, .events = POLLIN};

    return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & POLLHUP);
}

/* By syscall(2): ioctl takes an int with musl, an unsigned long with glibc. */
static void serve(int listener, const char *name)
{
    struct question question;
    char path[256];

    for (;;) {
        struct answer answer = {.flags = CONTINUE};
        const char *last;

        memset(&question, 0, sizeof question);
        if (syscall(SYS_ioctl, listener, RECEIVE, &question) != 0) {
            if (errno == EINTR)
                continue;
            /* ENOENT: whoever asked was killed meanwhile, or nobody has the filter any more. */
            if (errno != ENOENT || has_hung_up(listener))
                _exit(0);
            continue;
        }
        read_path(&question, path, sizeof path);
        last = strrchr(path, '/');
        answer.id = question.id;
        if (strcmp(last != NULL ? last + 1 : path, name) == 0) {
            answer.flags = 0;
            answer.error = -ENOENT;
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
static void start_server(const int ends[2], const char *name)
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
    serve(receive_descriptor(ends[0]), name);
}

int main(int argc, char **argv)
{
    struct instruction instructions[] = {
        {LOAD_WORD, 0, 0, 0},
        {JUMP_IF_EQUAL, 0, 1, SYS_openat},
        {RETURN, 0, 0, RETURN_ASK},
        {RETURN, 0, 0, RETURN_ALLOW},
    };
    struct program program = {4, instructions};
    int ends[2];
    long listener;

    if (argc < 3)
        return 2;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return skip("socketpair");
    start_server(ends, argv[1]);
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
