#include "pattern_steps.h"

#include <errno.h>
#include <string.h>

#include "text.h"

enum {
    MOST_REPETITIONS = 255, /* RE_DUP_MAX */
    UNBOUNDED = MOST_REPETITIONS + 1,
    FIRST_INVALID = 0x110000,
    LAST_CHARACTER = FIRST_INVALID + 0xff,
};

size_t pt_step_decode(const char *text, size_t length, uint32_t *ret_code)
{
    size_t size = pt_utf8_decode(text, length, ret_code);

    if (*ret_code != PT_UTF8_INVALID)
        return size;
    *ret_code = FIRST_INVALID + (unsigned char)*text;
    return 1;
}

/* --- steps --- */

static const size_t no_atom = SIZE_MAX;

/* An open group's first step is a note until it is closed: FIRST is that of the group around it
 * (the outermost, step 0, its own), LAST the step before the branch that is being read: its own, or
 * the JUMP that ends the branch before, not yet aimed. */
struct compiler {
    struct pt_buffer steps;
    const char *text, *next, *end;
    bool glob;
    size_t atom;  /* the first step of what a repetition repeats, or no_atom */
    size_t group; /* the first step of the innermost open group */
    struct pt_fault fault;
};

static void refuse(struct compiler *compiler, const char *at, const char *text)
{
    if (compiler->fault.text == NULL)
        pt_fault_set(&compiler->fault, (size_t)(at - compiler->text), text);
}

static bool has_failed(const struct compiler *compiler)
{
    return compiler->fault.text != NULL || compiler->steps.error < 0;
}

static void emit(struct compiler *compiler, enum pt_step_kind kind, uint32_t first, uint32_t last)
{
    struct pt_step step = {kind, first, last};

    if (pt_steps_count(&compiler->steps) == PT_STEPS_MOST)
        refuse(compiler, compiler->text, "too large");
    else
        pt_buffer_append(&compiler->steps, (const char *)&step, sizeof step);
}

/* A SPLIT at step AT, before what stands there, that also goes on behind the last step. */
static void insert_split(struct compiler *compiler, size_t at)
{
    size_t count = pt_steps_count(&compiler->steps);

    emit(compiler, PT_STEP_SPLIT, 0, 0);
    if (has_failed(compiler))
        return;
    struct pt_step *step = pt_steps_get(&compiler->steps, at);
    memmove(step + 1, step, (count - at) * sizeof *step);
    *step = (struct pt_step){PT_STEP_SPLIT, (uint32_t)(count + 1 - at), 0};
}

/* Repeats the atom, which becomes the whole of it: `a{2,4}` is a a a? a?, `a{2,}` is a a+, and what
 * begins at 0 is all of that, or nothing. */
static void repeat(struct compiler *compiler, unsigned minimum, unsigned maximum)
{
    size_t length = pt_steps_count(&compiler->steps) - compiler->atom;
    size_t size = length * sizeof(struct pt_step);
    unsigned copies = maximum == UNBOUNDED ? minimum : maximum;

    if (maximum == 0) {
        pt_buffer_truncate(&compiler->steps, compiler->atom * sizeof(struct pt_step));
        return;
    }
    for (unsigned i = 1; i < copies && !has_failed(compiler); i++) {
        if (i >= minimum)
            emit(compiler, PT_STEP_SPLIT, (uint32_t)(length + 1), 0);
        if (pt_steps_count(&compiler->steps) + length > PT_STEPS_MOST)
            refuse(compiler, compiler->text, "too large");
        else if (pt_buffer_reserve(&compiler->steps, size) == 0)
            pt_buffer_append(&compiler->steps,
                             (const char *)pt_steps_get(&compiler->steps, compiler->atom), size);
    }
    if (maximum == UNBOUNDED)
        emit(compiler, PT_STEP_SPLIT, -(uint32_t)length, 0);
    if (minimum == 0)
        insert_split(compiler, compiler->atom);
}

