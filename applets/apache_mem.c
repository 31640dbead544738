/*
 * apache-mem: what Apache's workers really use, and how many of them fit.
 *
 * Descends from python-proc's proc.apache. Deliberate deviations: PSS and not RSS, which counts
 * what workers share once for each; every server on the machine, in containers too; children are
 * told apart by what they listen on and not by their names. Any server that forks its workers will
 * do.
 */
#include "apache_mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applet.h"
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

static const struct pt_options options = {
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
    struct apache_settings settings;
    const char *procfs;
    const char *output_option;   /* the one that chose settings.output */
    const char *capacity_option; /* one that needs --capacity */
    const char *nagios_option;   /* one that needs --nagios */
};

static _Noreturn void die_without_memory(void)
{
    pt_die(PT_EXIT_IO, "out of memory");
}

/* Room for one more; LIST may be NULL. */
static void *grow(void *list, size_t count, size_t size)
{
    void *grown = realloc(list, (count + 1) * size);

    if (grown == NULL)
        die_without_memory();
    return grown;
}

static void take_output(const struct pt_parser *parser, struct arguments *arguments,
                        enum apache_output output)
{
    if (arguments->output_option != NULL && arguments->settings.output != output)
        pt_usage("%.*s: cannot be combined with --%s", parser->name_length, parser->name,
                 arguments->output_option);
    arguments->settings.output = output;
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
        if (pt_parse_pid(parser->value, &settings->pids[settings->pid_count++], &fault) < 0)
            pt_option_fault(parser, &fault);
        return true;
    case OPTION_PIDFILE:
        settings->pidfiles =
            grow(settings->pidfiles, settings->pidfile_count, sizeof *settings->pidfiles);
        settings->pidfiles[settings->pidfile_count++] = parser->value;
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
    struct apache_settings *settings = &arguments->settings;
    struct pt_fault fault = {0};

    switch (id) {
    case OPTION_CAPACITY:
        settings->capacity = true;
        return true;
    case OPTION_RESERVE:
        take_reserve(parser, settings);
        break;
    case OPTION_LIMIT:
        if (pt_parse_u64(parser->value, 1, INT32_MAX, &settings->limit, &fault) < 0)
            pt_option_fault(parser, &fault);
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
    struct apache_settings *settings = &arguments->settings;

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
    struct apache_settings *settings = &arguments->settings;

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
        settings->file = parser->value;
        break;
    case OPTION_PROCFS:
        arguments->procfs = parser->value;
        break;
    }
}

