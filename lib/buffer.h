/*
 * A growing run of bytes: what files are read into and lines are put together in.
 */
#ifndef PT_BUFFER_H
#define PT_BUFFER_H

#include <stddef.h>
/* All zero bytes are an empty buffer. Where memory ran out `error` is -ENOMEM, what came later was
 * not added, and every function says so again: a caller may append freely and look once, at the
 * end. */
struct pt_buffer {
    char *data;      /* NUL behind the last byte once anything was added; else NULL */
    size_t length;   /* without that NUL */
    size_t capacity; /* bytes that data has room for */
    int error;       /* 0 or -ENOMEM */
};

void pt_buffer_init(struct pt_buffer *buffer);

/* Frees the bytes; the buffer is empty and ready for use. */
void pt_buffer_done(struct pt_buffer *buffer);

/* Length and error become 0; the memory stays for what comes next. */
void pt_buffer_clear(struct pt_buffer *buffer);

/* Cuts to LENGTH bytes, no more than there are. */
void pt_buffer_truncate(struct pt_buffer *buffer, size_t length);

/* The bytes as a string; "" when there are none. Valid until the next change. */
const char *pt_buffer_text(const struct pt_buffer *buffer);

/* Room for EXTRA bytes and a NUL behind `length`: read(2) may fill data + length, and the caller
 * then adds to `length`. 0 or -ENOMEM, as all below. */
int pt_buffer_reserve(struct pt_buffer *buffer, size_t extra);

int pt_buffer_append(struct pt_buffer *buffer, const char *bytes, size_t length);
int pt_buffer_append_text(struct pt_buffer *buffer, const char *text);
int pt_buffer_append_byte(struct pt_buffer *buffer, char byte);
/* BYTE, COUNT times. */
int pt_buffer_append_fill(struct pt_buffer *buffer, char byte, size_t count);
int pt_buffer_append_format(struct pt_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
