/* Formats: include/uapi/linux/netlink.h, unix_diag.h and sock_diag.h; all in the machine's own byte
 * order, each part padded to four bytes. */
#include "unix_diag.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    SOCK_DIAG = 4,       /* NETLINK_SOCK_DIAG */
    BY_FAMILY = 20,      /* SOCK_DIAG_BY_FAMILY, of requests and answers */
    MESSAGE_ERROR = 2,   /* NLMSG_ERROR */
    MESSAGE_DONE = 3,    /* NLMSG_DONE */
    REQUEST_DUMP = 0x301 /* NLM_F_REQUEST | NLM_F_DUMP */
};

enum { SHOW_NAME = 1, SHOW_VFS = 2, SHOW_UID = 64 };
enum { ATTRIBUTE_NAME = 0, ATTRIBUTE_VFS = 1, ATTRIBUTE_UID = 7 };

#define LISTENING (1u << 10) /* TCP_LISTEN, which AF_UNIX borrows */

struct message {
    uint32_t length;
    uint16_t type;
    uint16_t flags;
    uint32_t sequence;
    uint32_t port;
};

struct request {
    struct message message;
    uint8_t family;
    uint8_t protocol;
    uint16_t padding;
    uint32_t states;
    uint32_t inode;
    uint32_t show;
    uint32_t cookie[2];
};

struct answer {
    uint8_t family;
    uint8_t type;
    uint8_t state;
    uint8_t padding;
    uint32_t inode;
    uint32_t cookie[2];
};

struct attribute {
    uint16_t length;
    uint16_t type;
};

static size_t padded(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

static uint32_t word_at(const unsigned char *bytes)
{
    uint32_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

static void take_attribute(unsigned type, const unsigned char *value, size_t size,
                           struct pt_listener *listener)
{
    if (type == ATTRIBUTE_NAME) {
        listener->name = (const char *)value;
        listener->length = size;
    } else if (type == ATTRIBUTE_VFS && size >= 4) {
        listener->file = word_at(value);
    } else if (type == ATTRIBUTE_UID && size >= 4) {
        listener->has_uid = true;
        listener->uid = word_at(value);
    }
}

/* One socket: its fixed part, then attributes. */
static int parse_listener(const unsigned char *bytes, size_t length, pt_listener_function *each,
                          void *data)
{
    struct pt_listener listener = {0};
    struct answer answer;

    if (length < sizeof answer)
        return -EPROTO;
    memcpy(&answer, bytes, sizeof answer);
    listener.inode = answer.inode;
    for (size_t at = sizeof answer; at + sizeof(struct attribute) <= length;) {
        struct attribute attribute;

        memcpy(&attribute, bytes + at, sizeof attribute);
        if (attribute.length < sizeof attribute || attribute.length > length - at)
            return -EPROTO;
        take_attribute(attribute.type, bytes + at + sizeof attribute,
                       attribute.length - sizeof attribute, &listener);
        at += padded(attribute.length);
    }
    return listener.length > 0 ? each(&listener, data) : 0;
}

int pt_unix_parse(const void *bytes, size_t length, pt_listener_function *each, void *data)
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
        if (message.type == MESSAGE_ERROR) {
            int32_t code = message.length >= sizeof message + 4 ? (int32_t)word_at(body) : 0;

            return code < 0 && code > -4096 ? code : -EPROTO;
        }
        if (message.type == BY_FAMILY)
            error = parse_listener(body, message.length - sizeof message, each, data);
        if (error != 0)
            return error;
        if (padded(message.length) >= length)
            break;
        at += padded(message.length);
        length -= padded(message.length);
    }
    return 0;
}

static int receive_all(int fd, pt_listener_function *each, void *data)
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
        result = pt_unix_parse(reply.bytes, (size_t)length, each, data);
        if (result != 0)
            return result == 1 ? 0 : result;
    }
}

int pt_unix_listeners(int64_t timeout, pt_listener_function *each, void *data)
{
    const struct request request = {
        .message = {.length = sizeof request, .type = BY_FAMILY, .flags = REQUEST_DUMP},
        .family = AF_UNIX,
        .states = LISTENING,
        .show = SHOW_NAME | SHOW_VFS | SHOW_UID,
    };
    const struct timeval patience = {.tv_sec = (time_t)(timeout / 1000000000),
                                     .tv_usec = (suseconds_t)(timeout / 1000 % 1000000)};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, SOCK_DIAG);
    int error = 0;

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        send(fd, &request, sizeof request, 0) < 0)
        error = -errno;
    if (error == 0)
        error = receive_all(fd, each, data);
    close(fd);
    return error;
}
