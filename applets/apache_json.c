/* The whole, for scripts. Sizes are bytes. */
#include <string.h>

#include "apache_mem.h"
#include "json.h"

static void put_bytes(struct pt_json *json, const char *name, struct pt_bytes text)
{
    pt_json_string(json, name, text.bytes != NULL ? text.bytes : "", text.length);
}

static void put_summary(struct pt_json *json, const struct apache_summary *summary, bool any)
{
    static const char *const names[] = {"min", "average", "median", "p95", "max"};
    const uint64_t values[] = {summary->min, summary->average, summary->median, summary->p95,
                               summary->max};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (any)
            pt_json_u64(json, names[i], values[i]);
        else
            pt_json_null(json, names[i]);
    }
    if (any)
        pt_json_u64(json, "total", summary->total);
    else
        pt_json_null(json, "total");
}

/* Where smaps could not be read RSS alone is known. */
static bool is_known(const struct apache_instance *instance, int measure)
{
    return instance->has_smaps || measure == APACHE_RSS;
}

static void put_figures(struct pt_json *json, const struct apache_instance *instance,
                        const struct apache_figures *figures)
{
    for (int measure = 0; measure < APACHE_MEASURE_COUNT; measure++)
        if (is_known(instance, measure))
            pt_json_u64(json, apache_measure_names[measure], figures->bytes[measure]);
    if (instance->has_smaps)
        pt_json_u64(json, "shared", figures->shared);
    pt_json_u64(json, "threads", figures->threads);
}

static void put_workers(struct pt_json *json, const struct apache_world *world,
                        const struct apache_instance *instance, const struct apache_group *group)
{
    pt_json_begin_array(json, "processes");
    for (size_t i = 0; i < group->count; i++) {
        const struct apache_worker *worker = &group->workers[i];

        pt_json_begin_object(json, NULL);
        pt_json_i64(json, "pid", world->snapshot.processes[worker->index].stat.pid);
        pt_json_bool(json, "stopping", worker->stopping);
        put_figures(json, instance, &worker->figures);
        pt_json_end_object(json);
    }
    pt_json_end_array(json);
}

static void put_group(struct pt_json *json, const struct apache_world *world,
                      const struct apache_instance *instance, const struct apache_group *group)
{
    bool any = group->count > 0;

    pt_json_begin_object(json, NULL);
    put_bytes(json, "name", group->name);
    pt_json_text(json, "role", apache_role_names[group->role]);
    put_bytes(json, "id", group->id);
    pt_json_u64(json, "count", group->count);
    put_summary(json, &group->summary[instance->measure], any);
    pt_json_u64(json, "threads", group->threads);
    pt_json_u64(json, "stopping", group->stopping);
    if (instance->has_smaps)
        pt_json_u64(json, "shared", group->shared);
    pt_json_begin_object(json, "measures");
    for (int measure = 0; measure < APACHE_MEASURE_COUNT; measure++) {
        if (!is_known(instance, measure))
            continue;
        pt_json_begin_object(json, apache_measure_names[measure]);
        put_summary(json, &group->summary[measure], any);
        pt_json_end_object(json);
    }
    pt_json_end_object(json);
    if (world->settings->processes)
        put_workers(json, world, instance, group);
    pt_json_end_object(json);
}

static void put_helpers(struct pt_json *json, const struct apache_world *world,
                        const struct apache_instance *instance)
{
    pt_json_begin_array(json, "helpers");
    for (size_t i = 0; i < instance->helper_count; i++) {
        const struct pt_process *process = &world->snapshot.processes[instance->helpers[i]];

        pt_json_begin_object(json, NULL);
        pt_json_i64(json, "pid", process->stat.pid);
        pt_json_string(json, "name", process->stat.comm, process->stat.comm_length);
        pt_json_end_object(json);
    }
    pt_json_end_array(json);
}

