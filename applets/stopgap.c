/* Until lib/text.c and lib/units.c are there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"
#include "units.h"
void pt_buffer_init(struct pt_buffer *buffer)
{
    *buffer = (struct pt_buffer){0};
}
void pt_buffer_done(struct pt_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct pt_buffer){0};
}
const char *pt_buffer_text(const struct pt_buffer *buffer)
{
    return buffer->data ? buffer->data : "";
}
int pt_buffer_escape(struct pt_buffer *buffer, const char *bytes, size_t length, unsigned flags)
{
    (void)flags;
    buffer->data = strndup(bytes, length);
    buffer->length = length;
    return 0;
}
bool pt_text_utf8_locale(void)
{
    return true;
}
void pt_text_set_locale(void)
{
}
size_t pt_text_fit(const char *text, size_t length, size_t columns)
{
    (void)text;
    return length < columns ? length : columns;
}
int pt_parse_u64(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *ret_value,
                 struct pt_fault *fault)
{
    (void)text, (void)minimum, (void)maximum, (void)ret_value, (void)fault;
    return -EINVAL;
}
