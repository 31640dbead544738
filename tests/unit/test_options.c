/* The option parser: each row is a command line and what it reads as. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "suggest.h"
#include "units.h"

enum { ALL = PT_OPTION_OWN, DEPTH, COLOR, CONTEXT, NINE, RUN, TOTALS, KTHREADS };

static const struct pt_option rows[] = {
    {'a', PT_TAKES_NOTHING, ALL, "arguments,args", NULL, NULL, "show arguments"},
    {'L', PT_TAKES_VALUE, DEPTH, "depth", "N", NULL, "levels"},
    {'C', PT_TAKES_VALUE, COLOR, "color,colour", "WHEN", "auto always never age", "colours"},
    {0, PT_TAKES_VALUE, CONTEXT, "context", "WHAT", "ancestors both none", "what stands around"},
    {'9', PT_TAKES_NOTHING, NINE, NULL, NULL, NULL, "a letter alone"},
    {0},
};

static const struct pt_option more_rows[] = {
    {0, PT_TAKES_COMMAND, RUN, "run", "COMMAND [ARG]...", "<command>", "run it"},
    {0, PT_TAKES_MAYBE, TOTALS, "totals", "WHAT", "rss pss", "sums"},
    {'k', PT_TAKES_NOTHING, KTHREADS, "kernel-threads,kthreads", NULL, NULL, "kernel threads"},
    {0},
};

static const struct pt_option_group groups[] = {
    {"Some", rows}, {"More", more_rows}, {NULL, pt_options_common}, {0}};

static const char *id_name(const struct pt_parser *parser, int id)
{
    if (id == PT_OPTION_OPERAND)
        return "operand";
    if (id == PT_OPTION_HELP)
        return "help";
    if (id == PT_OPTION_VERSION)
        return "version";
    if (parser->row->names == NULL)
        return "nine";
    return parser->row->names;
}

/* Reads the words (split at spaces, `_` an empty one) into one line of text: "depth=3 operand=x".
 */
static char *read_as(enum pt_parsing parsing, const char *prefix, const char *line)
{
    const struct pt_options options = {
        .name = "test", .parsing = parsing, .prefix = prefix, .groups = groups};
    char words[256], *argv[32] = {(char *)(uintptr_t) "test"}, *text;
    struct pt_parser parser;
    struct pt_fault fault;
    size_t size;
    int argc = 1, id;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = strcmp(word, "_") == 0 ? word + 1 : word;
    argv[argc] = NULL;
    pt_parser_init(&parser, &options, argc, argv);
    while ((id = pt_parser_step(&parser, &fault)) > 0) {
        const char *name = id_name(&parser, id);

        fprintf(out, "%.*s", (int)strcspn(name, ","), name);
        if (parser.value != NULL)
            fprintf(out, "=%s", parser.value);
        fputc(' ', out);
    }
    if (id < 0)
        fprintf(out, "%.*s: %s", parser.name_length, parser.name, fault.text);
    for (char **rest = pt_parser_rest(&parser); id == PT_OPTION_END && *rest != NULL; rest++)
        fprintf(out, "[%s]", *rest);
    fclose(out);
    return text;
}

