/* Formats: include/uapi/linux/netlink.h and sock_diag.h, in the machine's own byte order, each part
 * padded to four bytes. */
#include "sock_diag.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "units.h"

enum {
    SOCK_DIAG = 4,       /* NETLINK_SOCK_DIAG */
    BY_FAMILY = 20,      /* SOCK_DIAG_BY_FAMILY, of requests and answers */
    MESSAGE_ERROR = 2,   /* NLMSG_ERROR */
    MESSAGE_DONE = 3,    /* NLMSG_DONE */
    REQUEST_DUMP = 0x301 /* NLM_F_REQUEST | NLM_F_DUMP */
};

#define REQUEST_SIZE 64 /* inet_diag_req_v2 is the longest, 56 */

struct message {
    uint32_t length;
    uint16_t type;
    uint16_t flags;
    uint32_t sequence;
    uint32_t port;
};

struct request {
    struct message message;
    unsigned char body[REQUEST_SIZE];
};

static size_t padded(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

/* The kernel's errno in an error's body. */
static int error_of(const unsigned char *body, size_t length)
{
    int32_t code;

    if (length < sizeof code)
        return -EPROTO;
    memcpy(&code, body, sizeof code);
    return code < 0 && code > -4096 ? code : -EPROTO;
}

int pt_diag_parse(const void *bytes, size_t length, pt_diag_function *each, void *data)
{
    const unsigned char *at = bytes;

    while (length >= sizeof(struct message)) {
        struct message message;
        const unsigned char *body = at + sizeof message;
        int error = 0;

        memcpy(&message, at, sizeof message);
        if (message.length < sizeof message || message.length > length)
            return -EPROTO;
        if (message.type == MESSAGE_DONE)
            return 1;
        if (message.type == MESSAGE_ERROR)
            return error_of(body, message.length - sizeof message);
        if (message.type == BY_FAMILY)
            error = each(body, message.length - sizeof message, data);
        if (error != 0)
            return error;
        if (padded(message.length) >= length)
            break;
        at += padded(message.length);
        length -= padded(message.length);
    }
    return 0;
}

static int receive_all(int fd, pt_diag_function *each, void *data)
{
    union {
        struct message message;
        char bytes[32768]; /* what the kernel fills at the most */
    } reply;

    for (;;) {
        ssize_t length = recv(fd, &reply, sizeof reply, 0);
        int result;

        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            return length < 0 ? -errno : -EPROTO;
        result = pt_diag_parse(reply.bytes, (size_t)length, each, data);
        if (result != 0)
            return result == 1 ? 0 : result;
    }
}

int pt_diag_ask(const void *request, size_t length, int64_t timeout, pt_diag_function *each,
                void *data)
{
    struct request question = {
        .message = {.type = BY_FAMILY, .flags = REQUEST_DUMP},
    };
    const struct timeval patience = pt_timeval(timeout);
    size_t size = sizeof question.message + length;
    int fd, error = 0;

    if (length > sizeof question.body)
        return -EINVAL;
    question.message.length = (uint32_t)size;
    memcpy(question.body, request, length);
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, SOCK_DIAG);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        send(fd, &question, size, 0) < 0)
        error = -errno;
    if (error == 0)
        error = receive_all(fd, each, data);
    close(fd);
    return error;
}
