#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "suggest.h"
#include "units.h"

const struct pt_option pt_options_common[] = {
    {0, PT_TAKES_NOTHING, PT_OPTION_HELP, "help", NULL, NULL, "show this help and exit"},
    {0, PT_TAKES_NOTHING, PT_OPTION_VERSION, "version", NULL, NULL, "show the version and exit"},
    {0},
};

const struct pt_option pt_options_output[] = {
    {'n', PT_TAKES_NOTHING, PT_OPTION_DRY_RUN, "dry-run", NULL, NULL,
     "show what would be done, and do nothing"},
    {0, PT_TAKES_NOTHING, PT_OPTION_JSON, "json", NULL, NULL, "report on stdout as JSON"},
    {'v', PT_TAKES_NOTHING, PT_OPTION_VERBOSE, "verbose", NULL, NULL, "say more"},
    {'q', PT_TAKES_NOTHING, PT_OPTION_QUIET, "quiet", NULL, NULL, "say less"},
    {0},
};

static const char unknown_option[] = "unknown option";

/* Whether `name` is, or with `exactly` false begins, one of the comma-separated names of a row. */
static bool row_has_name(const struct pt_option *row, const char *name, size_t length, bool exactly)
{
    const char *at = row->names;

    while (at != NULL && *at != '\0') {
        size_t size = strcspn(at, ",");

        if (length <= size && memcmp(at, name, length) == 0 && (!exactly || length == size))
            return true;
        at += size + (at[size] == ',');
    }
    return false;
}

/* Walks all rows of all groups: pass NULL first; NULL after the last. */
static const struct pt_option *next_row(const struct pt_options *options,
                                        const struct pt_option_group **group,
                                        const struct pt_option *row)
{
    if (row == NULL)
        *group = options->groups;
    else
        row++;
    while ((*group)->rows != NULL) {
        if (row == NULL)
            row = (*group)->rows;
        if (row->id != 0)
            return row;
        row = NULL;
        (*group)++;
    }
    return NULL;
}

static const struct pt_option *find_letter(const struct pt_options *options, char letter)
{
    const struct pt_option_group *group = NULL;
    const struct pt_option *row = NULL;

    while ((row = next_row(options, &group, row)) != NULL) {
        if (row->letter == letter)
            return row;
    }
    return NULL;
}

/* The row of a long name or of its unique beginning; else NULL, and two that it may stand for. */
static const struct pt_option *find_name(const struct pt_options *options, const char *name,
                                         size_t length, const struct pt_option *meant[2])
{
    const struct pt_option_group *group = NULL;
    const struct pt_option *row = NULL;

    meant[0] = meant[1] = NULL;
    while ((row = next_row(options, &group, row)) != NULL) {
        if (row_has_name(row, name, length, true))
            return row;
        if (length == 0 || !row_has_name(row, name, length, false))
            continue;
        if (meant[0] == NULL)
            meant[0] = row;
        else if (meant[1] == NULL && meant[0]->id != row->id)
            meant[1] = row;
    }
    return meant[1] == NULL ? meant[0] : NULL;
}

/* The row whose name is nearest to a mistyped one, or NULL. */
static const struct pt_option *nearest_row(const struct pt_options *options, const char *name,
                                           size_t length)
{
    size_t best = pt_edit_allowance(length) + 1;
    const struct pt_option_group *group = NULL;
    const struct pt_option *row = NULL, *nearest = NULL;

    while ((row = next_row(options, &group, row)) != NULL) {
        for (const char *at = row->names; at != NULL && *at != '\0'; at += *at == ',') {
            size_t size = strcspn(at, ",");
            size_t distance = pt_edit_distance(name, length, at, size);

            if (distance < best) {
                best = distance;
                nearest = row;
            }
            at += size;
        }
    }
    return nearest;
}

static int fail(struct pt_fault *fault, const char *text)
{
    fault->offset = 0;
    fault->text = text;
    return -EINVAL;
}

void pt_parser_init(struct pt_parser *parser, const struct pt_options *options, int argc,
                    char **argv)
{
    *parser = (struct pt_parser){
        .options = options, .argv = argv, .argc = argc, .next = argc > 0 ? 1 : 0, .name = ""};
}

/* Gives the row its value: `inner` is what follows in the same word, NULL for nothing. */
static int take_value(struct pt_parser *parser, const char *inner, struct pt_fault *fault)
{
    switch (parser->row->takes) {
    case PT_TAKES_NOTHING:
        if (inner != NULL)
            return fail(fault, "takes no value");
        break;
    case PT_TAKES_MAYBE:
        parser->value = inner;
        break;
    case PT_TAKES_VALUE:
        if (inner == NULL && parser->next >= parser->argc)
            return fail(fault, "needs a value");
        parser->value = inner != NULL ? inner : parser->argv[parser->next++];
        break;
    case PT_TAKES_COMMAND:
        if (inner != NULL)
            return fail(fault, "takes its command from the words that follow");
        if (parser->next < parser->argc && strcmp(parser->argv[parser->next], "--") == 0)
            parser->next++;
        if (parser->next >= parser->argc)
            return fail(fault, "needs a command");
        parser->value = parser->argv[parser->next];
        parser->state = PT_IN_REST;
        break;
    }
    return parser->row->id;
}