static void put_known(struct pt_json *json, const char *name, bool known, uint64_t value)
{
    if (known)
        pt_json_u64(json, name, value);
    else
        pt_json_null(json, name);
}

static void put_limit(struct pt_json *json, const struct apache_limit *limit)
{
    pt_json_begin_object(json, "limit");
    put_known(json, "workers", limit->known, limit->slots);
    put_known(json, "threads_per_process", limit->threads != 0, limit->threads);
    put_known(json, "processes", limit->known && limit->threads != 0,
              limit->threads != 0 ? limit->slots / limit->threads : 0);
    put_known(json, "busy", limit->has_busy, limit->busy);
    pt_json_text(json, "source", limit->source);
    pt_json_text(json, "reason", limit->unknown);
    pt_json_end_object(json);
}

static void put_capacity(struct pt_json *json, const struct apache_capacity *capacity,
                         bool has_memory)
{
    bool known = capacity->unknown == NULL;

    pt_json_begin_object(json, "capacity");
    put_known(json, "largest", known, (uint64_t)capacity->largest);
    put_known(json, "average", known, (uint64_t)capacity->average);
    pt_json_text(json, "reason", capacity->unknown);
    pt_json_text(json, "source", capacity->group != NULL ? "cgroup" : has_memory ? "host" : NULL);
    pt_json_text(json, "cgroup", capacity->group);
    pt_json_text(json, "unseen_cgroup", capacity->unseen);
    put_known(json, "available_bytes", has_memory, capacity->available);
    put_known(json, "reserve_bytes", has_memory, capacity->reserve);
    put_known(json, "held_bytes", known, capacity->held);
    put_known(json, "largest_cost_bytes", known, capacity->largest_cost);
    put_known(json, "average_cost_bytes", known, capacity->average_cost);
    put_known(json, "running", known, capacity->workers);
    put_known(json, "warm", known, capacity->workers - capacity->cold);
    pt_json_end_object(json);
}

static void put_instance(struct pt_json *json, const struct apache_world *world,
                         const struct apache_instance *instance)
{
    pt_json_begin_object(json, NULL);
    pt_json_i64(json, "pid", world->snapshot.processes[instance->master].stat.pid);
    put_bytes(json, "server", instance->server);
    pt_json_text(json, "measure", apache_measure_names[instance->measure]);
    pt_json_text(json, "measure_reason", instance->measure_reason);
    pt_json_u64(json, "total_bytes", instance->total[instance->measure]);
    pt_json_bool(json, "single_process", instance->single);
    pt_json_bool(json, "executable_replaced", instance->upgraded);
    pt_json_bool(json, "roles_guessed", instance->guessed);
    if (!instance->single) {
        pt_json_begin_object(json, "master");
        put_figures(json, instance, &instance->master_figures);
        pt_json_end_object(json);
    }
    pt_json_begin_array(json, "groups");
    for (size_t i = 0; i < instance->group_count; i++)
        put_group(json, world, instance, &instance->groups[i]);
    pt_json_end_array(json);
    put_helpers(json, world, instance);
    if (world->settings->capacity) {
        put_limit(json, &instance->limit);
        put_capacity(json, &instance->capacity, world->has_memory);
    }
    pt_json_end_object(json);
}

void apache_write_json(const struct apache_world *world, FILE *out)
{
    struct pt_json json;

    pt_json_init(&json, out, PT_JSON_PRETTY);
    pt_json_begin_object(&json, NULL);
    pt_json_i64(&json, "schema", 1);
    pt_json_begin_array(&json, "instances");
    for (size_t i = 0; i < world->count; i++)
        put_instance(&json, world, &world->instances[i]);
    pt_json_end_array(&json);
    pt_json_begin_object(&json, "memory");
    put_known(&json, "total_bytes", world->has_memory, world->memory_total);
    put_known(&json, "available_bytes", world->has_memory, world->memory_available);
    pt_json_end_object(&json);
    pt_json_end_object(&json);
}
