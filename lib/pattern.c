#include "pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum {
    MOST_STEPS = UINT16_MAX,
    MOST_REPETITIONS = 255, /* RE_DUP_MAX */
    UNBOUNDED = MOST_REPETITIONS + 1,
    /* Bytes that are not UTF-8 are characters beyond Unicode. */
    FIRST_INVALID = 0x110000,
    LAST_CHARACTER = FIRST_INVALID + 0xff,
};

/* Distances count steps, from the step that bears them, modulo 2^32: a program of them can be
 * copied and moved as it is. */
enum kind {
    RANGE,      /* a character from FIRST to LAST */
    SET,        /* a character of the FIRST ranges that follow; of none of them where LAST is set */
    JUMP,       /* go on at distance FIRST */
    SPLIT,      /* go on behind this step, and at distance FIRST */
    TEXT_START, /* go on where it is true */
    TEXT_END,   /* … */
    WORD_EDGE,  /* … */
    WORD_INSIDE, /* … and the opposite of an edge */
    WORD_START,  /* … */
    WORD_END,    /* … */
    FOUND,
};

struct step {
    enum kind kind;
    uint32_t first, last;
};

/* One character, at least one byte; as many bytes as it takes. */
static size_t decode(const char *text, size_t length, uint32_t *ret_code)
{
    size_t size = pt_utf8_decode(text, length, ret_code);

    if (*ret_code != PT_UTF8_INVALID)
        return size;
    *ret_code = FIRST_INVALID + (unsigned char)*text;
    return 1;
}

/* --- compiling --- */

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

static size_t count_steps(const struct pt_buffer *steps)
{
    return steps->length / sizeof(struct step);
}

static struct step *get_step(const struct pt_buffer *steps, size_t index)
{
    return (struct step *)(void *)steps->data + index;
}

static void emit(struct compiler *compiler, enum kind kind, uint32_t first, uint32_t last)
{
    struct step step = {kind, first, last};

    if (count_steps(&compiler->steps) == MOST_STEPS)
        refuse(compiler, compiler->text, "too large");
    else
        pt_buffer_append(&compiler->steps, (const char *)&step, sizeof step);
}

/* A SPLIT at step AT, before what stands there, that also goes on behind the last step. */
static void insert_split(struct compiler *compiler, size_t at)
{
    size_t count = count_steps(&compiler->steps);

    emit(compiler, SPLIT, 0, 0);
    if (has_failed(compiler))
        return;
    struct step *step = get_step(&compiler->steps, at);
    memmove(step + 1, step, (count - at) * sizeof *step);
    *step = (struct step){SPLIT, (uint32_t)(count + 1 - at), 0};
}

/* Repeats the atom, which becomes the whole of it: `a{2,4}` is a a a? a?, `a{2,}` is a a+, and what
 * begins at 0 is all of that, or nothing. */
static void repeat(struct compiler *compiler, unsigned minimum, unsigned maximum)
{
    size_t length = count_steps(&compiler->steps) - compiler->atom;
    size_t size = length * sizeof(struct step);
    unsigned copies = maximum == UNBOUNDED ? minimum : maximum;

    if (maximum == 0) {
        pt_buffer_truncate(&compiler->steps, compiler->atom * sizeof(struct step));
        return;
    }
    for (unsigned i = 1; i < copies && !has_failed(compiler); i++) {
        if (i >= minimum)
            emit(compiler, SPLIT, (uint32_t)(length + 1), 0);
        if (count_steps(&compiler->steps) + length > MOST_STEPS)
            refuse(compiler, compiler->text, "too large");
        else if (pt_buffer_reserve(&compiler->steps, size) == 0)
            pt_buffer_append(&compiler->steps,
                             (const char *)get_step(&compiler->steps, compiler->atom), size);
    }
    if (maximum == UNBOUNDED)
        emit(compiler, SPLIT, -(uint32_t)length, 0);
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
    compiler->atom = count_steps(&compiler->steps);
    emit(compiler, RANGE, first, last);
}

static uint32_t take_character(struct compiler *compiler)
{
    uint32_t code = 0;

    if (compiler->next < compiler->end)
        compiler->next += decode(compiler->next, (size_t)(compiler->end - compiler->next), &code);
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
        emit(compiler, RANGE, (unsigned char)pairs[0], (unsigned char)pairs[1]);
}

static void begin_set(struct compiler *compiler, bool negated)
{
    compiler->atom = count_steps(&compiler->steps);
    emit(compiler, SET, 0, negated);
}

