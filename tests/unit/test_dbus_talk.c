/* Talking to a bus: the other end of the socket is ours. What it says it has said beforehand, where
 * that is enough: a client reads one answer after the other. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "busmessage.h"
#include "dbus.h"
#include "scarce.h"
#include "suite.h"

#define OK "OK 0123456789abcdef0123456789abcdef\r\n"

enum { CALL = 1, RETURN, FAILURE, SIGNAL };

static struct pt_dbus bus;
static int far_end;

static void say(const char *bytes, size_t length)
{
    ck_assert_int_eq(write(far_end, bytes, length), (ssize_t)length);
}

/* The answer to the call SERIAL; SIGNATURE has one letter or two, "" for no body. */
static void answer(char serial, char type, const char *signature, const char *body, size_t length)
{
    char fields[] = {5, 1, 'u', 0, serial, 0, 0, 0, 8, 1, 'g', 0, 0, 0, 0, 0}, bytes[1024];
    size_t letters = strlen(signature);

    fields[12] = (char)letters;
    memcpy(fields + 13, signature, letters);
    say(bytes, bus_message(bytes, type, fields, letters > 0 ? 14 + letters : 8, body, length));
}

/* Hello is the first call. */
static void answer_hello(void)
{
    say(BYTES(OK));
    answer(1, RETURN, "s", BYTES("\4\0\0\0:1.5\0"));
}

/* A connection that is not used yet: our end. */
static int begin(void)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    far_end = ends[1];
    return ends[0];
}

static int64_t in(int64_t milliseconds)
{
    return pt_monotonic() + milliseconds * 1000000;
}

static void open_bus(int fd)
{
    ck_assert_int_eq(pt_dbus_open(&bus, fd, 1000, in(20000)), 0);
}

/* What opening says to a bus that says this, and then hangs up. */
static int open_against(const char *bytes, size_t length)
{
    int fd = begin(), error;

    say(bytes, length);
    shutdown(far_end, SHUT_WR);
    error = pt_dbus_open(&bus, fd, 1000, in(20000));
    ck_assert(error == 0 || fcntl(fd, F_GETFD) < 0); /* closed on failure */
    close(far_end);
    return error;
}

START_TEST(refused_in_the_talk)
{
    char *long_line = malloc(20000);

    ck_assert_int_eq(open_against(BYTES("REJECTED EXTERNAL\r\n")), -EACCES);
    ck_assert_int_eq(open_against(BYTES("HTTP/1.1 400 Bad Request\r\n")), -EPROTO);
    ck_assert_int_eq(open_against(BYTES("OK")), -ECONNRESET);
    ck_assert_int_eq(open_against(BYTES("")), -ECONNRESET);
    ck_assert_int_eq(open_against(BYTES(OK)), -ECONNRESET);
    ck_assert_int_eq(open_against(BYTES(OK "no message of any kind")), -EPROTO);
    memset(long_line, 'O', 20000);
    ck_assert_int_eq(open_against(long_line, 20000), -EPROTO);
    free(long_line);
}
END_TEST

/* Hello is answered, but not with a name of ours. */
START_TEST(refused_hello)
{
    static const struct {
        char type;
        const char *signature, *body;
        size_t length;
    } rows[] = {
        {FAILURE, "s", BYTES("\2\0\0\0no\0")},
        {RETURN, "u", BYTES("\1\0\0\0")},
        {RETURN, "", BYTES("")},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = begin();

        say(BYTES(OK));
        answer(1, rows[i].type, rows[i].signature, rows[i].body, rows[i].length);
        ck_assert_int_eq(pt_dbus_open(&bus, fd, 1000, in(20000)), -EPROTO);
        close(far_end);
    }
}
END_TEST

START_TEST(says_who_we_are)
{
    char said[256];
    int fd = begin();
    ssize_t length;

    answer_hello();
    open_bus(fd);
    length = read(far_end, said, sizeof said);
    ck_assert_int_gt(length, 36);
    ck_assert_mem_eq(said, "\0AUTH EXTERNAL 31303030\r\nBEGIN\r\nl\1\0\1", 36);
    pt_dbus_close(&bus);
    close(far_end);
}
END_TEST