static int step_letter(struct pt_parser *parser, struct pt_fault *fault)
{
    char letter = *parser->cluster++;
    const char *rest = *parser->cluster != '\0' ? parser->cluster : NULL;

    parser->letter_name[0] = '-';
    parser->letter_name[1] = letter;
    parser->name = parser->letter_name;
    parser->name_length = 2;
    parser->row = find_letter(parser->options, letter);
    parser->cluster = rest;
    if (parser->row == NULL) {
        /* A byte of a longer character says nothing: show the word. */
        if (letter & 0x80) {
            parser->name = parser->argv[parser->next - 1];
            parser->name_length = (int)strlen(parser->name);
        }
        return fail(fault, unknown_option);
    }
    if (parser->row->takes == PT_TAKES_NOTHING)
        return take_value(parser, NULL, fault);
    parser->cluster = NULL;
    return take_value(parser, rest, fault);
}

static int step_name(struct pt_parser *parser, const char *word, const char *name,
                     struct pt_fault *fault)
{
    size_t length = strcspn(name, "=");
    const char *inner = name[length] == '=' ? name + length + 1 : NULL;

    parser->name = word;
    parser->name_length = (int)(name - word) + (int)length;
    parser->row = find_name(parser->options, name, length, parser->meant);
    if (parser->row == NULL && parser->meant[1] != NULL)
        return fail(fault, "ambiguous option");
    if (parser->row == NULL) {
        parser->meant[0] = nearest_row(parser->options, name, length);
        return fail(fault, unknown_option);
    }
    return take_value(parser, inner, fault);
}

/* Leaves the word, and all that follow it, to pt_parser_rest. */
static int stop_before_word(struct pt_parser *parser)
{
    parser->next--;
    parser->state = PT_IN_REST;
    return PT_OPTION_END;
}

/* Where our own options bear a prefix, everything else is another program's. */
static int step_prefixed(struct pt_parser *parser, const char *word, struct pt_fault *fault)
{
    const char *prefix = parser->options->prefix;
    size_t length = strlen(prefix);

    if (parser->argc == 2 && (strcmp(word, "--help") == 0 || strcmp(word, "--version") == 0))
        return step_name(parser, word, word + 2, fault);
    if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, prefix, length) == 0)
        return step_name(parser, word, word + 2 + length, fault);
    return stop_before_word(parser);
}

static int step_word(struct pt_parser *parser, const char *word, struct pt_fault *fault)
{
    if (parser->state == PT_IN_OPTIONS && parser->options->parsing == PT_PREFIXED_ONLY)
        return step_prefixed(parser, word, fault);
    if (parser->state == PT_IN_OPTIONS && word[0] == '-' && word[1] != '\0') {
        if (word[1] == '-')
            return step_name(parser, word, word + 2, fault);
        parser->cluster = word + 1;
        return step_letter(parser, fault);
    }
    if (parser->options->parsing == PT_STOP_AT_OPERAND)
        return stop_before_word(parser);
    parser->value = word;
    return PT_OPTION_OPERAND;
}

/* `--` ends the options, once; a program whose words follow a prefix has its own. */
static void skip_dashes(struct pt_parser *parser)
{
    if (parser->state == PT_IN_OPTIONS && parser->options->parsing != PT_PREFIXED_ONLY &&
        parser->next < parser->argc && strcmp(parser->argv[parser->next], "--") == 0) {
        parser->next++;
        parser->state = PT_IN_OPERANDS;
    }
}

int pt_parser_step(struct pt_parser *parser, struct pt_fault *ret_fault)
{
    parser->value = NULL;
    parser->name = "";
    parser->name_length = 0;
    parser->meant[0] = parser->meant[1] = NULL;
    if (parser->cluster != NULL)
        return step_letter(parser, ret_fault);
    parser->row = NULL;
    skip_dashes(parser);
    if (parser->state == PT_IN_REST || parser->next >= parser->argc)
        return PT_OPTION_END;
    return step_word(parser, parser->argv[parser->next++], ret_fault);
}

char **pt_parser_rest(const struct pt_parser *parser)
{
    return parser->argv + parser->next;
}

bool pt_options_runs_command(const struct pt_options *options, int argc, char **argv)
{
    struct pt_parser parser;
    struct pt_fault fault;

    pt_parser_init(&parser, options, argc, argv);
    while (pt_parser_step(&parser, &fault) != PT_OPTION_END) {
        if (parser.row != NULL && parser.row->takes == PT_TAKES_COMMAND)
            return true;
    }
    return false;
}
