#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cursor.h"
#include "kernel.h"
#include "units.h"

/* What nearly every single-record file goes into; the others are read into a growing buffer. */
#define RECORD_SIZE ((size_t)4096)

const char *const pt_namespace_names[PT_NS_COUNT] = {
    [PT_NS_CGROUP] = "cgroup", [PT_NS_IPC] = "ipc",   [PT_NS_MNT] = "mnt",   [PT_NS_NET] = "net",
    [PT_NS_PID] = "pid",       [PT_NS_TIME] = "time", [PT_NS_USER] = "user", [PT_NS_UTS] = "uts",
};

void pt_reading_done(struct pt_reading *reading)
{
    pt_dir_close(&reading->dir);
    pt_dir_close(&reading->thread);
    pt_buffer_done(&reading->text);
}

/* Where what an exited leader has lost is still found. */
static const struct pt_dir *live_dir(const struct pt_reading *reading)
{
    return reading->thread.fd >= 0 ? &reading->thread : &reading->dir;
}

/* --- the gate --- */

/* The number of this passage. */
static unsigned enter(struct pt_reading *reading)
{
    return reading->gate ? atomic_fetch_add(&reading->gate->passage, 1) + 1 : 0;
}

/* False: the gate was taken, and nothing that others see may be touched. */
static bool leave(struct pt_reading *reading, unsigned passage)
{
    return !reading->gate ||
           atomic_compare_exchange_strong(&reading->gate->passage, &passage, passage + 1);
}

/* --- texts --- */

/* Reads a single-record file into `text`. */
static int read_record(struct pt_reading *reading, const struct pt_dir *dir, const char *name)
{
    struct pt_buffer *text = &reading->text;
    ssize_t length;

    pt_buffer_clear(text);
    if (pt_buffer_reserve(text, RECORD_SIZE) < 0)
        return -ENOMEM;
    length = pt_dir_read(dir, name, text->data, RECORD_SIZE);
    if (length == -EFBIG)
        return pt_dir_read_all(dir, name, text, PT_DIR_LIMIT);
    if (length < 0)
        return (int)length;
    text->length = (size_t)length;
    return 0;
}

static int read_link(struct pt_reading *reading, const struct pt_dir *dir, const char *name)
{
    pt_buffer_clear(&reading->text);
    return pt_dir_readlink(dir, name, &reading->text);
}

static int keep_bytes(struct pt_reading *reading, const char *bytes, size_t length,
                      struct pt_bytes *ret_bytes)
{
    const char *copy = pt_arena_strndup(reading->arena, bytes, length);

    if (copy == NULL)
        return -ENOMEM;
    *ret_bytes = (struct pt_bytes){copy, length};
    return 0;
}

/* Keeps `text` less one last byte LAST, where that is there. */
static int keep_text(struct pt_reading *reading, char last, struct pt_bytes *ret_bytes)
{
    size_t length = reading->text.length;

    if (length > 0 && reading->text.data[length - 1] == last)
        length--;
    return keep_bytes(reading, reading->text.data, length, ret_bytes);
}

/* --- stat, owner --- */

int pt_source_read_stat(const struct pt_dir *dir, const char *path, struct pt_arena *arena,
                        struct pt_stat *stat)
{
    char text[RECORD_SIZE];
    ssize_t length = pt_dir_read(dir, path, text, sizeof text);
    struct pt_stat now;
    int error;

    if (length < 0)
        return (int)length;
    error = pt_parse_stat(text, (size_t)length, &now);
    if (error < 0)
        return error;
    if (now.pid != stat->pid)
        return -EINVAL;
    /* Reaped already: without its signals' lock do_task_stat says ppid 0, pgrp and session -1. */
    if (now.session == -1)
        return -ESRCH;
    if (stat->comm != NULL && stat->comm_length == now.comm_length &&
        memcmp(stat->comm, now.comm, now.comm_length) == 0)
        now.comm = stat->comm;
    else
        now.comm = pt_arena_strndup(arena, now.comm, now.comm_length);
    if (now.comm == NULL)
        return -ENOMEM;
    *stat = now;
    return 0;
}