/* `2}`, `2,}`, `2,4}` or, as glibc has it, `,4}`. */
static void parse_counts(struct compiler *compiler, unsigned *ret_minimum, unsigned *ret_maximum)
{
    const char *next = compiler->next, *end = strchr(next, '}');
    uint64_t minimum = 0, maximum = UNBOUNDED;
    bool good;

    if (end == NULL) {
        refuse(compiler, next - 1, "unbalanced {");
        return;
    }
    good = *next == ',' || pt_scan_u64(&next, end, &minimum) == 0;
    if (good && *next != ',')
        maximum = minimum;
    else if (good && ++next < end)
        good = pt_scan_u64(&next, end, &maximum) == 0 && maximum <= MOST_REPETITIONS;
    if (!good || next != end || minimum > MOST_REPETITIONS || maximum < minimum) {
        refuse(compiler, compiler->next, "bad repetition count");
        return;
    }
    compiler->next = end + 1;
    *ret_minimum = (unsigned)minimum;
    *ret_maximum = (unsigned)maximum;
}

static void parse_repetition(struct compiler *compiler)
{
    unsigned minimum = 0, maximum = UNBOUNDED;
    char sign = *compiler->next;

    if (compiler->atom == no_atom) {
        refuse(compiler, compiler->next, "nothing to repeat");
        return;
    }
    compiler->next++;
    if (sign == '+')
        minimum = 1;
    else if (sign == '?')
        maximum = 1;
    else if (sign == '{')
        parse_counts(compiler, &minimum, &maximum);
    if (!has_failed(compiler))
        repeat(compiler, minimum, maximum);
}

static void take_atom(struct compiler *compiler, uint32_t first, uint32_t last)
{
    compiler->atom = pt_steps_count(&compiler->steps);
    emit(compiler, PT_STEP_RANGE, first, last);
}

static uint32_t take_character(struct compiler *compiler)
{
    uint32_t code = 0;

    if (compiler->next < compiler->end)
        compiler->next +=
            pt_step_decode(compiler->next, (size_t)(compiler->end - compiler->next), &code);
    return code;
}

static void take_literal(struct compiler *compiler)
{
    uint32_t code = take_character(compiler);

    take_atom(compiler, code, code);
}

/* --- sets of characters --- */

static const char word_ranges[] = "09AZ__az", space_ranges[] = "\t\r  ";

/* Pairs of first and last. */
static void emit_ranges(struct compiler *compiler, const char *pairs)
{
    for (; *pairs != '\0'; pairs += 2)
        emit(compiler, PT_STEP_RANGE, (unsigned char)pairs[0], (unsigned char)pairs[1]);
}

static void begin_set(struct compiler *compiler, bool negated)
{
    compiler->atom = pt_steps_count(&compiler->steps);
    emit(compiler, PT_STEP_SET, 0, negated);
}

static void end_set(struct compiler *compiler)
{
    size_t ranges = pt_steps_count(&compiler->steps) - compiler->atom - 1;

    if (!has_failed(compiler))
        pt_steps_get(&compiler->steps, compiler->atom)->first = (uint32_t)ranges;
}

static void take_class(struct compiler *compiler, const char *ranges, bool negated)
{
    begin_set(compiler, negated);
    emit_ranges(compiler, ranges);
    end_set(compiler);
}

/* `[:alpha:]`, without its first two bytes. */
static void parse_class(struct compiler *compiler)
{
    static const struct {
        char name[9], ranges[9];
    } classes[] = {
        {"alpha:]", "AZaz"},     {"digit:]", "09"},      {"alnum:]", "09AZaz"},
        {"upper:]", "AZ"},       {"lower:]", "az"},      {"space:]", "\t\r  "},
        {"blank:]", "\t\t  "},   {"print:]", " ~"},      {"graph:]", "!~"},
        {"punct:]", "!/:@[`{~"}, {"xdigit:]", "09AFaf"}, {"cntrl:]", "\x01\x1f\x7f\x7f"},
    };

    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        size_t length = strlen(classes[i].name);

        if (strncmp(compiler->next, classes[i].name, length) == 0) {
            compiler->next += length;
            emit_ranges(compiler, classes[i].ranges);
            return;
        }
    }
    refuse(compiler, compiler->next - 2, "unknown character class");
}

