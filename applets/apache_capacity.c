/*
 * How many workers fit: (available - reserve + what the workers now hold) / cost of one.
 *
 * The cost of one more is what it has for itself (USS and swap), its page tables and its threads'
 * stacks in the kernel: measured against real servers that is within 2 % of what each further
 * worker takes, where PSS is up to half too high and RSS two to three times. What the workers hold
 * is added, and not their number, since spares that only wait will grow into that memory too.
 */
#include <errno.h>
#include <string.h>

#include "apache_mem.h"

/* Below this part of the largest a worker has not served anything yet. */
#define COLD_PART 4

#define RESERVE_HUNDREDTHS 1000 /* 10 % */

static bool counts(const struct apache_worker *worker)
{
    return worker->role != APACHE_WSGI;
}

/* The largest, the average of the warm ones, and what all hold. */
static void reckon_costs(const struct apache_instance *instance, struct apache_capacity *capacity)
{
    uint64_t warm_sum = 0;
    size_t warm = 0;

    for (size_t i = 0; i < instance->worker_count; i++) {
        uint64_t cost = instance->workers[i].figures.cost;

        if (!counts(&instance->workers[i]))
            continue;
        capacity->workers++;
        capacity->held += cost;
        if (cost > capacity->largest_cost)
            capacity->largest_cost = cost;
    }
    for (size_t i = 0; i < instance->worker_count; i++) {
        uint64_t cost = instance->workers[i].figures.cost;

        if (counts(&instance->workers[i]) && cost >= capacity->largest_cost / COLD_PART) {
            warm++;
            warm_sum += cost;
        }
    }
    capacity->cold = capacity->workers - warm;
    if (warm > 0)
        capacity->average_cost = warm_sum / warm;
}

/* What the group would still give: page cache that nobody has used lately goes first. */
static uint64_t room_in(const struct pt_memory_limit *limit)
{
    uint64_t kept = limit->usage > limit->inactive_file ? limit->usage - limit->inactive_file : 0;

    return limit->limit > kept ? limit->limit - kept : 0;
}

static int reckon_room(struct apache_world *world, const struct apache_instance *instance,
                       struct apache_capacity *capacity)
{
    const struct pt_process *master = &world->snapshot.processes[instance->master];
    struct pt_memory_limits limits = {0};
    int error =
        pt_snapshot_add(&world->snapshot, &instance->master, 1, PT_SOURCE_BIT(PT_SOURCE_CGROUP));

    if (error < 0)
        return error;
    capacity->available = world->memory_available;
    capacity->base = world->memory_total;
    if (pt_process_has(master, PT_SOURCE_CGROUP))
        error = pt_cgroup_memory(world->procfs, master->more->cgroup.bytes,
                                 master->more->cgroup.length, &world->snapshot.arena, &limits);
    else if (master->error[PT_SOURCE_CGROUP] != ENOENT)
        limits.unseen = "/";
    capacity->unseen = limits.unseen;
    for (size_t i = 0; error == 0 && i < limits.count; i++) {
        uint64_t room = room_in(&limits.list[i]);

        if (limits.list[i].limit < capacity->base)
            capacity->base = limits.list[i].limit;
        if (room < capacity->available) {
            capacity->available = room;
            capacity->group = limits.list[i].group;
        }
    }
    return error;
}

static uint64_t reserve_of(const struct apache_settings *settings, uint64_t base)
{
    uint32_t hundredths = RESERVE_HUNDREDTHS;

    if (settings->has_reserve && settings->reserve_hundredths == 0)
        return settings->reserve_bytes;
    if (settings->has_reserve)
        hundredths = settings->reserve_hundredths;
    return base / 10000 * hundredths + base % 10000 * hundredths / 10000;
}

static int64_t fit(const struct apache_capacity *capacity, uint64_t cost)
{
    uint64_t room = capacity->available + capacity->held;

    if (room <= capacity->reserve)
        return 0;
    return (int64_t)((room - capacity->reserve) / cost);
}

int apache_reckon(struct apache_world *world, struct apache_instance *instance)
{
    struct apache_capacity *capacity = &instance->capacity;
    int error = reckon_room(world, instance, capacity);

    if (error < 0)
        return error;
    capacity->reserve = reserve_of(world->settings, capacity->base);
    if (!instance->has_smaps || !world->has_memory) {
        capacity->refused = true;
        capacity->unknown = instance->has_smaps ? "meminfo cannot be read" : instance->smaps_reason;
        return 0;
    }
    reckon_costs(instance, capacity);
    if (capacity->workers == 0) {
        capacity->unknown = "no worker runs";
        return 0;
    }
    if (capacity->average_cost == 0) {
        capacity->unknown = "the workers hold no memory";
        return 0;
    }
    capacity->largest = fit(capacity, capacity->largest_cost);
    capacity->average = fit(capacity, capacity->average_cost);
    return 0;
}
