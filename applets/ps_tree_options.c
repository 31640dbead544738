/* The command line of ps-tree. */
#include "ps_tree_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "criteria.h"
#include "report.h"

enum {
    OPTION_ARGUMENTS = PT_OPTION_OWN,
    OPTION_ASCII,
    OPTION_COLOR,
    OPTION_COMPACT_NOT,
    OPTION_PGIDS,
    OPTION_VT100,
    OPTION_HIGHLIGHT_ALL,
    OPTION_HIGHLIGHT_PID,
    OPTION_KERNEL_THREADS,
    OPTION_LONG,
    OPTION_NUMERIC,
    OPTION_NAMESPACE_SORT,
    OPTION_PIDS,
    OPTION_PATHS,
    OPTION_PARENTS,
    OPTION_NAMESPACE_CHANGES,
    OPTION_THREAD_NAMES,
    OPTION_HIDE_THREADS,
    OPTION_UID_CHANGES,
    OPTION_UNICODE,
    OPTION_LABELS,
    OPTION_DEPTH,
    OPTION_TOTALS,
    OPTION_WATCH,
    OPTION_IGNORE_ANCESTORS,
    OPTION_CHILDREN,
    OPTION_GRANDCHILDREN,
    OPTION_DESCENDANTS,
    OPTION_FIRST,
    OPTION_CONTEXT,
    OPTION_LIST,
    OPTION_NUL,
    OPTION_JSON,
    OPTION_JSONL,
    OPTION_OUTPUT,
    OPTION_NO_HEADER,
    OPTION_SORT,
    OPTION_FOLDED,
    OPTION_PROCFS,
};

#define NOTHING(letter, id, names, help)                                                           \
    {                                                                                              \
        letter, PT_TAKES_NOTHING, id, names, NULL, NULL, help                                      \
    }

static const struct pt_option drawing_rows[] = {
    NOTHING('a', OPTION_ARGUMENTS, "arguments", "show the arguments"),
    NOTHING('A', OPTION_ASCII, "ascii", "draw with ASCII characters"),
    {'C', PT_TAKES_VALUE, OPTION_COLOR, "color,colour", "WHEN", "auto always never age",
     "colour on a terminal (auto), always, never, or names by age"},
    NOTHING('c', OPTION_COMPACT_NOT, "compact-not", "do not fold identical subtrees"),
    NOTHING('g', OPTION_PGIDS, "show-pgids", "show process groups"),
    NOTHING('G', OPTION_VT100, "vt100", "draw with VT100 line characters"),
    NOTHING('h', OPTION_HIGHLIGHT_ALL, "highlight-all", "highlight this process and its ancestors"),
    {'H', PT_TAKES_VALUE, OPTION_HIGHLIGHT_PID, "highlight-pid", "PID", "<pid>",
     "highlight PID and its ancestors"},
    NOTHING('k', OPTION_KERNEL_THREADS, "kernel-threads,kthreads",
            "kernel threads too, in every output"),
    NOTHING('l', OPTION_LONG, "long", "do not cut lines at the terminal's width"),
    NOTHING('n', OPTION_NUMERIC, "numeric-sort", "order siblings by PID"),
    {'N', PT_TAKES_VALUE, OPTION_NAMESPACE_SORT, "ns-sort", "TYPE",
     "cgroup ipc mnt net pid time user uts", "a tree for each namespace of this type"},
    NOTHING('p', OPTION_PIDS, "show-pids", "show PIDs; folds nothing"),
    NOTHING('P', OPTION_PATHS, "show-paths", "show the path of the executable"),
    NOTHING('s', OPTION_PARENTS, "show-parents", "show the ancestors of the chosen processes"),
    NOTHING('S', OPTION_NAMESPACE_CHANGES, "ns-changes", "show where namespaces change"),
    NOTHING('t', OPTION_THREAD_NAMES, "thread-names", "show the full names of threads"),
    NOTHING('T', OPTION_HIDE_THREADS, "hide-threads", "leave out threads"),
    NOTHING('u', OPTION_UID_CHANGES, "uid-changes", "show where the effective user changes"),
    NOTHING('U', OPTION_UNICODE, "unicode", "draw with Unicode characters"),
    NOTHING('Z', OPTION_LABELS, "security-context", "show security labels"),
    {'L', PT_TAKES_VALUE, OPTION_DEPTH, "depth", "N", NULL, "show N levels below each root"},
    {0, PT_TAKES_MAYBE, OPTION_TOTALS, "totals", "MEASURE", "rss pss",
     "memory and number of processes of each subtree: rss counts shared pages more than once"},
    {0, PT_TAKES_MAYBE, OPTION_WATCH, "watch", "SECONDS", NULL,
     "draw again every SECONDS (2) until interrupted, what is new highlighted"},
    {0},
};

