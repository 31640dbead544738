/*
 * One line for Nagios, Icinga and what else runs monitoring plugins, after the Monitoring Plugins
 * Development Guidelines: status, text, `|`, performance data.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "apache_mem.h"
#include "units.h"

static const char *const status_names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

/* --- ranges: [@][start:][end] --- */

static int parse_bound(const char *text, size_t length, size_t offset, int64_t *ret_value,
                       struct pt_fault *fault)
{
    bool negative = length > 0 && text[0] == '-';
    uint64_t size;

    if (pt_parse_size_n(text + negative, length - negative, &size, fault) < 0) {
        if (fault != NULL)
            fault->offset += offset + negative;
        return -EINVAL;
    }
    if (size > INT64_MAX)
        return pt_fault_set(fault, offset, "too large");
    *ret_value = negative ? -(int64_t)size : (int64_t)size;
    return 0;
}

int apache_parse_range(const char *text, struct apache_range *ret_range, struct pt_fault *fault)
{
    struct apache_range range = {.given = true, .inside = *text == '@', .end = INT64_MAX};
    const char *start = text + range.inside, *colon = strchr(start, ':');
    const char *end = colon != NULL ? colon + 1 : start;

    if (*start == '\0')
        return pt_fault_set(fault, strlen(text), "a range is missing");
    if (colon != NULL && colon - start == 1 && *start == '~')
        range.start = INT64_MIN;
    else if (colon != NULL && colon > start &&
             parse_bound(start, (size_t)(colon - start), (size_t)(start - text), &range.start,
                         fault) < 0)
        return -EINVAL;
    if (*end != '\0' && parse_bound(end, strlen(end), (size_t)(end - text), &range.end, fault) < 0)
        return -EINVAL;
    if (range.start > range.end)
        return pt_fault_set(fault, 0, "the range ends before it starts");
    range.plain = colon == NULL && !range.inside;
    range.low_side =
        colon != NULL && colon > start && *end == '\0' && !range.inside && range.start != INT64_MIN;
    *ret_range = range;
    return 0;
}

const char *apache_check_ranges(const struct apache_settings *settings)
{
    const struct apache_range *warning = &settings->warning, *critical = &settings->critical;

    if (!warning->given || !critical->given)
        return NULL;
    if (warning->plain && critical->plain && critical->end < warning->end)
        return "--critical: below --warning";
    if (warning->low_side && critical->low_side && critical->start > warning->start)
        return "--critical: above --warning";
    return NULL;
}

static bool alerts(const struct apache_range *range, int64_t value)
{
    bool inside = value >= range->start && value <= range->end;

    return range->given && inside == range->inside;
}

static void put_range(const struct apache_range *range, FILE *out)
{
    if (!range->given)
        return;
    if (range->inside)
        fputc('@', out);
    if (range->start == INT64_MIN)
        fputs("~:", out);
    else if (range->start != 0 || range->end == INT64_MAX)
        fprintf(out, "%" PRId64 ":", range->start);
    if (range->end != INT64_MAX)
        fprintf(out, "%" PRId64, range->end);
}

/* --- figures --- */

/* Neither the line nor its performance data may be led astray by a name. */
static void put_name(struct pt_bytes name, FILE *out)
{
    for (size_t i = 0; i < name.length; i++) {
        char byte = name.bytes[i];
        bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= 'a' && byte <= 'z') || byte == '_' || byte == '.' || byte == ':' ||
                     byte == '-';

        fputc(plain ? byte : '_', out);
    }
}

/* One thing that can be watched. */
struct figure {
    enum apache_on on;
    const char *label;
    bool known;
    int64_t value;
    const char *unit; /* of performance data */
};

static size_t count_workers(const struct apache_instance *instance, uint64_t *ret_largest)
{
    size_t count = 0;

    *ret_largest = 0;
    for (size_t i = 0; i < instance->worker_count; i++) {
        const struct apache_worker *worker = &instance->workers[i];

        if (worker->role == APACHE_WSGI)
            continue;
        count++;
        if (worker->figures.bytes[instance->measure] > *ret_largest)
            *ret_largest = worker->figures.bytes[instance->measure];
    }
    return count;
}

static struct figure take_figure(const struct apache_instance *instance, enum apache_on on)
{
    const struct apache_capacity *capacity = &instance->capacity;
    const struct apache_limit *limit = &instance->limit;
    struct figure figure = {.on = on, .known = true, .unit = "B"};
    uint64_t largest;
    size_t count = count_workers(instance, &largest);

