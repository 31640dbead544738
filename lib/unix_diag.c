/* Format: include/uapi/linux/unix_diag.h. */
#include "unix_diag.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "sock_diag.h"

enum { SHOW_NAME = 1, SHOW_VFS = 2, SHOW_UID = 64 };
enum { ATTRIBUTE_NAME = 0, ATTRIBUTE_VFS = 1, ATTRIBUTE_UID = 7 };

struct request {
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

struct listing {
    pt_listener_function *each;
    void *data;
};

static int take_socket(const unsigned char *bytes, size_t length, void *data)
{
    const struct listing *listing = data;

    return parse_listener(bytes, length, listing->each, listing->data);
}

int pt_unix_parse(const void *bytes, size_t length, pt_listener_function *each, void *data)
{
    struct listing listing = {each, data};

    return pt_diag_parse(bytes, length, take_socket, &listing);
}

int pt_unix_listeners(int64_t timeout, pt_listener_function *each, void *data)
{
    const struct request request = {
        .family = AF_UNIX,
        .states = PT_DIAG_LISTENING,
        .show = SHOW_NAME | SHOW_VFS | SHOW_UID,
    };
    struct listing listing = {each, data};

    return pt_diag_ask(&request, sizeof request, timeout, take_socket, &listing);
}