static const struct pt_option finding_rows[] = {
    NOTHING(0, OPTION_IGNORE_ANCESTORS, "ignore-ancestors",
            "with criteria, leave out the ancestors of this process"),
    NOTHING(0, OPTION_CHILDREN, "children", "only children of the chosen roots, or of PID 1"),
    NOTHING(0, OPTION_GRANDCHILDREN, "grandchildren", "only their children's children"),
    NOTHING('r', OPTION_DESCENDANTS, "descendants", "only their descendants"),
    NOTHING(0, OPTION_FIRST, "first", "only the match with the lowest PID"),
    {0, PT_TAKES_VALUE, OPTION_CONTEXT, "context", "WHICH", "ancestors descendants both none",
     "what to show around matches in trees (both)"},
    {0},
};

static const struct pt_option output_rows[] = {
    NOTHING(0, OPTION_LIST, "list", "one PID a line, or with -o one row a process"),
    NOTHING('0', OPTION_NUL, "null", "end each PID of --list with NUL"),
    NOTHING(0, OPTION_JSON, "json", "one JSON document, processes nested"),
    NOTHING(0, OPTION_JSONL, "jsonl", "one JSON object a line, flat"),
    {'o', PT_TAKES_VALUE, OPTION_OUTPUT, "output", "FIELD,...", "<field>",
     "the fields to show: columns before the tree, of --list, members in JSON; -o help lists them"},
    NOTHING(0, OPTION_NO_HEADER, "no-header", "no header line above columns"),
    {0, PT_TAKES_VALUE, OPTION_SORT, "sort", "[-]FIELD", "<field>",
     "order of --list and --jsonl, with - descending"},
    {0, PT_TAKES_MAYBE, OPTION_FOLDED, "folded", "MEASURE", "pss rss cpu",
     "a line for each path of names with its own memory (bytes) or CPU time (ms), for flame "
     "graphs"},
    {0, PT_TAKES_VALUE, OPTION_PROCFS, "procfs", "DIR", "<dir>",
     "read this procfs instead of PROCTOOL_PROCFS or /proc"},
    {0},
};

static const struct pt_option common_rows[] = {
    NOTHING(0, PT_OPTION_HELP, "help", "show this help and exit"),
    NOTHING('V', PT_OPTION_VERSION, "version", "show the version and exit"),
    {0},
};

static const struct pt_option_group groups[] = {
    {"Trees", drawing_rows},
    {"Criteria (repeated ones: any of them; different ones: all of them)", pt_criteria_rows},
    {"Finding", finding_rows},
    {"Output", output_rows},
    {"Other", common_rows},
    {0},
};

static const struct pt_exit_status statuses[] = {
    {"0", "something was shown"},  {"1", "nothing matched, or a PID does not exist"},
    {"2", "usage error"},          {"3", "an error while writing"},
    {"4", "/proc cannot be used"}, {0},
};

const struct pt_options ps_tree_options = {
    .name = "ps-tree",
    .summary = "show and find processes as a tree",
    .synopsis = "[OPTION]... [PID | USER | self[~N]]...",
    .operands = "<pid> <user>",
    .groups = groups,
    .exit_statuses = statuses,
};

/* --- what the user asked for --- */

static void take_operand(const struct pt_parser *parser, struct ps_tree_request *request)
{
    struct pt_fault fault = {0};
    struct ps_tree_operand *grown =
        realloc(request->operands, (request->operand_count + 1) * sizeof *grown);
    if (grown == NULL)
        pt_die(PT_EXIT_IO, "out of memory");
    request->operands = grown;
    if (ps_tree_parse_operand(parser->value, &grown[request->operand_count], &fault) < 0)
        pt_option_fault(parser, &fault);
    request->operand_count++;
}

