#include "session_flow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text.h"

/* A line that is longer is escaped in pieces. A pipe that can be written takes as much without
 * blocking (pipe(7)). */
enum { CHUNK = PIPE_BUF };

void pt_flow_init(struct pt_flow *flow)
{
    *flow = (struct pt_flow){.child = -1, .ours = -1, .from = -1, .to = -1, .watched = -1};
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void unwatch(struct pt_flow *flow)
{
    if (flow->watched >= 0)
        pt_waitset_unwatch(flow->waitset, flow->watched);
    flow->watched = -1;
}

static void end(struct pt_flow *flow)
{
    unwatch(flow);
    close_end(&flow->ours);
}

void pt_flow_done(struct pt_flow *flow)
{
    close_end(&flow->child);
    end(flow);
    pt_buffer_done(&flow->line);
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

int pt_flow_open_input(struct pt_flow *flow, int from, struct pt_waitset *waitset)
{
    int error = open_pipe(&flow->child, &flow->ours);

    flow->from = from;
    flow->to = flow->ours;
    flow->waitset = waitset;
    if (error == 0 && fcntl(flow->ours, F_SETFL, O_NONBLOCK) != 0)
        error = -errno;
    return error;
}

int pt_flow_open_output(struct pt_flow *flow, int to, bool escaped, struct pt_waitset *waitset)
{
    int error = open_pipe(&flow->ours, &flow->child);

    flow->from = flow->ours;
    flow->to = to;
    flow->escaped = escaped;
    flow->waitset = waitset;
    if (error == 0 && fcntl(flow->ours, F_SETFL, O_NONBLOCK) != 0)
        error = -errno;
    return error;
}

int pt_flow_wait(struct pt_flow *flow)
{
    bool writes = flow->held.length > 0;
    int next = flow->ours < 0 ? -1 : writes ? flow->to : flow->from, error;

    if (next == flow->watched)
        return 0;
    unwatch(flow);
    if (next < 0)
        return 0;
    error = pt_waitset_watch(flow->waitset, next, writes, flow);
    if (error == 0)
        flow->watched = next;
    return error;
}

static void drop_front(struct pt_buffer *buffer, size_t length)
{
    memmove(buffer->data, buffer->data + length, buffer->length - length);
    pt_buffer_truncate(buffer, buffer->length - length);
}

/* Whole lines, escaped, are to be written; after the last byte the rest too. */
static void escape_lines(struct pt_flow *flow)
{
    unsigned flags = pt_text_escape_flags();
    size_t done = 0;

    while (done < flow->line.length) {
        const char *line = flow->line.data + done;
        size_t left = flow->line.length - done;
        const char *newline = memchr(line, '\n', left);
        size_t length = newline != NULL ? (size_t)(newline - line) : left;

        if (newline == NULL && !flow->last && left < CHUNK)
            break;
        pt_buffer_escape(&flow->held, line, length, flags);
        if (newline != NULL)
            pt_buffer_append_byte(&flow->held, '\n');
        done += length + (newline != NULL);
    }
    if (done > 0)
        drop_front(&flow->line, done);
}

static void read_some(struct pt_flow *flow)
{
    struct pt_buffer *into = flow->escaped ? &flow->line : &flow->held;
    size_t size = flow->ending && flow->left < CHUNK ? flow->left : CHUNK;
    ssize_t length = 0;

    if (size > 0 && pt_buffer_reserve(into, size) == 0) {
        do
            length = read(flow->from, into->data + into->length, size);
        while (length < 0 && errno == EINTR);
    }
    if (length > 0) {
        into->length += (size_t)length;
        flow->left -= flow->ending ? (size_t)length : 0;
    } else if (length == 0 || flow->ending || errno != EAGAIN) {
        flow->last = true;
    }
    if (flow->escaped)
        escape_lines(flow);
}

static void write_some(struct pt_flow *flow)
{
    size_t size = flow->held.length < CHUNK ? flow->held.length : CHUNK;
    ssize_t length = write(flow->to, flow->held.data, size);

    if (length > 0) {
        drop_front(&flow->held, (size_t)length);
    } else if (length < 0 && errno != EAGAIN && errno != EINTR) {
        flow->last = true;
        flow->failure = errno == EPIPE ? 0 : errno; /* nobody reads any more */
        pt_buffer_clear(&flow->held);
    }
}

void pt_flow_move(struct pt_flow *flow)
{
    if (flow->ours < 0)
        return;
    if (flow->held.length > 0)
        write_some(flow);
    else
        read_some(flow);
    if (flow->last && flow->held.length == 0)
        end(flow);
}

bool pt_flow_finish(struct pt_flow *flow)
{
    int left = 0;

    if (!flow->ending && flow->ours >= 0) {
        flow->ending = true;
        flow->left = ioctl(flow->ours, FIONREAD, &left) == 0 && left > 0 ? (size_t)left : 0;
    }
    while (flow->ours >= 0 && flow->held.length == 0)
        pt_flow_move(flow);
    return flow->ours < 0;
}
