/*
 * What a pattern is made of: its text is read into steps that a matcher follows.
 */
#ifndef PT_PATTERN_STEPS_H
#define PT_PATTERN_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "units.h"

#define PT_STEPS_MOST UINT16_MAX

/* Where a step goes on. Distances count steps, from the step that bears them, modulo 2^32: a
 * program of them can be copied and moved as it is. */
enum pt_step_kind {
    PT_STEP_RANGE,      /* behind it, with a character from FIRST to LAST */
    PT_STEP_SET,        /* behind the FIRST ranges that follow it, with a character of one of them;
                           of none of them where LAST is set */
    PT_STEP_JUMP,       /* at distance FIRST */
    PT_STEP_SPLIT,      /* behind it, and at distance FIRST; where LAST is set, the step behind it
                           takes the character LAST - 1 alone: most of many alternatives go */
    PT_STEP_TEXT_START, /* behind it, as all below, where this is true */
    PT_STEP_TEXT_END,
    PT_STEP_WORD_EDGE,
    PT_STEP_WORD_INSIDE, /* no edge */
    PT_STEP_WORD_START,
    PT_STEP_WORD_END,
    PT_STEP_FOUND, /* nowhere: the text matches */
};

struct pt_step {
    enum pt_step_kind kind;
    uint32_t first, last;
};

/* Reads TEXT, a regular expression or a glob, into steps from 0 on, PT_STEPS_MOST at the most: see
 * pattern.h for the result. */
int pt_steps_read(struct pt_buffer *ret_steps, const char *text, bool glob, struct pt_fault *fault);

static inline size_t pt_steps_count(const struct pt_buffer *steps)
{
    return steps->length / sizeof(struct pt_step);
}

static inline struct pt_step *pt_steps_get(const struct pt_buffer *steps, size_t index)
{
    return (struct pt_step *)(void *)steps->data + index;
}

/* One character of a pattern or a text, at least one byte of LENGTH; as many bytes as it takes. A
 * byte that is not UTF-8 is a character beyond Unicode. */
size_t pt_step_decode(const char *text, size_t length, uint32_t *ret_code);

#endif
