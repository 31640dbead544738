#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"

/* Flags beside them are no sources. */
#define ALL_SOURCES (PT_SOURCE_BIT(PT_SOURCE_COUNT) - 1)
#define STAT PT_SOURCE_BIT(PT_SOURCE_STAT)
#define OWNER PT_SOURCE_BIT(PT_SOURCE_OWNER)

/* What a leader that has exited has no more, but its threads have. */
#define LOST_BY_LEADER                                                                             \
    (PT_SOURCE_BIT(PT_SOURCE_STATM) | PT_SOURCE_BIT(PT_SOURCE_EXE) |                               \
     PT_SOURCE_BIT(PT_SOURCE_CWD) | PT_SOURCE_BIT(PT_SOURCE_NAMESPACES) | PT_SOURCES_MMAP_LOCK)

static bool is_gone(int error)
{
    return error == -ESRCH || error == -ENOENT;
}

static bool is_over(char state)
{
    return state == 'Z' || state == 'X' || state == 'x';
}

static void note(struct pt_process *process, enum pt_source source, int error)
{
    process->asked |= PT_SOURCE_BIT(source);
    process->error[source] = (uint8_t)-error;
}

static void note_all(struct pt_process *process, pt_sources sources, int error)
{
    for (unsigned source = 0; source < PT_SOURCE_COUNT; source++)
        if (sources & PT_SOURCE_BIT(source))
            note(process, source, error);
}

/* --- stat and owner, by path --- */

static int add_owner(const struct pt_procfs *procfs, struct pt_process *process)
{
    char path[PT_PROCFS_PATH];
    int error = pt_source_read_owner(&procfs->root, pt_procfs_path(path, process->stat.pid, NULL),
                                     &process->owner);

    if (pt_error_is_ours(error))
        return error;
    note(process, PT_SOURCE_OWNER, error);
    return 0;
}

/* What happened to a process whose stat or directory could not be read. */
static int refuse(const struct pt_procfs *procfs, struct pt_process *process, pt_sources sources,
                  int error)
{
    if (is_gone(error))
        return -ESRCH;
    if (pt_error_is_ours(error))
        return error;
    if (process->asked & STAT) {
        note_all(process, sources, error);
        return 0;
    }
    note_all(process, sources | STAT, error);
    process->stat.comm = "";
    error = add_owner(procfs, process);
    return is_gone(-process->error[PT_SOURCE_OWNER]) ? -ESRCH : error;
}

static int read_by_path(const struct pt_procfs *procfs, struct pt_process *process,
                        struct pt_arena *arena)
{
    char path[PT_PROCFS_PATH];
    pid_t pid = process->stat.pid;
    int error = pt_source_read_stat(&procfs->root, pt_procfs_path(path, pid, "stat"), arena,
                                    &process->stat);

    if (error < 0)
        return refuse(procfs, process, STAT, error);
    note(process, PT_SOURCE_STAT, 0);
    return 0;
}

/* --- the held directory --- */

/* Reads stat through the directory; the same process as before, if there was one. */
static int read_held_stat(struct pt_reading *reading)
{
    struct pt_process *process = reading->process;
    struct pt_stat now = process->stat;
    int error = pt_source_read_stat(&reading->dir, "stat", reading->arena, &now);

    if (error < 0)
        return error;
    if ((process->asked & STAT) && process->stat.starttime != now.starttime)
        return -ESRCH;
    process->stat = now;
    note(process, PT_SOURCE_STAT, 0);
    return 0;
}

/* Opens a thread's directory, if it lives. */
static int open_live_thread(struct pt_reading *reading, const struct pt_dir *task, pid_t tid)
{
    char path[PT_PROCFS_PATH], text[4096];
    struct pt_stat stat;
    ssize_t length = pt_dir_read(task, pt_procfs_path(path, tid, "stat"), text, sizeof text);

    if (length < 0)
        return (int)length;
    if (pt_parse_stat(text, (size_t)length, &stat) < 0 || is_over(stat.state))
        return -ESRCH;
    return pt_dir_open_at(&reading->thread, task, pt_procfs_path(path, tid, NULL));
}

static int find_live_thread(struct pt_reading *reading)
{
    struct pt_dir task;
    pid_t *tids = NULL;
    size_t count = 0;
    int error = pt_dir_open_at(&task, &reading->dir, "task");

    if (error < 0)
        return error;
    error = pt_procfs_list(&task, &tids, &count);
    for (size_t i = 0; i < count; i++) {
        if (tids[i] == reading->process->stat.pid)
            continue;
        error = open_live_thread(reading, &task, tids[i]);
        if (error == 0 || pt_error_is_ours(error))
            break;
    }
    free(tids);
    pt_dir_close(&task);
    return error;
}

static bool has_held_us(const struct pt_procfs *procfs, const struct pt_process *process)
{
    const struct pt_held *held = procfs->held;
    size_t count = atomic_load(&held->count);

    for (size_t i = 0; i < count; i++)
        if (held->process[i].pid == process->stat.pid &&
            held->process[i].starttime == process->stat.starttime)
            return true;
    return count == PT_HELD_MAX;
}