static void take_output(const struct pt_parser *parser, struct ps_tree_arguments *arguments,
                        enum ps_tree_output output)
{
    if (arguments->output_option != NULL && arguments->settings.output != output)
        pt_usage("%.*s: cannot be combined with --%s", parser->name_length, parser->name,
                 arguments->output_option);
    arguments->settings.output = output;
    arguments->output_option = parser->row->names;
}

static void take_scope(const struct pt_parser *parser, struct ps_tree_arguments *arguments,
                       enum ps_tree_scope scope)
{
    if (arguments->scope_option != NULL && arguments->request.scope != scope)
        pt_usage("%.*s: cannot be combined with --%s", parser->name_length, parser->name,
                 arguments->scope_option);
    arguments->request.scope = scope;
    arguments->scope_option = parser->row->names;
}

/* For people and for completions. */
static _Noreturn void list_fields(void)
{
    for (size_t i = 0; pt_field_name_at(i) != NULL; i++)
        puts(pt_field_name_at(i));
    exit(pt_report_end(PT_EXIT_OK));
}

static void take_fields(const struct pt_parser *parser, struct ps_tree_settings *settings)
{
    struct pt_fault fault = {0};
    const struct pt_field **fields;
    int error;
    if (strcmp(parser->value, "help") == 0)
        list_fields();
    error = pt_fields_parse(parser->value, &fields, &fault);
    if (error == -EINVAL)
        pt_option_fault(parser, &fault);
    if (error < 0)
        pt_die(PT_EXIT_IO, "out of memory");
    if (settings->fields == NULL) {
        settings->fields = fields;
        return;
    }
    pt_fields_add(settings->fields, fields); /* as ps(1) does */
    free(fields);
}

static void take_sort(const struct pt_parser *parser, struct ps_tree_settings *settings)
{
    const char *name = parser->value;
    settings->sort_descending = name[0] == '-';
    name += settings->sort_descending;
    settings->sort = pt_field_find(name, strlen(name));
    if (settings->sort == NULL)
        pt_option_refuse(parser, "no such field");
}

static void take_watch(const struct pt_parser *parser, struct ps_tree_arguments *arguments)
{
    struct pt_fault fault = {0};
    arguments->watch = 2 * PT_SECOND;
    if (parser->value == NULL)
        return;
    if (pt_parse_duration(parser->value, &arguments->watch, &fault) < 0)
        pt_option_fault(parser, &fault);
    if (arguments->watch < 50 * PT_MILLISECOND)
        pt_option_refuse(parser, "shorter than 50ms");
}

/* What is coloured, or when: both may be said. */
static void take_color(const struct pt_parser *parser, struct ps_tree_arguments *arguments)
{
    unsigned color = (unsigned)pt_option_choice(parser);

    if (color == COLOR_AGE)
        arguments->color_by_age = true;
    else
        arguments->color = color;
}

/* Those of the first group that other outputs heed too, or that speak for themselves in check(). */
static bool is_of_drawings_only(int id)
{
    switch (id) {
    case OPTION_COLOR: /* often an alias' */
    case OPTION_KERNEL_THREADS:
    case OPTION_PARENTS:
    case OPTION_DEPTH:
    case OPTION_TOTALS:
    case OPTION_WATCH:
        return false;
    default:
        return true;
    }
}

