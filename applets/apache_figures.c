/* What they use: read, summed up a process, then a group, then the whole. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apache_mem.h"

const char *const apache_measure_names[APACHE_MEASURE_COUNT] = {"pss", "rss", "uss", "swap"};

/* Of the kernel's own memory, a thread's stack (THREAD_SIZE, x86-64 and arm64). */
#define THREAD_STACK ((uint64_t)16 << 10)

/* --- reading --- */

static bool wants_smaps(const struct apache_settings *settings)
{
    return settings->measure != APACHE_RSS || settings->capacity;
}

struct indexes {
    uint32_t *list;
    size_t count;
};

static size_t count_processes(const struct apache_world *world)
{
    size_t count = 0;

    for (size_t i = 0; i < world->count; i++) {
        const struct apache_instance *instance = &world->instances[i];

        count += 1 + instance->worker_count;
        for (size_t j = 0; j < instance->worker_count; j++)
            count += instance->workers[j].fork_count;
    }
    return count;
}

static void add_worker(struct indexes *indexes, const struct apache_worker *worker)
{
    indexes->list[indexes->count++] = worker->index;
    for (size_t i = 0; i < worker->fork_count; i++)
        indexes->list[indexes->count++] = worker->forks[i];
}

/* All of all instances at once, so that threads can share them. RSS is in stat, which is read again
 * whatever else is, and shows whether it is the same process still. */
static int read_all(struct apache_world *world)
{
    pt_sources sources = wants_smaps(world->settings) ? PT_SOURCE_BIT(PT_SOURCE_SMAPS_ROLLUP) : 0;
    struct indexes indexes = {calloc(count_processes(world) + 1, sizeof *indexes.list), 0};
    int error;

    if (indexes.list == NULL)
        return -ENOMEM;
    if (world->settings->capacity)
        sources |= PT_SOURCE_BIT(PT_SOURCE_STATUS);
    for (size_t i = 0; i < world->count; i++) {
        const struct apache_instance *instance = &world->instances[i];

        if (!instance->single)
            indexes.list[indexes.count++] = instance->master;
        for (size_t j = 0; j < instance->worker_count; j++)
            add_worker(&indexes, &instance->workers[j]);
    }
    error = pt_snapshot_add(&world->snapshot, indexes.list, indexes.count, sources);
    free(indexes.list);
    return error;
}

/* --- one process --- */

/* The errno of smaps; 0: they were read, or never asked for. */
static int smaps_error(const struct pt_process *process)
{
    return process->asked & PT_SOURCE_BIT(PT_SOURCE_SMAPS_ROLLUP)
               ? process->error[PT_SOURCE_SMAPS_ROLLUP]
               : 0;
}

/* It ended, or it gave up its memory, which is the first thing to go. */
static bool is_gone(const struct pt_process *process)
{
    return pt_snapshot_is_gone(process) || pt_process_has_ended(process) ||
           smaps_error(process) == ESRCH;
}

/* A kernel without smaps has none of anybody: where the master has them, one without is going. */
static bool is_going(const struct pt_process *master, const struct pt_process *process)
{
    return is_gone(process) || (smaps_error(process) == ENOENT && smaps_error(master) != ENOENT);
}

/* What another such process would take: its own pages, its page tables, its threads' stacks in the
 * kernel. */
static uint64_t cost_of(const struct pt_process *process, uint64_t own)
{
    uint64_t tables = 0;

    if (pt_process_has(process, PT_SOURCE_STATUS))
        tables = process->more->status.page_tables;
    return own + tables + process->stat.threads * THREAD_STACK;
}

/* Its smaps have been read. */
static void add_process(const struct apache_world *world, uint32_t index,
                        struct apache_figures *figures)
{
    const struct pt_process *process = &world->snapshot.processes[index];
    const struct pt_smaps *smaps = &process->more->smaps;
    /* Of shared memory that is swapped out Swap counts all in each process, SwapPss none. */
    uint64_t swap = smaps->has_swap_pss ? smaps->swap_pss : smaps->swap;
    uint64_t own = smaps->private_clean + smaps->private_dirty;

    figures->threads += process->stat.threads;
    figures->bytes[APACHE_PSS] += smaps->pss;
    figures->bytes[APACHE_RSS] += smaps->rss;
    figures->bytes[APACHE_USS] += own;
    figures->bytes[APACHE_SWAP] += swap;
    figures->shared += smaps->pss_shmem;
    figures->cost += cost_of(process, own + swap);
}

/* Without the smaps of some, RSS of all comes from one source too. */
static void add_resident(const struct apache_world *world, uint32_t index,
                         struct apache_figures *figures)
{
    const struct pt_process *process = &world->snapshot.processes[index];

