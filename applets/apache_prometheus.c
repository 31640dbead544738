/*
 * The text exposition format, for node_exporter's textfile collector. Gauges only, no timestamps.
 * Families are contiguous and no series appears twice: what would have equal labels is summed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "apache_mem.h"
#include "text.h"

/* Names of groups are the configuration's affair, and their number too. */
#define GROUPS_LIMIT 64

/* One or several groups with equal labels. */
struct series {
    const struct apache_instance *instance;
    enum apache_role role;
    struct pt_bytes name, id;
    size_t processes;
    uint64_t threads;
    uint64_t *numbers; /* of each process, in the instance's measure */
    struct apache_summary summary;
};

struct metrics {
    const struct apache_world *world;
    FILE *out;
    struct series *series;
    size_t count;
};

/* --- labels --- */

/* Escaped as everywhere, then what the format wants escaped is escaped again. */
static void put_value(FILE *out, struct pt_bytes text)
{
    struct pt_buffer escaped = {0};

    pt_buffer_escape(&escaped, text.bytes, text.length, PT_ESCAPE_UTF8);
    for (size_t i = 0; i < escaped.length; i++) {
        if (escaped.data[i] == '\\' || escaped.data[i] == '"')
            fputc('\\', out);
        fputc(escaped.data[i], out);
    }
    pt_buffer_done(&escaped);
}

static void put_server(FILE *out, const struct apache_instance *instance)
{
    fputs("{server=\"", out);
    put_value(out, instance->server);
    fputc('"', out);
}

static void put_series(FILE *out, const struct series *series)
{
    put_server(out, series->instance);
    fprintf(out, ",role=\"%s\",group=\"", apache_role_names[series->role]);
    put_value(out, series->name);
    fputs("\",id=\"", out);
    put_value(out, series->id);
    fputs("\"} ", out);
}

static void put_family(FILE *out, const char *name, const char *help)
{
    fprintf(out, "# HELP apache_mem_%s %s\n# TYPE apache_mem_%s gauge\n", name, help, name);
}

/* --- series --- */

static struct series *find_series(struct metrics *metrics, const struct series *wanted)
{
    for (size_t i = 0; i < metrics->count; i++) {
        struct series *series = &metrics->series[i];

        if (series->instance == wanted->instance && series->role == wanted->role &&
            pt_bytes_equal(series->name, wanted->name) && pt_bytes_equal(series->id, wanted->id))
            return series;
    }
    metrics->series[metrics->count] = *wanted;
    return &metrics->series[metrics->count++];
}

static int add_group(struct metrics *metrics, const struct apache_instance *instance,
                     const struct apache_group *group, bool rest)
{
    static const struct pt_bytes ellipsis = {"\xe2\x80\xa6", 3};
    struct series wanted = {.instance = instance,
                            .role = group->role,
                            .name = rest ? ellipsis : group->name,
                            .id = rest ? (struct pt_bytes){NULL, 0} : group->id};
    struct series *series = find_series(metrics, &wanted);
    uint64_t *numbers =
        realloc(series->numbers, (series->processes + group->count + 1) * sizeof *numbers);

    if (numbers == NULL)
        return -ENOMEM;
    series->numbers = numbers;
    for (size_t i = 0; i < group->count; i++)
        numbers[series->processes++] = group->workers[i].figures.bytes[instance->measure];
    series->threads += group->threads;
    if (series->processes > 0)
        series->summary = apache_summarise(numbers, series->processes);
    return 0;
}

/* At most GROUPS_LIMIT series an instance, that of the rest among them. */
static int collect_series(struct metrics *metrics)
{
    const struct apache_world *world = metrics->world;
    size_t count = 0;

    for (size_t i = 0; i < world->count; i++)
        count += world->instances[i].group_count;
    metrics->series = calloc(count + 1, sizeof *metrics->series);
    if (metrics->series == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < world->count; i++) {
        const struct apache_instance *instance = &world->instances[i];
        bool many = instance->group_count > GROUPS_LIMIT;

        for (size_t j = 0; j < instance->group_count; j++) {
            int error =
                add_group(metrics, instance, &instance->groups[j], many && j >= GROUPS_LIMIT - 1);

            if (error < 0)
                return error;
        }
    }
    return 0;
}

/* --- families --- */

static void write_counts(const struct metrics *metrics)
{
    put_family(metrics->out, "group_processes", "Processes of a group.");
    for (size_t i = 0; i < metrics->count; i++) {
        fputs("apache_mem_group_processes", metrics->out);
        put_series(metrics->out, &metrics->series[i]);
        fprintf(metrics->out, "%zu\n", metrics->series[i].processes);
    }
    put_family(metrics->out, "group_threads", "Threads of a group's processes.");
    for (size_t i = 0; i < metrics->count; i++) {
        fputs("apache_mem_group_threads", metrics->out);
        put_series(metrics->out, &metrics->series[i]);
        fprintf(metrics->out, "%" PRIu64 "\n", metrics->series[i].threads);
    }
}

static bool has_measure(const struct apache_world *world, int measure)
{
    for (size_t i = 0; i < world->count; i++)
        if ((int)world->instances[i].measure == measure)
            return true;
    return false;
}

