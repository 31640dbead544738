/* What people see. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "apache_mem.h"
#include "report.h"
#include "table.h"
#include "units.h"

enum {
    GROUP,
    PROCESSES,
    MIN,
    AVERAGE,
    MEDIAN,
    P95,
    MAX,
    TOTAL,
    THREADS,
    COLUMN_COUNT,
};

struct row {
    char *cells[COLUMN_COUNT];
};

/* Rows are kept until their widths are known. */
struct sheet {
    const struct apache_world *world;
    const struct apache_instance *instance;
    struct row *rows;
    size_t count, capacity;
    bool failed; /* no memory */
};

/* --- text --- */

static const char *size_text(const struct apache_world *world, uint64_t bytes,
                             char buffer[PT_SIZE_SIZE])
{
    if (!world->settings->whole_bytes)
        return pt_format_mib(bytes, buffer);
    snprintf(buffer, PT_SIZE_SIZE, "%" PRIu64, bytes);
    return buffer;
}

/* With its unit, in sentences. */
static void put_size(const struct apache_world *world, uint64_t bytes, FILE *out)
{
    char buffer[PT_SIZE_SIZE];

    fprintf(out, "%s%s", size_text(world, bytes, buffer),
            world->settings->whole_bytes ? " bytes" : " MiB");
}

/* --- rows --- */

static struct row *add_row(struct sheet *sheet)
{
    static struct row nowhere;
    struct row *rows = pt_grow(sheet->rows, sheet->count, &sheet->capacity, sizeof *rows);

    if (rows == NULL) {
        sheet->failed = true;
        return &nowhere;
    }
    sheet->rows = rows;
    sheet->rows[sheet->count] = (struct row){{NULL}};
    return &sheet->rows[sheet->count++];
}

static void set_cell(struct sheet *sheet, struct row *row, int column, const char *text)
{
    if (sheet->failed)
        return;
    row->cells[column] = strdup(text);
    sheet->failed = row->cells[column] == NULL;
}

static void set_size(struct sheet *sheet, struct row *row, int column, uint64_t bytes)
{
    char buffer[PT_SIZE_SIZE];

    set_cell(sheet, row, column, size_text(sheet->world, bytes, buffer));
}

static void set_number(struct sheet *sheet, struct row *row, int column, uint64_t number)
{
    char buffer[24];

    snprintf(buffer, sizeof buffer, "%" PRIu64, number);
    set_cell(sheet, row, column, buffer);
}

static void add_plain_row(struct sheet *sheet, const char *name, uint64_t total, uint64_t threads)
{
    struct row *row = add_row(sheet);

    set_cell(sheet, row, GROUP, name);
    set_size(sheet, row, TOTAL, total);
    if (threads > 0)
        set_number(sheet, row, THREADS, threads);
}

/* `worker`, `pool www`, `wsgi shop`; where the name is cut, or none, with its socket's id behind.
 */
static void set_group_name(struct sheet *sheet, struct row *row, const struct apache_group *group)
{
    bool utf8 = sheet->world->settings->utf8;
    const struct apache_worker *first = group->workers;
    struct pt_buffer text = {0};

    pt_buffer_append_text(&text, apache_role_names[group->role]);
    if (group->role != APACHE_WORKER && first->name.length > 0) {
        pt_buffer_append_byte(&text, ' ');
        pt_buffer_escape(&text, first->name.bytes, first->name.length, utf8 ? PT_ESCAPE_UTF8 : 0);
        if (first->name_cut)
            pt_buffer_append_text(&text, utf8 ? "\xe2\x80\xa6" : "...");
    }
    if (group->id.length > 0 && (first->name_cut || first->name.length == 0))
        pt_buffer_append_format(&text, " #%.*s", (int)group->id.length, group->id.bytes);
    set_cell(sheet, row, GROUP, pt_buffer_text(&text));
    sheet->failed |= text.error < 0;
    pt_buffer_done(&text);
}

static void add_worker_rows(struct sheet *sheet, const struct apache_group *group)
{
    const struct pt_process *processes = sheet->world->snapshot.processes;

    for (size_t i = 0; i < group->count; i++) {
        const struct apache_worker *worker = &group->workers[i];
        char name[64];

        snprintf(name, sizeof name, "  PID %d%s", (int)processes[worker->index].stat.pid,
                 worker->stopping ? " stopping" : "");
        add_plain_row(sheet, name, worker->figures.bytes[sheet->instance->measure],
                      worker->figures.threads);
    }
}