    figures->threads += process->stat.threads;
    figures->bytes[APACHE_RSS] += process->stat.rss * world->procfs->page_size;
}

/* --- one instance --- */

static void drop_gone(const struct apache_world *world, struct apache_instance *instance)
{
    const struct pt_process *processes = world->snapshot.processes;
    const struct pt_process *master = &processes[instance->master];
    size_t kept = 0;

    for (size_t i = 0; i < instance->worker_count; i++) {
        struct apache_worker *worker = &instance->workers[i];
        size_t forks = 0;

        if (is_going(master, &processes[worker->index]))
            continue;
        for (size_t j = 0; j < worker->fork_count; j++)
            if (!is_going(master, &processes[worker->forks[j]]))
                worker->forks[forks++] = worker->forks[j];
        worker->fork_count = forks;
        instance->workers[kept++] = *worker;
    }
    instance->worker_count = kept;
    kept = 0;
    for (size_t i = 0; i < instance->helper_count; i++)
        if (!is_gone(&processes[instance->helpers[i]]))
            instance->helpers[kept++] = instance->helpers[i];
    instance->helper_count = kept;
}

/* The errno of one whose smaps are refused; 0: none. Those that are gone have been dropped. */
static int find_refusal(const struct apache_world *world, const struct apache_instance *instance)
{
    const struct pt_process *processes = world->snapshot.processes;
    int error = smaps_error(&processes[instance->master]);

    for (size_t i = 0; error == 0 && i < instance->worker_count; i++) {
        const struct apache_worker *worker = &instance->workers[i];

        error = smaps_error(&processes[worker->index]);
        for (size_t j = 0; error == 0 && j < worker->fork_count; j++)
            error = smaps_error(&processes[worker->forks[j]]);
    }
    return error;
}

static const char *explain(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return "not permitted to read smaps of every process";
    case ETIMEDOUT:
        return "smaps of a process could not be read in time";
    case ENOENT:
        return "this kernel has no smaps";
    default:
        return "smaps of a process could not be read";
    }
}

static void sum_up(const struct apache_world *world, struct apache_instance *instance)
{
    void (*add)(const struct apache_world *, uint32_t, struct apache_figures *) =
        instance->has_smaps ? add_process : add_resident;

    if (!instance->single)
        add(world, instance->master, &instance->master_figures);
    for (size_t i = 0; i < instance->worker_count; i++) {
        struct apache_worker *worker = &instance->workers[i];

        add(world, worker->index, &worker->figures);
        for (size_t j = 0; j < worker->fork_count; j++)
            add(world, worker->forks[j], &worker->figures);
    }
}

/* --- groups --- */