/* Whether this errno may mean that the process is gone, and not that it has no such thing. */
static bool is_suspicious(const struct pt_process *process, int error)
{
    return is_gone(error) && !pt_process_has_ended(process) &&
           !pt_process_is_kernel_thread(process);
}

/* Whether it ended while it was read: then the record says so, or it is gone. */
static int look_again(struct pt_reading *reading)
{
    int error = read_held_stat(reading);

    if (is_gone(error))
        return -ESRCH;
    return pt_error_is_ours(error) ? error : 0;
}

static int read_sources(struct pt_reading *reading, pt_sources sources)
{
    struct pt_process *process = reading->process;
    bool suspicious = sources & PT_SOURCE_BIT(PT_SOURCE_INODE);
    pt_sources barred = 0;

    if ((sources & PT_SOURCES_MMAP_LOCK) && has_held_us(reading->procfs, process))
        barred = PT_SOURCES_MMAP_LOCK;
    for (unsigned source = PT_SOURCE_STAT + 1; source < PT_SOURCE_COUNT; source++) {
        int error = -ETIMEDOUT;

        if (!(sources & PT_SOURCE_BIT(source)))
            continue;
        if (!(barred & PT_SOURCE_BIT(source)))
            error = pt_source_read(reading, source);
        if (error == -ECANCELED || pt_error_is_ours(error))
            return error;
        note(process, source, error);
        suspicious |= is_suspicious(process, error);
    }
    return suspicious ? look_again(reading) : 0;
}

static int read_held(struct pt_reading *reading, pt_sources sources)
{
    struct pt_process *process = reading->process;
    int error = pt_procfs_open_pid(reading->procfs, process->stat.pid, &reading->dir);

    if (error == 0)
        error = read_held_stat(reading);
    if (error < 0)
        return refuse(reading->procfs, process, sources, error);
    if (process->more == NULL && (sources & ~(STAT | OWNER))) {
        process->more = pt_arena_alloc(reading->arena, sizeof *process->more,
                                       PT_ALIGN_OF(struct pt_process_more));
        if (process->more == NULL)
            return -ENOMEM;
    }
    if (is_over(process->stat.state) && process->stat.threads > 1 && (sources & LOST_BY_LEADER)) {
        error = find_live_thread(reading);
        if (pt_error_is_ours(error))
            return error;
    }
    return read_sources(reading, sources);
}

/* --- records --- */

/* Those of `sources` that the record lacks. */
static pt_sources find_missing(const struct pt_process *process, pt_sources sources)
{
    pt_sources missing = sources & ALL_SOURCES & ~process->asked;

    if ((sources & PT_READ_WHOLE) && process->more != NULL) {
        if (process->more->cmdline_cut)
            missing |= sources & PT_SOURCE_BIT(PT_SOURCE_CMDLINE);
        if (process->more->environ_cut)
            missing |= sources & PT_SOURCE_BIT(PT_SOURCE_ENVIRON);
    }
    return missing;
}

int pt_process_load(const struct pt_procfs *procfs, struct pt_process *process, pt_sources sources,
                    struct pt_arena *arena, struct pt_gate *gate)
{
    struct pt_reading reading = {
        .procfs = procfs,
        .process = process,
        .arena = arena,
        .gate = gate,
        .flags = sources & ~ALL_SOURCES,
        .dir = PT_DIR_CLOSED,
        .thread = PT_DIR_CLOSED,
    };
    bool is_new = process->asked == 0;
    int error;

    sources = find_missing(process, sources);
    if (is_new && !(sources & ~STAT))
        return read_by_path(procfs, process, arena);
    if (!is_new && process->error[PT_SOURCE_STAT] != 0) {
        note_all(process, sources, -process->error[PT_SOURCE_STAT]);
        return 0;
    }
    if (!is_new && sources == OWNER)
        return add_owner(procfs, process);
    error = read_held(&reading, sources);
    pt_reading_done(&reading);
    return error;
}

int pt_process_read(const struct pt_procfs *procfs, pid_t pid, pt_sources sources,
                    struct pt_arena *arena, struct pt_process *ret_process)
{
    struct pt_process process = {.stat = {.pid = pid}};
    int error = pt_process_load(procfs, &process, sources, arena, NULL);

    if (error == 0)
        *ret_process = process;
    return error;
}

int pt_process_add(const struct pt_procfs *procfs, struct pt_process *process, pt_sources sources,
                   struct pt_arena *arena)
{
    return pt_process_load(procfs, process, sources, arena, NULL);
}

bool pt_process_has_ended(const struct pt_process *process)
{
    return is_over(process->stat.state) && process->stat.threads <= 1;
}

bool pt_process_lacks_program(const struct pt_process *process)
{
    return pt_process_is_kernel_thread(process) || pt_process_has_ended(process);
}

bool pt_process_lacks(const struct pt_process *process, enum pt_source source)
{
    int error = process->error[source];

    switch (source) {
    case PT_SOURCE_EXE:
    case PT_SOURCE_CWD:
    case PT_SOURCE_CMDLINE:
    case PT_SOURCE_ENVIRON:
        return error != 0 && error != ETIMEDOUT && pt_process_lacks_program(process);
    case PT_SOURCE_LABEL:
        return error == EINVAL || error == ENOENT || error == EOPNOTSUPP;
    default:
        return false;
    }
}

