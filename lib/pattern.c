#include "pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_steps.h"
#include "text.h"

/* --- matching --- */

/* Briggs' and Torczon's sparse set: nothing is cleared to empty it. */
struct set {
    uint16_t *members, *places;
    size_t count;
};

static void add(struct set *set, size_t step)
{
    size_t place = set->places[step];

    if (place < set->count && set->members[place] == step)
        return;
    set->places[step] = (uint16_t)set->count;
    set->members[set->count++] = (uint16_t)step;
}

static void get_sets(const struct pt_pattern *pattern, struct set ret_sets[2])
{
    size_t count = pt_steps_count(&pattern->steps);

    for (size_t i = 0; i < 2; i++) {
        ret_sets[i].members = pattern->sets + 2 * i * count;
        ret_sets[i].places = ret_sets[i].members + count;
        ret_sets[i].count = 0;
    }
}

static bool is_within(const struct pt_step *range, uint32_t code)
{
    return code >= range->first && code <= range->last;
}

static bool takes(const struct pt_step *step, uint32_t code)
{
    if (step->kind == PT_STEP_RANGE)
        return is_within(step, code);
    for (uint32_t i = 1; i <= step->first; i++)
        if (is_within(step + i, code))
            return step->last == 0;
    return step->last != 0;
}

static bool is_word(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (byte >= 'a' && byte <= 'z');
}

/* Where in a text we are, and the character that stands there. */
struct place {
    const char *text, *at, *end;
    uint32_t code;
};

static bool holds(enum pt_step_kind kind, const struct place *place)
{
    bool before = place->at > place->text && is_word(place->at[-1]);
    bool behind = place->at < place->end && is_word(*place->at);

    switch (kind) {
    case PT_STEP_TEXT_START:
        return place->at == place->text;
    case PT_STEP_TEXT_END:
        return place->at == place->end;
    case PT_STEP_WORD_EDGE:
        return before != behind;
    case PT_STEP_WORD_INSIDE:
        return before == behind;
    case PT_STEP_WORD_START:
        return !before && behind;
    default:
        return before && !behind;
    }
}

/* Which bytes lead from step 0 to anywhere, where the text does not start. What a condition says is
 * not known here, and of characters that take several bytes any is taken. */
static void find_beginnings(struct pt_pattern *pattern)
{
    struct set sets[2], *now = &sets[0];

    get_sets(pattern, sets);
    add(now, 0);
    for (size_t i = 0; i < now->count; i++) {
        size_t at = now->members[i];
        const struct pt_step *step = pt_steps_get(&pattern->steps, at);

        if (step->kind == PT_STEP_RANGE || step->kind == PT_STEP_SET) {
            for (unsigned byte = 0; byte < 0x80; byte++)
                pattern->begins[byte] |= takes(step, byte);
            if (step->kind == PT_STEP_SET || step->last >= 0x80)
                memset(pattern->begins + 0x80, true, 0x80);
        } else if (step->kind == PT_STEP_FOUND) {
            memset(pattern->begins, true, sizeof pattern->begins);
        } else if (step->kind != PT_STEP_TEXT_START) {
            if (step->kind != PT_STEP_JUMP)
                add(now, at + 1);
            if (step->kind == PT_STEP_JUMP || step->kind == PT_STEP_SPLIT)
                add(now, (uint32_t)at + step->first);
        }
    }
}

/* Follows the steps of NOW to those that the character at PLACE leads to, which are added to NEXT.
 * True: to FOUND. */
static bool follow(const struct pt_pattern *pattern, struct set *now, struct set *next,
                   const struct place *place)
{
    for (size_t i = 0; i < now->count; i++) {
        size_t at = now->members[i];
        const struct pt_step *step = pt_steps_get(&pattern->steps, at);

        switch (step->kind) {
        case PT_STEP_FOUND:
            return true;
        case PT_STEP_RANGE:
            if (takes(step, place->code))
                add(next, at + 1);
            break;
        case PT_STEP_SET:
            if (takes(step, place->code))
                add(next, at + 1 + step->first);
            break;
        case PT_STEP_SPLIT:
            if (step->last == 0 || step->last == place->code + 1)
                add(now, at + 1);
            add(now, (uint32_t)at + step->first);
            break;
        case PT_STEP_JUMP:
            add(now, (uint32_t)at + step->first);
            break;
        default:
            if (holds(step->kind, place))
                add(now, at + 1);
        }
    }
    return false;
}

/* Before the text's end. */
static bool may_begin(const struct pt_pattern *pattern, const struct place *place)
{
    return place->at == place->text || pattern->begins[(unsigned char)*place->at];
}

static bool run(const struct pt_pattern *pattern, const char *text, size_t length)
{
    struct place place = {text, text, text + length, 0};
    struct set sets[2], *now = &sets[0], *next = &sets[1], *spare;
    size_t size;

    get_sets(pattern, sets);
    for (; place.at < place.end; place.at += size) {
        size = 1;
        if (may_begin(pattern, &place))
            add(now, 0);
        else if (now->count == 0)
            continue;
        size = pt_step_decode(place.at, (size_t)(place.end - place.at), &place.code);
        if (follow(pattern, now, next, &place))
            return true;
        spare = now;
        now = next;
        next = spare;
        next->count = 0;
    }
    add(now, 0);
    place.code = PT_UTF8_INVALID; /* no character */
    return follow(pattern, now, next, &place);
}

bool pt_pattern_matches(const struct pt_pattern *pattern, const char *text, size_t length)
{
    if (pattern->literal != NULL)
        return memmem(text, length, pattern->literal, pattern->literal_length) != NULL;
    return run(pattern, text, length);
}

/* --- making --- */

static int compile(struct pt_pattern *ret_pattern, const char *text, bool glob,
                   struct pt_fault *fault)
{
    struct pt_pattern pattern = {0};
    int error = pt_steps_read(&pattern.steps, text, glob, fault);

    if (error < 0)
        return error;
    pattern.sets = calloc(4 * pt_steps_count(&pattern.steps), sizeof *pattern.sets);
    if (pattern.sets == NULL) {
        pt_pattern_done(&pattern);
        return -ENOMEM;
    }
    find_beginnings(&pattern);
    *ret_pattern = pattern;
    return 0;
}

int pt_pattern_regex(struct pt_pattern *ret_pattern, const char *text, struct pt_fault *fault)
{
    size_t length = strlen(text);

    if (strpbrk(text, ".[\\()*+?{|^$") != NULL || !pt_utf8_is_valid(text, length))
        return compile(ret_pattern, text, false, fault);
    *ret_pattern = (struct pt_pattern){.literal = text, .literal_length = length};
    return 0;
}

int pt_pattern_glob(struct pt_pattern *ret_pattern, const char *text, struct pt_fault *fault)
{
    return compile(ret_pattern, text, true, fault);
}

void pt_pattern_done(struct pt_pattern *pattern)
{
    pt_buffer_done(&pattern->steps);
    free(pattern->sets);
    *pattern = (struct pt_pattern){0};
}
