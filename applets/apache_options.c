/* What the user asked for: the options, and which of them contradict each other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apache_mem.h"
#include "report.h"
#include "text.h"
#include "units.h"

enum {
    OPTION_EXE_NAME = PT_OPTION_OWN,
    OPTION_PID,
    OPTION_PIDFILE,
    OPTION_USER,
    OPTION_SERVER,
    OPTION_MEASURE,
    OPTION_WORKERS,
    OPTION_BYTES,
    OPTION_CAPACITY,
    OPTION_RESERVE,
    OPTION_LIMIT,
    OPTION_STATUS_URL,
    OPTION_JSON,
    OPTION_PROMETHEUS,
    OPTION_OUTPUT,
    OPTION_NAGIOS,
    OPTION_WARNING,
    OPTION_CRITICAL,
    OPTION_ON,
    OPTION_ABSENT,
    OPTION_PROCFS,
};

#define NOTHING(letter, id, names, help)                                                           \
    {                                                                                              \
        letter, PT_TAKES_NOTHING, id, names, NULL, NULL, help                                      \
    }

static const struct pt_option finding_rows[] = {
    {0, PT_TAKES_VALUE, OPTION_EXE_NAME, "exe-name", "NAME", NULL,
     "servers with this executable instead of Apache's usual ones (repeatable)"},
    {'p', PT_TAKES_VALUE, OPTION_PID, "pid", "PID", "<pid>",
     "the server whose master has this PID (repeatable)"},
    {0, PT_TAKES_VALUE, OPTION_PIDFILE, "pidfile", "FILE", "<file>",
     "the server whose master's PID is in FILE (repeatable)"},
    {'u', PT_TAKES_VALUE, OPTION_USER, "user", "USER", "<user>",
     "servers whose master runs as this user (repeatable)"},
    {0, PT_TAKES_VALUE, OPTION_SERVER, "server", "NAME", NULL,
     "call the server so; only where it is one"},
    {0},
};

static const struct pt_option measuring_rows[] = {
    {'m', PT_TAKES_VALUE, OPTION_MEASURE, "measure", "MEASURE", "pss rss uss swap",
     "pss (default) divides what is shared, rss counts it in each process, uss leaves it out"},
    NOTHING('w', OPTION_WORKERS, "workers", "a row for each process, too"),
    NOTHING('b', OPTION_BYTES, "bytes", "sizes in bytes, not MiB"),
    {0},
};

static const struct pt_option capacity_rows[] = {
    NOTHING('c', OPTION_CAPACITY, "capacity", "how many workers fit into memory"),
    {0, PT_TAKES_VALUE, OPTION_RESERVE, "reserve", "SIZE|PERCENT", NULL,
     "keep so much memory free (10%)"},
    {0, PT_TAKES_VALUE, OPTION_LIMIT, "limit", "SLOTS", NULL,
     "the configured limit: MaxRequestWorkers"},
    {0, PT_TAKES_VALUE, OPTION_STATUS_URL, "status-url", "URL|auto", NULL,
     "ask the server's own status page for it, on a loopback address"},
    {0},
};

static const struct pt_option output_rows[] = {
    NOTHING(0, OPTION_JSON, "json", "one JSON document"),
    NOTHING(0, OPTION_PROMETHEUS, "prometheus", "metrics in Prometheus' text format"),
    {'o', PT_TAKES_VALUE, OPTION_OUTPUT, "output", "FILE", "<file>",
     "with --json or --prometheus: replace FILE, whole or not at all"},
    {0},
};

static const struct pt_option nagios_rows[] = {
    NOTHING(0, OPTION_NAGIOS, "nagios", "one line and the status of a monitoring plugin"),
    {0, PT_TAKES_VALUE, OPTION_WARNING, "warning", "RANGE", NULL, "WARNING outside of this range"},
    {0, PT_TAKES_VALUE, OPTION_CRITICAL, "critical", "RANGE", NULL,
     "CRITICAL outside of this range"},
    {0, PT_TAKES_VALUE, OPTION_ON, "on", "FIGURE", "total worker-max capacity-left",
     "what the ranges are for (total)"},
    {0, PT_TAKES_VALUE, OPTION_ABSENT, "absent", "STATUS", "ok warning critical unknown",
     "the status when no server runs (critical)"},
    {0},
};

static const struct pt_option other_rows[] = {
    {0, PT_TAKES_VALUE, OPTION_PROCFS, "procfs", "DIR", "<dir>",
     "read this procfs instead of PROCTOOL_PROCFS or /proc"},
    NOTHING(0, PT_OPTION_HELP, "help", "show this help and exit"),
    NOTHING(0, PT_OPTION_VERSION, "version", "show the version and exit"),
    {0},
};

static const struct pt_option_group groups[] = {
    {"Finding", finding_rows},
    {"Measuring", measuring_rows},
    {"Capacity", capacity_rows},
    {"Output", output_rows},
    {"Monitoring", nagios_rows},
    {"Other", other_rows},
    {0},
};

static const struct pt_exit_status statuses[] = {
    {"0", "a server was measured"},
    {"1", "no server is running"},
    {"2", "usage error"},
    {"3", "not permitted, or an error while writing; with --nagios also 2 and 4"},
    {"4", "/proc cannot be used"},
    {0},
};

const struct pt_options apache_options = {
    .name = "apache-mem",
    .summary = "memory of Apache's workers, and how many fit",
    .synopsis = "[OPTION]...",
    .groups = groups,
    .exit_statuses = statuses,
    .notes =
        "With --nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. Sizes are bytes or take K, M, G, "
        "T.",
};

/* --- what the user asked for --- */