static void write_totals(const struct metrics *metrics, int measure)
{
    const struct apache_world *world = metrics->world;
    const char *name = apache_measure_names[measure];
    FILE *out = metrics->out;
    bool masters = false;
    char family[64];

    snprintf(family, sizeof family, "%s_bytes", name);
    put_family(out, family, "Memory of a server: its master and all groups.");
    for (size_t i = 0; i < world->count; i++) {
        const struct apache_instance *instance = &world->instances[i];

        if ((int)instance->measure != measure)
            continue;
        masters |= !instance->single;
        fprintf(out, "apache_mem_%s", family);
        put_server(out, instance);
        fprintf(out, "} %" PRIu64 "\n", instance->total[measure]);
    }
    if (!masters)
        return;
    snprintf(family, sizeof family, "master_%s_bytes", name);
    put_family(out, family, "Memory of a server's master process.");
    for (size_t i = 0; i < world->count; i++) {
        const struct apache_instance *instance = &world->instances[i];

        if ((int)instance->measure != measure || instance->single)
            continue;
        fprintf(out, "apache_mem_%s", family);
        put_server(out, instance);
        fprintf(out, "} %" PRIu64 "\n", instance->master_figures.bytes[measure]);
    }
}

struct statistic {
    const char *suffix, *help;
    size_t offset; /* in struct apache_summary */
    bool of_any;   /* says something about no process, too */
};

static const struct statistic statistics[] = {
    {"bytes", "Memory of a group's processes together.", offsetof(struct apache_summary, total),
     true},
    {"min_bytes", "Memory of a group's smallest process.", offsetof(struct apache_summary, min),
     false},
    {"average_bytes", "Memory of a group's processes, average.",
     offsetof(struct apache_summary, average), false},
    {"median_bytes", "Memory of a group's processes, median.",
     offsetof(struct apache_summary, median), false},
    {"p95_bytes", "Memory of a group's processes, 95th percentile.",
     offsetof(struct apache_summary, p95), false},
    {"max_bytes", "Memory of a group's largest process.", offsetof(struct apache_summary, max),
     false},
};

static void write_statistic(const struct metrics *metrics, int measure,
                            const struct statistic *statistic)
{
    FILE *out = metrics->out;
    bool headed = false;
    char family[64];

    snprintf(family, sizeof family, "group_%s_%s", apache_measure_names[measure],
             statistic->suffix);
    for (size_t i = 0; i < metrics->count; i++) {
        const struct series *series = &metrics->series[i];
        uint64_t value;

        if ((int)series->instance->measure != measure ||
            (series->processes == 0 && !statistic->of_any))
            continue;
        if (!headed)
            put_family(out, family, statistic->help);
        headed = true;
        memcpy(&value, (const char *)&series->summary + statistic->offset, sizeof value);
        fprintf(out, "apache_mem_%s", family);
        put_series(out, series);
        fprintf(out, "%" PRIu64 "\n", value);
    }
}

static void write_limits(const struct metrics *metrics)
{
    const struct apache_world *world = metrics->world;
    FILE *out = metrics->out;
    bool headed = false;

    for (size_t i = 0; i < world->count; i++) {
        if (!world->instances[i].limit.known)
            continue;
        if (!headed)
            put_family(out, "limit_slots",
                       "Requests that a server is configured to serve at once.");
        headed = true;
        fputs("apache_mem_limit_slots", out);
        put_server(out, &world->instances[i]);
        fprintf(out, "} %" PRIu64 "\n", world->instances[i].limit.slots);
    }
}

static void write_capacity(const struct metrics *metrics)
{
    const struct apache_world *world = metrics->world;
    FILE *out = metrics->out;
    bool headed = false;

    for (size_t i = 0; i < world->count; i++) {
        const struct apache_capacity *capacity = &world->instances[i].capacity;

        if (capacity->unknown != NULL)
            continue;
        if (!headed)
            put_family(out, "capacity_processes", "Worker processes that fit into memory.");
        headed = true;
        fputs("apache_mem_capacity_processes", out);
        put_server(out, &world->instances[i]);
        fprintf(out, ",worker=\"largest\"} %" PRId64 "\n", capacity->largest);
        fputs("apache_mem_capacity_processes", out);
        put_server(out, &world->instances[i]);
        fprintf(out, ",worker=\"average\"} %" PRId64 "\n", capacity->average);
    }
}

static bool servers_differ(const struct apache_world *world)
{
    for (size_t i = 0; i < world->count; i++)
        for (size_t j = 0; j < i; j++)
            if (pt_bytes_equal(world->instances[i].server, world->instances[j].server))
                return false;
    return true;
}

int apache_write_prometheus(const struct apache_world *world, FILE *out)
{
    struct metrics metrics = {.world = world, .out = out};
    int error = servers_differ(world) ? collect_series(&metrics) : -EEXIST;

    if (error == 0) {
        put_family(out, "up", "Whether a server was found and measured.");
        fprintf(out, "apache_mem_up %d\n", world->count > 0);
        if (world->count > 0)
            write_counts(&metrics);
        for (int measure = 0; measure < APACHE_MEASURE_COUNT; measure++) {
            if (!has_measure(world, measure))
                continue;
            write_totals(&metrics, measure);
            for (size_t i = 0; i < sizeof statistics / sizeof *statistics; i++)
                write_statistic(&metrics, measure, &statistics[i]);
        }
        if (world->settings->capacity) {
            write_limits(&metrics);
            write_capacity(&metrics);
        }
    }
    for (size_t i = 0; i < metrics.count; i++)
        free(metrics.series[i].numbers);
    free(metrics.series);
    return error;
}
