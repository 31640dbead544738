/* What master and children listen on: their descriptors, beside the tables of their namespaces. */
#include <errno.h>
#include <string.h>

#include "apache_roles.h"
#include "units.h"

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

/* --- one child --- */

static void count_socket(const struct apache_sorting *sorting, const struct pt_socket *socket,
                         struct apache_child *child)
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

static int count_sockets(struct apache_sorting *sorting, struct apache_child *child)
{
    const struct pt_descriptors *descriptors = &child->descriptors;
    const struct pt_sockets *sockets;
    int error = pt_networks_get(&sorting->world->networks, descriptors->net,
                                apache_child_record(sorting, child)->stat.pid, &sockets);

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

static int read_child(struct apache_sorting *sorting, struct apache_child *child)
{
    struct apache_world *world = sorting->world;
    const struct pt_process *process = apache_child_record(sorting, child);
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
 * have inherited it as well. False: none. The kernel lists descriptors in ascending order. */
static bool find_inherited(const struct apache_sorting *sorting, const struct apache_child *child,
                           size_t *ret_which)
{
    const struct pt_descriptors *own = &child->descriptors;
    const struct pt_descriptors *master = &sorting->instance->descriptors;

    if (child->gone || child->refused || (sorting->instance->is_apache && own->poll < 0))
        return false;
    for (size_t i = 0, j = 0; i < own->count && j < master->count;) {
        if (own->numbers[i] == master->numbers[j] && own->sockets[i] == master->sockets[j]) {
            *ret_which = i;
            return true;
        }
        if (own->numbers[i] <= master->numbers[j])
            i++;
        else
            j++;
    }
    return false;
}

/*
 * All descriptors before any table: what a child listens on is older than the child, but for
 * mod_cgid's socket. A worker of Apache is known by an inherited listener and an epoll instance,
 * which it gets once it has closed the sockets of others: once one has been seen, two links tell of
 * each that is like it. Whether it is the same process still, the measuring finds out.
 */
static int read_children(struct apache_sorting *sorting)
{
    const struct pt_procfs *procfs = sorting->world->procfs;
    const struct apache_child *model = NULL;
    size_t which = 0;

    for (size_t i = 0; i < sorting->count; i++) {
        struct apache_child *child = &sorting->children[i];
        int error;

        if (model != NULL &&
            pt_descriptors_alike(procfs, apache_child_record(sorting, child)->stat.pid,
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

static int count_all_sockets(struct apache_sorting *sorting)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < sorting->count; i++) {
        struct apache_child *child = &sorting->children[i];

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

/* --- the master --- */

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

int apache_read_listeners(struct apache_sorting *sorting)
{
    int error = read_master(sorting->world, sorting->instance);

    if (error == 0)
        error = read_children(sorting);
    if (error == 0)
        error = count_all_sockets(sorting);
    return error == 0 ? read_listeners(sorting->world, sorting->instance) : error;
}