static const struct {
    enum pt_parsing parsing;
    const char *prefix;
    const char *line;
    const char *read;
} lines[] = {
    {PT_OPERANDS_ANYWHERE, NULL, "", ""},
    {PT_OPERANDS_ANYWHERE, NULL, "1 -a 2", "operand=1 arguments operand=2 "},
    {PT_OPERANDS_ANYWHERE, NULL, "-ak9", "arguments kernel-threads nine "},
    {PT_OPERANDS_ANYWHERE, NULL, "-aL3 -L 4 -L -5", "arguments depth=3 depth=4 depth=-5 "},
    {PT_OPERANDS_ANYWHERE, NULL, "--depth=3 --depth 4 --depth --x", "depth=3 depth=4 depth=--x "},
    {PT_OPERANDS_ANYWHERE, NULL, "--depth= --depth _", "depth= depth= "},
    {PT_OPERANDS_ANYWHERE, NULL, "--dep=3", "depth=3 "},
    {PT_OPERANDS_ANYWHERE, NULL, "--args --arg --colour never", "arguments arguments color=never "},
    {PT_OPERANDS_ANYWHERE, NULL, "--k --ke --kt", "kernel-threads kernel-threads kernel-threads "},
    {PT_OPERANDS_ANYWHERE, NULL, "--co x", "--co: ambiguous option"},
    {PT_OPERANDS_ANYWHERE, NULL, "--col x", "color=x "},
    {PT_OPERANDS_ANYWHERE, NULL, "--bogus=1", "--bogus: unknown option"},
    {PT_OPERANDS_ANYWHERE, NULL, "--=1", "--: unknown option"},
    {PT_OPERANDS_ANYWHERE, NULL, "--depth,x=1", "--depth,x: unknown option"},
    {PT_OPERANDS_ANYWHERE, NULL, "--color,colour x", "--color,colour: unknown option"},
    {PT_OPERANDS_ANYWHERE, NULL, "-ax", "arguments -x: unknown option"},
    {PT_OPERANDS_ANYWHERE, NULL, "-a\xc3\xa9", "arguments -a\xc3\xa9: unknown option"},
    {PT_OPERANDS_ANYWHERE, NULL, "-aL", "arguments -L: needs a value"},
    {PT_OPERANDS_ANYWHERE, NULL, "--depth", "--depth: needs a value"},
    {PT_OPERANDS_ANYWHERE, NULL, "--args=1", "--args: takes no value"},
    {PT_OPERANDS_ANYWHERE, NULL,
     "--totals pss --totals=pss --totals=", "totals operand=pss totals=pss totals= "},
    {PT_OPERANDS_ANYWHERE, NULL, "- -- -a -- --depth",
     "operand=- operand=-a operand=-- operand=--depth "},
    {PT_OPERANDS_ANYWHERE, NULL, "--help --vers", "help version "},
    {PT_OPERANDS_ANYWHERE, NULL, "-a --run ls -l --depth", "arguments run=ls [ls][-l][--depth]"},
    {PT_OPERANDS_ANYWHERE, NULL, "--run -- -- x", "run=-- [--][x]"},
    {PT_OPERANDS_ANYWHERE, NULL, "--run", "--run: needs a command"},
    {PT_OPERANDS_ANYWHERE, NULL, "--run --", "--run: needs a command"},
    {PT_OPERANDS_ANYWHERE, NULL, "--run=ls", "--run: takes its command from the words that follow"},
    {PT_STOP_AT_OPERAND, NULL, "-a ls -a", "arguments [ls][-a]"},
    {PT_STOP_AT_OPERAND, NULL, "-a -- -a ls", "arguments [-a][ls]"},
    {PT_STOP_AT_OPERAND, NULL, "- x", "[-][x]"},
    {PT_STOP_AT_OPERAND, NULL, "-- --", "[--]"},
    {PT_PREFIXED_ONLY, "session-", "--session-depth=3 --session-dep 4 --depth 5",
     "depth=3 depth=4 [--depth][5]"},
    {PT_PREFIXED_ONLY, "session-", "-a --session-depth=3", "[-a][--session-depth=3]"},
    {PT_PREFIXED_ONLY, "session-", "--session-arguments -- --session-depth 3",
     "arguments [--][--session-depth][3]"},
    {PT_PREFIXED_ONLY, "session-", "summary --session-depth", "[summary][--session-depth]"},
    {PT_PREFIXED_ONLY, "session-", "--session-bogus", "--session-bogus: unknown option"},
    {PT_PREFIXED_ONLY, "session-", "--help", "help "},
    {PT_PREFIXED_ONLY, "session-", "--version", "version "},
    {PT_PREFIXED_ONLY, "session-", "--help x", "[--help][x]"},
    {PT_PREFIXED_ONLY, "session-", "--session-depth 1 --help", "depth=1 [--help]"},
};

START_TEST(reads_lines)
{
    char *text = read_as(lines[_i].parsing, lines[_i].prefix, lines[_i].line);

    ck_assert_msg(strcmp(text, lines[_i].read) == 0, "'%s' reads as '%s', not '%s'", lines[_i].line,
                  text, lines[_i].read);
    free(text);
}
END_TEST

START_TEST(knows_a_command)
{
    static const struct {
        const char *words[6];
        bool runs;
    } cases[] = {
        {{"t", "-a", "--run", "ls"}, true},    {{"t", "-x", "--run", "ls"}, true},
        {{"t", "-xaL", "--run", "ls"}, false}, /* --run is -L's value */
        {{"t", "--", "--run", "ls"}, false},   {{"t", "--bogus"}, false},
    };
    const struct pt_options options = {.name = "test", .groups = groups};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *argv[8] = {NULL};
        int argc = 0;

        for (; cases[i].words[argc] != NULL; argc++)
            argv[argc] = (char *)(uintptr_t)cases[i].words[argc];
        ck_assert_int_eq(pt_options_runs_command(&options, argc, argv), cases[i].runs);
    }
}
END_TEST

START_TEST(chooses_words)
{
    static const char *const words[] = {"auto", "always", "never", "age"};

    for (int i = 0; i < 4; i++) {
        struct pt_parser parser = {.row = &rows[2], .value = words[i], .name = "-C"};

        ck_assert_int_eq(pt_option_choice(&parser), i);
    }
}
END_TEST

START_TEST(measures_mistyping)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } pairs[] = {
        {"", "", 0},
        {"ps-tree", "ps-tree", 0},
        {"pstree", "ps-tree", 1},
        {"ps-tere", "ps-tree", 2},
        {"kil", "kill", 1},
        {"abc", "", 3},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ck_assert_uint_eq(
            pt_edit_distance(pairs[i].a, strlen(pairs[i].a), pairs[i].b, strlen(pairs[i].b)),
            pairs[i].distance);
    }
    ck_assert_uint_eq(pt_edit_distance("a", 1, "", 1000), SIZE_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tests, reads_lines, 0, (int)(sizeof lines / sizeof *lines));
    tcase_add_test(tests, knows_a_command);
    tcase_add_test(tests, chooses_words);
    tcase_add_test(tests, measures_mistyping);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
