#include "session_flow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

/* A line that is longer is escaped in pieces. */
enum { CHUNK = 4096 };

void pt_flow_init(struct pt_flow *flow)
{
    *flow = (struct pt_flow){.child = -1, .ours = -1, .other = -1};
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void pt_flow_done(struct pt_flow *flow)
{
    close_end(&flow->child);
    close_end(&flow->ours);
    pt_buffer_done(&flow->held);
}

void pt_flow_close_child(struct pt_flow *flow)
{
    close_end(&flow->child);
}

/* The ends are above 3, where the child wants nothing else. */
static int open_pipe(int *ret_reader, int *ret_writer)
{
    int ends[2], high[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    high[0] = fcntl(ends[0], F_DUPFD_CLOEXEC, 8);
    high[1] = fcntl(ends[1], F_DUPFD_CLOEXEC, 8);
    close(ends[0]);
    close(ends[1]);
    if (high[0] < 0 || high[1] < 0)
        return -EMFILE;
    *ret_reader = high[0];
    *ret_writer = high[1];
    return 0;
}

int pt_flow_open_input(struct pt_flow *flow, int from)
{
    int error = open_pipe(&flow->child, &flow->ours);

    flow->other = from;
    flow->input = true;
    if (error == 0 && fcntl(flow->ours, F_SETFL, O_NONBLOCK) != 0)
        error = -errno;
    return error;
}

int pt_flow_open_output(struct pt_flow *flow, int to, bool escaped)
{
    int error = open_pipe(&flow->ours, &flow->child);

    flow->other = to;
    flow->escaped = escaped;
    if (error == 0 && fcntl(flow->ours, F_SETFL, O_NONBLOCK) != 0)
        error = -errno;
    return error;
}

struct pollfd pt_flow_poll(const struct pt_flow *flow)
{
    if (flow->ours < 0)
        return (struct pollfd){.fd = -1};
    if (!flow->input)
        return (struct pollfd){.fd = flow->ours, .events = POLLIN};
    if (flow->held.length > 0)
        return (struct pollfd){.fd = flow->ours, .events = POLLOUT};
    return (struct pollfd){.fd = flow->other, .events = POLLIN};
}

/* Reads once into what is held: false at the end, and on failure. */
static bool take_some(struct pt_flow *flow, int from)
{
    ssize_t length;

    if (pt_buffer_reserve(&flow->held, CHUNK) != 0)
        return false;
    length = read(from, flow->held.data + flow->held.length, CHUNK);
    if (length > 0)
        flow->held.length += (size_t)length;
    return length > 0 || (length < 0 && (errno == EAGAIN || errno == EINTR));
}

static void drop_front(struct pt_buffer *buffer, size_t length)
{
    memmove(buffer->data, buffer->data + length, buffer->length - length);
    pt_buffer_truncate(buffer, buffer->length - length);
}

/* Towards the command: one read, then what its pipe takes. */
static void move_input(struct pt_flow *flow)
{
    ssize_t length;

    if (flow->held.length == 0 && !take_some(flow, flow->other)) {
        close_end(&flow->ours);
        return;
    }
    if (flow->held.length == 0)
        return;
    length = write(flow->ours, flow->held.data, flow->held.length);
    if (length > 0)
        drop_front(&flow->held, (size_t)length);
    else if (errno != EAGAIN && errno != EINTR)
        close_end(&flow->ours); /* it reads no more */
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);

        if (written < 0 && errno == EAGAIN) {
            struct pollfd poller = {.fd = fd, .events = POLLOUT};

            poll(&poller, 1, -1);
        } else if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

/* Escapes and writes whole lines; with LAST the rest too. */
static bool pass_lines(struct pt_flow *flow, bool last)
{
    unsigned flags = pt_text_utf8_locale() ? PT_ESCAPE_UTF8 : 0;
    struct pt_buffer text = {0};
    size_t done = 0;
    bool good;

    while (done < flow->held.length) {
        const char *line = flow->held.data + done;
        size_t left = flow->held.length - done;
        const char *newline = memchr(line, '\n', left);
        size_t length = newline != NULL ? (size_t)(newline - line) : left;

        if (newline == NULL && !last && left < CHUNK)
            break;
        pt_buffer_escape(&text, line, length, flags);
        if (newline != NULL)
            pt_buffer_append_byte(&text, '\n');
        done += length + (newline != NULL);
    }
    good = write_all(flow->other, pt_buffer_text(&text), text.length);
    pt_buffer_done(&text);
    if (done > 0)
        drop_front(&flow->held, done);
    return good;
}

static bool pass_on(struct pt_flow *flow, bool last)
{
    bool good;

    if (flow->escaped)
        return pass_lines(flow, last);
    good = write_all(flow->other, pt_buffer_text(&flow->held), flow->held.length);
    pt_buffer_clear(&flow->held);
    return good;
}

static void move_output(struct pt_flow *flow)
{
    bool more = take_some(flow, flow->ours);

    if (!pass_on(flow, !more) || !more)
        close_end(&flow->ours);
}

void pt_flow_move(struct pt_flow *flow, short events)
{
    if (events == 0 || flow->ours < 0)
        return;
    if (flow->input)
        move_input(flow);
    else
        move_output(flow);
}

void pt_flow_finish(struct pt_flow *flow)
{
    while (flow->ours >= 0) {
        size_t before = flow->held.length;
        bool more = take_some(flow, flow->ours);
        bool empty =
            flow->held.length == before; /* nothing there, though a grandchild has it open */

        if (!pass_on(flow, !more || empty) || !more || empty)
            break;
    }
    close_end(&flow->ours);
}
