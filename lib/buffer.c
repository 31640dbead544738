#include "buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t smallest_buffer = 64;
static const size_t largest_buffer = SIZE_MAX / 2; /* half as much again does not overflow */

void pt_buffer_init(struct pt_buffer *buffer)
{
    *buffer = (struct pt_buffer){0};
}

void pt_buffer_done(struct pt_buffer *buffer)
{
    free(buffer->data);
    pt_buffer_init(buffer);
}

void pt_buffer_clear(struct pt_buffer *buffer)
{
    pt_buffer_truncate(buffer, 0);
    buffer->error = 0;
}

void pt_buffer_truncate(struct pt_buffer *buffer, size_t length)
{
    if (!buffer->data)
        return;
    buffer->length = length;
    buffer->data[length] = '\0';
}

const char *pt_buffer_text(const struct pt_buffer *buffer)
{
    return buffer->data ? buffer->data : "";
}

int pt_buffer_reserve(struct pt_buffer *buffer, size_t extra)
{
    size_t needed, capacity = buffer->capacity;
    char *data;

    if (buffer->error)
        return buffer->error;
    if (extra >= largest_buffer - buffer->length)
        return buffer->error = -ENOMEM;
    needed = buffer->length + extra + 1;
    if (needed <= capacity)
        return 0;
    capacity += capacity / 2;
    if (capacity < needed)
        capacity = needed < smallest_buffer ? smallest_buffer : needed;
    data = realloc(buffer->data, capacity);
    if (!data)
        return buffer->error = -ENOMEM;
    data[buffer->length] = '\0';
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

int pt_buffer_append(struct pt_buffer *buffer, const char *bytes, size_t length)
{
    if (pt_buffer_reserve(buffer, length) < 0)
        return buffer->error;
    if (length > 0)
        memcpy(buffer->data + buffer->length, bytes, length);
    pt_buffer_truncate(buffer, buffer->length + length);
    return 0;
}

int pt_buffer_append_text(struct pt_buffer *buffer, const char *text)
{
    return pt_buffer_append(buffer, text, strlen(text));
}

int pt_buffer_append_byte(struct pt_buffer *buffer, char byte)
{
    return pt_buffer_append(buffer, &byte, 1);
}

int pt_buffer_append_fill(struct pt_buffer *buffer, char byte, size_t count)
{
    if (pt_buffer_reserve(buffer, count) < 0)
        return buffer->error;
    memset(buffer->data + buffer->length, byte, count);
    pt_buffer_truncate(buffer, buffer->length + count);
    return 0;
}

int pt_buffer_append_format(struct pt_buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    int length;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0)
        buffer->error = -ENOMEM;
    else if (pt_buffer_reserve(buffer, (size_t)length) == 0)
        buffer->length +=
            (size_t)vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return buffer->error;
}
