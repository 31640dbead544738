/*
 * What each child of a master is for. Its listeners tell, the most specific first; thread counts
 * mislead: a prefork worker and mod_cgid's daemon have one, a worker that drains has three.
 */
#include <errno.h>
#include <string.h>

#include "apache_roles.h"
#include "units.h"

const char *const apache_role_names[APACHE_ROLE_COUNT] = {"worker", "pool", "wsgi"};

/* A child that has just been forked still holds what its master has. */
#define INFANCY PT_SECOND

/* --- argv[0] --- */

static bool begins(struct pt_bytes text, const char *beginning)
{
    size_t length = strlen(beginning);

    return text.length >= length && memcmp(text.bytes, beginning, length) == 0;
}

static struct pt_bytes behind(struct pt_bytes text, const char *beginning)
{
    size_t length = strlen(beginning);

    return (struct pt_bytes){text.bytes + length, text.length - length};
}

static struct pt_bytes without_padding(struct pt_bytes text)
{
    while (text.length > 0 && text.bytes[text.length - 1] == ' ')
        text.length--;
    return text;
}

/* Whether argv[0] was written over since it was forked. */
static bool has_own_title(const struct apache_sorting *sorting, const struct apache_child *child)
{
    struct pt_bytes title = pt_process_argv0(apache_child_record(sorting, child));
    struct pt_bytes original = pt_process_argv0(sorting->master);

    return title.bytes != NULL && (title.length != original.length ||
                                   memcmp(title.bytes, original.bytes, title.length) != 0);
}

static const char wsgi_prefix[] = "(wsgi:";

/*
 * mod_wsgi writes a group's display-name over argv[0]: padded with spaces, or cut where argv[0] is
 * shorter. Without a display-name the group is called by its socket's id.
 */
static void name_wsgi(const struct apache_sorting *sorting, struct apache_child *child)
{
    struct apache_worker *worker = child->worker;
    struct pt_bytes whole = pt_process_argv0(apache_child_record(sorting, child));
    struct pt_bytes original = pt_process_argv0(sorting->master);
    struct pt_bytes name = without_padding(whole);

    worker->role = APACHE_WSGI;
    if (!has_own_title(sorting, child))
        return;
    worker->name_cut = name.length == whole.length && whole.length == original.length;
    if (begins(name, wsgi_prefix)) {
        name = behind(name, wsgi_prefix);
        if (name.length > 0 && name.bytes[name.length - 1] == ')') {
            name.length--;
            worker->name_cut = false;
        }
    }
    worker->name = name;
}

/* The titles of servers that say in them what a child is for. */
static void read_title(const struct apache_sorting *sorting, struct apache_child *child)
{
    struct apache_worker *worker = child->worker;
    struct pt_bytes title = without_padding(pt_process_argv0(apache_child_record(sorting, child))),
                    name;

    if (begins(title, "php-fpm: pool ")) {
        name = behind(title, "php-fpm: pool ");
        worker->role = APACHE_POOL;
        worker->name = name;
    } else if (begins(title, "nginx: ")) {
        name = behind(title, "nginx: ");
        if (begins(name, "cache manager") || begins(name, "cache loader")) {
            child->helper = true;
        } else if (begins(name, "worker process")) {
            worker->stopping = name.length > strlen("worker process");
        } else {
            worker->role = APACHE_POOL;
            worker->name = name;
        }
    }
}

static bool has_module(struct pt_bytes mapped, const char *module)
{
    const char *name;
    size_t offset = 0, length;

    while (pt_next_string(mapped.bytes, mapped.length, &offset, &name, &length))
        if (length >= strlen(module) && memcmp(name, module, strlen(module)) == 0)
            return true;
    return false;
}

/* --- roles --- */

static bool listens(const struct apache_child *child)
{
    return child->tcp + child->unixes + child->cgid + child->wsgi > 0;
}

static bool is_young(const struct apache_sorting *sorting, const struct apache_child *child)
{
    return pt_snapshot_age(&sorting->world->snapshot, apache_child_record(sorting, child)) <
           INFANCY;
}

