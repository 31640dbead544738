/* Which servers there are: masters, and who belongs to each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apache_mem.h"
#include "pidfile.h"
#include "report.h"

/* --- names --- */

/* What the kernel keeps of a name in comm. */
#define COMM_LENGTH ((size_t)15)

static bool equals(const char *text, size_t length, const char *name)
{
    return length == strlen(name) && memcmp(text, name, length) == 0;
}

/* comm without what setproctitle puts behind: `gunicorn: maste`. */
static size_t comm_stem(const struct pt_process *process)
{
    const char *colon = memchr(process->stat.comm, ':', process->stat.comm_length);

    return colon != NULL ? (size_t)(colon - process->stat.comm) : process->stat.comm_length;
}

static bool comm_is(const struct pt_process *process, const char *name)
{
    size_t length = strlen(name);

    if (length > COMM_LENGTH)
        length = COMM_LENGTH;
    return (process->stat.comm_length == length && memcmp(process->stat.comm, name, length) == 0) ||
           equals(process->stat.comm, comm_stem(process), name);
}

/* python3.11, ruby2.7, node: what a server's own name never is. */
static bool is_interpreter(struct pt_bytes name)
{
    static const char *const names[] = {"python", "pypy", "perl",   "ruby", "node",
                                        "nodejs", "php",  "luajit", "lua",  "java"};
    size_t length = name.length;

    while (length > 0 && strchr("0123456789.-", name.bytes[length - 1]) != NULL)
        length--;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (equals(name.bytes, length, names[i]))
            return true;
    return false;
}

/* The name that the process goes by among those we look for, or NULL. */
static const char *known_name(const struct apache_settings *settings,
                              const struct pt_process *process)
{
    bool by_comm = true;
    struct pt_bytes exe = {NULL, 0};

    if (process->error[PT_SOURCE_STAT] != 0 || pt_process_is_kernel_thread(process) ||
        pt_process_has_ended(process))
        return NULL;
    if (pt_process_has(process, PT_SOURCE_EXE)) {
        exe = pt_base_name(process->more->exe_path);
        by_comm = settings->own_names && is_interpreter(exe);
    } else if (process->error[PT_SOURCE_EXE] == ENOENT) {
        return NULL;
    }
    for (size_t i = 0; i < settings->name_count; i++) {
        if (exe.bytes != NULL && equals(exe.bytes, exe.length, settings->names[i]))
            return settings->names[i];
        if (by_comm && comm_is(process, settings->names[i]))
            return settings->names[i];
    }
    return NULL;
}

bool apache_is_kin(const struct pt_process *master, const struct pt_process *process)
{
    size_t length = comm_stem(master);

    if (pt_process_has_ended(process) || comm_stem(process) != length ||
        memcmp(process->stat.comm, master->stat.comm, length) != 0)
        return false;
    if (!pt_process_has(master, PT_SOURCE_EXE) || !pt_process_has(process, PT_SOURCE_EXE))
        return true;
    return master->more->exe_path.length == process->more->exe_path.length &&
           memcmp(master->more->exe_path.bytes, process->more->exe_path.bytes,
                  process->more->exe_path.length) == 0;
}

/* --- argv of an Apache --- */

/* What its command line says that matters here. */
struct command {
    bool single;   /* -X, -D DEBUG, -D ONE_PROCESS */
    bool commands; /* -k other than start, or one of those that print something and end */
};

static void take_word(struct command *command, char letter, const char *value, size_t length)
{
    if (letter == 'D')
        command->single |= equals(value, length, "DEBUG") || equals(value, length, "ONE_PROCESS");
    if (letter == 'k')
        command->commands |= !equals(value, length, "start");
}

/* As its getopt reads it (AP_SERVER_BASEARGS, server/main.c): letters in clusters, and what some of
 * them take, in the same word or in the next. */
static struct command read_command(struct pt_bytes argv)
{
    struct command command = {0};
    const char *word;
    size_t offset = 0, length, at;
    char waiting = '\0';

    pt_next_string(argv.bytes, argv.length, &offset, &word, &length);
    while (pt_next_string(argv.bytes, argv.length, &offset, &word, &length)) {
        if (waiting != '\0') {
            take_word(&command, waiting, word, length);
            waiting = '\0';
            continue;
        }
        if (length < 2 || word[0] != '-' || equals(word, length, "--"))
            break;
        for (at = 1; at < length && waiting == '\0'; at++) {
            command.single |= word[at] == 'X';
            command.commands |= strchr("vVlLtSMh", word[at]) != NULL;
            if (strchr("CcDdEefk", word[at]) != NULL)
                waiting = word[at];
        }
        if (waiting != '\0' && at < length) {
            take_word(&command, waiting, word + at, length - at);
            waiting = '\0';
        }
    }
    return command;
}

static bool is_apache_name(const char *name)
{
    return strstr(name, "apache2") != NULL || strstr(name, "httpd") != NULL;
}

/* --- masters --- */

struct master {
    uint32_t index;
    const char *name;
    bool chosen;
};

