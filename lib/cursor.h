/*
 * A place in bytes that somebody else owns, and checked steps over words, numbers and lines. It
 * never passes `end`; blanks are space, tab and newline.
 */
#ifndef PT_CURSOR_H
#define PT_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pt_cursor {
    const char *at, *end;
};

void pt_cursor_skip_blanks(struct pt_cursor *cursor);

/* Whether a word is over here: at a blank or the end. */
bool pt_cursor_at_word_end(const struct pt_cursor *cursor);

/* The next word. -ENODATA: there is none. */
int pt_cursor_word(struct pt_cursor *cursor, const char **ret_word, size_t *ret_length);

/*
 * The next word as a decimal number within bounds: 0, -ENODATA when there is no word, -EINVAL when
 * it is no number, -ERANGE when it is out of bounds.
 */
int pt_cursor_u64(struct pt_cursor *cursor, uint64_t maximum, uint64_t *ret_value);
int pt_cursor_i64(struct pt_cursor *cursor, int64_t minimum, int64_t maximum, int64_t *ret_value);
int pt_cursor_u32(struct pt_cursor *cursor, uint32_t *ret_value);
int pt_cursor_pid(struct pt_cursor *cursor, pid_t minimum, pid_t *ret_pid);

/* A number of kB, as in `Rss:     123 kB`, in bytes. */
int pt_cursor_kilobytes(struct pt_cursor *cursor, uint64_t *ret_bytes);

/* `KEY: VALUE`; the value's cursor ends with the line. */
struct pt_line {
    const char *key;
    size_t key_length;
    struct pt_cursor value;
};

/* The next line that has a `:`. False: there is none. */
bool pt_cursor_line(struct pt_cursor *cursor, struct pt_line *ret_line);

bool pt_line_has_key(const struct pt_line *line, const char *key);

#endif