static bool take_drawing(const struct pt_parser *parser, int id,
                         struct ps_tree_arguments *arguments)
{
    struct ps_tree_settings *settings = &arguments->settings;
    bool *const flags[] = {
        [OPTION_ARGUMENTS - PT_OPTION_OWN] = &settings->arguments,
        [OPTION_COMPACT_NOT - PT_OPTION_OWN] = &settings->not_compact,
        [OPTION_PGIDS - PT_OPTION_OWN] = &settings->pgids,
        [OPTION_HIGHLIGHT_ALL - PT_OPTION_OWN] = &arguments->request.highlight_self,
        [OPTION_KERNEL_THREADS - PT_OPTION_OWN] = &settings->kernel_threads,
        [OPTION_LONG - PT_OPTION_OWN] = &settings->whole_lines,
        [OPTION_NUMERIC - PT_OPTION_OWN] = &settings->numeric_sort,
        [OPTION_PIDS - PT_OPTION_OWN] = &settings->pids,
        [OPTION_PATHS - PT_OPTION_OWN] = &settings->paths,
        [OPTION_PARENTS - PT_OPTION_OWN] = &settings->parents,
        [OPTION_NAMESPACE_CHANGES - PT_OPTION_OWN] = &settings->namespace_changes,
        [OPTION_THREAD_NAMES - PT_OPTION_OWN] = &settings->thread_names,
        [OPTION_HIDE_THREADS - PT_OPTION_OWN] = &settings->no_threads,
        [OPTION_UID_CHANGES - PT_OPTION_OWN] = &settings->uid_changes,
        [OPTION_LABELS - PT_OPTION_OWN] = &settings->labels,
    };
    size_t index = (size_t)(id - PT_OPTION_OWN);
    if (index < sizeof flags / sizeof *flags && flags[index] != NULL) {
        *flags[index] = true;
        return true;
    }
    switch (id) {
    case OPTION_ASCII:
        settings->charset = PS_TREE_ASCII;
        return true;
    case OPTION_UNICODE:
        settings->charset = PS_TREE_UTF8;
        return true;
    case OPTION_VT100:
        settings->charset = PS_TREE_VT100;
        return true;
    case OPTION_COLOR:
        take_color(parser, arguments);
        return true;
    case OPTION_HIGHLIGHT_PID:
        arguments->request.highlight_pid = pt_option_pid(parser);
        return true;
    case OPTION_NAMESPACE_SORT:
        settings->sort_namespace = pt_option_choice(parser);
        return true;
    case OPTION_DEPTH:
        settings->depth = (uint32_t)pt_option_number(parser, 0, UINT32_MAX - 1);
        return true;
    case OPTION_TOTALS:
        settings->total = PS_TREE_TOTAL_RSS;
        if (parser->value != NULL && pt_option_choice(parser) == 1)
            settings->total = PS_TREE_TOTAL_PSS;
        return true;
    case OPTION_WATCH:
        take_watch(parser, arguments);
        return true;
    default:
        return false;
    }
}

static bool take_finding(const struct pt_parser *parser, int id,
                         struct ps_tree_arguments *arguments)
{
    struct ps_tree_request *request = &arguments->request;
    switch (id) {
    case OPTION_IGNORE_ANCESTORS:
        request->ignore_ancestors = true;
        return true;
    case OPTION_CHILDREN:
        take_scope(parser, arguments, PS_TREE_CHILDREN);
        return true;
    case OPTION_GRANDCHILDREN:
        take_scope(parser, arguments, PS_TREE_GRANDCHILDREN);
        return true;
    case OPTION_DESCENDANTS:
        take_scope(parser, arguments, PS_TREE_DESCENDANTS);
        return true;
    case OPTION_FIRST:
        request->first = true;
        return true;
    case OPTION_CONTEXT:
        request->context = (enum ps_tree_context)pt_option_choice(parser);
        return true;
    default:
        if (!pt_criteria_take(request->match, parser, id))
            return false;
        request->has_criteria = true;
        return true;
    }
}

static void take_records(const struct pt_parser *parser, int id,
                         struct ps_tree_arguments *arguments)
{
    struct ps_tree_settings *settings = &arguments->settings;
    switch (id) {
    case OPTION_LIST:
        take_output(parser, arguments, PS_TREE_LIST);
        break;
    case OPTION_JSON:
        take_output(parser, arguments, PS_TREE_JSON);
        break;
    case OPTION_JSONL:
        take_output(parser, arguments, PS_TREE_JSONL);
        break;
    case OPTION_FOLDED:
        take_output(parser, arguments, PS_TREE_FOLDED);
        settings->weight = PS_TREE_WEIGHT_PSS;
        if (parser->value != NULL)
            settings->weight = (enum ps_tree_weight)pt_option_choice(parser);
        break;
    case OPTION_NUL:
        settings->nul = true;
        break;
    case OPTION_OUTPUT:
        take_fields(parser, settings);
        break;
    case OPTION_NO_HEADER:
        settings->no_header = true;
        break;
    case OPTION_SORT:
        take_sort(parser, settings);
        break;
    case OPTION_PROCFS:
        arguments->procfs = pt_option_procfs(parser);
        break;
    }
}