int pt_source_read_owner(const struct pt_dir *dir, const char *path, uid_t *ret_owner)
{
    struct stat found;
    int error = pt_dir_stat(dir, path, &found);

    if (error == 0)
        *ret_owner = found.st_uid;
    return error;
}

static int read_owner(struct pt_reading *reading)
{
    return pt_source_read_owner(&reading->dir, "", &reading->process->owner);
}

/* --- single records --- */

static int read_status(struct pt_reading *reading)
{
    int error = read_record(reading, &reading->dir, "status");

    return error < 0 ? error
                     : pt_parse_status(reading->text.data, reading->text.length,
                                       &reading->process->more->status);
}

static int read_statm(struct pt_reading *reading)
{
    int error = read_record(reading, live_dir(reading), "statm");

    return error < 0 ? error
                     : pt_parse_statm(reading->text.data, reading->text.length,
                                      &reading->process->more->statm);
}

static int read_cgroup(struct pt_reading *reading)
{
    int error = read_record(reading, &reading->dir, "cgroup");

    return error < 0 ? error : keep_text(reading, '\n', &reading->process->more->cgroup);
}

static int read_label(struct pt_reading *reading)
{
    int error = read_record(reading, &reading->dir, "attr/current");

    if (error < 0)
        return error;
    /* SELinux counts the NUL in (selinux_getprocattr), AppArmor writes a newline. */
    if (reading->text.length > 0 && reading->text.data[reading->text.length - 1] == '\0')
        reading->text.length--;
    return keep_text(reading, '\n', &reading->process->more->label);
}

static int read_wchan(struct pt_reading *reading)
{
    int error = read_record(reading, &reading->dir, "wchan");

    return error < 0 ? error : keep_text(reading, '\n', &reading->process->more->wchan);
}

static int read_oom_score(struct pt_reading *reading)
{
    struct pt_cursor cursor;
    int64_t score;
    int error = read_record(reading, &reading->dir, "oom_score");

    if (error < 0)
        return error;
    cursor = (struct pt_cursor){reading->text.data, reading->text.data + reading->text.length};
    if (pt_cursor_i64(&cursor, INT_MIN, INT_MAX, &score) < 0)
        return -EINVAL;
    reading->process->more->oom_score = (int)score;
    return 0;
}

/* --- links --- */

static const char deleted[] = " (deleted)";

static bool ends_in_deleted(const struct pt_bytes *text)
{
    size_t suffix = sizeof deleted - 1;

    return text->length >= suffix &&
           memcmp(text->bytes + text->length - suffix, deleted, suffix) == 0;
}

/* The file that `text` names below the process's root, for as long as the kernel knows it without
 * asking any file system: a stranger chose that text. Its O_PATH descriptor or -errno. */