/*
 * Just forked, and not yet what it will be: a worker gets an epoll instance and closes the others'
 * sockets, a WSGI daemon closes TCP's, a piped logger all of them before it becomes its program.
 * mod_cgid's daemon has closed TCP's and not opened its own for a moment, in which it looks like a
 * WSGI daemon without a display-name.
 */
static bool is_infant(const struct apache_sorting *sorting, const struct apache_child *child)
{
    bool settled = listens(child);

    if (child->tcp > 0)
        settled = child->descriptors.poll >= 0 && child->wsgi + child->cgid == 0;
    else if (child->wsgi > 0 && child->cgid == 0)
        settled = !child->has_cgid || has_own_title(sorting, child);
    return !settled && is_young(sorting, child);
}

/*
 * Daemons of other modules, which WSGI's sockets do not tell: after a reload they hold those of the
 * generation before, which the master still had when it forked them. mod_cgid's alone has its own
 * socket; mod_fcgid's process manager keeps TCP's, as a WSGI daemon does not, and polls nothing, as
 * a worker does.
 */
static bool is_daemon_of_module(const struct apache_child *child)
{
    return child->cgid > 0 || (child->has_fcgid && child->tcp > 0 && child->descriptors.poll < 0);
}

static void decide_apache(const struct apache_sorting *sorting, struct apache_child *child)
{
    struct pt_bytes argv0 = pt_process_argv0(apache_child_record(sorting, child));

    if (child->refused) {
        if (begins(argv0, wsgi_prefix))
            name_wsgi(sorting, child);
        return;
    }
    child->infant = is_infant(sorting, child);
    if (is_daemon_of_module(child)) {
        child->helper = true;
    } else if (child->wsgi > 0) {
        name_wsgi(sorting, child);
        if (child->wsgi == 1)
            child->worker->id = child->wsgi_id;
    } else if (!listens(child)) {
        if (begins(argv0, wsgi_prefix))
            name_wsgi(sorting, child);
        else
            child->worker->stopping = true;
    }
}

/* Of the children whose descriptors are hidden: where most have one thread the server is a prefork
 * one, and those with four or more are daemons of mod_wsgi. */
static void guess_by_threads(struct apache_sorting *sorting)
{
    const struct apache_instance *instance = sorting->instance;
    size_t single = 0;

    for (size_t i = 0; i < sorting->count; i++)
        single += apache_child_record(sorting, &sorting->children[i])->stat.threads == 1;
    if (instance->mpm == APACHE_MPM_THREADED ||
        (instance->mpm == APACHE_MPM_UNKNOWN && (single < 2 || single * 2 < sorting->count)))
        return;
    for (size_t i = 0; i < sorting->count; i++) {
        struct apache_child *child = &sorting->children[i];

        if (child->refused && apache_child_record(sorting, child)->stat.threads >= 4)
            child->worker->role = APACHE_WSGI;
    }
}

static void decide_all(struct apache_sorting *sorting)
{
    struct apache_instance *instance = sorting->instance;
    size_t listening = 0;

    for (size_t i = 0; i < sorting->count; i++) {
        struct apache_child *child = &sorting->children[i];

        instance->guessed |= child->refused && instance->is_apache;
        listening += listens(child);
        if (instance->is_apache)
            decide_apache(sorting, child);
        else
            read_title(sorting, child);
    }
    if (instance->is_apache && instance->guessed)
        guess_by_threads(sorting);
    for (size_t i = 0; i < sorting->count && listening > 0 && !instance->is_apache; i++) {
        struct apache_child *child = &sorting->children[i];

        child->worker->stopping |= !listens(child) && !child->refused;
    }
}

/* argv[0] of those about whom it says something. */
static int read_argv(struct apache_sorting *sorting)
{
    uint32_t *indexes = pt_arena_array(&sorting->world->snapshot.arena, sorting->count,
                                       sizeof *indexes, PT_ALIGN_OF(uint32_t));
    size_t count = 0;

    if (indexes == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < sorting->count; i++) {
        const struct apache_child *child = &sorting->children[i];

        if (!sorting->instance->is_apache || child->refused || child->wsgi > 0 || !listens(child))
            indexes[count++] = child->worker->index;
    }
    return pt_snapshot_add(&sorting->world->snapshot, indexes, count,
                           PT_SOURCE_BIT(PT_SOURCE_CMDLINE));
}

