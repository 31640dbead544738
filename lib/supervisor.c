#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "dir.h"
#include "pidfile.h"
#include "helper.h"
#include "procparse.h"

struct search {
    struct pt_service *service;
    struct pt_snapshot *snapshot;
    struct pt_process *daemon;
    const char *names;
    struct pt_arena *arena;
};

struct pt_supervisor {
    const char *kind;
    const char *exe; /* of the parent that it is; NULL: it is not the parent */
    enum pt_service_answer answer;
    /* 1: it is this daemon's; 0: it is not; -errno */
    int (*find)(struct search *search, const struct pt_process *parent);
};

/* --- trust --- */

/* Whether nobody but us, and root, may change it; a directory above may be sticky. */
static bool is_ours(const struct stat *status, bool above)
{
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return false;
    if ((status->st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return true;
    return above && (status->st_mode & S_ISVTX) != 0;
}

/* A path from / on, each word of it; no link is followed. 1, 0 or -ENOMEM. */
static int is_path_ours(const char *path)
{
    struct pt_buffer part;
    struct stat status;
    bool trusted = *path == '/';
    int error;

    pt_buffer_init(&part);
    for (size_t i = 0; trusted; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        pt_buffer_clear(&part);
        pt_buffer_append(&part, path, i == 0 ? 1 : i);
        trusted = part.error == 0 && lstat(part.data, &status) == 0 && !S_ISLNK(status.st_mode) &&
                  is_ours(&status, path[i] != '\0');
        if (path[i] == '\0')
            break;
    }
    error = part.error;
    pt_buffer_done(&part);
    return error != 0 ? error : trusted;
}

static bool has_our_uids(const struct pt_process *process)
{
    const uid_t *uids = process->more->status.uid;

    if (!pt_process_has(process, PT_SOURCE_STATUS))
        return false;
    for (int i = 0; i < 4; i++) {
        if (uids[i] != uids[0] || (uids[i] != 0 && uids[i] != geteuid()))
            return false;
    }
    return true;
}

static int distrust(struct search *search, const char *why)
{
    search->service->distrust = why;
    return 0;
}

/* --- commands --- */

static int copy_words(struct search *search, const char *const *words, char ***ret_argv)
{
    size_t count = 0;
    char **argv;

    while (words[count] != NULL)
        count++;
    argv = pt_arena_array(search->arena, count + 1, sizeof *argv, PT_ALIGN_OF(char *));
    if (argv == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        argv[i] = pt_arena_strndup(search->arena, words[i], strlen(words[i]));
        if (argv[i] == NULL)
            return -ENOMEM;
    }
    *ret_argv = argv;
    return 0;
}

/* The program, the words that stop the service, and those that ask for its state, or NULL. 1 or
 * -errno; -ENOENT, -EACCES: there is no such program for us. */
static int set_commands(struct search *search, const char *program, const char *const *stop,
                        const char *const *state)
{
    struct pt_service *service = search->service;
    struct pt_buffer path;
    int error;

    pt_buffer_init(&path);
    error = pt_helper_find(program, &path, NULL);
    if (error == 0) {
        service->path = pt_arena_strndup(search->arena, path.data, path.length);
        error = service->path == NULL ? -ENOMEM : copy_words(search, stop, &service->argv);
    }
    if (error == 0 && state != NULL)
        error = copy_words(search, state, &service->state_argv);
    pt_buffer_done(&path);
    return error == 0 ? 1 : error;
}

/* What set_commands said where others than root may change the program is no find, and is told. */
static int judge_commands(struct search *search, int found)
{
    if (found == -EACCES)
        return distrust(search, "its program may be changed by others than root, or not be run");
    return found == -ENOENT ? 0 : found;
}

/* --- runit, daemontools, s6 --- */

/* The service directory's supervise/; or where it leads, as on Void Linux into /run. -errno;
 * -EPERM: others may write on the way. */
static int open_supervise(int directory)
{
    const struct pt_dir service = {.fd = directory};
    const char *name = "supervise";
    struct pt_buffer link;
    struct stat status;
    int fd = -EPERM, way = 1;

    if (fstat(directory, &status) != 0 || !is_ours(&status, false))
        return -EPERM;
    pt_buffer_init(&link);
    if (pt_dir_readlink(&service, name, &link) == 0) {
        name = pt_buffer_text(&link);
        way = is_path_ours(name);
    }
    if (way == 1) {
        fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            fd = -errno;
    }
    pt_buffer_done(&link);
    if (fd >= 0 && (fstat(fd, &status) != 0 || !is_ours(&status, false))) {
        close(fd);
        fd = -EPERM;
    }
    return way < 0 ? way : fd;
}

/* Writes go to supervise/control below the directory that the supervisor is in. */
static int open_control(struct search *search, int directory)
{
    int supervise = open_supervise(directory);
    struct stat fifo;

    if (supervise == -EPERM)
        return distrust(search, "its service directory may be written by others");
    if (supervise < 0)
        return supervise == -ENOMEM ? supervise : 0;
    /* ENXIO: nobody reads it, so nobody supervises. */
    search->service->control =
        openat(supervise, "control", O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    close(supervise);
    if (search->service->control < 0)
        return 0;
    if (fstat(search->service->control, &fifo) != 0 || !S_ISFIFO(fifo.st_mode)) {
        close(search->service->control);
        search->service->control = -1;
        return distrust(search, "its supervise/control is no FIFO");
    }
    return 1;
}

static int find_by_control(struct search *search, const struct pt_process *parent)
{
    struct pt_dir held;
    struct pt_buffer path;
    int directory, error, found;

    error = pt_procfs_open_pid(search->snapshot->procfs, parent->stat.pid, &held);
    if (error != 0)
        return pt_error_is_ours(error) ? error : 0;
    pt_buffer_init(&path);
    /* Through the link itself: the text may name something else by now. */
    directory = openat(held.fd, "cwd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    error = directory < 0 ? -errno : pt_dir_readlink(&held, "cwd", &path);
    if (pt_error_is_ours(error))
        found = error;
    else if (error != 0)
        found = distrust(search, "the directory of its supervisor cannot be read");
    else
        found = open_control(search, directory);
    if (found == 1) {
        search->service->name = pt_arena_strndup(search->arena, path.data, path.length);
        if (search->service->name == NULL)
            found = -ENOMEM;
    }
    if (directory >= 0)
        close(directory);
    pt_dir_close(&held);
    pt_buffer_done(&path);
    return found;
}

/* --- supervisord --- */

/* The value of NAME in the record's environ, in the arena; NULL: it has none. 0 or -ENOMEM. */
static int find_value(struct search *search, const char *name, const char **ret_value)
{
    const struct pt_process *daemon = search->daemon;
    size_t offset = 0, length, name_length = strlen(name);
    const char *text;

    *ret_value = NULL;
    if (!pt_process_has(daemon, PT_SOURCE_ENVIRON))
        return daemon->error[PT_SOURCE_ENVIRON] == ENOMEM ? -ENOMEM : 0;
    while (pt_next_string(daemon->more->environ.bytes, daemon->more->environ.length, &offset, &text,
                          &length)) {
        if (length > name_length && memcmp(text, name, name_length) == 0 &&
            text[name_length] == '=') {
            *ret_value =
                pt_arena_strndup(search->arena, text + name_length + 1, length - name_length - 1);
            return *ret_value != NULL ? 0 : -ENOMEM;
        }
    }
    return 0;
}

/* Where the file stands that one word of supervisord's names: behind that (0), in the next word
 * (-1), nowhere (-2). Short options of no value may stand before -c, as in -nc; long ones may be
 * cut (getopt(3) in supervisor/options.py). */
static int locate_file(const char *text, size_t length, size_t *ret_offset)
{
    static const char option[] = "--configuration", flags[] = "nshvkt?";
    const char *equals = memchr(text, '=', length);
    size_t name = equals != NULL ? (size_t)(equals - text) : length;

    if (name >= sizeof "--co" - 1 && name < sizeof option && memcmp(text, option, name) == 0) {
        *ret_offset = name + 1;
        return equals != NULL ? 0 : -1;
    }
    if (length < 2 || text[0] != '-' || text[1] == '-')
        return -2;
    for (size_t i = 1; i < length; i++) {
        if (text[i] == 'c') {
            *ret_offset = i + 1;
            return i + 1 < length ? 0 : -1;
        }
        if (memchr(flags, text[i], sizeof flags - 1) == NULL)
            return -2;
    }
    return -2;
}

/* The configuration of the supervisor, as its command line or its defaults have it. */
static const char *configuration(struct search *search, const struct pt_process *parent)
{
    size_t offset = 0, length;
    const char *text;
    struct stat status;
    bool next = false;

    while (pt_next_string(parent->more->cmdline.bytes, parent->more->cmdline.length, &offset, &text,
                          &length)) {
        size_t at = 0;
        int place = next ? 0 : locate_file(text, length, &at);

        if (place == 0)
            return pt_arena_strndup(search->arena, text + at, length - at);
        next = place == -1;
    }
    return lstat("/etc/supervisord.conf", &status) == 0 ? "/etc/supervisord.conf"
                                                        : "/etc/supervisor/supervisord.conf";
}

static int find_supervisord(struct search *search, const struct pt_process *parent)
{
    const char *group = NULL, *name = NULL, *file;
    struct pt_buffer both;
    int error = pt_process_add_watched(search->snapshot->procfs, search->daemon,
                                       PT_SOURCE_BIT(PT_SOURCE_ENVIRON), search->arena);

    if (error == 0)
        error = find_value(search, "SUPERVISOR_GROUP_NAME", &group);
    if (error == 0)
        error = find_value(search, "SUPERVISOR_PROCESS_NAME", &name);
    if (error != 0)
        return error == -ENOMEM ? error : 0;
    if (group == NULL || name == NULL)
        return distrust(search, "it runs below supervisord, which did not name it");
    file = configuration(search, parent);
    if (file == NULL)
        return -ENOMEM;
    if (*file != '/')
        return distrust(search, "supervisord's configuration has no absolute path");
    error = is_path_ours(file);
    if (error < 0)
        return error;
    if (error == 0)
        return distrust(search, "supervisord's configuration may be written by others");
    pt_buffer_init(&both);
    pt_buffer_append_format(&both, "%s:%s", group, name);
    search->service->name =
        both.error == 0 ? pt_arena_strndup(search->arena, both.data, both.length) : NULL;
    pt_buffer_done(&both);
    if (search->service->name == NULL)
        return -ENOMEM;
    error = set_commands(
        search, "supervisorctl",
        (const char *const[]){"supervisorctl", "-c", file, "stop", search->service->name, NULL},
        (const char *const[]){"supervisorctl", "-c", file, "status", search->service->name, NULL});
    return error == -ENOENT || error == -EACCES ? distrust(search, "there is no supervisorctl")
                                                : error;
}

/* --- systemd --- */

static bool is_unit_name(const char *name, size_t length)
{
    static const char suffix[] = ".service";

    if (length < sizeof suffix || *name == '-' ||
        memcmp(name + length - (sizeof suffix - 1), suffix, sizeof suffix - 1) != 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '\0' ||
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_.\\@-",
                   name[i]) == NULL)
            return false;
    }
    return true;
}

/* The last word of a path that is a unit below no user's own manager. */
static bool last_unit(const char *path, size_t length, const char **ret_unit, size_t *ret_length)
{
    const char *unit = NULL;
    size_t unit_length = 0;

    for (size_t i = 0; i < length;) {
        size_t word = 0;

        while (i + word < length && path[i + word] != '/')
            word++;
        if (word > 5 && memcmp(path + i, "user@", 5) == 0)
            return false;
        if (is_unit_name(path + i, word)) {
            unit = path + i;
            unit_length = word;
        }
        i += word + 1;
    }
    *ret_unit = unit;
    *ret_length = unit_length;
    return unit != NULL;
}

static int set_systemctl(struct search *search)
{
    const char *name = search->service->name;

    return set_commands(search, "systemctl",
                        (const char *const[]){"systemctl", "stop", "--", name, NULL},
                        (const char *const[]){"systemctl", "show", "-p",
                                              "MainPID,ActiveState,KillMode", "--", name, NULL});
}

static int find_systemd(struct search *search, const struct pt_process *parent)
{
    const struct pt_process *daemon = search->daemon;
    const char *path, *unit;
    size_t path_length, length;
    int found;

    (void)parent;
    if (!pt_process_has(daemon, PT_SOURCE_CGROUP) ||
        pt_cgroup_path(daemon->more->cgroup.bytes, daemon->more->cgroup.length, &path,
                       &path_length) != 0 ||
        !last_unit(path, path_length, &unit, &length))
        return 0;
    search->service->name = pt_arena_strndup(search->arena, unit, length);
    if (search->service->name == NULL)
        return -ENOMEM;
    found = set_systemctl(search);
    search->service->doubtful = found == 1;
    return judge_commands(search, found);
}

/* --- OpenRC, sysvinit --- */

/* Whether a pid file in /run that only root may write names the daemon. */
static bool pid_file_names(const char *name, pid_t pid)
{
    struct pt_buffer path;
    pid_t named = 0;
    bool found;

    pt_buffer_init(&path);
    pt_buffer_append_format(&path, "/run/%s.pid", name);
    found = path.error == 0 && pt_pidfile_read(path.data, true, &named, NULL) == 0;
    pt_buffer_done(&path);
    return found && named == pid;
}

static int find_script(struct search *search, const char *name, const char *program)
{
    struct pt_buffer path;
    struct stat status;
    bool there;
    int found;

    pt_buffer_init(&path);
    pt_buffer_append_format(&path, "/etc/init.d/%s", name);
    there = path.error == 0 && stat(path.data, &status) == 0 && is_ours(&status, false);
    pt_buffer_done(&path);
    if (!there || !(pid_file_names(name, search->daemon->stat.pid) ||
                    pid_file_names("crond", search->daemon->stat.pid) ||
                    pid_file_names("cron", search->daemon->stat.pid)))
        return 0;
    search->service->name = pt_arena_strndup(search->arena, name, strlen(name));
    if (search->service->name == NULL)
        return -ENOMEM;
    found = set_commands(search, program, (const char *const[]){program, name, "stop", NULL}, NULL);
    return judge_commands(search, found);
}

static int find_init(struct search *search, const char *program)
{
    const char *names = search->names;
    int found = 0;

    while (*names != '\0' && found == 0) {
        size_t length = strcspn(names, " ");
        char *name = pt_arena_strndup(search->arena, names, length);

        if (name == NULL)
            return -ENOMEM;
        found = find_script(search, name, program);
        names += length + (names[length] == ' ');
    }
    return found;
}

static int find_openrc(struct search *search, const struct pt_process *parent)
{
    (void)parent;
    return find_init(search, "rc-service");
}

static int find_sysvinit(struct search *search, const struct pt_process *parent)
{
    (void)parent;
    return find_init(search, "service");
}

/* --- the table --- */

/* Tried in this order. */
static const struct pt_supervisor supervisors[] = {
    {"runit", "runsv", PT_ANSWER_NONE, find_by_control},
    {"daemontools", "supervise", PT_ANSWER_NONE, find_by_control},
    {"s6", "s6-supervise", PT_ANSWER_NONE, find_by_control},
    {"supervisord", "supervisord", PT_ANSWER_SUPERVISORD, find_supervisord},
    {"systemd", NULL, PT_ANSWER_SYSTEMD, find_systemd},
    {"OpenRC", NULL, PT_ANSWER_NONE, find_openrc},
    {"sysvinit", NULL, PT_ANSWER_NONE, find_sysvinit},
};

static bool is_it(const struct pt_supervisor *row, const struct pt_process *process)
{
    struct pt_bytes name = pt_process_exe_name(process);

    if (pt_bytes_are(name, row->exe))
        return true;
    return name.length >= 6 && memcmp(name.bytes, "python", 6) == 0 &&
           pt_process_argv_names(process, row->exe);
}

static bool is_shell(const struct pt_process *process)
{
    static const char *const shells[] = {"sh", "dash", "bash", "ash", "busybox", "execlineb"};
    struct pt_bytes name = pt_process_exe_name(process);

    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (pt_bytes_are(name, shells[i]))
            return true;
    }
    return false;
}

/* The parent, shells between skipped: a `run` script that did not exec. NULL: there is none. 0 or
 * -errno: we have no means to look. */
static int find_parent(struct search *search, const struct pt_process **ret_parent)
{
    pid_t pid = search->daemon->stat.ppid;

    *ret_parent = NULL;
    for (int steps = 0; steps < 8 && pid > 0; steps++) {
        uint32_t index = pt_snapshot_index(search->snapshot, pid);
        const struct pt_process *parent;
        int error;

        if (index == PT_NO_INDEX)
            return 0;
        error = pt_snapshot_add(search->snapshot, &index, 1,
                                PT_SOURCE_BIT(PT_SOURCE_EXE) | PT_SOURCE_BIT(PT_SOURCE_STATUS) |
                                    PT_SOURCE_BIT(PT_SOURCE_CMDLINE));
        if (error != 0)
            return error;
        parent = &search->snapshot->processes[index];
        if (pt_snapshot_is_gone(parent))
            return 0;
        if (!is_shell(parent)) {
            *ret_parent = parent;
            return 0;
        }
        pid = parent->stat.ppid;
    }
    return 0;
}

static int try_row(struct search *search, const struct pt_supervisor *row,
                   const struct pt_process *parent)
{
    if (row->exe == NULL)
        return row->find(search, parent);
    if (parent == NULL || !is_it(row, parent))
        return 0;
    if (!has_our_uids(parent))
        return distrust(search, "what looks like its supervisor is another user's");
    search->service->parent = parent->stat.pid;
    return row->find(search, parent);
}

int pt_service_find(struct pt_service *ret_service, struct pt_snapshot *snapshot,
                    struct pt_process *daemon, const char *names, struct pt_arena *arena)
{
    struct pt_service service = PT_SERVICE_NONE;
    struct search search = {&service, snapshot, daemon, names, arena};
    const struct pt_process *parent;
    int error = find_parent(&search, &parent);

    if (error != 0)
        return error;
    for (size_t i = 0; i < sizeof supervisors / sizeof supervisors[0]; i++) {
        int found = try_row(&search, &supervisors[i], parent);

        if (found < 0)
            return found;
        if (found > 0) {
            service.kind = supervisors[i].kind;
            service.answer = supervisors[i].answer;
            service.distrust = NULL;
            break;
        }
    }
    *ret_service = service;
    return 0;
}

int pt_service_find_target(struct pt_service *ret_service, const char *name, struct pt_arena *arena)
{
    struct pt_service service = PT_SERVICE_NONE;
    struct search search = {.service = &service, .arena = arena};
    struct stat status;
    int error;

    /* sd_booted(3) */
    if (lstat("/run/systemd/system", &status) != 0 || !S_ISDIR(status.st_mode))
        return -ENOENT;
    service.name = name;
    error = set_systemctl(&search);
    if (error < 0)
        return error;
    service.kind = "systemd";
    service.answer = PT_ANSWER_SYSTEMD;
    *ret_service = service;
    return 0;
}