/* What contradicts itself, or would do nothing. */
static void check(struct arguments *arguments)
{
    struct apache_settings *settings = &arguments->settings;
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

/* A plugin's failures are UNKNOWN, whatever they are: asked before anything can fail. */
static bool is_plugin(int argc, char **argv)
{
    struct pt_parser parser;
    struct pt_fault fault;
    int id;

    pt_parser_init(&parser, &options, argc, argv);
    while ((id = pt_parser_step(&parser, &fault)) != PT_OPTION_END)
        if (id == OPTION_NAGIOS)
            return true;
    return false;
}

static void parse(int argc, char **argv, struct arguments *arguments)
{
    struct pt_parser parser;
    int id;

    if (is_plugin(argc, argv))
        pt_report_failures_are(APACHE_UNKNOWN);
    pt_parser_init(&parser, &options, argc, argv);
    while ((id = pt_option_next(&parser)) != PT_OPTION_END) {
        if (id == PT_OPTION_OPERAND)
            pt_option_refuse(&parser, "takes no operand");
        if (!take_finding(&parser, id, &arguments->settings) &&
            !take_capacity(&parser, id, arguments) && !take_nagios(&parser, id, arguments))
            take_rest(&parser, id, arguments);
    }
    check(arguments);
}

static void init_settings(struct apache_settings *settings)
{
    const size_t count = sizeof usual_names / sizeof *usual_names;

    *settings = (struct apache_settings){
        .name_count = count,
        .user = pt_match_new(),
        .absent = APACHE_CRITICAL,
        .utf8 = pt_text_utf8_locale(),
    };
    settings->names = calloc(count, sizeof *settings->names);
    if (settings->names == NULL || settings->user == NULL)
        die_without_memory();
    memcpy(settings->names, usual_names, sizeof usual_names);
}

static void done_settings(struct apache_settings *settings)
{
    pt_match_free(settings->user);
    free(settings->names);
    free(settings->pids);
    free(settings->pidfiles);
}

/* --- find, sort out, measure --- */

static int read_memory(struct apache_world *world)
{
    struct pt_buffer text = {0};
    uint64_t free_bytes, cache = 0;
    int error = pt_dir_read_all(&world->procfs->root, "meminfo", &text, PT_DIR_LIMIT);

    if (error == 0)
        error = pt_parse_meminfo(text.data, text.length, "MemTotal", &world->memory_total);
    /* MemAvailable came with 3.14. */
    if (error == 0 &&
        pt_parse_meminfo(text.data, text.length, "MemAvailable", &world->memory_available) < 0) {
        error = pt_parse_meminfo(text.data, text.length, "MemFree", &free_bytes);
        if (error == 0)
            error = pt_parse_meminfo(text.data, text.length, "Inactive(file)", &cache);
        if (error == 0)
            world->memory_available = free_bytes + cache;
    }
    pt_buffer_done(&text);
    return error;
}

/* Several servers are told apart by the lowest port of each. */
static int name_servers(struct apache_world *world)
{
    for (size_t i = 0; i < world->count; i++) {
        struct apache_instance *instance = &world->instances[i];
        struct pt_buffer name = {0};
        const char *copy;

        if (world->settings->server != NULL)
            pt_buffer_append_text(&name, world->settings->server);
        else
            pt_buffer_append(&name, instance->server.bytes, instance->server.length);
        if (world->count > 1 && instance->port != 0)
            pt_buffer_append_format(&name, ":%u", (unsigned)instance->port);
        copy = pt_arena_strndup(&world->snapshot.arena, pt_buffer_text(&name), name.length);
        instance->server = (struct pt_bytes){copy, name.length};
        pt_buffer_done(&name);
        if (copy == NULL || name.error < 0)
            return -ENOMEM;
    }
    return 0;
}

static int reckon_all(struct apache_world *world)
{
    size_t strangers = 0;
    int error = 0;

    for (size_t i = 0; error == 0 && i < world->count; i++) {
        error = apache_reckon(world, &world->instances[i]);
        if (error == 0)
            error = apache_ask_limit(world, &world->instances[i]);
        if (error == -EPERM) {
            strangers++;
            error = 0;
        }
    }
    if (error == 0 && strangers > 0 && strangers == world->count)
        pt_die(PT_EXIT_IO, "--status-url: the server does not listen there, or not alone");
    return error;
}

static int look(struct apache_world *world)
{
    int error = pt_snapshot_scan(&world->snapshot, world->procfs,
                                 PT_SOURCE_BIT(PT_SOURCE_STAT) | PT_SOURCE_BIT(PT_SOURCE_EXE));

    if (error == 0)
        error = pt_snapshot_settle(&world->snapshot);
    if (error == 0)
        error = pt_tree_build(&world->tree, &world->snapshot, false);
    if (error == 0)
        error = read_memory(world);
    if (error == 0)
        error = apache_find(world);
    for (size_t i = 0; error == 0 && i < world->count; i++)
        error = apache_sort_out(world, &world->instances[i]);
    if (error == 0)
        error = apache_measure(world);
    if (error == 0)
        error = name_servers(world);
    if (error == 0 && world->settings->capacity)
        error = reckon_all(world);
    return error;
}

/* --- show --- */

static int write_output(const struct apache_world *world, FILE *out, int *ret_status)
{
    switch (world->settings->output) {
    case APACHE_TABLE:
        if (world->count > 0)
            apache_write_table(world, out);
        return 0;
    case APACHE_JSON:
        apache_write_json(world, out);
        return 0;
    case APACHE_PROMETHEUS:
        return apache_write_prometheus(world, out);
    case APACHE_NAGIOS:
        *ret_status = apache_write_nagios(world, out);
        return 0;
    }
    return -EINVAL;
}

/* Everything is put together before any of it is written. 0 or a failure's status. */
static int show(const struct apache_world *world, int *ret_status)
{
    const char *file = world->settings->file;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int error;

    if (out == NULL)
        die_without_memory();
    error = write_output(world, out, ret_status);
    if ((ferror(out) | fclose(out)) != 0 && error == 0)
        error = -ENOMEM;
    if (error == 0 && file != NULL)
        error = apache_store(file, text, length);
    else if (error == 0)
        fwrite(text, 1, length, stdout);
    free(text);
    if (error == 0)
        return 0;
    if (error == -EEXIST && file != NULL && world->count < 2)
        pt_warn("%s: not a regular file", file);
    else if (error == -EEXIST)
        pt_warn("several servers are called alike: choose one by --pid or --pidfile, with --server "
                "NAME");
    else
        pt_warn("%s: %s", file != NULL ? file : "output", strerror(-error));
    return PT_EXIT_IO;
}

/* Why there is nothing to show, as a status; 0: there is something. */
static int fail(const struct apache_world *world, int error)
{
    if (error == -EACCES) {
        pt_warn("%s: %s; --measure rss needs none", apache_measure_names[world->settings->measure],
                world->refusal);
        return PT_EXIT_IO;
    }
    if (error < 0) {
        pt_warn("%s: %s", world->procfs->root.name, strerror(-error));
        return error == -ENOMEM ? PT_EXIT_IO : PT_EXIT_NO_PROC;
    }
    if (world->count == 0 && apache_is_blind(world)) {
        pt_warn("processes of others are hidden from us (hidepid): there may be a server");
        return PT_EXIT_IO;
    }
    if (world->settings->server != NULL && world->count > 1) {
        pt_warn("--server: %zu servers were found: choose one by --pid or --pidfile", world->count);
        return PT_EXIT_IO;
    }
    return 0;
}

static bool capacity_is_refused(const struct apache_world *world)
{
    for (size_t i = 0; i < world->count; i++)
        if (world->instances[i].capacity.refused)
            return true;
    return false;
}

static int run_once(struct apache_world *world)
{
    bool plugin = world->settings->output == APACHE_NAGIOS;
    int status = PT_EXIT_OK, failure = fail(world, look(world));

    if (failure == 0)
        failure = show(world, &status);
    if (failure != 0)
        return plugin ? APACHE_UNKNOWN : failure;
    if (plugin)
        return status;
    if (world->count == 0 && world->settings->output == APACHE_TABLE)
        pt_warn("no server is running");
    if (world->count == 0)
        return PT_EXIT_NOTHING;
    return capacity_is_refused(world) ? PT_EXIT_IO : PT_EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct arguments arguments = {.procfs = getenv("PROCTOOL_PROCFS")};
    struct pt_procfs procfs = PT_PROCFS_CLOSED;
    struct apache_world world = {.settings = &arguments.settings, .procfs = &procfs};
    int status;

    init_settings(&arguments.settings);
    parse(argc, argv, &arguments);
    status = pt_procfs_open(&procfs, arguments.procfs);
    if (status < 0)
        pt_die(PT_EXIT_NO_PROC, "%s: %s", arguments.procfs ? arguments.procfs : "/proc",
               status == -EINVAL ? "not a procfs" : strerror(-status));
    pt_networks_init(&world.networks, &procfs);
    status = run_once(&world);
    free(world.instances);
    pt_networks_done(&world.networks);
    pt_tree_done(&world.tree);
    pt_snapshot_done(&world.snapshot);
    pt_procfs_close(&procfs);
    done_settings(&arguments.settings);
    return status;
}

const struct pt_applet pt_applet_apache_mem = {&options, run};
