/*
 * What each child of a master is for. Its listeners tell, the most specific first; thread counts
 * mislead: a prefork worker and mod_cgid's daemon have one, a worker that drains has three.
 */
#include <errno.h>
#include <string.h>

#include "apache_mem.h"
#include "units.h"

const char *const apache_role_names[APACHE_ROLE_COUNT] = {"worker", "pool", "wsgi"};

/* A child that has just been forked still holds what its master has. */
#define INFANCY PT_SECOND

/* What one child's descriptors and argv say. */
struct child {
    struct apache_worker *worker;
    bool refused; /* its descriptors may not be read */
    bool gone;
    bool helper;
    bool infant; /* nothing yet */
    struct pt_descriptors descriptors;
    bool partial; /* only those that a sibling has, too */
    size_t tcp, unixes, cgid;
    size_t wsgi;
    struct pt_bytes wsgi_id;  /* of the last one */
    bool has_cgid, has_fcgid; /* these modules, where that matters */
};

/* The children of one instance while they are told apart. */
struct sorting {
    struct apache_world *world;
    struct apache_instance *instance;
    const struct pt_process *master;
    struct child *children;
    size_t count;
};

static const struct pt_process *record(const struct sorting *sorting, const struct child *child)
{
    return &sorting->world->snapshot.processes[child->worker->index];
}

