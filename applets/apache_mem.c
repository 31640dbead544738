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

#include "applet.h"
#include "buffer.h"
#include "report.h"
#include "units.h"
#include "waitset.h"

/* So long may an Apache that is reloading have no worker: prefork replaces one that has ended when
 * it looks for it each second (SCOREBOARD_MAINTENANCE_INTERVAL), and forks at its leisure. */
#define RELOAD_TIME (2 * PT_SECOND)
#define LOOK_INTERVAL (50 * PT_MILLISECOND)

/* --- find, sort out, measure --- */

/* How much there is, or that nobody tells. 0 or -ENOMEM. */
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
    world->has_memory = error == 0;
    return error == -ENOMEM ? error : 0;
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

static int look_once(struct apache_world *world)
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
    return error == 0 ? apache_measure(world) : error;
}

static void forget(struct apache_world *world)
{
    free(world->instances);
    world->instances = NULL;
    world->count = 0;
    pt_networks_done(&world->networks);
    pt_tree_done(&world->tree);
    pt_snapshot_done(&world->snapshot);
}

/* An Apache without workers is one that reloads: they have gone, or are not yet what they will be.
 */
static bool seems_to_reload(const struct apache_world *world)
{
    bool reloads = false;

    for (size_t i = 0; i < world->count && world->procfs->live; i++) {
        const struct apache_instance *instance = &world->instances[i];
        size_t workers = 0;

        for (size_t j = 0; j < instance->worker_count; j++)
            workers += instance->workers[j].role == APACHE_WORKER;
        reloads |= instance->is_apache && workers == 0;
    }
    return reloads;
}

static int look(struct apache_world *world)
{
    int error = look_once(world);
    int64_t first = world->snapshot.clocks.boottime;

    while (error == 0 && seems_to_reload(world) &&
           world->snapshot.clocks.boottime - first < RELOAD_TIME) {
        forget(world);
        pt_pause(LOOK_INTERVAL);
        world->again = true;
        error = look_once(world);
    }
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
    bool written = true;
    int error;

    if (out == NULL)
        apache_die_without_memory();
    error = write_output(world, out, ret_status);
    if ((ferror(out) | fclose(out)) != 0 && error == 0)
        error = -ENOMEM;
    if (error == 0 && file != NULL)
        error = apache_store(file, text, length);
    else if (error == 0)
        written = pt_report_write(text, length);
    free(text);
    if (error == 0)
        return written ? 0 : PT_EXIT_IO;
    if (error == -EEXIST && file != NULL && world->count < 2)
        pt_fail("%s: not a regular file", file);
    else if (error == -EEXIST)
        pt_fail("several servers are called alike: choose one by --pid or --pidfile, with --server "
                "NAME");
    else
        pt_fail("%s: %s", file != NULL ? file : "output", strerror(-error));
    return PT_EXIT_IO;
}

/* Why there is nothing to show, as a status; 0: there is something. */
static int fail(const struct apache_world *world, int error)
{
    if (error == -EACCES) {
        pt_fail("%s: %s; --measure rss needs none", apache_measure_names[world->settings->measure],
                world->refusal);
        return PT_EXIT_IO;
    }
    if (error < 0) {
        pt_fail("%s: %s", world->procfs->root.name, strerror(-error));
        return error == -ENOMEM ? PT_EXIT_IO : PT_EXIT_NO_PROC;
    }
    if (world->count == 0 && pt_snapshot_is_blind(&world->snapshot)) {
        pt_fail("processes of others are hidden from us (hidepid): there may be a server");
        return PT_EXIT_IO;
    }
    if (world->settings->server != NULL && world->count > 1) {
        pt_fail("--server: %zu servers were found: choose one by --pid or --pidfile", world->count);
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
    bool named = world->settings->pid_count + world->settings->pidfile_count > 0;
    int status = PT_EXIT_OK, failure = fail(world, look(world));

    if (failure == 0)
        failure = show(world, &status);
    if (failure != 0)
        return plugin ? APACHE_UNKNOWN : failure;
    if (plugin)
        return status;
    if (world->count == 0 && world->settings->output == APACHE_TABLE)
        pt_warn(named ? "nothing is measured: not all that was asked for is there"
                      : "no server is running");
    if (world->count == 0)
        return PT_EXIT_NOTHING;
    return capacity_is_refused(world) ? PT_EXIT_IO : PT_EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct apache_settings settings;
    struct pt_procfs procfs = PT_PROCFS_CLOSED;
    struct apache_world world = {.settings = &settings, .procfs = &procfs};
    int status;

    apache_settings_init(&settings);
    apache_parse(argc, argv, &settings);
    status = pt_procfs_open(&procfs, settings.procfs);
    if (status < 0)
        pt_die(PT_EXIT_NO_PROC, "%s: %s", settings.procfs ? settings.procfs : "/proc",
               status == -EINVAL ? "not a procfs" : strerror(-status));
    pt_networks_init(&world.networks, &procfs);
    status = run_once(&world);
    forget(&world);
    pt_procfs_close(&procfs);
    apache_settings_done(&settings);
    return status;
}

const struct pt_applet pt_applet_apache_mem = {&apache_options, run};
