#include "cursor.h"

#include <errno.h>
#include <string.h>

#include "units.h"

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n';
}

void pt_cursor_skip_blanks(struct pt_cursor *cursor)
{
    while (cursor->at < cursor->end && is_blank(*cursor->at))
        cursor->at++;
}

bool pt_cursor_at_word_end(const struct pt_cursor *cursor)
{
    return cursor->at == cursor->end || is_blank(*cursor->at);
}

int pt_cursor_word(struct pt_cursor *cursor, const char **ret_word, size_t *ret_length)
{
    pt_cursor_skip_blanks(cursor);
    if (cursor->at == cursor->end)
        return -ENODATA;
    *ret_word = cursor->at;
    while (!pt_cursor_at_word_end(cursor))
        cursor->at++;
    *ret_length = (size_t)(cursor->at - *ret_word);
    return 0;
}

int pt_cursor_u64(struct pt_cursor *cursor, uint64_t maximum, uint64_t *ret_value)
{
    uint64_t value;
    int error;

    pt_cursor_skip_blanks(cursor);
    if (cursor->at == cursor->end)
        return -ENODATA;
    error = pt_scan_u64(&cursor->at, cursor->end, &value);
    if (error < 0)
        return error;
    if (!pt_cursor_at_word_end(cursor))
        return -EINVAL;
    if (value > maximum)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

int pt_cursor_i64(struct pt_cursor *cursor, int64_t minimum, int64_t maximum, int64_t *ret_value)
{
    int64_t value;
    int error;

    pt_cursor_skip_blanks(cursor);
    if (cursor->at == cursor->end)
        return -ENODATA;
    error = pt_scan_i64(&cursor->at, cursor->end, &value);
    if (error < 0)
        return error;
    if (!pt_cursor_at_word_end(cursor))
        return -EINVAL;
    if (value < minimum || value > maximum)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

int pt_cursor_u32(struct pt_cursor *cursor, uint32_t *ret_value)
{
    uint64_t value;
    int error = pt_cursor_u64(cursor, UINT32_MAX, &value);

    if (error == 0)
        *ret_value = (uint32_t)value;
    return error;
}

int pt_cursor_pid(struct pt_cursor *cursor, pid_t minimum, pid_t *ret_pid)
{
    int64_t value;
    int error = pt_cursor_i64(cursor, minimum, INT32_MAX, &value);

    if (error == 0)
        *ret_pid = (pid_t)value;
    return error;
}

int pt_cursor_kilobytes(struct pt_cursor *cursor, uint64_t *ret_bytes)
{
    const char *unit;
    size_t length;
    uint64_t value;
    int error = pt_cursor_u64(cursor, UINT64_MAX / 1024, &value);

    if (error < 0)
        return error;
    if (pt_cursor_word(cursor, &unit, &length) < 0 || length != 2 || memcmp(unit, "kB", 2) != 0)
        return -EINVAL;
    *ret_bytes = value * 1024;
    return 0;
}

bool pt_cursor_line(struct pt_cursor *cursor, struct pt_line *ret_line)
{
    while (cursor->at < cursor->end) {
        const char *begin = cursor->at;
        const char *end = memchr(begin, '\n', (size_t)(cursor->end - begin)), *colon;

        if (end == NULL)
            end = cursor->end;
        cursor->at = end < cursor->end ? end + 1 : end;
        colon = memchr(begin, ':', (size_t)(end - begin));
        if (colon != NULL) {
            *ret_line = (struct pt_line){begin, (size_t)(colon - begin), {colon + 1, end}};
            return true;
        }
    }
    return false;
}

bool pt_line_has_key(const struct pt_line *line, const char *key)
{
    return line->key_length == strlen(key) && memcmp(line->key, key, line->key_length) == 0;
}