uint64_t pt_process_resident(const struct pt_process *process)
{
    if (pt_process_has(process, PT_SOURCE_STATM))
        return process->more->statm.resident;
    return process->stat.rss;
}

/* --- names --- */

static const struct pt_bytes no_bytes;

struct pt_bytes pt_process_argv0(const struct pt_process *process)
{
    struct pt_bytes argv0 = no_bytes;
    size_t offset = 0;

    if (pt_process_has(process, PT_SOURCE_CMDLINE))
        pt_next_string(process->more->cmdline.bytes, process->more->cmdline.length, &offset,
                       &argv0.bytes, &argv0.length);
    return argv0;
}

struct pt_bytes pt_process_exe_path(const struct pt_process *process)
{
    struct pt_bytes argv0;

    if (pt_process_has(process, PT_SOURCE_EXE))
        return process->more->exe_path;
    argv0 = pt_process_argv0(process);
    return argv0.length > 0 && *argv0.bytes == '/' ? argv0 : no_bytes;
}

bool pt_bytes_are(struct pt_bytes bytes, const char *text)
{
    return bytes.bytes != NULL && bytes.length == strlen(text) &&
           memcmp(bytes.bytes, text, bytes.length) == 0;
}

bool pt_bytes_equal(struct pt_bytes a, struct pt_bytes b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

struct pt_bytes pt_base_name(struct pt_bytes path)
{
    for (size_t i = path.length; i > 0; i--)
        if (path.bytes[i - 1] == '/')
            return (struct pt_bytes){path.bytes + i, path.length - i};
    return path;
}

bool pt_process_argv_names(const struct pt_process *process, const char *name)
{
    struct pt_bytes word;
    size_t offset = 0;

    if (!pt_process_has(process, PT_SOURCE_CMDLINE))
        return false;
    for (int i = 0; i < 2; i++) {
        if (!pt_next_string(process->more->cmdline.bytes, process->more->cmdline.length, &offset,
                            &word.bytes, &word.length))
            return false;
        if (pt_bytes_are(pt_base_name(word), name))
            return true;
    }
    return false;
}

/* Whether DIRECTORY, LENGTH bytes and absolute, holds a program NAME. */
static bool holds_program(const char *directory, size_t length, struct pt_bytes name)
{
    char path[PATH_MAX];
    struct stat file;

    if (*directory != '/' || length + name.length > sizeof path - 2)
        return false;
    memcpy(path, directory, length);
    path[length] = '/';
    memcpy(path + length + 1, name.bytes, name.length);
    path[length + 1 + name.length] = '\0';
    return fstatat(AT_FDCWD, path, &file, 0) == 0 && S_ISREG(file.st_mode) &&
           (file.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH));
}

static bool is_on_path(struct pt_bytes name)
{
    const char *at = getenv("PATH");

    if (name.length == 0 || memchr(name.bytes, '/', name.length) != NULL)
        return false;
    while (at != NULL && *at != '\0') {
        size_t length = strcspn(at, ":");

        if (holds_program(at, length, name))
            return true;
        at += length + (at[length] == ':');
    }
    return false;
}

struct pt_bytes pt_process_exe_name(const struct pt_process *process)
{
    struct pt_bytes name = no_bytes;

    if (pt_process_has(process, PT_SOURCE_EXE))
        name = pt_base_name(process->more->exe_path);
    if (name.length > 0)
        return name;
    name = pt_process_argv0(process);
    if (is_on_path(name))
        return name;
    return (struct pt_bytes){process->stat.comm, process->stat.comm_length};
}

int pt_process_exe_owner(const struct pt_procfs *procfs, const struct pt_process *process,
                         uid_t *ret_uid, mode_t *ret_mode)
{
    char path[PT_PROCFS_PATH];
    struct pt_statx found;
    int error;

    if (!procfs->live)
        return -ENOSYS;
    error = pt_statx(procfs->root.fd, pt_procfs_path(path, process->stat.pid, "exe"),
                     PT_STATX_DONT_SYNC, PT_STATX_BASIC, &found);
    if (error < 0)
        return error == -ENOENT ? -ESRCH : error;
    *ret_uid = found.uid;
    *ret_mode = found.mode;
    return 0;
}

bool pt_process_euid(const struct pt_process *process, uid_t *ret_uid)
{
    if (pt_process_has(process, PT_SOURCE_STATUS))
        *ret_uid = process->more->status.uid[PT_EFFECTIVE];
    else if (pt_process_has(process, PT_SOURCE_OWNER))
        *ret_uid = process->owner;
    else
        return false;
    return true;
}

int pt_process_pid_namespace(const struct pt_procfs *procfs, pid_t pid, uint64_t *ret_inode)
{
    char path[PT_PROCFS_PATH];
    struct stat found;

    if (fstatat(procfs->root.fd, pt_procfs_path(path, pid, "ns/pid"), &found, 0) != 0)
        return -errno;
    *ret_inode = found.st_ino;
    return 0;
}
