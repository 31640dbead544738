/* What the kernel says of its sockets, as it says it, as an older one does, and as nobody may: a
 * message's lengths are believed only as far as it goes. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "exact.h"
#include "scarce.h"
#include "sock_diag.h"
#include "suite.h"
#include "unix_diag.h"

enum { ERROR = 2, DONE = 3, SOCKET = 20 };
enum { NAME = 0, VFS = 1, PEER = 2, UID = 7 };

/* What one read gives, message after message. */
struct dump {
    unsigned char bytes[2048];
    size_t length, message; /* where the last message begins */
};

static void put(struct dump *dump, const void *bytes, size_t length)
{
    memcpy(dump->bytes + dump->length, bytes, length);
    dump->length += length;
}

/* The last message's length is brought up to date, and padding follows it. */
static void close_message(struct dump *dump)
{
    uint32_t length = (uint32_t)(dump->length - dump->message);

    memcpy(dump->bytes + dump->message, &length, sizeof length);
    while (dump->length % 4 != 0)
        dump->bytes[dump->length++] = 0;
}

static void put_message(struct dump *dump, uint16_t type, const void *body, size_t length)
{
    const uint16_t words[8] = {0, 0, type};

    dump->message = dump->length;
    put(dump, words, sizeof words);
    put(dump, body, length);
    close_message(dump);
}

static void put_socket(struct dump *dump, uint32_t inode)
{
    const uint32_t body[4] = {AF_UNIX, inode};

    put_message(dump, SOCKET, body, sizeof body);
}

static void put_attribute(struct dump *dump, uint16_t type, const void *value, size_t length)
{
    const uint16_t head[2] = {(uint16_t)(sizeof head + length), type};

    put(dump, head, sizeof head);
    put(dump, value, length);
    close_message(dump);
}

struct seen {
    int count;
    struct pt_listener last;
    char name[128];
    int result;
};

static int see(const struct pt_listener *listener, void *data)
{
    struct seen *seen = data;

    seen->count++;
    seen->last = *listener;
    memcpy(seen->name, listener->name, listener->length);
    return seen->result;
}

static int parse(const struct dump *dump, struct seen *seen)
{
    char *bytes = exact((const char *)dump->bytes, dump->length);
    int result = pt_unix_parse(bytes, dump->length, see, seen);

    free(bytes);
    return result;
}

START_TEST(sockets)
{
    const uint32_t file[2] = {77, 8}, uid = 1000;
    struct dump dump = {.length = 0};
    struct seen seen = {0};

    put_socket(&dump, 5);         /* without a name it is nobody's to find */
    put_message(&dump, 1, "", 0); /* NLMSG_NOOP */
    put_socket(&dump, 6);
    put_attribute(&dump, PEER, "1234", 4);
    put_attribute(&dump, NAME, "\0X", 2);
    put_attribute(&dump, VFS, file, sizeof file);
    put_attribute(&dump, UID, &uid, sizeof uid);
    ck_assert_int_eq(parse(&dump, &seen), 0);
    put_message(&dump, DONE, "\0\0\0", 4);
    ck_assert_int_eq(parse(&dump, &seen), 1);
    ck_assert_int_eq(seen.count, 2);
    ck_assert_uint_eq(seen.last.inode, 6);
    ck_assert_uint_eq(seen.last.length, 2);
    ck_assert_mem_eq(seen.name, "\0X", 2);
    ck_assert_uint_eq(seen.last.file, 77);
    ck_assert(seen.last.has_uid);
    ck_assert_uint_eq(seen.last.uid, 1000);
    seen.result = -EXDEV;
    ck_assert_int_eq(parse(&dump, &seen), -EXDEV);
}
END_TEST

/* Before 5.3 it does not say whose a socket is: that is not root's. */
START_TEST(without_uid)
{
    struct dump dump = {.length = 0};
    struct seen seen = {0};

    put_socket(&dump, 6);
    put_attribute(&dump, NAME, "/tmp/.X11-unix/X0", 18);
    put_attribute(&dump, UID, "123", 3); /* nor is what is too short for a number */
    put_attribute(&dump, VFS, "123", 3);
    ck_assert_int_eq(parse(&dump, &seen), 0);
    ck_assert_int_eq(seen.count, 1);
    ck_assert(!seen.last.has_uid);
    ck_assert_uint_eq(seen.last.file, 0);
}
END_TEST

START_TEST(errors)
{
    static const struct {
        int32_t code;
        size_t length;
        int result;
    } rows[] = {
        {-ENOENT, 4, -ENOENT}, {-EPERM, 20, -EPERM}, {0, 4, -EPROTO},
        {5, 4, -EPROTO},       {-5000, 4, -EPROTO},  {-ENOENT, 3, -EPROTO},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dump dump = {.length = 0};
        struct seen seen = {0};
        int32_t body[5] = {rows[i].code};

        put_message(&dump, ERROR, body, rows[i].length);
        ck_assert_msg(parse(&dump, &seen) == rows[i].result, "row %zu", i);
    }
}
END_TEST

static void set_length(struct dump *dump, size_t at, uint16_t length)
{
    memcpy(dump->bytes + at, &length, sizeof length);
}

START_TEST(lies)
{
    static const struct {
        size_t at; /* of the length that lies */
        uint16_t length;
    } rows[] = {{0, 15}, {0, 0}, {0, 200}, {32, 3}, {32, 0}, {32, 9}};
    struct seen seen = {0};
    struct dump dump;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dump = (struct dump){.length = 0};
        put_socket(&dump, 6);
        put_attribute(&dump, NAME, "name", 4);
        set_length(&dump, rows[i].at, rows[i].length);
        ck_assert_msg(parse(&dump, &seen) == -EPROTO, "row %zu", i);
    }
    dump = (struct dump){.length = 0};
    put_message(&dump, SOCKET, "short", 5);
    ck_assert_int_eq(parse(&dump, &seen), -EPROTO);
    ck_assert_int_eq(seen.count, 0);
}
END_TEST

static int find(const struct pt_listener *listener, void *data)
{
    const struct sockaddr_un *address = data;

    return listener->length > 1 && memcmp(listener->name, address->sun_path, 12) == 0 ? 7 : 0;
}

/* The kernel itself; where it has no such thing (in a container, say) it says so. */
START_TEST(asks)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), result;

    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "unix%07d", getpid());
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    result = pt_unix_listeners(INT64_C(10000000000), find, &address);
    ck_assert_msg(result == 7 || result == -ENOENT || result == -EPROTONOSUPPORT, "%d", result);
    close(fd);
}
END_TEST

/* Questions that no kernel takes, and none at all without a descriptor. */
START_TEST(cannot_ask)
{
    static const char request[65] = {1};
    struct seen seen = {0};

    ck_assert_int_eq(pt_diag_ask(request, sizeof request, 1000000, NULL, NULL), -EINVAL);
    ck_assert_int_lt(pt_diag_ask(request, 1, 1000000, NULL, NULL), 0);
    if (pt_unix_listeners(INT64_C(10000000000), see, &seen) == -EPROTONOSUPPORT)
        return; /* an emulator has no such sockets */
    while (scarce_descriptors())
        scarce_end(pt_unix_listeners(INT64_C(10000000000), see, &seen));
}
END_TEST

int main(void)
{
    return RUN_SUITE("unix_diag", sockets, without_uid, errors, lies, asks, cannot_ask);
}