/* Whether it is to be known what modules it has: of those that are no common workers or daemons. */
static bool is_odd(const struct apache_sorting *sorting, const struct apache_child *child)
{
    if (child->tcp > 0)
        return child->descriptors.poll < 0;
    return child->wsgi > 0 && child->cgid == 0 && !has_own_title(sorting, child) &&
           is_young(sorting, child);
}

/* Their own, since a master that reloads has none for a while. */
static int read_odd_modules(struct apache_sorting *sorting)
{
    struct pt_snapshot *snapshot = &sorting->world->snapshot;

    for (size_t i = 0; i < sorting->count && sorting->instance->is_apache; i++) {
        struct apache_child *child = &sorting->children[i];
        const struct pt_process *process = apache_child_record(sorting, child);
        int error;

        if (child->gone || child->refused || !is_odd(sorting, child))
            continue;
        error = pt_snapshot_add(snapshot, &child->worker->index, 1, PT_SOURCE_BIT(PT_SOURCE_MAPS));
        if (error < 0)
            return error;
        if (!pt_process_has(process, PT_SOURCE_MAPS))
            continue;
        child->has_cgid = has_module(process->more->mapped, "mod_cgid.so");
        child->has_fcgid = has_module(process->more->mapped, "mod_fcgid.so");
    }
    return 0;
}

/* Keeps those that count. */
static void drop_others(struct apache_sorting *sorting)
{
    struct apache_instance *instance = sorting->instance;

    instance->worker_count = 0;
    for (size_t i = 0; i < sorting->count; i++) {
        const struct apache_child *child = &sorting->children[i];
        struct apache_worker worker = *child->worker;

        if (child->gone || child->infant ||
            pt_snapshot_is_gone(apache_child_record(sorting, child)))
            continue;
        if (child->helper)
            instance->helpers[instance->helper_count++] = worker.index;
        else
            instance->workers[instance->worker_count++] = worker;
    }
}

/* --- the master --- */

static int read_modules(struct apache_world *world, struct apache_instance *instance)
{
    const struct pt_process *master = &world->snapshot.processes[instance->master];
    struct pt_bytes mapped;
    int error =
        pt_snapshot_add(&world->snapshot, &instance->master, 1, PT_SOURCE_BIT(PT_SOURCE_MAPS));

    if (error < 0 || !pt_process_has(master, PT_SOURCE_MAPS))
        return error;
    mapped = master->more->mapped;
    instance->has_status = has_module(mapped, "mod_status.so");
    if (has_module(mapped, "mod_mpm_prefork.so"))
        instance->mpm = APACHE_MPM_PREFORK;
    else if (has_module(mapped, "mod_mpm_event.so") || has_module(mapped, "mod_mpm_worker.so"))
        instance->mpm = APACHE_MPM_THREADED;
    return 0;
}

int apache_sort_out(struct apache_world *world, struct apache_instance *instance)
{
    struct apache_sorting sorting = {
        .world = world,
        .instance = instance,
        .master = &world->snapshot.processes[instance->master],
        .count = instance->worker_count,
    };
    int error = instance->is_apache ? read_modules(world, instance) : 0;

    sorting.children = pt_arena_array(&world->snapshot.arena, sorting.count,
                                      sizeof *sorting.children, PT_ALIGN_OF(struct apache_child));
    if (sorting.children == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < sorting.count; i++)
        sorting.children[i].worker = &instance->workers[i];
    if (error == 0)
        error = apache_read_listeners(&sorting);
    if (error == 0)
        error = read_argv(&sorting);
    if (error == 0)
        error = read_odd_modules(&sorting);
    if (error < 0)
        return error;
    decide_all(&sorting);
    drop_others(&sorting);
    if (instance->single)
        instance->workers[instance->worker_count++] =
            (struct apache_worker){.index = instance->master};
    return 0;
}