/* One character of a set, which may be written `[.x.]` or `[=x=]`. */
static uint32_t parse_member(struct compiler *compiler)
{
    const char *start = compiler->next;
    char mark = start[0] == '[' && (start[1] == '.' || start[1] == '=') ? start[1] : '\0';
    uint32_t code;

    if (mark != '\0')
        compiler->next += 2;
    else if (compiler->glob && *start == '\\' && start[1] != '\0')
        compiler->next++;
    code = take_character(compiler);
    if (mark == '\0')
        return code;
    if (compiler->next[0] != mark || compiler->next[1] != ']')
        refuse(compiler, start, "unknown collating element");
    else
        compiler->next += 2;
    return code;
}

/* A class, a character or a range. A `-` stands for itself at both ends of the set and behind
 * another one; elsewhere POSIX leaves it undefined, and glibc and musl refuse it. */
static void parse_members(struct compiler *compiler, bool at_start)
{
    const char *start = compiler->next;
    uint32_t first, last;

    if (start[0] == '[' && start[1] == ':') {
        compiler->next += 2;
        parse_class(compiler);
        return;
    }
    if (start[0] == '-' && start[1] != ']' && start[1] != '\0' && !at_start)
        refuse(compiler, start, "bad range");
    first = last = parse_member(compiler);
    if (compiler->next[0] == '-' && compiler->next[1] != ']' && compiler->next[1] != '\0') {
        compiler->next++;
        if (compiler->next[0] == '[' && compiler->next[1] == ':')
            refuse(compiler, start, "bad range");
        last = parse_member(compiler);
    }
    if (last < first)
        refuse(compiler, start, "bad range");
    emit(compiler, PT_STEP_RANGE, first, last);
}

static void parse_set(struct compiler *compiler)
{
    const char *bracket = compiler->next++, *start;
    bool negated = *compiler->next == '^' || (compiler->glob && *compiler->next == '!');

    begin_set(compiler, negated);
    start = compiler->next += negated;
    while (*compiler->next != '\0' && !has_failed(compiler)) {
        if (*compiler->next == ']' && compiler->next > start) {
            compiler->next++;
            end_set(compiler);
            return;
        }
        parse_members(compiler, compiler->next == start);
    }
    refuse(compiler, bracket, "unbalanced [");
}

/* --- groups --- */

static void take_condition(struct compiler *compiler, enum pt_step_kind kind)
{
    emit(compiler, kind, 0, 0);
    compiler->atom = no_atom;
}

static void open_group(struct compiler *compiler)
{
    uint32_t start = (uint32_t)pt_steps_count(&compiler->steps);

    emit(compiler, PT_STEP_JUMP, (uint32_t)compiler->group, start);
    compiler->group = start;
    compiler->atom = no_atom;
}

/* Aims the JUMP that ended the branch before at step TARGET. */
static void aim(struct compiler *compiler, size_t target)
{
    size_t jump = pt_steps_get(&compiler->steps, compiler->group)->last;

    if (jump != compiler->group)
        pt_steps_get(&compiler->steps, jump)->first = (uint32_t)(target - jump);
}

/* A branch is SPLIT, its steps, JUMP; the JUMP goes to the next branch's, and so to the end. */
static void end_branch(struct compiler *compiler)
{
    size_t branch = pt_steps_get(&compiler->steps, compiler->group)->last + 1;
    struct pt_step *first;
    size_t jump;

    emit(compiler, PT_STEP_JUMP, 0, 0);
    insert_split(compiler, branch);
    if (has_failed(compiler))
        return;
    jump = pt_steps_count(&compiler->steps) - 1;
    first = pt_steps_get(&compiler->steps, branch + 1);
    if (first->kind == PT_STEP_RANGE && first->first == first->last)
        first[-1].last = first->first + 1;
    aim(compiler, jump);
    pt_steps_get(&compiler->steps, compiler->group)->last = (uint32_t)jump;
    compiler->atom = no_atom;
}

