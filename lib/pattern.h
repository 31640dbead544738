/*
 * Patterns that people type, regular expressions and globs: does a text match?
 *
 * Of our own, because texts come from strangers' processes. What regexec(3) takes for a text may
 * grow beyond any bound, or be exponential (fnmatch(3) with several `*`); here a pattern becomes a
 * list of steps, and all steps that a text may have reached are followed at once: the time is at
 * most steps times bytes, the memory is taken when the pattern is compiled, and matching cannot
 * fail. And the same pattern means the same with every libc and in every locale.
 *
 * A regular expression is POSIX's extended one (XBD 9.4), found anywhere in the text, which is one
 * line: `.` and `[^a]` match a newline, `^` and `$` stand for its two ends alone. Where POSIX
 * leaves the meaning open we do as glibc (an unmatched `)` is itself, an alternative may be empty,
 * \w \W \s \S \b \B \< \> are known) or refuse: back-references, `\` before any other letter,
 * nothing to repeat. Characters are UTF-8's, whatever the locale; a byte that is none is a
 * character of its own, which the same byte, `.` and a negated set match. Classes and words know
 * ASCII alone.
 *
 * A glob is fnmatch(3)'s without flags: `*` and `?` match `/` and a leading `.` too. One that could
 * match nothing (`[` without end, `[z-a]`) is refused.
 */
#ifndef PT_PATTERN_H
#define PT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "units.h"

/* All zero bytes: none. Not for two threads at a time, for matching uses `sets`. */
struct pt_pattern {
    const char *literal;   /* the regular expression, borrowed, where it is plain text; else NULL */
    size_t literal_length; /* and then the rest is not set */
    struct pt_buffer steps;
    uint16_t *sets;     /* room for two sets of steps */
    bool begins[0x100]; /* by byte: whether a match behind the text's start may begin with it */
};

/* Compile TEXT, which must outlive the pattern. 0, -ENOMEM, or -EINVAL with the fault: one of the
 * above, what is unbalanced or unknown, a repetition of more than 255 (RE_DUP_MAX), or more than
 * 65,535 steps (a character is one, and each copy that `{}` makes of it). */
int pt_pattern_regex(struct pt_pattern *ret_pattern, const char *text, struct pt_fault *fault);
int pt_pattern_glob(struct pt_pattern *ret_pattern, const char *text, struct pt_fault *fault);

/* Whether LENGTH bytes, any bytes, match. */
bool pt_pattern_matches(const struct pt_pattern *pattern, const char *text, size_t length);

void pt_pattern_done(struct pt_pattern *pattern);

#endif
