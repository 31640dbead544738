#include "stream.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVED_AT_ONCE 4096

int pt_stream_open(struct pt_stream *ret_stream, int fd, int64_t deadline)
{
    struct pt_stream stream = {.fd = fd, .deadline = deadline};
    sigset_t none;
    int error;

    sigemptyset(&none);
    error = pt_waitset_new(&stream.waitset, NULL, &none);
    if (error == 0)
        *ret_stream = stream;
    else
        close(fd);
    return error;
}

void pt_stream_close(struct pt_stream *stream)
{
    pt_waitset_free(stream->waitset);
    stream->waitset = NULL;
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

int pt_stream_wait(const struct pt_stream *stream, bool writes)
{
    int error = pt_waitset_watch(stream->waitset, stream->fd, writes, NULL);
    struct pt_event event;

    if (error != 0)
        return error;
    error = pt_waitset_next(stream->waitset, stream->deadline, &event);
    pt_waitset_unwatch(stream->waitset, stream->fd);
    return error == 0 && event.kind == PT_EVENT_TIME ? -ETIMEDOUT : error;
}

int pt_stream_send(const struct pt_stream *stream, const char *bytes, size_t length)
{
    while (length > 0) {
        int error = pt_stream_wait(stream, true);
        ssize_t sent;

        if (error != 0)
            return error;
        sent = send(stream->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return errno == EPIPE ? -ECONNRESET : -errno;
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        }
    }
    return 0;
}

int pt_stream_receive(const struct pt_stream *stream, struct pt_buffer *buffer)
{
    for (;;) {
        int error = pt_stream_wait(stream, false);
        ssize_t length;

        if (error == 0)
            error = pt_buffer_reserve(buffer, RECEIVED_AT_ONCE);
        if (error != 0)
            return error;
        length = recv(stream->fd, buffer->data + buffer->length, RECEIVED_AT_ONCE, MSG_DONTWAIT);
        if (length == 0)
            return 0;
        if (length > 0) {
            buffer->length += (size_t)length;
            buffer->data[buffer->length] = '\0';
            return 1;
        }
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
    }
}