/* It says nothing of the process, but that we have no means to read. */
static bool is_fatal(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

/* --- names of sockets --- */

/* Takes `.DIGITS`, or `.uDIGITS` where MAY_BE_USER, off the end of NAME. */
static bool take_number(struct pt_bytes *name, bool may_be_user, struct pt_bytes *ret_digits)
{
    size_t at = name->length;

    while (at > 0 && name->bytes[at - 1] >= '0' && name->bytes[at - 1] <= '9')
        at--;
    *ret_digits = (struct pt_bytes){name->bytes + at, name->length - at};
    if (may_be_user && at > 0 && name->bytes[at - 1] == 'u')
        at--;
    if (ret_digits->length == 0 || at == 0 || name->bytes[at - 1] != '.')
        return false;
    name->length = at - 1;
    return true;
}

/* PREFIX.PID.GENERATION.ID.sock; with WSGISocketRotation Off, PREFIX.PID.uUID.ID.sock
 * (wsgi_setup_socket of mod_wsgi 4). */
static bool is_wsgi_socket(struct pt_bytes name, struct pt_bytes *ret_id)
{
    static const char suffix[] = ".sock";
    const size_t length = sizeof suffix - 1;
    struct pt_bytes digits;

    if (name.length <= length || memcmp(name.bytes + name.length - length, suffix, length) != 0)
        return false;
    name.length -= length;
    return take_number(&name, false, ret_id) && take_number(&name, true, &digits) &&
           take_number(&name, false, &digits) && name.length > 0;
}

/* The master's pid as it knows it itself. */
static pid_t inner_pid(const struct pt_process *master)
{
    const struct pt_status *status = &master->more->status;

    if (!pt_process_has(master, PT_SOURCE_STATUS) || status->nspid_count == 0)
        return master->stat.pid;
    return status->nspid[status->nspid_count - 1];
}

/* ScriptSock's path has the master's pid behind a dot (mod_cgid.c, cgid_init). */
static bool is_cgid_socket(struct pt_bytes name, const struct pt_process *master)
{
    struct pt_bytes digits;
    pid_t pid;

    return take_number(&name, false, &digits) &&
           pt_parse_pid_n(digits.bytes, digits.length, &pid, NULL) == 0 && pid == inner_pid(master);
}

/* --- listeners --- */

static void count_socket(const struct sorting *sorting, const struct pt_socket *socket,
                         struct child *child)
{
    struct pt_bytes name = {socket->name, socket->name_length}, id;

    if (socket->family != PT_SOCKET_UNIX) {
        child->tcp++;
    } else if (name.bytes != NULL && is_wsgi_socket(name, &id)) {
        child->wsgi++;
        child->wsgi_id = id;
    } else if (name.bytes != NULL && is_cgid_socket(name, sorting->master)) {
        child->cgid++;
    } else {
        child->unixes++;
    }
}

static int count_sockets(struct sorting *sorting, struct child *child)
{
    const struct pt_descriptors *descriptors = &child->descriptors;
    const struct pt_sockets *sockets;
    int error = pt_networks_get(&sorting->world->networks, descriptors->net,
                                record(sorting, child)->stat.pid, &sockets);

    if (error == -ENOMEM)
        return error;
    if (error < 0) {
        child->gone = error == -ESRCH;
        child->refused = !child->gone;
        return 0;
    }
    for (size_t i = 0; i < descriptors->count; i++) {
        const struct pt_socket *socket = pt_sockets_find(sockets, descriptors->sockets[i]);

        if (socket != NULL)
            count_socket(sorting, socket, child);
    }
    return 0;
}

static int read_child(struct sorting *sorting, struct child *child)
{
    struct apache_world *world = sorting->world;
    const struct pt_process *process = record(sorting, child);
    int error = pt_descriptors_read(world->procfs, process->stat.pid, process->stat.starttime,
                                    &world->snapshot.arena, &child->descriptors);

    if (is_fatal(error))
        return error;
    child->partial = false;
    child->gone = error == -ESRCH;
    child->refused = error < 0 && !child->gone;
    return 0;
}

/* Which of a child's sockets the master holds too, by that number: it is inherited, and others will
 * have inherited it as well. False: none. */
static bool find_inherited(const struct sorting *sorting, const struct child *child,
                           size_t *ret_which)
{
    const struct pt_descriptors *own = &child->descriptors;
    const struct pt_descriptors *master = &sorting->instance->descriptors;

    if (child->gone || child->refused || (sorting->instance->is_apache && own->poll < 0))
        return false;
    for (size_t i = 0; i < own->count; i++)
        for (size_t j = 0; j < master->count; j++)
            if (own->sockets[i] == master->sockets[j] && own->numbers[i] == master->numbers[j]) {
                *ret_which = i;
                return true;
            }
    return false;
}

/*
 * All descriptors before any table: what a child listens on is older than the child, but for
 * mod_cgid's socket. A worker of Apache is known by an inherited listener and an epoll instance,
 * which it gets once it has closed the sockets of others: once one has been seen, two links tell of
 * each that is like it. Whether it is the same process still, the measuring finds out.
 */
static int read_children(struct sorting *sorting)
{
    const struct pt_procfs *procfs = sorting->world->procfs;
    const struct child *model = NULL;
    size_t which = 0;

    for (size_t i = 0; i < sorting->count; i++) {
        struct child *child = &sorting->children[i];
        int error;

        if (model != NULL && pt_descriptors_alike(procfs, record(sorting, child)->stat.pid,
                                                  &model->descriptors, which)) {
            child->partial = true;
            child->descriptors = model->descriptors;
            child->descriptors.sockets += which;
            child->descriptors.numbers += which;
            child->descriptors.count = 1;
            continue;
        }
        error = read_child(sorting, child);
        if (error < 0)
            return error;
        if (find_inherited(sorting, child, &which))
            model = child;
    }
    return 0;
}

static int read_descriptors(struct sorting *sorting)
{
    int error = read_children(sorting);

    for (size_t i = 0; error == 0 && i < sorting->count; i++) {
        struct child *child = &sorting->children[i];

        if (!child->gone && !child->refused)
            error = count_sockets(sorting, child);
        /* What they have in common does not tell. */
        if (error == 0 && child->partial && child->tcp == 0 && !child->gone) {
            child->wsgi = child->cgid = child->unixes = 0;
            error = read_child(sorting, child);
            if (error == 0 && !child->gone && !child->refused)
                error = count_sockets(sorting, child);
        }
    }
    return error;
}

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
static bool has_own_title(const struct sorting *sorting, const struct child *child)
{
    struct pt_bytes title = pt_process_argv0(record(sorting, child));
    struct pt_bytes original = pt_process_argv0(sorting->master);

    return title.bytes != NULL && (title.length != original.length ||
                                   memcmp(title.bytes, original.bytes, title.length) != 0);
}

static const char wsgi_prefix[] = "(wsgi:";

/*
 * mod_wsgi writes a group's display-name over argv[0]: padded with spaces, or cut where argv[0] is
 * shorter. Without a display-name the group is called by its socket's id.
 */
static void name_wsgi(const struct sorting *sorting, struct child *child)
{
    struct apache_worker *worker = child->worker;
    struct pt_bytes whole = pt_process_argv0(record(sorting, child));
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
static void read_title(const struct sorting *sorting, struct child *child)
{
    struct apache_worker *worker = child->worker;
    struct pt_bytes title = without_padding(pt_process_argv0(record(sorting, child))), name;

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

static bool listens(const struct child *child)
{
    return child->tcp + child->unixes + child->cgid + child->wsgi > 0;
}

static bool is_young(const struct sorting *sorting, const struct child *child)
{
    return pt_snapshot_age(&sorting->world->snapshot, record(sorting, child)) < INFANCY;
}

/*
 * Just forked, and not yet what it will be: a worker gets an epoll instance and closes the others'
 * sockets, a WSGI daemon closes TCP's, a piped logger all of them before it becomes its program.
 * mod_cgid's daemon has closed TCP's and not opened its own for a moment, in which it looks like a
 * WSGI daemon without a display-name.
 */
static bool is_infant(const struct sorting *sorting, const struct child *child)
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
static bool is_daemon_of_module(const struct child *child)
{
    return child->cgid > 0 || (child->has_fcgid && child->tcp > 0 && child->descriptors.poll < 0);
}

static void decide_apache(const struct sorting *sorting, struct child *child)
{
    struct pt_bytes argv0 = pt_process_argv0(record(sorting, child));

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
static void guess_by_threads(struct sorting *sorting)
{
    const struct apache_instance *instance = sorting->instance;
    size_t single = 0;

    for (size_t i = 0; i < sorting->count; i++)
        single += record(sorting, &sorting->children[i])->stat.threads == 1;
    if (instance->mpm == APACHE_MPM_THREADED ||
        (instance->mpm == APACHE_MPM_UNKNOWN && (single < 2 || single * 2 < sorting->count)))
        return;
    for (size_t i = 0; i < sorting->count; i++) {
        struct child *child = &sorting->children[i];

        if (child->refused && record(sorting, child)->stat.threads >= 4)
            child->worker->role = APACHE_WSGI;
    }
}

static void decide_all(struct sorting *sorting)
{
    struct apache_instance *instance = sorting->instance;
    size_t listening = 0;

    for (size_t i = 0; i < sorting->count; i++) {
        struct child *child = &sorting->children[i];

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
        struct child *child = &sorting->children[i];

        child->worker->stopping |= !listens(child) && !child->refused;
    }
}

/* argv[0] of those about whom it says something. */
static int read_argv(struct sorting *sorting)
{
    uint32_t *indexes = pt_arena_array(&sorting->world->snapshot.arena, sorting->count,
                                       sizeof *indexes, PT_ALIGN_OF(uint32_t));
    size_t count = 0;

    if (indexes == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < sorting->count; i++) {
        const struct child *child = &sorting->children[i];

        if (!sorting->instance->is_apache || child->refused || child->wsgi > 0 || !listens(child))
            indexes[count++] = child->worker->index;
    }
    return pt_snapshot_add(&sorting->world->snapshot, indexes, count,
                           PT_SOURCE_BIT(PT_SOURCE_CMDLINE));
}

/* Whether it is to be known what modules it has: of those that are no common workers or daemons. */
static bool is_odd(const struct sorting *sorting, const struct child *child)
{
    if (child->tcp > 0)
        return child->descriptors.poll < 0;
    return child->wsgi > 0 && child->cgid == 0 && !has_own_title(sorting, child) &&
           is_young(sorting, child);
}

/* Their own, since a master that reloads has none for a while. */
static int read_odd_modules(struct sorting *sorting)
{
    struct pt_snapshot *snapshot = &sorting->world->snapshot;

    for (size_t i = 0; i < sorting->count && sorting->instance->is_apache; i++) {
        struct child *child = &sorting->children[i];
        const struct pt_process *process = record(sorting, child);
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
static void drop_others(struct sorting *sorting)
{
    struct apache_instance *instance = sorting->instance;

    instance->worker_count = 0;
    for (size_t i = 0; i < sorting->count; i++) {
        const struct child *child = &sorting->children[i];
        struct apache_worker worker = *child->worker;

        if (child->gone || child->infant || pt_snapshot_is_gone(record(sorting, child)))
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

static int read_master(struct apache_world *world, struct apache_instance *instance)
{
    const struct pt_process *master = &world->snapshot.processes[instance->master];
    int error = pt_descriptors_read(world->procfs, master->stat.pid, master->stat.starttime,
                                    &world->snapshot.arena, &instance->descriptors);

    instance->has_descriptors = error == 0;
    return is_fatal(error) ? error : 0;
}

/* What the master itself listens on: its name among several, and who may be asked for its status.
 */
static int read_listeners(struct apache_world *world, struct apache_instance *instance)
{
    const struct pt_process *master = &world->snapshot.processes[instance->master];
    int error;

    if (!instance->has_descriptors)
        return 0;
    error = pt_networks_get(&world->networks, instance->descriptors.net, master->stat.pid,
                            &instance->sockets);
    if (error < 0)
        return is_fatal(error) ? error : 0;
    for (size_t i = 0; i < instance->descriptors.count; i++) {
        const struct pt_socket *socket =
            pt_sockets_find(instance->sockets, instance->descriptors.sockets[i]);

        if (socket != NULL && socket->family != PT_SOCKET_UNIX &&
            (instance->port == 0 || socket->port < instance->port))
            instance->port = socket->port;
    }
    return 0;
}

int apache_sort_out(struct apache_world *world, struct apache_instance *instance)
{
    struct sorting sorting = {
        .world = world,
        .instance = instance,
        .master = &world->snapshot.processes[instance->master],
        .count = instance->worker_count,
    };
    int error = instance->is_apache ? read_modules(world, instance) : 0;

    sorting.children = pt_arena_array(&world->snapshot.arena, sorting.count,
                                      sizeof *sorting.children, PT_ALIGN_OF(struct child));
    if (sorting.children == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < sorting.count; i++)
        sorting.children[i].worker = &instance->workers[i];
    if (error == 0)
        error = read_master(world, instance);
    if (error == 0)
        error = read_descriptors(&sorting);
    if (error == 0)
        error = read_listeners(world, instance);
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