/* Debian's and upstream's names, and what distributions call those of each MPM. */
static const char *const usual_names[] = {
    "apache2",      "httpd",       "httpd.worker",   "httpd.event", "httpd-prefork",
    "httpd-worker", "httpd-event", "httpd2-prefork", "httpd.bin",
};

struct arguments {
    struct apache_settings *settings;
    const char *output_option;   /* the one that chose settings->output */
    const char *capacity_option; /* one that needs --capacity */
    const char *nagios_option;   /* one that needs --nagios */
};

_Noreturn void apache_die_without_memory(void)
{
    pt_die(PT_EXIT_IO, "out of memory");
}

static const char *take_file(const struct pt_parser *parser)
{
    if (parser->value[0] == '\0')
        pt_option_refuse(parser, "empty");
    return parser->value;
}

/* Room for one more; LIST may be NULL. */
static void *grow(void *list, size_t count, size_t size)
{
    void *grown = realloc(list, (count + 1) * size);

    if (grown == NULL)
        apache_die_without_memory();
    return grown;
}

static void take_output(const struct pt_parser *parser, struct arguments *arguments,
                        enum apache_output output)
{
    if (arguments->output_option != NULL && arguments->settings->output != output)
        pt_usage("%.*s: cannot be combined with --%s", parser->name_length, parser->name,
                 arguments->output_option);
    arguments->settings->output = output;
    arguments->output_option = parser->row->names;
}

static bool take_finding(const struct pt_parser *parser, int id, struct apache_settings *settings)
{
    struct pt_fault fault = {0};

    switch (id) {
    case OPTION_EXE_NAME:
        if (parser->value[0] == '\0' || strchr(parser->value, '/') != NULL)
            pt_option_refuse(parser, "not the base name of an executable");
        if (!settings->own_names)
            settings->name_count = 0;
        settings->own_names = true;
        settings->names = grow(settings->names, settings->name_count, sizeof *settings->names);
        settings->names[settings->name_count++] = parser->value;
        return true;
    case OPTION_PID:
        settings->pids = grow(settings->pids, settings->pid_count, sizeof *settings->pids);
        settings->pids[settings->pid_count++] = pt_option_pid(parser);
        return true;
    case OPTION_PIDFILE:
        settings->pidfiles =
            grow(settings->pidfiles, settings->pidfile_count, sizeof *settings->pidfiles);
        settings->pidfiles[settings->pidfile_count++] = take_file(parser);
        return true;
    case OPTION_USER:
        if (pt_match_add(settings->user, PT_MATCH_USER, parser->value, &fault) < 0)
            pt_option_fault(parser, &fault);
        return true;
    case OPTION_SERVER:
        if (parser->value[0] == '\0')
            pt_option_refuse(parser, "a name is missing");
        settings->server = parser->value;
        return true;
    default:
        return false;
    }
}

static void take_reserve(const struct pt_parser *parser, struct apache_settings *settings)
{
    struct pt_fault fault = {0};
    size_t length = strlen(parser->value);
    bool percent = length > 0 && parser->value[length - 1] == '%';
    int error;

    settings->has_reserve = true;
    settings->reserve_bytes = settings->reserve_hundredths = 0;
    if (percent)
        error = pt_parse_percent(parser->value, &settings->reserve_hundredths, &fault);
    else
        error = pt_parse_size(parser->value, &settings->reserve_bytes, &fault);
    if (error < 0)
        pt_option_fault(parser, &fault);
}

static bool take_capacity(const struct pt_parser *parser, int id, struct arguments *arguments)
{
    struct apache_settings *settings = arguments->settings;
    struct pt_fault fault = {0};

    switch (id) {
    case OPTION_CAPACITY:
        settings->capacity = true;
        return true;
    case OPTION_RESERVE:
        take_reserve(parser, settings);
        break;
    case OPTION_LIMIT:
        settings->limit = pt_option_number(parser, 1, INT32_MAX);
        break;
    case OPTION_STATUS_URL:
        if (apache_parse_url(parser->value, &settings->url, &fault) < 0)
            pt_option_fault(parser, &fault);
        break;
    default:
        return false;
    }
    arguments->capacity_option = parser->row->names;
    return true;
}

static void take_range(const struct pt_parser *parser, struct apache_range *range)
{
    struct pt_fault fault = {0};

    if (apache_parse_range(parser->value, range, &fault) < 0)
        pt_option_fault(parser, &fault);
}