static int look_up_cached(const struct pt_dir *dir, const char *text)
{
    const struct pt_open_how how = {
        .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
        .resolve = PT_RESOLVE_IN_ROOT | PT_RESOLVE_NO_MAGICLINKS | PT_RESOLVE_CACHED,
    };
    int root = openat(dir->fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

    if (root < 0)
        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return -errno;
    fd = pt_openat2(root, text, &how);
    close(root);
    return fd;
}

/* Whether the link's text is the very name of the file that runs. */
static bool is_literal(const struct pt_dir *dir, const char *text)
{
    struct pt_statx named, running;
    int fd = look_up_cached(dir, text);
    bool same;

    if (fd < 0)
        return false;
    same = pt_statx(fd, "", AT_EMPTY_PATH | PT_STATX_DONT_SYNC, PT_STATX_INODE, &named) == 0 &&
           pt_statx(dir->fd, "exe", PT_STATX_DONT_SYNC, PT_STATX_INODE, &running) == 0 &&
           named.inode == running.inode && named.device_major == running.device_major &&
           named.device_minor == running.device_minor;
    close(fd);
    return same;
}

static int read_exe(struct pt_reading *reading)
{
    struct pt_process_more *more = reading->process->more;
    const struct pt_dir *dir = live_dir(reading);
    struct pt_bytes exe = {0};
    int error = read_link(reading, dir, "exe");

    if (error == 0)
        error = keep_text(reading, '\0', &exe);
    if (error < 0)
        return error;
    more->exe = more->exe_path = exe;
    more->exe_deleted =
        ends_in_deleted(&exe) && !(reading->procfs->live && is_literal(dir, exe.bytes));
    if (more->exe_deleted)
        return keep_bytes(reading, exe.bytes, exe.length - (sizeof deleted - 1), &more->exe_path);
    return 0;
}

static int read_cwd(struct pt_reading *reading)
{
    int error = read_link(reading, live_dir(reading), "cwd");

    return error < 0 ? error : keep_text(reading, '\0', &reading->process->more->cwd);
}

/* The number in `mnt:[4026531841]`. */
static int parse_namespace(const struct pt_buffer *text, uint64_t *ret_inode)
{
    const char *at = pt_buffer_text(text), *end = at + text->length;

    at = memchr(at, '[', text->length);
    if (at == NULL)
        return -EINVAL;
    at++;
    return pt_scan_u64(&at, end, ret_inode);
}

static int read_namespaces(struct pt_reading *reading)
{
    struct pt_process_more *more = reading->process->more;
    uint64_t inodes[PT_NS_COUNT] = {0};
    struct pt_dir ns;
    int error = pt_dir_open_at(&ns, live_dir(reading), "ns");

    if (error < 0)
        return error;
    for (size_t i = 0; i < PT_NS_COUNT && error == 0; i++) {
        error = read_link(reading, &ns, pt_namespace_names[i]);
        if (error == 0)
            error = parse_namespace(&reading->text, &inodes[i]);
        else if (error == -ENOENT)
            error = 0; /* younger than the kernel; whether the process is gone is asked later */
    }
    pt_dir_close(&ns);
    if (error == 0)
        memcpy(more->namespaces, inodes, sizeof inodes);
    return error;
}

/* --- the pidfd's inode --- */

/* The process is still there afterwards, or the record is gone: process.c looks. */
static int read_inode(struct pt_reading *reading)
{
    int fd;

    if (!reading->procfs->own_namespace)
        return -ENOSYS;
    fd = pt_pidfd_open(reading->process->stat.pid, 0);
    if (fd < 0)
        return fd;
    reading->process->more->inode = pt_pidfd_inode(fd);
    close(fd);
    return reading->process->more->inode != 0 ? 0 : -ENOSYS;
}

/* --- threads --- */

/* The name alone is cheaper, the state is in stat only. */
static int read_thread(struct pt_reading *reading, const struct pt_dir *task, pid_t tid,
                       struct pt_thread *ret_thread)
{
    char path[PT_PROCFS_PATH];
    struct pt_bytes comm;
    int error;

    if (reading->flags & PT_READ_THREAD_STATES) {
        struct pt_stat stat = {.pid = tid};

        error = pt_source_read_stat(task, pt_procfs_path(path, tid, "stat"), reading->arena, &stat);
        if (error == 0)
            *ret_thread = (struct pt_thread){tid, stat.state, stat.comm_length, stat.comm};
        return error;
    }
    error = read_record(reading, task, pt_procfs_path(path, tid, "comm"));
    if (error == 0)
        error = keep_text(reading, '\n', &comm);
    if (error == 0)
        *ret_thread = (struct pt_thread){tid, '\0', (uint32_t)comm.length, comm.bytes};
    return error;
}

static int read_thread_list(struct pt_reading *reading, const struct pt_dir *task,
                            const pid_t *tids, size_t count)
{
    struct pt_process_more *more = reading->process->more;
    struct pt_thread *threads =
        pt_arena_array(reading->arena, count, sizeof *threads, PT_ALIGN_OF(struct pt_thread));
    size_t kept = 0;

    if (threads == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int error = read_thread(reading, task, tids[i], &threads[kept]);

        if (error == 0)
            kept++;
        else if (error != -ENOENT && error != -ESRCH)
            return error;
    }
    more->threads = threads;
    more->thread_count = kept;
    return 0;
}

static int read_threads(struct pt_reading *reading)
{
    struct pt_dir task;
    pid_t *tids = NULL;
    size_t count;
    int error = pt_dir_open_at(&task, &reading->dir, "task");

    if (error < 0)
        return error;
    error = pt_procfs_list(&task, &tids, &count);
    if (error == 0)
        error = read_thread_list(reading, &task, tids, count);
    free(tids);
    pt_dir_close(&task);
    return error;
}

/* --- what takes the mmap lock --- */

/* The first PT_STRINGS_KEPT bytes, through no more memory than that. */
static int read_head(struct pt_reading *reading, const char *name, struct pt_bytes *ret_bytes,
                     bool *ret_cut)
{
    char head[PT_STRINGS_KEPT + 1];
    unsigned passage = enter(reading);
    ssize_t length = pt_dir_read_head(live_dir(reading), name, head, sizeof head);

    if (!leave(reading, passage))
        return -ECANCELED;
    if (length < 0)
        return (int)length;
    *ret_cut = length == sizeof head;
    return keep_bytes(reading, head, (size_t)length - *ret_cut, ret_bytes);
}

static int read_whole(struct pt_reading *reading, const char *name, struct pt_bytes *ret_bytes,
                      bool *ret_cut)
{
    unsigned passage;
    int error;

    pt_buffer_clear(&reading->text);
    passage = enter(reading);
    error = pt_dir_read_all(live_dir(reading), name, &reading->text, PT_STRINGS_LIMIT);
    if (!leave(reading, passage))
        return -ECANCELED;
    if (error < 0)
        return error;
    *ret_cut = false;
    return keep_bytes(reading, reading->text.data, reading->text.length, ret_bytes);
}

static int read_strings(struct pt_reading *reading, const char *name, struct pt_bytes *ret_bytes,
                        bool *ret_cut)
{
    return reading->flags & PT_READ_WHOLE ? read_whole(reading, name, ret_bytes, ret_cut)
                                          : read_head(reading, name, ret_bytes, ret_cut);
}

static int read_cmdline(struct pt_reading *reading)
{
    struct pt_process_more *more = reading->process->more;

    return read_strings(reading, "cmdline", &more->cmdline, &more->cmdline_cut);
}

static int read_environ(struct pt_reading *reading)
{
    struct pt_process_more *more = reading->process->more;
    struct pt_bytes *kept = &more->environ;
    int error = read_strings(reading, "environ", kept, &more->environ_cut);

    /* Half a variable is another one. */
    while (error == 0 && more->environ_cut && kept->length > 0 &&
           kept->bytes[kept->length - 1] != '\0')
        kept->length--;
    return error;
}

struct smaps_walk {
    struct pt_reading *reading;
    unsigned passage;
    struct pt_smaps sums;
};

/* Each line is a passage of its own: the whole of a large file may well take its second. */
static int add_smaps_line(const char *line, size_t length, bool whole, void *data)
{
    struct smaps_walk *walk = data;

    if (!leave(walk->reading, walk->passage))
        return -ECANCELED;
    if (whole)
        pt_parse_smaps_line(line, length, &walk->sums);
    walk->passage = enter(walk->reading);
    return 0;
}

static int sum_smaps(struct pt_reading *reading)
{
    struct smaps_walk walk = {.reading = reading, .passage = enter(reading)};
    int error = pt_dir_lines(live_dir(reading), "smaps", add_smaps_line, &walk);

    if (error == -ECANCELED || !leave(reading, walk.passage))
        return -ECANCELED;
    if (error < 0)
        return error;
    if (!walk.sums.any)
        return -ESRCH;
    reading->process->more->smaps = walk.sums;
    return 0;
}

static int read_smaps_rollup(struct pt_reading *reading)
{
    unsigned passage = enter(reading);
    int error = read_record(reading, live_dir(reading), "smaps_rollup");

    if (!leave(reading, passage))
        return -ECANCELED;
    if (error == -ENOENT)
        return sum_smaps(reading);
    return error < 0 ? error
                     : pt_parse_smaps_rollup(reading->text.data, reading->text.length,
                                             &reading->process->more->smaps);
}

struct maps_walk {
    struct pt_reading *reading;
    unsigned passage;
    size_t last; /* where the last name begins: a file is mapped in several pieces */
};

/* 7f0c1e0f2000-7f0c1e0f8000 r-xp 00003000 fe:00 4021      /usr/lib/apache2/modules/mod_status.so */
static int append_mapped(struct maps_walk *walk, const char *line, size_t length)
{
    struct pt_buffer *names = &walk->reading->text;
    const char *path = memchr(line, '/', length), *name;
    size_t size;

    if (path == NULL)
        return 0;
    name = path + 1;
    for (const char *at = name; at < line + length; at++)
        if (*at == '/')
            name = at + 1;
    size = (size_t)(line + length - name);
    if (names->length - walk->last == size + 1 && memcmp(names->data + walk->last, name, size) == 0)
        return 0;
    if (names->length + size >= PT_DIR_LIMIT)
        return -EFBIG;
    walk->last = names->length;
    pt_buffer_append(names, name, size);
    return pt_buffer_append_byte(names, '\0');
}

static int take_maps_line(const char *line, size_t length, bool whole, void *data)
{
    struct maps_walk *walk = data;
    int error = 0;

    if (!leave(walk->reading, walk->passage))
        return -ECANCELED;
    if (whole)
        error = append_mapped(walk, line, length);
    walk->passage = enter(walk->reading);
    return error;
}

static int read_maps(struct pt_reading *reading)
{
    struct maps_walk walk = {.reading = reading};
    int error;

    pt_buffer_clear(&reading->text);
    walk.passage = enter(reading);
    error = pt_dir_lines(live_dir(reading), "maps", take_maps_line, &walk);
    if (error == -ECANCELED || !leave(reading, walk.passage))
        return -ECANCELED;
    if (error < 0)
        return error;
    return keep_bytes(reading, pt_buffer_text(&reading->text), reading->text.length,
                      &reading->process->more->mapped);
}

/* --- all --- */

static int (*const readers[PT_SOURCE_COUNT])(struct pt_reading *reading) = {
    [PT_SOURCE_OWNER] = read_owner,
    [PT_SOURCE_STATUS] = read_status,
    [PT_SOURCE_STATM] = read_statm,
    [PT_SOURCE_CGROUP] = read_cgroup,
    [PT_SOURCE_EXE] = read_exe,
    [PT_SOURCE_CWD] = read_cwd,
    [PT_SOURCE_LABEL] = read_label,
    [PT_SOURCE_OOM_SCORE] = read_oom_score,
    [PT_SOURCE_NAMESPACES] = read_namespaces,
    [PT_SOURCE_WCHAN] = read_wchan,
    [PT_SOURCE_INODE] = read_inode,
    [PT_SOURCE_THREADS] = read_threads,
    [PT_SOURCE_CMDLINE] = read_cmdline,
    [PT_SOURCE_ENVIRON] = read_environ,
    [PT_SOURCE_MAPS] = read_maps,
    [PT_SOURCE_SMAPS_ROLLUP] = read_smaps_rollup,
};

int pt_source_read(struct pt_reading *reading, enum pt_source source)
{
    return readers[source](reading);
}