static void add_group_rows(struct sheet *sheet, const struct apache_group *group)
{
    const struct apache_summary *summary = &group->summary[sheet->instance->measure];
    struct row *row = add_row(sheet);

    set_group_name(sheet, row, group);
    set_number(sheet, row, PROCESSES, group->count);
    if (group->count > 0) {
        set_size(sheet, row, MIN, summary->min);
        set_size(sheet, row, AVERAGE, summary->average);
        set_size(sheet, row, MEDIAN, summary->median);
        set_size(sheet, row, P95, summary->p95);
        set_size(sheet, row, MAX, summary->max);
        set_size(sheet, row, TOTAL, summary->total);
        set_number(sheet, row, THREADS, group->threads);
    }
    if (sheet->world->settings->processes)
        add_worker_rows(sheet, group);
}

static void print_rows(const struct sheet *sheet, FILE *out)
{
    struct pt_table_column columns[COLUMN_COUNT] = {
        {"GROUP", PT_TABLE_LEFT, 0},    {"PROCESSES", PT_TABLE_RIGHT, 0},
        {"MIN", PT_TABLE_RIGHT, 0},     {"AVERAGE", PT_TABLE_RIGHT, 0},
        {"MEDIAN", PT_TABLE_RIGHT, 0},  {"P95", PT_TABLE_RIGHT, 0},
        {"MAX", PT_TABLE_RIGHT, 0},     {"TOTAL", PT_TABLE_RIGHT, 0},
        {"THREADS", PT_TABLE_RIGHT, 0},
    };
    struct pt_table table = {columns, COLUMN_COUNT};

    pt_table_measure_header(&table);
    for (size_t i = 0; i < sheet->count; i++)
        pt_table_measure(&table, (const char *const *)sheet->rows[i].cells);
    pt_table_print_header(&table, out);
    for (size_t i = 0; i < sheet->count; i++)
        pt_table_print(&table, (const char *const *)sheet->rows[i].cells, out);
}

static void print_sheet(const struct apache_world *world, const struct apache_instance *instance,
                        FILE *out)
{
    struct sheet sheet = {.world = world, .instance = instance};

    if (!instance->single)
        add_plain_row(&sheet, "master", instance->master_figures.bytes[instance->measure],
                      instance->master_figures.threads);
    for (size_t i = 0; i < instance->group_count; i++)
        add_group_rows(&sheet, &instance->groups[i]);
    add_plain_row(&sheet, "total", instance->total[instance->measure], 0);
    if (!sheet.failed)
        print_rows(&sheet, out);
    else
        fputs("out of memory\n", stderr);
    for (size_t i = 0; i < sheet.count; i++)
        for (int column = 0; column < COLUMN_COUNT; column++)
            free(sheet.rows[i].cells[column]);
    free(sheet.rows);
}

/* --- what stands around them --- */

static void print_title(const struct apache_world *world, const struct apache_instance *instance,
                        FILE *out)
{
    static const char *const measures[] = {"PSS", "RSS", "USS", "swap"};

    pt_put_escaped(instance->server.bytes, instance->server.length, out);
    fprintf(out, ", PID %d: %s in %s%s%s\n",
            (int)world->snapshot.processes[instance->master].stat.pid, measures[instance->measure],
            world->settings->whole_bytes ? "bytes" : "MiB",
            instance->single ? ", master and worker in one process" : "",
            instance->upgraded ? ", executable replaced since the start" : "");
    if (instance->measure_reason != NULL)
        fprintf(out, "(RSS counts shared pages in each process; PSS: %s)\n",
                instance->measure_reason);
}

static void print_helpers(const struct apache_world *world, const struct apache_instance *instance,
                          FILE *out)
{
    if (instance->helper_count == 0)
        return;
    fputs("helpers, not counted:", out);
    for (size_t i = 0; i < instance->helper_count; i++) {
        const struct pt_process *process = &world->snapshot.processes[instance->helpers[i]];

        fputs(i == 0 ? " " : ", ", out);
        pt_put_escaped(process->stat.comm, process->stat.comm_length, out);
        fprintf(out, " (%d)", (int)process->stat.pid);
    }
    fputc('\n', out);
}