struct search {
    struct apache_world *world;
    struct master *masters;
    size_t count;
};

static const struct pt_process *record(const struct search *search, const struct master *master)
{
    return &search->world->snapshot.processes[master->index];
}

/* Those that go by one of our names and have no ancestor that does. */
static int find_masters(struct search *search)
{
    const struct apache_world *world = search->world;
    const struct pt_tree *tree = &world->tree;
    uint8_t *below = calloc(tree->count + 1, sizeof *below);

    search->masters = calloc(tree->node_count + 1, sizeof *search->masters);
    if (below == NULL || search->masters == NULL) {
        free(below);
        return -ENOMEM;
    }
    for (size_t i = 0; i < tree->node_count; i++) {
        uint32_t node = tree->order[i], parent = tree->parent[node];
        const char *name = known_name(world->settings, &world->snapshot.processes[node]);

        below[node] = name != NULL || (parent != PT_NO_INDEX && below[parent]);
        if (name != NULL && (parent == PT_NO_INDEX || !below[parent]))
            search->masters[search->count++] = (struct master){node, name, false};
    }
    free(below);
    return 0;
}

static int complete_masters(struct search *search, pt_sources sources)
{
    uint32_t *indexes = calloc(search->count + 1, sizeof *indexes);
    int error;

    if (indexes == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < search->count; i++)
        indexes[i] = search->masters[i].index;
    error = pt_snapshot_add(&search->world->snapshot, indexes, search->count, sources);
    free(indexes);
    return error;
}

/* --- those that were asked for --- */

static struct master *master_of(const struct search *search, pid_t pid)
{
    for (size_t i = 0; i < search->count; i++)
        if (record(search, &search->masters[i])->stat.pid == pid)
            return &search->masters[i];
    return NULL;
}

/* The number that a pidfile of a container's has for it. */
static bool is_inner_pid(const struct pt_process *process, pid_t pid)
{
    const struct pt_status *status =
        pt_process_has(process, PT_SOURCE_STATUS) ? &process->more->status : NULL;

    return status != NULL && status->nspid_count > 1 &&
           status->nspid[status->nspid_count - 1] == pid;
}

static bool choose_pid(struct search *search, pid_t pid)
{
    struct master *master = master_of(search, pid);

    if (master == NULL) {
        pt_warn("--pid: %d is no master process of a server", (int)pid);
        return false;
    }
    return master->chosen = true;
}

static bool choose_pidfile(struct search *search, const char *path)
{
    struct master *master = NULL;
    struct pt_fault fault = {0};
    size_t inner = 0;
    pid_t pid;
    int error = pt_pidfile_read(path, false, &pid, &fault);

    if (error == -EINVAL)
        pt_die(PT_EXIT_IO, "%s: %s", path, fault.text);
    if (error < 0 && error != -ENOENT && error != -ENOTDIR)
        pt_die(PT_EXIT_IO, "%s: %s", path, strerror(-error));
    if (error < 0) {
        pt_warn("%s: %s", path, strerror(-error));
        return false;
    }
    master = master_of(search, pid);
    for (size_t i = 0; master == NULL && i < search->count; i++)
        inner += is_inner_pid(record(search, &search->masters[i]), pid);
    for (size_t i = 0; inner == 1 && i < search->count; i++)
        if (is_inner_pid(record(search, &search->masters[i]), pid))
            master = &search->masters[i];
    if (master == NULL) {
        pt_warn(inner > 1 ? "%s: %d: several servers have this PID, each in its own PID namespace"
                          : "%s: %d is no master process of a server",
                path, (int)pid);
        return false;
    }
    return master->chosen = true;
}

/* Anybody can be called apache2: to root a stranger's is one only when it is asked for. */
static bool is_foreign(const struct search *search, const struct master *master)
{
    const struct apache_settings *settings = search->world->settings;
    const struct pt_process *process = record(search, master);
    uid_t uid, owner;
    mode_t mode;

    if (geteuid() != 0 || settings->pid_count + settings->pidfile_count > 0 ||
        !pt_match_is_empty(settings->user))
        return false;
    if (pt_process_euid(process, &uid) && uid == 0)
        return false;
    return pt_process_exe_owner(search->world->procfs, process, &owner, &mode) != 0 || owner != 0;
}

static int choose_by_user(struct search *search, struct master *master)
{
    struct apache_world *world = search->world;
    enum pt_verdict verdict;
    int error;

    if (pt_match_is_empty(world->settings->user))
        return 0;
    error = pt_match_process(world->settings->user, world->procfs,
                             &world->snapshot.processes[master->index], &world->snapshot.arena,
                             &verdict);
    if (error == 0 && verdict != PT_YES)
        master->chosen = false;
    return error;
}