START_TEST(silence)
{
    int fd = begin();

    ck_assert_int_eq(pt_dbus_open(&bus, fd, 1000, in(20)), -ETIMEDOUT);
    close(far_end);
}
END_TEST

/* Gone before we said a word; and gone without having read it. */
START_TEST(hangs_up)
{
    struct pollfd waits;
    int fd = begin();
    pid_t child;

    close(far_end);
    ck_assert_int_eq(pt_dbus_open(&bus, fd, 1000, in(20000)), -ECONNRESET);
    fd = begin();
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(fd);
        waits = (struct pollfd){far_end, POLLIN, 0};
        poll(&waits, 1, -1);
        _exit(0);
    }
    close(far_end);
    ck_assert_int_eq(pt_dbus_open(&bus, fd, 1000, in(20000)), -ECONNRESET);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

/* Signals, answers to other calls, and what no type of message means are passed over. */
START_TEST(asks)
{
    static const char names[] = "\30\0\0\0\3\0\0\0a.b\0\3\0\0\0c.d\0\3\0\0\0e.f\0";
    int fd = begin();

    answer_hello();
    answer(2, SIGNAL, "b", BYTES("\0\0\0\0"));
    answer(9, RETURN, "b", BYTES("\0\0\0\0"));
    answer(2, RETURN, "b", BYTES("\1\0\0\0"));
    answer(3, RETURN, "b", BYTES("\0\0\0\0"));
    answer(4, RETURN, "as", BYTES(names));
    answer(5, RETURN, "as", BYTES(names));
    answer(6, RETURN, "as", BYTES("\0\0\0\0"));
    open_bus(fd);
    ck_assert_int_eq(pt_dbus_has_owner(&bus, "a.b"), 1);
    ck_assert_int_eq(pt_dbus_has_owner(&bus, "a.b"), 0);
    ck_assert_int_eq(pt_dbus_is_activatable(&bus, "c.d"), 1);
    ck_assert_int_eq(pt_dbus_is_activatable(&bus, "c"), 0);
    ck_assert_int_eq(pt_dbus_is_activatable(&bus, "a.b"), 0);
    pt_dbus_close(&bus);
    close(far_end);
}
END_TEST

/* Answers whose body is not what their signature says. */
START_TEST(asks_liars)
{
    int fd = begin();

    answer_hello();
    answer(2, RETURN, "b", BYTES("\1\0"));
    answer(3, RETURN, "s", BYTES("\1\0\0\0x\0"));
    answer(4, FAILURE, "b", BYTES("\1\0\0\0"));
    answer(5, RETURN, "as", BYTES("\377\0\0\0\1\0\0\0x\0"));
    answer(6, RETURN, "as", BYTES("\5\0\0\0\7\0\0\0x\0"));
    shutdown(far_end, SHUT_WR);
    open_bus(fd);
    ck_assert_int_eq(pt_dbus_has_owner(&bus, "x"), -EPROTO);
    ck_assert_int_eq(pt_dbus_has_owner(&bus, "x"), -EPROTO);
    ck_assert_int_eq(pt_dbus_has_owner(&bus, "x"), -EPROTO);
    ck_assert_int_eq(pt_dbus_is_activatable(&bus, "x"), -EPROTO);
    ck_assert_int_eq(pt_dbus_is_activatable(&bus, "x"), -EPROTO);
    ck_assert_int_eq(pt_dbus_has_owner(&bus, "x"), -ECONNRESET);
    pt_dbus_close(&bus);
    close(far_end);
}
END_TEST

static const char failure_fields[] = "\5\1u\0\3\0\0\0\4\1s\0\10\0\0\0no.Space\0";