static bool take_nagios(const struct pt_parser *parser, int id, struct arguments *arguments)
{
    struct apache_settings *settings = arguments->settings;

    switch (id) {
    case OPTION_WARNING:
        take_range(parser, &settings->warning);
        break;
    case OPTION_CRITICAL:
        take_range(parser, &settings->critical);
        break;
    case OPTION_ON:
        settings->on = (enum apache_on)pt_option_choice(parser);
        break;
    case OPTION_ABSENT:
        settings->absent = pt_option_choice(parser);
        break;
    default:
        return false;
    }
    arguments->nagios_option = parser->row->names;
    return true;
}

static void take_rest(const struct pt_parser *parser, int id, struct arguments *arguments)
{
    struct apache_settings *settings = arguments->settings;

    switch (id) {
    case OPTION_MEASURE:
        settings->measure = (enum apache_measure)pt_option_choice(parser);
        settings->measure_given = true;
        break;
    case OPTION_WORKERS:
        settings->processes = true;
        break;
    case OPTION_BYTES:
        settings->whole_bytes = true;
        break;
    case OPTION_JSON:
        take_output(parser, arguments, APACHE_JSON);
        break;
    case OPTION_PROMETHEUS:
        take_output(parser, arguments, APACHE_PROMETHEUS);
        break;
    case OPTION_NAGIOS:
        take_output(parser, arguments, APACHE_NAGIOS);
        break;
    case OPTION_OUTPUT:
        settings->file = take_file(parser);
        break;
    case OPTION_PROCFS:
        settings->procfs = pt_option_procfs(parser);
        break;
    }
}

/* What contradicts itself, or would do nothing. */
static void check(struct arguments *arguments)
{
    struct apache_settings *settings = arguments->settings;
    enum apache_output output = settings->output;
    const char *why = apache_check_ranges(settings);

    if (arguments->nagios_option != NULL && output != APACHE_NAGIOS)
        pt_usage("--%s: only with --nagios", arguments->nagios_option);
    if (why != NULL)
        pt_usage("%s", why);
    if (settings->on == APACHE_ON_CAPACITY_LEFT)
        settings->capacity = true;
    if (arguments->capacity_option != NULL && !settings->capacity)
        pt_usage("--%s: only with --capacity", arguments->capacity_option);
    if (settings->limit != 0 && settings->url.given)
        pt_usage("--limit: cannot be combined with --status-url");
    if (settings->file != NULL && output != APACHE_JSON && output != APACHE_PROMETHEUS)
        pt_usage("--output: only with --json or --prometheus");
    if (settings->whole_bytes && output != APACHE_TABLE)
        pt_usage("--bytes: cannot be combined with --%s", arguments->output_option);
    if (settings->processes && output != APACHE_TABLE && output != APACHE_JSON)
        pt_usage("--workers: cannot be combined with --%s", arguments->output_option);
    if (settings->on == APACHE_ON_CAPACITY_LEFT && settings->limit == 0 && !settings->url.given)
        pt_usage("--on capacity-left: needs --limit or --status-url");
}

/* A plugin's failures are UNKNOWN, whatever they are, and said on stdout, which is all that is
 * read: asked before anything can fail. */
static bool is_plugin(int argc, char **argv)
{
    struct pt_parser parser;
    struct pt_fault fault;
    int id;

    pt_parser_init(&parser, &apache_options, argc, argv);
    while ((id = pt_parser_step(&parser, &fault)) != PT_OPTION_END)
        if (id == OPTION_NAGIOS)
            return true;
    return false;
}

void apache_parse(int argc, char **argv, struct apache_settings *settings)
{
    struct arguments arguments = {.settings = settings};
    struct pt_parser parser;
    int id;

    if (is_plugin(argc, argv)) {
        pt_report_failures_are(APACHE_UNKNOWN);
        pt_report_failures_say("APACHE-MEM UNKNOWN");
    }
    pt_parser_init(&parser, &apache_options, argc, argv);
    while ((id = pt_option_next(&parser)) != PT_OPTION_END) {
        if (id == PT_OPTION_OPERAND)
            pt_option_refuse(&parser, "takes no operand");
        if (!take_finding(&parser, id, settings) && !take_capacity(&parser, id, &arguments) &&
            !take_nagios(&parser, id, &arguments))
            take_rest(&parser, id, &arguments);
    }
    check(&arguments);
}

void apache_settings_init(struct apache_settings *settings)
{
    const size_t count = sizeof usual_names / sizeof *usual_names;

    *settings = (struct apache_settings){
        .procfs = pt_options_procfs(),
        .name_count = count,
        .user = pt_match_new(),
        .absent = APACHE_CRITICAL,
        .utf8 = pt_text_utf8_locale(),
    };
    settings->names = calloc(count, sizeof *settings->names);
    if (settings->names == NULL || settings->user == NULL)
        apache_die_without_memory();
    memcpy(settings->names, usual_names, sizeof usual_names);
}

void apache_settings_done(struct apache_settings *settings)
{
    pt_match_free(settings->user);
    free(settings->names);
    free(settings->pids);
    free(settings->pidfiles);
}