/* Whoever was named and is not there makes the rest no answer either: nobody is chosen then. */
static int choose(struct search *search)
{
    const struct apache_settings *settings = search->world->settings;
    bool all = true, named = settings->pid_count + settings->pidfile_count > 0;
    int error = 0;

    for (size_t i = 0; i < settings->pid_count; i++)
        all &= choose_pid(search, settings->pids[i]);
    for (size_t i = 0; i < settings->pidfile_count; i++)
        all &= choose_pidfile(search, settings->pidfiles[i]);
    for (size_t i = 0; error == 0 && i < search->count; i++) {
        struct master *master = &search->masters[i];
        const struct pt_process *process = record(search, master);

        master->chosen = all && !pt_snapshot_is_gone(process) && (master->chosen || !named);
        if (master->chosen && is_foreign(search, master)) {
            if (!search->world->again)
                pt_warn("PID %d: a foreign %s, not counted; --pid or --user chooses it",
                        (int)process->stat.pid, master->name);
            master->chosen = false;
        }
        if (master->chosen)
            error = choose_by_user(search, master);
    }
    return error;
}

/* --- instances --- */

static int collect_forks(const struct apache_world *world, uint32_t master,
                         struct apache_worker *worker, struct pt_arena *arena)
{
    const struct pt_process *processes = world->snapshot.processes;
    size_t count;
    const uint32_t *children = pt_tree_children(&world->tree, worker->index, &count);

    worker->forks = pt_arena_array(arena, count, sizeof *worker->forks, PT_ALIGN_OF(uint32_t));
    if (worker->forks == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (apache_is_kin(&processes[master], &processes[children[i]]))
            worker->forks[worker->fork_count++] = children[i];
    return 0;
}

static int collect_children(struct apache_world *world, struct apache_instance *instance)
{
    const struct pt_process *processes = world->snapshot.processes;
    struct pt_arena *arena = &world->snapshot.arena;
    size_t count;
    const uint32_t *children = pt_tree_children(&world->tree, instance->master, &count);

    instance->workers = pt_arena_array(arena, count + 1, sizeof *instance->workers,
                                       PT_ALIGN_OF(struct apache_worker));
    instance->helpers =
        pt_arena_array(arena, count, sizeof *instance->helpers, PT_ALIGN_OF(uint32_t));
    if (instance->workers == NULL || instance->helpers == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct apache_worker *worker = &instance->workers[instance->worker_count];

        if (pt_process_has_ended(&processes[children[i]]))
            continue;
        if (!apache_is_kin(&processes[instance->master], &processes[children[i]])) {
            instance->helpers[instance->helper_count++] = children[i];
            continue;
        }
        *worker = (struct apache_worker){.index = children[i]};
        if (collect_forks(world, instance->master, worker, arena) < 0)
            return -ENOMEM;
        instance->worker_count++;
    }
    return 0;
}

/* 1: it is one; 0: a command such as `apache2 -k graceful`, which signals the master and ends. */
static int make_instance(struct apache_world *world, const struct master *master,
                         struct apache_instance *instance)
{
    const struct pt_process *process = &world->snapshot.processes[master->index];
    struct command command = {0};
    struct pt_bytes exe = {process->stat.comm, comm_stem(process)};

    if (pt_process_has(process, PT_SOURCE_EXE) &&
        !is_interpreter(pt_base_name(process->more->exe_path)))
        exe = pt_base_name(process->more->exe_path);
    *instance = (struct apache_instance){
        .master = master->index,
        .server = exe,
        .is_apache = is_apache_name(master->name),
        .upgraded = pt_process_has(process, PT_SOURCE_EXE) && process->more->exe_deleted,
    };
    if (collect_children(world, instance) < 0)
        return -ENOMEM;
    if (instance->is_apache && pt_process_has(process, PT_SOURCE_CMDLINE))
        command = read_command(process->more->cmdline);
    instance->single = command.single;
    return command.single || !command.commands || instance->worker_count > 0;
}

static int make_instances(struct search *search)
{
    struct apache_world *world = search->world;

    world->instances = calloc(search->count + 1, sizeof *world->instances);
    if (world->instances == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < search->count; i++) {
        int answer = 0;

        if (search->masters[i].chosen)
            answer = make_instance(world, &search->masters[i], &world->instances[world->count]);
        if (answer < 0)
            return answer;
        world->count += answer == 1;
    }
    return 0;
}

int apache_find(struct apache_world *world)
{
    struct search search = {.world = world};
    int error = find_masters(&search);

    if (error == 0)
        error = complete_masters(&search,
                                 PT_SOURCE_BIT(PT_SOURCE_STATUS) | PT_SOURCE_BIT(PT_SOURCE_OWNER));
    if (error == 0)
        error = choose(&search);
    /* Only of those that count: a stranger's argv may be of any length. */
    for (size_t i = 0; error == 0 && i < search.count; i++)
        if (search.masters[i].chosen)
            error = pt_snapshot_add(&world->snapshot, &search.masters[i].index, 1,
                                    PT_SOURCE_BIT(PT_SOURCE_CMDLINE) | PT_READ_WHOLE);
    if (error == 0)
        error = make_instances(&search);
    free(search.masters);
    return error;
}