/* What contradicts itself, or would do nothing. */
static void check(const struct ps_tree_arguments *arguments)
{
    const struct ps_tree_settings *settings = &arguments->settings;
    bool list = settings->output == PS_TREE_LIST;
    bool flat = list || settings->output == PS_TREE_JSONL;
    if (settings->nul && (!list || settings->fields != NULL))
        pt_usage("-0: only with --list and without -o");
    if (settings->sort != NULL && !flat)
        pt_usage("--sort: only with --list or --jsonl");
    if (settings->no_header && settings->fields == NULL && settings->total == PS_TREE_NO_TOTAL)
        pt_usage("--no-header: only with -o or --totals");
    if (settings->total != PS_TREE_NO_TOTAL && settings->output != PS_TREE_DRAWN)
        pt_usage("--totals: cannot be combined with --%s", arguments->output_option);
    if (arguments->drawing_option != NULL && settings->output != PS_TREE_DRAWN)
        pt_usage("--%s: cannot be combined with --%s", arguments->drawing_option,
                 arguments->output_option);
    if (arguments->depth_given && flat)
        pt_usage("--depth: cannot be combined with --%s", arguments->output_option);
    if (arguments->context_given && flat)
        pt_usage("--context: cannot be combined with --%s", arguments->output_option);
    if (arguments->context_given && !ps_tree_is_selective(&arguments->request))
        pt_usage("--context: needs a criterion, a scope or --first");
    if (settings->fields != NULL && settings->output == PS_TREE_FOLDED)
        pt_usage("-o: cannot be combined with --folded");
    if (arguments->watch != 0 && settings->output != PS_TREE_DRAWN)
        pt_usage("--watch: cannot be combined with --%s", arguments->output_option);
    if (arguments->request.has_criteria && pt_match_is_inverted(arguments->request.match) &&
        pt_match_is_empty(arguments->request.match))
        pt_usage("--invert: needs a criterion");
    if (arguments->request.ignore_ancestors && !arguments->request.has_criteria)
        pt_usage("--ignore-ancestors: needs a criterion");
}

/* Colour is for terminals, and NO_COLOR (no-color.org) turns off what was not asked for. */
static bool wants_colour(const struct ps_tree_arguments *arguments)
{
    const char *no_color = getenv("NO_COLOR");
    if (arguments->color == COLOR_ALWAYS)
        return true;
    return arguments->color != COLOR_NEVER && isatty(STDOUT_FILENO) &&
           (no_color == NULL || no_color[0] == '\0');
}

static void take_option(const struct pt_parser *parser, int id, struct ps_tree_arguments *arguments)
{
    arguments->depth_given |= id == OPTION_DEPTH;
    arguments->context_given |= id == OPTION_CONTEXT;
    if (take_drawing(parser, id, arguments)) {
        if (arguments->drawing_option == NULL && is_of_drawings_only(id))
            arguments->drawing_option = parser->row->names;
    } else if (!take_finding(parser, id, arguments)) {
        take_records(parser, id, arguments);
    }
}

void ps_tree_read_options(struct ps_tree_arguments *arguments, int argc, char **argv)
{
    struct ps_tree_settings *settings = &arguments->settings;
    struct pt_parser parser;
    int id;

    *arguments = (struct ps_tree_arguments){
        .settings = {.depth = UINT32_MAX, .sort_namespace = -1},
        .request = {.match = pt_match_new(), .context = PS_TREE_CONTEXT_BOTH},
        .procfs = pt_options_procfs(),
    };
    if (arguments->request.match == NULL)
        pt_die(PT_EXIT_IO, "out of memory");
    pt_parser_init(&parser, &ps_tree_options, argc, argv);
    while ((id = pt_option_next(&parser)) != PT_OPTION_END) {
        if (id == PT_OPTION_OPERAND)
            take_operand(&parser, &arguments->request);
        else
            take_option(&parser, id, arguments);
    }
    check(arguments);
    settings->colour = wants_colour(arguments);
    settings->colour_by_age = settings->colour && arguments->color_by_age;
}

void ps_tree_arguments_done(struct ps_tree_arguments *arguments)
{
    pt_match_free(arguments->request.match);
    free(arguments->request.operands);
    free(arguments->settings.fields);
}
