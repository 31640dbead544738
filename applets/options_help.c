/* What the option tables say of themselves: help pages, the table for completions, usage errors. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "units.h"

enum {
    PAGE_WIDTH = 80, /* the same on every terminal: a page that can be quoted */
    LEFT_WIDTH = 30, /* an option that needs more puts its help on the next line */
    STATUS_WIDTH = 9,
};

/* Prints `text` from `column` on, wrapped; the line so far is `used` wide. */
static void print_wrapped(const char *text, size_t used, size_t column)
{
    size_t at = used;

    if (used + 1 > column && used > 0) {
        putchar('\n');
        at = 0;
    }
    for (bool first = true; *text != '\0'; first = false) {
        size_t length = strcspn(text, " ");

        if (!first && at + 1 + length > PAGE_WIDTH) {
            putchar('\n');
            at = 0;
        }
        if (at < column)
            at += (size_t)printf("%*s", (int)(column - at), "");
        else if (!first)
            at += (size_t)printf(" ");
        at += (size_t)printf("%.*s", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static const char *row_prefix(const struct pt_options *options, const struct pt_option *row)
{
    if (options->prefix == NULL || row->id == PT_OPTION_HELP || row->id == PT_OPTION_VERSION)
        return "";
    return options->prefix;
}

/* "  -o, --format=FIELD,..." Returns the columns used. */
static size_t print_left(const struct pt_options *options, const struct pt_option *row)
{
    int used = 0;

    if (row->letter != 0 && options->prefix == NULL)
        used += printf("  -%c%s", row->letter, row->names != NULL ? ", " : "");
    else
        used += printf("      ");
    if (row->names != NULL)
        used +=
            printf("--%s%.*s", row_prefix(options, row), (int)strcspn(row->names, ","), row->names);
    if (row->takes == PT_TAKES_MAYBE)
        used += printf("[=%s]", row->metavar);
    else if (row->takes == PT_TAKES_VALUE)
        used += printf("%c%s", row->names != NULL ? '=' : ' ', row->metavar);
    else if (row->takes == PT_TAKES_COMMAND)
        used += printf(" %s", row->metavar);
    return (size_t)used;
}

void pt_options_print_help(const struct pt_options *options)
{
    printf("Usage: %s %s\n", options->name, options->synopsis);
    print_wrapped(options->summary, 0, 0);
    for (const struct pt_option_group *group = options->groups; group->rows != NULL; group++) {
        printf("\n%s:\n", group->title != NULL ? group->title : "Options");
        for (const struct pt_option *row = group->rows; row->id != 0; row++)
            print_wrapped(row->help, print_left(options, row), LEFT_WIDTH);
    }
    if (options->exit_statuses != NULL)
        printf("\nExit status:\n");
    for (const struct pt_exit_status *row = options->exit_statuses; row != NULL && row->status;
         row++)
        print_wrapped(row->meaning, (size_t)printf("  %s", row->status), STATUS_WIDTH);
    if (options->notes != NULL) {
        putchar('\n');
        print_wrapped(options->notes, 0, 0);
    }
}

/* "--color,--colour" */
static void print_names(const struct pt_options *options, const struct pt_option *row)
{
    const char *at = row->names;

    if (at == NULL)
        putchar('-');
    while (at != NULL && *at != '\0') {
        size_t length = strcspn(at, ",");

        printf("--%s%.*s", row_prefix(options, row), (int)length, at);
        at += length;
        if (*at == ',')
            putchar(*at++);
    }
}

void pt_options_print_table(const struct pt_options *options)
{
    for (const struct pt_option_group *group = options->groups; group->rows != NULL; group++) {
        for (const struct pt_option *row = group->rows; row->id != 0; row++) {
            bool maybe = row->takes == PT_TAKES_MAYBE;
            const char *end = maybe ? "]" : row->takes == PT_TAKES_COMMAND ? " ..." : "";

            if (row->letter != 0 && options->prefix == NULL)
                printf("-%c\t", row->letter);
            else
                printf("-\t");
            print_names(options, row);
            printf("\t%s%s%s\t%s\t%s\n", maybe ? "[" : "", row->metavar ? row->metavar : "-", end,
                   row->values ? row->values : "-", row->help);
        }
    }
    if (options->operands != NULL)
        printf("-\t-\t-\t%s\toperands\n", options->operands);
}

_Noreturn void pt_options_usage(const struct pt_options *options)
{
    pt_usage("usage: %s %s", options->name, options->synopsis);
}

/* "--depth 3", "-L", or an operand alone. */
static const char *shown_value(const struct pt_parser *parser)
{
    if (parser->value == NULL)
        return "";
    return parser->value[0] != '\0' ? parser->value : "''";
}

static const char *gap_before_value(const struct pt_parser *parser)
{
    return parser->value != NULL && parser->name_length > 0 ? " " : "";
}

_Noreturn void pt_option_refuse(const struct pt_parser *parser, const char *why)
{
    pt_usage("%.*s%s%s: %s", parser->name_length, parser->name, gap_before_value(parser),
             shown_value(parser), why);
}

_Noreturn void pt_option_fault(const struct pt_parser *parser, const struct pt_fault *fault)
{
    if (fault->offset == 0 || fault->offset >= strlen(parser->value))
        pt_option_refuse(parser, fault->text);
    pt_usage("%.*s%s%s: %s at '%s'", parser->name_length, parser->name, gap_before_value(parser),
             parser->value, fault->text, parser->value + fault->offset);
}

int pt_option_choice(const struct pt_parser *parser)
{
    const char *at = parser->row->values;
    size_t length = strlen(parser->value);

    for (int i = 0; *at != '\0'; i++) {
        size_t size = strcspn(at, " ");

        if (size == length && memcmp(at, parser->value, size) == 0)
            return i;
        at += size + (at[size] == ' ');
    }
    pt_usage("%.*s %s: not one of: %s", parser->name_length, parser->name, shown_value(parser),
             parser->row->values);
}

pid_t pt_option_pid(const struct pt_parser *parser)
{
    struct pt_fault fault = {0};
    pid_t pid;

    if (pt_parse_pid(parser->value, &pid, &fault) != 0)
        pt_option_fault(parser, &fault);
    return pid;
}

uint64_t pt_option_number(const struct pt_parser *parser, uint64_t minimum, uint64_t maximum)
{
    struct pt_fault fault = {0};
    uint64_t number;

    if (pt_parse_u64(parser->value, minimum, maximum, &number, &fault) != 0)
        pt_option_fault(parser, &fault);
    return number;
}

int64_t pt_option_wait(const struct pt_parser *parser)
{
    struct pt_fault fault = {0};
    int64_t wait;

    if (pt_parse_wait(parser->value, &wait, &fault) != 0)
        pt_option_fault(parser, &fault);
    return wait;
}

const char *pt_option_procfs(const struct pt_parser *parser)
{
    if (parser->value[0] == '\0')
        pt_option_refuse(parser, "empty");
    return parser->value;
}

const char *pt_options_procfs(void)
{
    const char *procfs = getenv("PROCTOOL_PROCFS");

    return procfs != NULL && procfs[0] != '\0' ? procfs : NULL;
}

bool pt_option_take_output(struct pt_output_choice *choice, int id)
{
    switch (id) {
    case PT_OPTION_DRY_RUN:
        choice->dry_run = true;
        return true;
    case PT_OPTION_JSON:
        choice->json = true;
        return true;
    case PT_OPTION_VERBOSE:
        pt_report_set_verbosity(1);
        return true;
    case PT_OPTION_QUIET:
        pt_report_set_verbosity(-1);
        return true;
    default:
        return false;
    }
}

/* "--co: ambiguous option: --color, --context", "--colr: unknown option; did you mean --color?" */
static _Noreturn void refuse_name(const struct pt_parser *parser, const char *why)
{
    const struct pt_option *const *meant = parser->meant;
    const char *prefix = meant[0] != NULL ? row_prefix(parser->options, meant[0]) : "";
    int length = meant[0] != NULL ? (int)strcspn(meant[0]->names, ",") : 0;

    if (parser->row != NULL || meant[0] == NULL)
        pt_usage("%.*s: %s", parser->name_length, parser->name, why);
    if (meant[1] == NULL)
        pt_usage("%.*s: %s; did you mean --%s%.*s?", parser->name_length, parser->name, why, prefix,
                 length, meant[0]->names);
    pt_usage("%.*s: %s: --%s%.*s, --%s%.*s", parser->name_length, parser->name, why, prefix, length,
             meant[0]->names, row_prefix(parser->options, meant[1]),
             (int)strcspn(meant[1]->names, ","), meant[1]->names);
}

int pt_option_next(struct pt_parser *parser)
{
    struct pt_fault fault;
    int id = pt_parser_step(parser, &fault);

    if (id < 0)
        refuse_name(parser, fault.text);
    if (id == PT_OPTION_HELP)
        pt_options_print_help(parser->options);
    else if (id == PT_OPTION_VERSION)
        printf("proctool %s\n", PROCTOOL_VERSION);
    else
        return id;
    exit(pt_report_end(PT_EXIT_OK));
}