START_TEST(notifies)
{
    const struct pt_notification notification = {
        .application = "App", .icon = "", .summary = "Sum", .body = "", .urgency = 2, .expiry = -1};
    struct pt_buffer why = {0};
    char bytes[256];
    int fd = begin();

    answer_hello();
    answer(2, RETURN, "u", BYTES("\7\0\0\0"));
    say(bytes, bus_message(bytes, FAILURE, BYTES(failure_fields), BYTES("")));
    answer(4, FAILURE, "", BYTES(""));
    shutdown(far_end, SHUT_WR);
    open_bus(fd);
    ck_assert_int_eq(pt_dbus_notify(&bus, &notification, &why), 0);
    ck_assert_uint_eq(why.length, 0);
    ck_assert_int_eq(pt_dbus_notify(&bus, &notification, &why), -EREMOTEIO);
    ck_assert_str_eq(pt_buffer_text(&why), "no.Space");
    pt_buffer_clear(&why);
    ck_assert_int_eq(pt_dbus_notify(&bus, &notification, &why), -EREMOTEIO);
    ck_assert_str_eq(pt_buffer_text(&why), "an error");
    ck_assert_int_eq(pt_dbus_notify(&bus, &notification, &why), -ECONNRESET);
    pt_buffer_done(&why);
    pt_dbus_close(&bus);
    close(far_end);
}
END_TEST

/* Reads to the end and tells how much that was. */
static pid_t start_reader(int fd, int result)
{
    pid_t child = fork();
    static char bytes[65536];
    size_t count = 0;
    ssize_t length;

    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    close(fd);
    while ((length = read(far_end, bytes, sizeof bytes)) > 0) {
        count += (size_t)length;
        if (count > 200000)
            answer(2, RETURN, "u", BYTES("\7\0\0\0"));
    }
    length = write(result, &count, sizeof count);
    _exit(length == sizeof count ? 0 : 1);
}

/* More than the socket takes at once: we wait for room; from one that does not read, in vain. */
START_TEST(large_ones)
{
    struct pt_notification notification = {.application = "", .icon = "", .summary = ""};
    struct pt_buffer why = {0};
    char *body = malloc(200001);
    size_t count = 0;
    int fd, results[2];
    pid_t child;

    memset(body, 'x', 200000);
    body[200000] = '\0';
    notification.body = body;
    fd = begin();
    answer_hello();
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){8192}, sizeof(int)), 0);
    ck_assert_int_eq(pt_dbus_open(&bus, fd, 1000, in(500)), 0);
    ck_assert_int_eq(pt_dbus_notify(&bus, &notification, &why), -ETIMEDOUT);
    pt_dbus_close(&bus);
    close(far_end);

    ck_assert_int_eq(pipe2(results, O_CLOEXEC), 0);
    fd = begin();
    answer_hello();
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){8192}, sizeof(int)), 0);
    open_bus(fd);
    child = start_reader(fd, results[1]);
    close(far_end);
    ck_assert_int_eq(pt_dbus_notify(&bus, &notification, &why), 0);
    pt_dbus_close(&bus);
    ck_assert_int_eq(read(results[0], &count, sizeof count), sizeof count);
    ck_assert_uint_gt(count, 200000);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    pt_buffer_done(&why);
    free(body);
}
END_TEST

/* A bus that has answered three calls: our end. */
static int begin_answered(void)
{
    int fd = begin();

    answer_hello();
    answer(2, RETURN, "b", BYTES("\1\0\0\0"));
    answer(3, RETURN, "u", BYTES("\7\0\0\0"));
    return fd;
}

/* Whatever is missing, nothing half is sent, and no answer is invented. */
START_TEST(nothing_left_to_talk_with)
{
    static const struct pt_notification notification = {
        .application = "App", .icon = "", .summary = "Sum", .body = "", .expiry = -1};
    int fd = begin_answered();

    for (; scarce_memory(); fd = begin_answered()) {
        struct pt_buffer why = {0};
        int has = -1, error = pt_dbus_open(&bus, fd, 1000, in(20000));

        if (error == 0) {
            has = pt_dbus_has_owner(&bus, "a.b");
            error = has < 0 ? has : pt_dbus_notify(&bus, &notification, &why);
            pt_dbus_close(&bus);
        }
        if (scarce_end(error) == 0)
            ck_assert_int_eq(has, 1);
        pt_buffer_done(&why);
        close(far_end);
    }
    close(fd);
    close(far_end);
}
END_TEST

int main(void)
{
    return RUN_SUITE("dbus_talk", refused_in_the_talk, refused_hello, says_who_we_are, silence,
                     hangs_up, asks, asks_liars, notifies, large_ones, nothing_left_to_talk_with);
}
