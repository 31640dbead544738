/*
 * The one JSON writer (RFC 8259), streaming to a FILE. It keeps no text and no stack, so there is
 * no limit to nesting; whether brackets match is the caller's affair. Failed writes stick to the
 * FILE: ask ferror(3) once, at the end.
 *
 * Every value takes NAME: of the member it is, or NULL for an element of an array and for a whole
 * document. A document ends with a newline; several may follow one another (jsonl).
 *
 * Output is always UTF-8. Controls, DEL and what else may not be shown on a terminal are written as
 * \u escapes, which a reader decodes to the same text.
 */
#ifndef PT_JSON_H
#define PT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum pt_json_style {
    PT_JSON_COMPACT, /* one line */
    PT_JSON_PRETTY,  /* a member or element a line, indented by two spaces */
};

/* Owns nothing: there is no _done. */
struct pt_json {
    FILE *file;
    enum pt_json_style style;
    size_t depth; /* open brackets */
    bool empty;   /* nothing stands in the innermost one yet */
};

void pt_json_init(struct pt_json *json, FILE *file, enum pt_json_style style);

void pt_json_begin_object(struct pt_json *json, const char *name);
void pt_json_end_object(struct pt_json *json);
void pt_json_begin_array(struct pt_json *json, const char *name);
void pt_json_end_array(struct pt_json *json);

void pt_json_null(struct pt_json *json, const char *name);
void pt_json_bool(struct pt_json *json, const char *name, bool value);
void pt_json_i64(struct pt_json *json, const char *name, int64_t value);
void pt_json_u64(struct pt_json *json, const char *name, uint64_t value);

/* With DECIMALS digits (at most 9) behind the point, rounded; null for NaN and infinities. */
void pt_json_double(struct pt_json *json, const char *name, double value, int decimals);

/* NAME: SECONDS since the epoch, and "NAME_iso": its ISO 8601 form, null where that cannot be said.
 */
void pt_json_time(struct pt_json *json, const char *name, int64_t seconds);

/* A string of LENGTH bytes. Each sequence that is not UTF-8 becomes U+FFFD; where there was one, a
 * member (NAME not NULL) is followed by "NAME_b64" with the exact bytes. NULs stay. */
void pt_json_string(struct pt_json *json, const char *name, const char *bytes, size_t length);

/* A string that ends at its NUL; null for NULL. */
void pt_json_text(struct pt_json *json, const char *name, const char *text);

/* NAME: an array of the strings in BLOCK, each ended by NUL, as cmdline and environ are; the last
 * one's may be missing. Where one of them is not UTF-8, "NAME_b64" follows: an array as long, with
 * the exact bytes of those and null for the others. */
void pt_json_strings(struct pt_json *json, const char *name, const char *block, size_t length);

#endif
