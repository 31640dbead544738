/*
 * Bytes that processes show us, made fit for people: UTF-8 decoded by ourselves, the one escaper,
 * widths in columns.
 *
 * No two byte strings escape to the same text, so that what is shown says exactly what was there.
 */
#ifndef PT_TEXT_H
#define PT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* --- UTF-8 --- */

#define PT_UTF8_INVALID UINT32_MAX

/* Decodes what stands at BYTES (LENGTH of them, at least 1): how many bytes it takes, and its code
 * point, or PT_UTF8_INVALID for a sequence that is none (overlong, a surrogate, above U+10FFFF, cut
 * off). Such a sequence is as long as Unicode's "maximal subpart" (chapter 3.9), never 0. */
size_t pt_utf8_decode(const char *bytes, size_t length, uint32_t *ret_code);

/* Whether all of it is UTF-8. NUL and other controls are. */
bool pt_utf8_is_valid(const char *bytes, size_t length);

/* Appends BYTES with U+FFFD for each sequence that is not UTF-8. 0 or -ENOMEM. */
int pt_buffer_append_utf8(struct pt_buffer *buffer, const char *bytes, size_t length);

/* Whether CODE may stand on a terminal as it is: no control, no bidi or other format character, no
 * line separator, no invisible filler, no noncharacter. */
bool pt_utf8_is_printable(uint32_t code);

/* --- locale --- */

/* Whether people's output is UTF-8: the first non-empty of LC_ALL, LC_CTYPE and LANG ends in UTF-8
 * or utf8, in any case, before a modifier (`@euro`), whether that locale is installed or not: the
 * same with every libc. */
bool pt_text_utf8_locale(void);

/* --- escaping --- */

enum {
    PT_ESCAPE_UTF8 = 1,  /* printable UTF-8 stays as it is (pt_text_utf8_locale); else every byte
                            from 0x80 on is escaped */
    PT_ESCAPE_QUOTE = 2, /* `"` becomes `\"` too: for text that will stand in quotes */
};

/* What the locale asks for: PT_ESCAPE_UTF8 or 0. */
unsigned pt_text_escape_flags(void);

/* Appends BYTES so that they are one line of harmless text: an ASCII control or DEL, and a byte
 * that is not UTF-8 or may not be shown, as `\xHH`; an unprintable code point as `\u{H...}`; `\` as
 * `\\`; all hexadecimal digits in lower case. 0 or -ENOMEM. */
int pt_buffer_escape(struct pt_buffer *buffer, const char *bytes, size_t length, unsigned flags);

/* How many bytes from the beginning pt_buffer_escape would leave as they are; LENGTH: all of them.
 */
size_t pt_text_plain_length(const char *bytes, size_t length, unsigned flags);

/* --- width --- */

/* Columns that TEXT takes on a terminal; an invalid byte counts 1. For text that has been escaped.
 */
size_t pt_text_width(const char *text, size_t length);

/* How many bytes of TEXT go into COLUMNS columns, whole characters with their combining marks. */
size_t pt_text_fit(const char *text, size_t length, size_t columns);

/* --- base64 --- */

/* Room for the base64 of SIZE bytes, without a NUL. */
#define PT_BASE64_LENGTH(size) (((size) + 2) / 3 * 4)

/* Writes the padded base64 (RFC 4648, section 4) of SIZE bytes, without a NUL; the number of
 * characters, PT_BASE64_LENGTH(SIZE). */
size_t pt_base64(const void *bytes, size_t size, char *ret_text);

#endif
