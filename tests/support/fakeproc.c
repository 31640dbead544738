#include "fakeproc.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 512 };

static void check(int result, const char *what)
{
    if (result < 0)
        ck_abort_msg("%s: %s", what, strerror(errno));
}

void fakeproc_init(struct fakeproc *proc)
{
    const char *base = getenv("TMPDIR");
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/fakeproc.XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(path));
    proc->path = strdup(path);
    ck_assert_ptr_nonnull(proc->path);
    proc->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(proc->fd, path);
    fakeproc_text(proc, 0, "uptime", "1000.00 900.00\n");
}

/* Takes DIRECTORY over. */
static void remove_entries(int directory)
{
    DIR *entries = fdopendir(directory);
    const struct dirent *entry;

    ck_assert_ptr_nonnull(entries);
    while ((entry = readdir(entries)) != NULL) {
        int inner;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        inner = openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0)
            remove_entries(inner);
        check(unlinkat(directory, entry->d_name, inner >= 0 ? AT_REMOVEDIR : 0), entry->d_name);
    }
    closedir(entries);
}

void fakeproc_done(struct fakeproc *proc)
{
    remove_entries(proc->fd);
    check(rmdir(proc->path), proc->path);
    free(proc->path);
    *proc = (struct fakeproc){.fd = -1};
}

/* --- single files --- */

static void make_directories(const struct fakeproc *proc, char *path)
{
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdirat(proc->fd, path, 0755) < 0 && errno != EEXIST)
            check(-1, path);
        *slash = '/';
    }
}

/* The path below the root, with its directories made and nothing there. */
static void make_room(const struct fakeproc *proc, pid_t pid, const char *name, char *path)
{
    if (pid > 0)
        snprintf(path, PATH_SIZE, "%d/%s", pid, name);
    else
        snprintf(path, PATH_SIZE, "%s", name);
    make_directories(proc, path);
    if (unlinkat(proc->fd, path, 0) < 0 && errno != ENOENT)
        check(-1, path);
}

