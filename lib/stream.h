/*
 * A connected socket and a moment by which all talk over it is over. Whoever is at its other end
 * may be anybody: one that sends without end holds us no longer than one that says nothing.
 */
#ifndef PT_STREAM_H
#define PT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "waitset.h"

struct pt_stream {
    int fd; /* owned; -1: closed */
    struct pt_waitset *waitset;
    int64_t deadline; /* as pt_monotonic() counts */
};

/* Takes over FD. 0 or -errno: then FD is closed. */
int pt_stream_open(struct pt_stream *ret_stream, int fd, int64_t deadline);

/* Accepts one that is closed. */
void pt_stream_close(struct pt_stream *stream);

/* Waits until FD can be read, or with WRITES be written, or is broken. 0, -ETIMEDOUT or -errno. */
int pt_stream_wait(const struct pt_stream *stream, bool writes);

/* Sends all of it. 0; -ETIMEDOUT; -ECONNRESET: nobody reads; -errno. */
int pt_stream_send(const struct pt_stream *stream, const char *bytes, size_t length);

/* Appends what has come, at least a byte, and a NUL that does not count. 1; 0: the other end has
 * closed; -ETIMEDOUT or -errno. */
int pt_stream_receive(const struct pt_stream *stream, struct pt_buffer *buffer);

#endif