static int compare_bytes(struct pt_bytes a, struct pt_bytes b)
{
    size_t length = a.length < b.length ? a.length : b.length;
    int order = length > 0 ? memcmp(a.bytes, b.bytes, length) : 0;

    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* Numbers by value: they have no leading zeros. */
static int compare_ids(struct pt_bytes a, struct pt_bytes b)
{
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return compare_bytes(a, b);
}

/* A daemon that has not written its name yet goes with those of its id: the longest name is first.
 */
static int compare_workers(const void *a, const void *b)
{
    const struct apache_worker *left = a, *right = b;
    int order = (int)left->role - (int)right->role;

    if (order == 0)
        order = compare_ids(left->id, right->id);
    if (order == 0)
        order = (left->name.length == 0) - (right->name.length == 0);
    if (order == 0)
        order = compare_bytes(left->name, right->name);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static bool go_together(const struct apache_worker *first, const struct apache_worker *other)
{
    return first->role == other->role && compare_ids(first->id, other->id) == 0 &&
           ((other->name.length == 0 && first->id.length > 0) ||
            compare_bytes(first->name, other->name) == 0);
}

static const char ellipsis[] = "\xe2\x80\xa6";

static int name_group(struct pt_arena *arena, const struct apache_worker *worker,
                      struct apache_group *group)
{
    struct pt_buffer name = {0};
    const char *copy;

    if (worker->role == APACHE_WORKER)
        pt_buffer_append_text(&name, "worker");
    else if (worker->name.length > 0)
        pt_buffer_append(&name, worker->name.bytes, worker->name.length);
    else
        pt_buffer_append_text(&name, worker->id.length > 0 ? "wsgi:" : "wsgi");
    if (worker->role != APACHE_WORKER && worker->name.length == 0)
        pt_buffer_append(&name, worker->id.bytes, worker->id.length);
    if (worker->name_cut)
        pt_buffer_append_text(&name, ellipsis);
    copy = pt_arena_strndup(arena, pt_buffer_text(&name), name.length);
    group->name = (struct pt_bytes){copy, name.length};
    pt_buffer_done(&name);
    return copy != NULL && name.error == 0 ? 0 : -ENOMEM;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

struct apache_summary apache_summarise(uint64_t *numbers, size_t count)
{
    struct apache_summary summary = {0};

    qsort(numbers, count, sizeof *numbers, compare_numbers);
    for (size_t i = 0; i < count; i++)
        summary.total += numbers[i];
    summary.min = numbers[0];
    summary.max = numbers[count - 1];
    summary.average = summary.total / count;
    summary.p95 = numbers[(count * 95 + 99) / 100 - 1];
    summary.median = numbers[count / 2];
    if (count % 2 == 0)
        summary.median = numbers[count / 2 - 1] + (numbers[count / 2] - numbers[count / 2 - 1]) / 2;
    return summary;
}

static int fill_group(struct apache_world *world, struct apache_group *group)
{
    uint64_t *numbers = calloc(group->count + 1, sizeof *numbers);

    if (numbers == NULL)
        return -ENOMEM;
    for (int measure = 0; measure < APACHE_MEASURE_COUNT && group->count > 0; measure++) {
        for (size_t i = 0; i < group->count; i++)
            numbers[i] = group->workers[i].figures.bytes[measure];
        group->summary[measure] = apache_summarise(numbers, group->count);
    }
    free(numbers);
    for (size_t i = 0; i < group->count; i++) {
        group->stopping += group->workers[i].stopping;
        group->shared += group->workers[i].figures.shared;
        group->threads += group->workers[i].figures.threads;
    }
    return group->name.bytes != NULL ? 0
                                     : name_group(&world->snapshot.arena, group->workers, group);
}

/* The workers' own group is there even when it is empty, where there is no other. */
static int make_groups(struct apache_world *world, struct apache_instance *instance)
{
    struct apache_group *group = NULL;
    int error = 0;

    if (instance->worker_count > 0)
        qsort(instance->workers, instance->worker_count, sizeof *instance->workers,
              compare_workers);
    instance->groups = pt_arena_array(&world->snapshot.arena, instance->worker_count + 1,
                                      sizeof *instance->groups, PT_ALIGN_OF(struct apache_group));
    if (instance->groups == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < instance->worker_count; i++) {
        struct apache_worker *worker = &instance->workers[i];

        if (group == NULL || !go_together(group->workers, worker)) {
            group = &instance->groups[instance->group_count++];
            *group =
                (struct apache_group){.role = worker->role, .id = worker->id, .workers = worker};
        }
        group->count++;
    }
    if (instance->group_count == 0)
        instance->groups[instance->group_count++] =
            (struct apache_group){.role = APACHE_WORKER, .name = {"worker", 6}};
    for (size_t i = 0; error == 0 && i < instance->group_count; i++)
        error = fill_group(world, &instance->groups[i]);
    return error;
}

/* --- all --- */

static int measure_instance(struct apache_world *world, struct apache_instance *instance)
{
    const struct apache_settings *settings = world->settings;
    int refused = wants_smaps(settings) ? find_refusal(world, instance) : 0, error;

    instance->measure = settings->measure;
    instance->has_smaps = wants_smaps(settings) && refused == 0;
    instance->smaps_reason = refused != 0 ? explain(refused) : NULL;
    if (refused != 0 && settings->measure != APACHE_RSS) {
        instance->measure_reason = instance->smaps_reason;
        if (settings->measure_given || settings->output == APACHE_NAGIOS) {
            world->refusal = instance->measure_reason;
            return -EACCES;
        }
        instance->measure = APACHE_RSS;
    }
    sum_up(world, instance);
    error = make_groups(world, instance);
    for (int measure = 0; error == 0 && measure < APACHE_MEASURE_COUNT; measure++) {
        instance->total[measure] = instance->master_figures.bytes[measure];
        for (size_t i = 0; i < instance->group_count; i++)
            instance->total[measure] += instance->groups[i].summary[measure].total;
    }
    return error;
}

int apache_measure(struct apache_world *world)
{
    const struct pt_process *processes;
    size_t kept = 0;
    int error = read_all(world);

    processes = world->snapshot.processes;
    for (size_t i = 0; error == 0 && i < world->count; i++) {
        struct apache_instance *instance = &world->instances[i];

        if (is_gone(&processes[instance->master]))
            continue;
        drop_gone(world, instance);
        error = measure_instance(world, instance);
        world->instances[kept++] = *instance;
    }
    world->count = kept;
    return error;
}
