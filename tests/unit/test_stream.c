/* A socket until a deadline: whoever is at the other end holds us no longer. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream.h"
#include "suite.h"
#include "units.h"

#define SOON (100 * PT_MILLISECOND)
#define LATE (60 * PT_SECOND)

/* The other end is returned. */
static int open_pair(struct pt_stream *stream, int64_t patience)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(pt_stream_open(stream, ends[0], pt_deadline(pt_monotonic(), patience)), 0);
    return ends[1];
}

START_TEST(says_and_hears)
{
    struct pt_buffer heard = {0};
    struct pt_stream stream;
    int other = open_pair(&stream, LATE);
    char bytes[8] = "";

    ck_assert_int_eq(pt_stream_send(&stream, "hello", 5), 0);
    ck_assert_int_eq(read(other, bytes, sizeof bytes), 5);
    ck_assert_str_eq(bytes, "hello");
    ck_assert_int_eq(write(other, "you", 3), 3);
    ck_assert_int_eq(pt_stream_receive(&stream, &heard), 1);
    ck_assert_int_eq(write(other, " too", 4), 4);
    ck_assert_int_eq(pt_stream_receive(&stream, &heard), 1);
    ck_assert_str_eq(pt_buffer_text(&heard), "you too");
    close(other);
    ck_assert_int_eq(pt_stream_receive(&stream, &heard), 0);
    ck_assert_int_eq(pt_stream_send(&stream, "hello", 5), -ECONNRESET);
    ck_assert_uint_eq(heard.length, 7);
    pt_buffer_done(&heard);
    pt_stream_close(&stream);
    ck_assert_int_eq(stream.fd, -1);
    pt_stream_close(&stream);
}
END_TEST

START_TEST(is_not_held_by_who_says_nothing)
{
    struct pt_buffer heard = {0};
    struct pt_stream stream;
    int other = open_pair(&stream, SOON);

    ck_assert_int_eq(pt_stream_receive(&stream, &heard), -ETIMEDOUT);
    ck_assert_uint_eq(heard.length, 0);
    pt_buffer_done(&heard);
    pt_stream_close(&stream);
    close(other);
}
END_TEST

START_TEST(is_not_held_by_who_takes_nothing)
{
    const size_t size = 16 << 20; /* more than a socket buffers */
    char *bytes = calloc(1, size);
    struct pt_stream stream;
    int other = open_pair(&stream, SOON);

    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(pt_stream_send(&stream, bytes, size), -ETIMEDOUT);
    free(bytes);
    pt_stream_close(&stream);
    close(other);
}
END_TEST

static void *write_for_ever(void *end)
{
    static const char bytes[65536];

    while (send(*(int *)end, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
        continue;
    return NULL;
}

START_TEST(is_not_held_by_who_never_ends)
{
    struct pt_buffer heard = {0};
    struct pt_stream stream;
    int other = open_pair(&stream, SOON), got;
    pthread_t writer;

    ck_assert_int_eq(pthread_create(&writer, NULL, write_for_ever, &other), 0);
    while ((got = pt_stream_receive(&stream, &heard)) == 1)
        pt_buffer_clear(&heard);
    ck_assert_int_eq(got, -ETIMEDOUT);
    pt_buffer_done(&heard);
    pt_stream_close(&stream);
    pthread_join(writer, NULL);
    close(other);
}
END_TEST

int main(void)
{
    return RUN_SUITE("stream", says_and_hears, is_not_held_by_who_says_nothing,
                     is_not_held_by_who_takes_nothing, is_not_held_by_who_never_ends);
}
