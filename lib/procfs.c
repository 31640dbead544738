#include "procfs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "kernel.h"
#include "procparse.h"
#include "text.h"
#include "units.h"

/* --- paths --- */

const char *pt_procfs_path(char buffer[PT_PROCFS_PATH], pid_t pid, const char *file)
{
    char digits[16], *digit = digits + sizeof digits;
    size_t length, rest;

    /* No snprintf: it would take a tenth of the time that a process costs. */
    do
        *--digit = (char)('0' + pid % 10);
    while ((pid /= 10) > 0);
    length = (size_t)(digits + sizeof digits - digit);
    memcpy(buffer, digit, length);
    if (file != NULL) {
        buffer[length++] = '/';
        rest = strnlen(file, PT_PROCFS_PATH - 1 - length);
        memcpy(buffer + length, file, rest);
        length += rest;
    }
    buffer[length] = '\0';
    return buffer;
}

/* --- lists --- */

struct pid_list {
    pid_t *pids;
    size_t count, room;
    bool ascending;
};

static int add_pid(const char *name, unsigned char type, void *data)
{
    struct pid_list *list = data;
    pid_t pid = type == DT_DIR || type == DT_UNKNOWN ? pt_parse_pid_name(name) : 0;
    pid_t *grown;

    if (pid == 0)
        return 0;
    grown = pt_grow(list->pids, list->count, &list->room, sizeof *grown);
    if (grown == NULL)
        return -ENOMEM;
    list->pids = grown;
    if (list->count > 0 && list->pids[list->count - 1] > pid)
        list->ascending = false;
    list->pids[list->count++] = pid;
    return 0;
}

static int compare_pids(const void *left, const void *right)
{
    pid_t a = *(const pid_t *)left, b = *(const pid_t *)right;

    return (a > b) - (a < b);
}

int pt_procfs_list(const struct pt_dir *dir, pid_t **ret_pids, size_t *ret_count)
{
    struct pid_list list = {.ascending = true};
    int error = pt_dir_each(dir, add_pid, &list);

    if (error < 0) {
        free(list.pids);
        return error;
    }
    if (!list.ascending)
        qsort(list.pids, list.count, sizeof *list.pids, compare_pids);
    *ret_pids = list.pids;
    *ret_count = list.count;
    return 0;
}

int pt_procfs_pids(const struct pt_procfs *procfs, pid_t **ret_pids, size_t *ret_count)
{
    return pt_procfs_list(&procfs->root, ret_pids, ret_count);
}

/* --- root --- */

static int find_pid(const char *name, unsigned char type, void *data)
{
    (void)data;
    return (type == DT_DIR || type == DT_UNKNOWN) && pt_parse_pid_name(name) != 0;
}

/* 1, 0 or -errno. One that was captured says when: without that no age can be told. */
static int looks_like_procfs(const struct pt_procfs *procfs)
{
    struct stat found;

    if (procfs->live && (pt_dir_stat(&procfs->root, "self", &found) == 0 ||
                         pt_dir_stat(&procfs->root, "version", &found) == 0))
        return 1;
    if (!procfs->live && pt_dir_stat(&procfs->root, "uptime", &found) != 0)
        return 0;
    return pt_dir_each(&procfs->root, find_pid, NULL);
}

static bool is_live(const struct pt_dir *root)
{
    struct statfs found;

    return fstatfs(root->fd, &found) == 0 && (uint64_t)found.f_type == PT_PROC_MAGIC;
}

/* Our PID as this root has it; 0: we are none of its processes. -errno. */
static int find_self(const struct pt_dir *root)
{
    struct pt_buffer self = {0};
    int error = pt_dir_readlink(root, "self", &self);
    int pid = error == 0 ? pt_parse_pid_name(pt_buffer_text(&self)) : 0;

    pt_buffer_done(&self);
    return pt_error_is_ours(error) ? error : pid;
}

/* How many PIDs we have from this root's namespace inwards; 0: the kernel does not say. -errno. */
static int count_own_pids(const struct pt_dir *root)
{
    struct pt_buffer text = {0};
    struct pt_status status = {0};
    char path[PT_PROCFS_PATH];
    int count = 0;
    int error =
        pt_dir_read_all(root, pt_procfs_path(path, getpid(), "status"), &text, PT_DIR_LIMIT);

    if (error == 0 && pt_parse_status(pt_buffer_text(&text), text.length, &status) == 0)
        count = (int)status.nspid_count;
    pt_buffer_done(&text);
    return pt_error_is_ours(error) ? error : count;
}

/* 0 or -errno. */
static int find_namespace(struct pt_procfs *procfs)
{
    int self = procfs->live ? find_self(&procfs->root) : 0;
    int pids = self == getpid() ? count_own_pids(&procfs->root) : 0;

    if (self < 0 || pids < 0)
        return self < 0 ? self : pids;
    procfs->self = self;
    procfs->own_namespace = self == getpid() && pids <= 1;
    return 0;
}

int pt_procfs_open(struct pt_procfs *ret_procfs, const char *path)
{
    struct pt_procfs procfs = PT_PROCFS_CLOSED;
    int error = pt_dir_open(&procfs.root, path ? path : "/proc");

    if (error < 0)
        return error;
    procfs.live = is_live(&procfs.root);
    procfs.ticks = getauxval(AT_CLKTCK);
    procfs.page_size = getauxval(AT_PAGESZ);
    error = looks_like_procfs(&procfs);
    if (error == 0)
        error = -EINVAL;
    if (error > 0)
        error = find_namespace(&procfs);
    if (error == 0)
        procfs.held = calloc(1, sizeof *procfs.held);
    if (error == 0 && procfs.held == NULL)
        error = -ENOMEM;
    if (error < 0)
        pt_procfs_close(&procfs);
    else
        *ret_procfs = procfs;
    return error;
}

void pt_procfs_close(struct pt_procfs *procfs)
{
    pt_dir_close(&procfs->root);
    free(procfs->held);
    procfs->held = NULL;
}

int pt_procfs_open_pid(const struct pt_procfs *procfs, pid_t pid, struct pt_dir *ret_dir)
{
    char path[PT_PROCFS_PATH];

    return pt_dir_open_at(ret_dir, &procfs->root, pt_procfs_path(path, pid, NULL));
}

/* --- clocks --- */

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * PT_SECOND + time.tv_nsec;
}

static int clocks_now(struct pt_clocks *ret_clocks)
{
    struct timespec boottime, realtime;

    if (clock_gettime(CLOCK_BOOTTIME, &boottime) < 0 ||
        clock_gettime(CLOCK_REALTIME, &realtime) < 0)
        return -errno;
    *ret_clocks = (struct pt_clocks){nanoseconds(boottime), nanoseconds(realtime)};
    return 0;
}

int pt_procfs_clocks(const struct pt_procfs *procfs, struct pt_clocks *ret_clocks)
{
    struct pt_clocks clocks;
    struct stat file;
    char text[128];
    ssize_t length;
    int error;

    if (procfs->live)
        return clocks_now(ret_clocks);
    length = pt_dir_read(&procfs->root, "uptime", text, sizeof text);
    if (length < 0)
        return (int)length;
    error = pt_dir_stat(&procfs->root, "uptime", &file);
    if (error < 0)
        return error;
    error = pt_parse_uptime(text, (size_t)length, &clocks.boottime);
    if (error < 0)
        return error;
    clocks.realtime = nanoseconds(file.st_mtim);
    *ret_clocks = clocks;
    return 0;
}