static void close_group(struct compiler *compiler)
{
    struct pt_step *start = pt_steps_get(&compiler->steps, compiler->group);

    aim(compiler, pt_steps_count(&compiler->steps));
    compiler->atom = compiler->group;
    compiler->group = start->first;
    start->first = 1;
}

/* --- the whole --- */

static void parse_escape(struct compiler *compiler)
{
    static const char letters[] = "bB<>";
    static const enum pt_step_kind kinds[] = {PT_STEP_WORD_EDGE, PT_STEP_WORD_INSIDE,
                                              PT_STEP_WORD_START, PT_STEP_WORD_END};
    const char *backslash = compiler->next++;
    char letter = *compiler->next;
    const char *condition = strchr(letters, letter);

    if (letter == '\0') {
        refuse(compiler, backslash, "ends in a backslash");
    } else if (letter == 'w' || letter == 'W') {
        take_class(compiler, word_ranges, letter == 'W');
        compiler->next++;
    } else if (letter == 's' || letter == 'S') {
        take_class(compiler, space_ranges, letter == 'S');
        compiler->next++;
    } else if (condition != NULL) {
        take_condition(compiler, kinds[condition - letters]);
        compiler->next++;
    } else if ((letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= 'a' && letter <= 'z') || letter == '`' || letter == '\'') {
        refuse(compiler, backslash, "unknown escape");
    } else {
        take_literal(compiler);
    }
}

static void parse_regex(struct compiler *compiler)
{
    switch (*compiler->next) {
    case '*':
    case '+':
    case '?':
    case '{':
        parse_repetition(compiler);
        return;
    case '[':
        parse_set(compiler);
        return;
    case '\\':
        parse_escape(compiler);
        return;
    case ')':
        if (compiler->group == 0) {
            take_literal(compiler);
            return;
        }
        close_group(compiler);
        break;
    case '(':
        open_group(compiler);
        break;
    case '|':
        end_branch(compiler);
        break;
    case '^':
        take_condition(compiler, PT_STEP_TEXT_START);
        break;
    case '$':
        take_condition(compiler, PT_STEP_TEXT_END);
        break;
    case '.':
        take_atom(compiler, 0, LAST_CHARACTER);
        break;
    default:
        take_literal(compiler);
        return;
    }
    compiler->next++;
}

static void parse_glob(struct compiler *compiler)
{
    switch (*compiler->next) {
    case '*':
    case '?':
        take_atom(compiler, 0, LAST_CHARACTER);
        if (*compiler->next++ == '*' && !has_failed(compiler))
            repeat(compiler, 0, UNBOUNDED);
        break;
    case '[':
        parse_set(compiler);
        break;
    case '\\':
        if (*++compiler->next == '\0') {
            refuse(compiler, compiler->next - 1, "ends in a backslash");
            break;
        }
        take_literal(compiler);
        break;
    default:
        take_literal(compiler);
    }
}

static void parse(struct compiler *compiler)
{
    open_group(compiler);
    if (compiler->glob)
        take_condition(compiler, PT_STEP_TEXT_START);
    while (compiler->next < compiler->end && !has_failed(compiler)) {
        if (compiler->glob)
            parse_glob(compiler);
        else
            parse_regex(compiler);
    }
    if (compiler->group != 0)
        refuse(compiler, compiler->text, "unbalanced (");
    if (!has_failed(compiler))
        close_group(compiler);
    if (compiler->glob)
        take_condition(compiler, PT_STEP_TEXT_END);
    emit(compiler, PT_STEP_FOUND, 0, 0);
}

int pt_steps_read(struct pt_buffer *ret_steps, const char *text, bool glob, struct pt_fault *fault)
{
    struct compiler compiler = {
        .text = text, .next = text, .end = text + strlen(text), .glob = glob};
    int error;

    parse(&compiler);
    error = compiler.steps.error;
    if (compiler.fault.text != NULL)
        error = pt_fault_set(fault, compiler.fault.offset, compiler.fault.text);
    if (error < 0)
        pt_buffer_done(&compiler.steps);
    else
        *ret_steps = compiler.steps;
    return error;
}