void fakeproc_write(const struct fakeproc *proc, pid_t pid, const char *name, const char *bytes,
                    size_t length)
{
    char path[PATH_SIZE];
    int fd;

    make_room(proc, pid, name, path);
    fd = openat(proc->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    check(fd, path);
    ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
    close(fd);
}

void fakeproc_text(const struct fakeproc *proc, pid_t pid, const char *name, const char *text)
{
    fakeproc_write(proc, pid, name, text, strlen(text));
}

void fakeproc_link(const struct fakeproc *proc, pid_t pid, const char *name, const char *target)
{
    char path[PATH_SIZE];

    make_room(proc, pid, name, path);
    check(symlinkat(target, proc->fd, path), path);
}

void fakeproc_fifo(const struct fakeproc *proc, pid_t pid, const char *name)
{
    char path[PATH_SIZE];

    make_room(proc, pid, name, path);
    check(mkfifoat(proc->fd, path, 0644), path);
}

void fakeproc_unlink(const struct fakeproc *proc, pid_t pid, const char *name)
{
    char path[PATH_SIZE];

    make_room(proc, pid, name, path);
}

/* --- processes --- */

static size_t comm_length(const struct fake_process *process)
{
    return process->comm_length || !process->comm ? process->comm_length : strlen(process->comm);
}

static void write_stat(const struct fakeproc *proc, const char *name,
                       const struct fake_process *process)
{
    char text[2048];
    int before = snprintf(text, sizeof text, "%d (", process->pid);
    size_t length = (size_t)before, comm = comm_length(process);

    ck_assert_uint_lt(comm, 1024);
    memcpy(text + length, process->comm, comm);
    length += comm;
    length += (size_t)snprintf(
        text + length, sizeof text - length,
        ") %c %d %d %d %d %d %" PRIu32 " 0 0 0 0 %" PRIu64 " %" PRIu64 " 0 0 20 %d %" PRIu32
        " 0 %" PRIu64 " %" PRIu64 " %" PRIu64 " 18446744073709551615 0 0 0\n",
        process->state, process->ppid, process->pgrp, process->session, process->tty,
        process->tpgid, process->flags, process->utime, process->stime, process->nice,
        process->threads, process->starttime, process->vsize, process->rss);
    fakeproc_write(proc, 0, name, text, length);
}

static void write_status(const struct fakeproc *proc, const struct fake_process *process)
{
    char text[1024];

    snprintf(text, sizeof text,
             "Name:\tfake\nState:\t%c\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n"
             "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nNSpid:\t%d\n"
             "VmRSS:\t%8" PRIu64 " kB\nThreads:\t%" PRIu32 "\n"
             "SigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t0000000000000000\n"
             "SigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n",
             process->state, process->pid, process->ppid, process->uid, process->uid, process->uid,
             process->uid, process->gid, process->gid, process->gid, process->gid, process->pid,
             process->rss * 4, process->threads);
    fakeproc_text(proc, process->pid, "status", text);
}

static void write_comm(const struct fakeproc *proc, const char *name, const char *comm,
                       size_t length)
{
    char text[1024];

    ck_assert_uint_lt(length, sizeof text);
    memcpy(text, comm, length);
    text[length] = '\n';
    fakeproc_write(proc, 0, name, text, length + 1);
}

static struct fake_process with_usual_values(const struct fake_process *process)
{
    struct fake_process usual = *process;

    usual.pgrp = usual.pgrp ? usual.pgrp : usual.pid;
    usual.session = usual.session ? usual.session : usual.pid;
    usual.tpgid = usual.tpgid ? usual.tpgid : -1;
    usual.threads = usual.threads ? usual.threads : 1;
    usual.state = usual.state ? usual.state : 'S';
    usual.comm = usual.comm ? usual.comm : "fake";
    usual.starttime = usual.starttime ? usual.starttime : (uint64_t)usual.pid;
    return usual;
}

static void write_task(const struct fakeproc *proc, pid_t pid, const struct fake_process *thread)
{
    char name[PATH_SIZE];

    snprintf(name, sizeof name, "%d/task/%d/stat", pid, thread->pid);
    write_stat(proc, name, thread);
    snprintf(name, sizeof name, "%d/task/%d/comm", pid, thread->pid);
    write_comm(proc, name, thread->comm, comm_length(thread));
}

void fakeproc_add(const struct fakeproc *proc, const struct fake_process *process)
{
    struct fake_process usual = with_usual_values(process);
    char name[PATH_SIZE], text[128];

    snprintf(name, sizeof name, "%d/stat", usual.pid);
    write_stat(proc, name, &usual);
    snprintf(name, sizeof name, "%d/comm", usual.pid);
    write_comm(proc, name, usual.comm, comm_length(&usual));
    snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " 0 1 0 1 0\n", usual.vsize / 4096,
             usual.rss);
    fakeproc_text(proc, usual.pid, "statm", text);
    fakeproc_write(proc, usual.pid, "cmdline", usual.comm, strlen(usual.comm) + 1);
    write_status(proc, &usual);
    write_task(proc, usual.pid, &usual);
}

void fakeproc_add_thread(const struct fakeproc *proc, pid_t pid, pid_t tid, const char *comm,
                         char state)
{
    struct fake_process thread =
        with_usual_values(&(struct fake_process){.pid = tid, .comm = comm, .state = state});

    write_task(proc, pid, &thread);
}

void fakeproc_remove(const struct fakeproc *proc, pid_t pid)
{
    char name[PATH_SIZE];
    int directory;

    snprintf(name, sizeof name, "%d", pid);
    directory = openat(proc->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(directory, name);
    remove_entries(directory);
    check(unlinkat(proc->fd, name, AT_REMOVEDIR), name);
}