static void print_notes(const struct apache_world *world, const struct apache_instance *instance,
                        FILE *out)
{
    uint64_t shared = instance->master_figures.shared;
    size_t stopping = 0;

    for (size_t i = 0; i < instance->group_count; i++) {
        shared += instance->groups[i].shared;
        stopping += instance->groups[i].stopping;
    }
    if (instance->measure == APACHE_PSS && shared > 0) {
        fputs("of it shared memory (opcache, scoreboard): ", out);
        put_size(world, shared, out);
        fputc('\n', out);
    }
    if (stopping > 0)
        fprintf(out, "stopping: %zu\n", stopping);
    if (instance->guessed)
        fputs("descriptors of processes may not be read: workers may include daemons\n", out);
    print_helpers(world, instance, out);
}

/* --- capacity --- */

static void print_limit(const struct apache_limit *limit, const struct apache_capacity *capacity,
                        FILE *out)
{
    uint64_t processes = limit->threads != 0 ? limit->slots / limit->threads : 0;

    if (!limit->known) {
        fprintf(out, "  configured limit: not known: %s\n", limit->unknown);
        return;
    }
    fprintf(out, "  configured limit: %" PRIu64 " slots", limit->slots);
    if (limit->threads != 0)
        fprintf(out, " = %" PRIu64 " processes of %" PRIu64 " thread%s", processes, limit->threads,
                limit->threads == 1 ? "" : "s");
    if (limit->has_busy)
        fprintf(out, ", %" PRIu64 " busy", limit->busy);
    fputc('\n', out);
    if (limit->threads != 0 && capacity->unknown == NULL && processes > (uint64_t)capacity->largest)
        fprintf(out, "  %" PRIu64 " more processes are allowed than fit\n",
                processes - (uint64_t)capacity->largest);
}

/* It says its sum, so that everybody can do it again. */
static void print_sum(const struct apache_world *world, const struct apache_capacity *capacity,
                      FILE *out)
{
    fputs("  = (available ", out);
    put_size(world, capacity->available, out);
    fputs(" - reserve ", out);
    put_size(world, capacity->reserve, out);
    fputs(" + held by the workers ", out);
    put_size(world, capacity->held, out);
    fputs(") / cost of one\n  cost of one = USS + swap + page tables + 16 KiB a thread: largest ",
          out);
    put_size(world, capacity->largest_cost, out);
    fputs(", average ", out);
    put_size(world, capacity->average_cost, out);
    fputc('\n', out);
}

static void print_capacity(const struct apache_world *world, const struct apache_instance *instance,
                           FILE *out)
{
    const struct apache_capacity *capacity = &instance->capacity;
    size_t warm = capacity->workers - capacity->cold;

    if (capacity->unknown != NULL) {
        fprintf(out, "capacity unknown: %s\n", capacity->unknown);
    } else {
        fprintf(out,
                "capacity: %" PRId64 " worker processes fit if each becomes the largest, %" PRId64
                " of average size; %zu run\n",
                capacity->largest, capacity->average, capacity->workers);
        print_sum(world, capacity, out);
        if (capacity->largest < (int64_t)capacity->workers)
            fputs("  fewer fit than run now\n", out);
        if (capacity->cold > 0)
            fprintf(out, "  %zu not warmed up: left out of the average\n", capacity->cold);
        if (warm < 3)
            fprintf(out, "  warning: only %zu worker%s warmed up: the cost of one is uncertain\n",
                    warm, warm == 1 ? " is" : "s are");
    }
    if (capacity->group != NULL) {
        fputs("  what binds: the memory limit of ", out);
        pt_put_escaped(capacity->group, strlen(capacity->group), out);
        fputc('\n', out);
    } else if (world->has_memory) {
        fputs("  what binds: the host's memory\n", out);
    }
    if (capacity->unseen != NULL) {
        fputs("  warning: the limits of ", out);
        pt_put_escaped(capacity->unseen, strlen(capacity->unseen), out);
        fputs(" cannot be seen from here\n", out);
    }
    print_limit(&instance->limit, capacity, out);
}

void apache_write_table(const struct apache_world *world, FILE *out)
{
    for (size_t i = 0; i < world->count; i++) {
        const struct apache_instance *instance = &world->instances[i];

        print_title(world, instance, out);
        print_sheet(world, instance, out);
        print_notes(world, instance, out);
        if (world->settings->capacity)
            print_capacity(world, instance, out);
        fputc('\n', out);
    }
    if (!world->has_memory) {
        fputs("system memory: ?\n", out);
        return;
    }
    fputs("system memory: ", out);
    put_size(world, world->memory_total, out);
    fputs(", available ", out);
    put_size(world, world->memory_available, out);
    fputc('\n', out);
}
