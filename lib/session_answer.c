/* Lines: `V VALUE TEXT`, `I IMPORT TEXT`, `D VALUE DROP TEXT` and at last `E REFUSAL DISPLAY
 * DAEMON`; all but the texts are numbers. */
#include "session_answer.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "units.h"

static const char *const texts[PT_REFUSED_COUNT] = {
    [PT_REFUSED_NOT] = "",
    [PT_REFUSED_NO_ANSWER] = "did not answer",
    [PT_REFUSED_NOT_ASKED] = "could not be asked: no process, or no descriptor, was left for that",
    [PT_REFUSED_NOT_BECOME] = "its user cannot be become",
    [PT_REFUSED_NO_DISPLAY] = "no live display",
    [PT_REFUSED_NO_BUS] = "no live message bus",
    [PT_REFUSED_NO_DAEMON] = "no notification daemon, and its bus can start none",
    [PT_REFUSED_UNKNOWN_USER] = "its user is not known here",
    [PT_REFUSED_EXCLUDED] = "excluded",
};

const char *pt_refusal_text(enum pt_refusal refusal)
{
    return texts[refusal];
}

void pt_answer_value(struct pt_buffer *out, enum pt_value value, const char *text)
{
    pt_buffer_append_format(out, "V %d %s\n", (int)value, text);
}

void pt_answer_import(struct pt_buffer *out, size_t import, const char *text)
{
    pt_buffer_append_format(out, "I %zu %s\n", import, text);
}

void pt_answer_drop(struct pt_buffer *out, enum pt_value value, enum pt_drop why, const char *text)
{
    pt_buffer_append_format(out, "D %d %d %.*s\n", (int)value, (int)why, PT_DROPPED_LENGTH, text);
}

void pt_answer_end(struct pt_buffer *out, enum pt_refusal refusal, bool has_display,
                   bool bus_has_daemon)
{
    pt_buffer_append_format(out, "E %d %d %d\n", (int)refusal, has_display, bus_has_daemon);
}

struct line {
    const char *at, *end;
};

/* A blank and a number below LIMIT. */
static int take_number(struct line *line, size_t limit, size_t *ret_number)
{
    uint64_t number;

    if (line->at >= line->end || *line->at++ != ' ' ||
        pt_scan_u64(&line->at, line->end, &number) != 0 || number >= limit)
        return -EPROTO;
    *ret_number = (size_t)number;
    return 0;
}

/* A blank and the rest. */
static int take_text(struct line *line, const char **ret_text, size_t *ret_length)
{
    if (line->at >= line->end || *line->at++ != ' ')
        return -EPROTO;
    *ret_text = line->at;
    *ret_length = (size_t)(line->end - line->at);
    line->at = line->end;
    return 0;
}

static int copy(struct pt_arena *arena, const char *text, size_t length, const char **ret_text)
{
    *ret_text = pt_arena_strndup(arena, text, length);
    return *ret_text != NULL ? 0 : -ENOMEM;
}

/* Acceptable, and already in the form that goes out; of a bus address exactly one entry. */
static int parse_value(struct line *line, struct pt_ballot *ballot, struct pt_answer *answer)
{
    struct pt_buffer accepted = {0};
    const char *text = NULL;
    size_t value, length = 0;
    int error = take_number(line, PT_VALUE_COUNT, &value);

    if (error == 0)
        error = take_text(line, &text, &length);
    if (error != 0)
        return error;
    if (pt_value_accept((enum pt_value)value, text, length, &accepted) != PT_DROP_NOT ||
        accepted.length != length || memcmp(accepted.data, text, length) != 0 ||
        memchr(text, ';', length) != NULL)
        error = -EPROTO;
    if (accepted.error != 0)
        error = accepted.error;
    pt_buffer_done(&accepted);
    return error != 0 ? error : copy(ballot->arena, text, length, &answer->values[value]);
}

static int parse_import(struct line *line, struct pt_ballot *ballot, struct pt_answer *answer)
{
    const char *text;
    size_t import, length;

    if (take_number(line, ballot->imports->count, &import) != 0 ||
        take_text(line, &text, &length) != 0 || pt_value_accept_word(text, length) != PT_DROP_NOT)
        return -EPROTO;
    return copy(ballot->arena, text, length, &answer->imports[import]);
}

static int parse_drop(struct line *line, struct pt_ballot *ballot)
{
    const char *text;
    size_t value, why, length;

    if (take_number(line, PT_VALUE_COUNT, &value) != 0 ||
        take_number(line, PT_DROP_COUNT, &why) != 0 || take_text(line, &text, &length) != 0)
        return -EPROTO;
    return pt_ballot_drop(ballot, pt_value_names[value], (enum pt_drop)why, text, length);
}

static int parse_end(struct line *line, struct pt_answer *answer)
{
    size_t refusal, has_display, has_daemon;

    if (take_number(line, PT_REFUSED_COUNT, &refusal) != 0 ||
        take_number(line, 2, &has_display) != 0 || take_number(line, 2, &has_daemon) != 0 ||
        line->at != line->end)
        return -EPROTO;
    answer->refusal = (enum pt_refusal)refusal;
    answer->has_display = has_display != 0;
    answer->bus_has_daemon = has_daemon != 0;
    return 0;
}

static int parse_line(struct line *line, struct pt_ballot *ballot, struct pt_answer *answer)
{
    switch (*line->at++) {
    case 'V':
        return parse_value(line, ballot, answer);
    case 'I':
        return parse_import(line, ballot, answer);
    case 'D':
        return parse_drop(line, ballot);
    case 'E':
        return parse_end(line, answer);
    }
    return -EPROTO;
}

int pt_answer_parse(const char *bytes, size_t length, struct pt_ballot *ballot,
                    struct pt_answer *ret_answer)
{
    const char *end = bytes + length;
    struct pt_answer answer = {0};
    bool ended = false;

    answer.imports = pt_arena_array(ballot->arena, ballot->imports->count, sizeof *answer.imports,
                                    PT_ALIGN_OF(const char *));
    if (answer.imports == NULL)
        return -ENOMEM;
    if (length > PT_ANSWER_LIMIT)
        return -EPROTO;
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        struct line line = {bytes, newline};
        int error;

        if (newline == NULL || newline == bytes || ended)
            return -EPROTO;
        ended = *bytes == 'E';
        error = parse_line(&line, ballot, &answer);
        if (error != 0)
            return error;
        bytes = newline + 1;
    }
    if (!ended)
        return -EPROTO;
    *ret_answer = answer;
    return 0;
}

bool pt_answer_is_sound(const struct pt_answer *answer, bool notifications)
{
    const char *const *values = answer->values;

    if (answer->refusal != PT_REFUSED_NOT || values[PT_VALUE_BUS] != NULL)
        return true;
    return !notifications && (values[PT_VALUE_DISPLAY] != NULL || values[PT_VALUE_WAYLAND] != NULL);
}