static void end_set(struct compiler *compiler)
{
    size_t ranges = count_steps(&compiler->steps) - compiler->atom - 1;

    if (!has_failed(compiler))
        get_step(&compiler->steps, compiler->atom)->first = (uint32_t)ranges;
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
    emit(compiler, RANGE, first, last);
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

static void take_condition(struct compiler *compiler, enum kind kind)
{
    emit(compiler, kind, 0, 0);
    compiler->atom = no_atom;
}

static void open_group(struct compiler *compiler)
{
    uint32_t start = (uint32_t)count_steps(&compiler->steps);

    emit(compiler, JUMP, (uint32_t)compiler->group, start);
    compiler->group = start;
    compiler->atom = no_atom;
}

/* Aims the JUMP that ended the branch before at step TARGET. */
static void aim(struct compiler *compiler, size_t target)
{
    size_t jump = get_step(&compiler->steps, compiler->group)->last;

    if (jump != compiler->group)
        get_step(&compiler->steps, jump)->first = (uint32_t)(target - jump);
}

/* A branch is SPLIT, its steps, JUMP; the JUMP goes to the next branch's, and so to the end. */
static void end_branch(struct compiler *compiler)
{
    size_t branch = get_step(&compiler->steps, compiler->group)->last + 1;
    size_t jump;

    emit(compiler, JUMP, 0, 0);
    insert_split(compiler, branch);
    if (has_failed(compiler))
        return;
    jump = count_steps(&compiler->steps) - 1;
    aim(compiler, jump);
    get_step(&compiler->steps, compiler->group)->last = (uint32_t)jump;
    compiler->atom = no_atom;
}

static void close_group(struct compiler *compiler)
{
    struct step *start = get_step(&compiler->steps, compiler->group);

    aim(compiler, count_steps(&compiler->steps));
    compiler->atom = compiler->group;
    compiler->group = start->first;
    start->first = 1;
}

/* --- the whole --- */

static void parse_escape(struct compiler *compiler)
{
    static const char letters[] = "bB<>";
    static const enum kind kinds[] = {WORD_EDGE, WORD_INSIDE, WORD_START, WORD_END};
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
        take_condition(compiler, TEXT_START);
        break;
    case '$':
        take_condition(compiler, TEXT_END);
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
        take_condition(compiler, TEXT_START);
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
        take_condition(compiler, TEXT_END);
    emit(compiler, FOUND, 0, 0);
}

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
    size_t count = count_steps(&pattern->steps);

    for (size_t i = 0; i < 2; i++) {
        ret_sets[i].members = pattern->sets + 2 * i * count;
        ret_sets[i].places = ret_sets[i].members + count;
        ret_sets[i].count = 0;
    }
}

static bool is_within(const struct step *range, uint32_t code)
{
    return code >= range->first && code <= range->last;
}

static bool takes(const struct step *step, uint32_t code)
{
    if (step->kind == RANGE)
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

static bool holds(enum kind kind, const struct place *place)
{
    bool before = place->at > place->text && is_word(place->at[-1]);
    bool behind = place->at < place->end && is_word(*place->at);

    switch (kind) {
    case TEXT_START:
        return place->at == place->text;
    case TEXT_END:
        return place->at == place->end;
    case WORD_EDGE:
        return before != behind;
    case WORD_INSIDE:
        return before == behind;
    case WORD_START:
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
        const struct step *step = get_step(&pattern->steps, at);

        if (step->kind == RANGE || step->kind == SET) {
            for (unsigned byte = 0; byte < 0x80; byte++)
                pattern->begins[byte] |= takes(step, byte);
            if (step->kind == SET || step->last >= 0x80)
                memset(pattern->begins + 0x80, true, 0x80);
        } else if (step->kind == FOUND) {
            memset(pattern->begins, true, sizeof pattern->begins);
        } else if (step->kind != TEXT_START) {
            if (step->kind != JUMP)
                add(now, at + 1);
            if (step->kind == JUMP || step->kind == SPLIT)
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
        const struct step *step = get_step(&pattern->steps, at);

        switch (step->kind) {
        case FOUND:
            return true;
        case RANGE:
            if (takes(step, place->code))
                add(next, at + 1);
            break;
        case SET:
            if (takes(step, place->code))
                add(next, at + 1 + step->first);
            break;
        case SPLIT:
            add(now, at + 1);
            add(now, (uint32_t)at + step->first);
            break;
        case JUMP:
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
        size = decode(place.at, (size_t)(place.end - place.at), &place.code);
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
    struct compiler compiler = {
        .text = text, .next = text, .end = text + strlen(text), .glob = glob};
    struct pt_pattern pattern = {0};

    parse(&compiler);
    pattern.steps = compiler.steps;
    if (!has_failed(&compiler))
        pattern.sets = calloc(4 * count_steps(&pattern.steps), sizeof *pattern.sets);
    if (pattern.sets == NULL) {
        pt_pattern_done(&pattern);
        if (compiler.fault.text == NULL)
            return -ENOMEM;
        return pt_fault_set(fault, compiler.fault.offset, compiler.fault.text);
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