    switch (on) {
    case APACHE_ON_TOTAL:
        figure.label = "total";
        figure.value = (int64_t)instance->total[instance->measure];
        break;
    case APACHE_ON_WORKER_MAX:
        figure.label = "worker_max";
        figure.known = count > 0;
        figure.value = (int64_t)largest;
        break;
    case APACHE_ON_CAPACITY_LEFT:
        figure.label = "capacity_left";
        figure.unit = "";
        figure.known = limit->known && limit->threads != 0 && capacity->unknown == NULL;
        if (figure.known)
            figure.value = capacity->largest - (int64_t)(limit->slots / limit->threads);
        break;
    }
    return figure;
}

static int judge(const struct apache_settings *settings, const struct figure *figure)
{
    if (!figure->known)
        return APACHE_UNKNOWN;
    if (alerts(&settings->critical, figure->value))
        return APACHE_CRITICAL;
    return alerts(&settings->warning, figure->value) ? APACHE_WARNING : APACHE_OK;
}

/* Whichever server is worst: critical, then what is unknown, then a warning. */
static int worse(int a, int b)
{
    static const int ranks[] = {0, 1, 3, 2};

    return ranks[a] > ranks[b] ? a : b;
}

/* --- the line --- */

static void put_text(const struct apache_world *world, const struct apache_instance *instance,
                     FILE *out)
{
    char total[PT_SIZE_SIZE], largest[PT_SIZE_SIZE];
    uint64_t bytes;
    size_t count = count_workers(instance, &bytes);

    put_name(instance->server, out);
    fprintf(out, " total %s %s, %zu workers",
            pt_format_size(instance->total[instance->measure], total),
            apache_measure_names[instance->measure], count);
    if (count > 0)
        fprintf(out, ", largest %s", pt_format_size(bytes, largest));
    if (!world->settings->capacity)
        return;
    if (instance->capacity.unknown != NULL)
        fprintf(out, ", capacity unknown");
    else
        fprintf(out, ", %" PRId64 " fit", instance->capacity.largest);
    if (instance->limit.known && instance->limit.threads != 0)
        fprintf(out, ", %" PRIu64 " allowed", instance->limit.slots / instance->limit.threads);
    else
        fputs(", limit unknown", out);
}

static void put_data(const struct apache_settings *settings, const struct apache_instance *instance,
                     const struct figure *figure, FILE *out)
{
    if (!figure->known)
        return;
    fputs(" '", out);
    put_name(instance->server, out);
    fprintf(out, "_%s'=%" PRId64 "%s;", figure->label, figure->value, figure->unit);
    if (figure->on == settings->on) {
        put_range(&settings->warning, out);
        fputc(';', out);
        put_range(&settings->critical, out);
    } else {
        fputc(';', out);
    }
    if (figure->on != APACHE_ON_CAPACITY_LEFT)
        fputs(";0", out);
}

static void put_all_data(const struct apache_world *world, FILE *out)
{
    for (size_t i = 0; i < world->count; i++) {
        const struct apache_instance *instance = &world->instances[i];
        uint64_t largest;

        for (int on = APACHE_ON_TOTAL; on <= APACHE_ON_CAPACITY_LEFT; on++) {
            struct figure figure = take_figure(instance, (enum apache_on)on);

            if (on != APACHE_ON_CAPACITY_LEFT || world->settings->capacity)
                put_data(world->settings, instance, &figure, out);
        }
        fputs(" '", out);
        put_name(instance->server, out);
        fprintf(out, "_workers'=%zu;;;0", count_workers(instance, &largest));
    }
}

int apache_write_nagios(const struct apache_world *world, FILE *out)
{
    int status = world->count > 0 ? APACHE_OK : world->settings->absent;

    for (size_t i = 0; i < world->count; i++) {
        struct figure figure = take_figure(&world->instances[i], world->settings->on);

        status = worse(status, judge(world->settings, &figure));
    }
    fprintf(out, "APACHE-MEM %s: ", status_names[status]);
    if (world->count == 0) {
        fputs("no server is running\n", out);
        return status;
    }
    for (size_t i = 0; i < world->count; i++) {
        if (i > 0)
            fputs("; ", out);
        put_text(world, &world->instances[i], out);
    }
    fputs(" |", out);
    put_all_data(world, out);
    fputc('\n', out);
    return status;
}
