#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- fork and exec --- */

static int replace_descriptors(const struct pt_helper *helper)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
        return -errno;
    if (helper->output >= 0 && dup2(helper->output, STDOUT_FILENO) < 0)
        return -errno;
    return 0;
}

/* In the child; returns only when it fails. */
static int become_program(const struct pt_helper *helper)
{
    int error = replace_descriptors(helper);
    sigset_t none;

    if (error != 0)
        return error;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(helper->path, helper->argv);
    return -errno;
}

static int read_error(int pipe)
{
    int error = 0;
    ssize_t length;

    do
        length = read(pipe, &error, sizeof error);
    while (length < 0 && errno == EINTR);
    return length == (ssize_t)sizeof error ? error : 0;
}

int pt_helper_start(const struct pt_helper *helper, pid_t *ret_pid)
{
    int ends[2], error;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    pid = fork();
    if (pid == 0) {
        error = become_program(helper);
        /* Nobody reads it: then we have been killed. */
        while (write(ends[1], &error, sizeof error) < 0 && errno == EINTR)
            continue;
        _exit(127);
    }
    error = pid < 0 ? -errno : 0;
    close(ends[1]);
    if (error == 0)
        error = read_error(ends[0]);
    close(ends[0]);
    if (error != 0 && pid > 0)
        waitpid(pid, NULL, 0);
    if (error == 0)
        *ret_pid = pid;
    return error;
}

int pt_helper_status(int wait_status)
{
    if (WIFSIGNALED(wait_status))
        return 128 + WTERMSIG(wait_status);
    return WEXITSTATUS(wait_status);
}

/* --- which file --- */

static bool is_trusted(const struct stat *status)
{
    if (geteuid() != 0)
        return true;
    return status->st_uid == 0 && (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* 0, -ENOENT or -EACCES; -EPERM: it is not trusted. */
static int check_program(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return -ENOENT;
    if (!S_ISREG(status.st_mode) || access(path, X_OK) != 0)
        return -EACCES;
    return is_trusted(&status) ? 0 : -EPERM;
}

/* Where a path leads, nobody else may put another file in its place. 0, -EPERM or as above. */
static int check_place(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct pt_buffer directory;
    struct stat status;
    int error = -ENOMEM;

    pt_buffer_init(&directory);
    if (pt_buffer_append(&directory, path, slash == path ? 1 : (size_t)(slash - path)) == 0)
        error = stat(directory.data, &status) == 0 ? 0 : -ENOENT;
    pt_buffer_done(&directory);
    if (error != 0)
        return error;
    if ((status.st_mode & S_ISVTX) != 0)
        status.st_mode &= ~(mode_t)(S_IWGRP | S_IWOTH);
    return is_trusted(&status) ? 0 : -EPERM;
}

static void skip(struct pt_buffer *skipped, const char *path)
{
    if (skipped == NULL)
        return;
    if (skipped->length > 0)
        pt_buffer_append_text(skipped, ", ");
    pt_buffer_append_text(skipped, path);
}

/* NAME in one directory of PATH. */
static int look_in(const char *directory, size_t length, const char *name,
                   struct pt_buffer *ret_path, struct pt_buffer *skipped)
{
    struct stat status;
    int error;

    pt_buffer_clear(ret_path);
    if (length == 0 || *directory != '/')
        return -ENOENT;
    pt_buffer_append(ret_path, directory, length);
    if (ret_path->error != 0)
        return ret_path->error;
    if (stat(ret_path->data, &status) != 0)
        return -ENOENT;
    pt_buffer_append_format(ret_path, "/%s", name);
    if (ret_path->error != 0)
        return ret_path->error;
    error = check_program(ret_path->data);
    if (error == -EPERM || (error == 0 && !is_trusted(&status))) {
        skip(skipped, ret_path->data);
        return -EPERM;
    }
    return error;
}

int pt_helper_find(const char *name, struct pt_buffer *ret_path, struct pt_buffer *ret_skipped)
{
    const char *path = getenv("PATH");
    int seen = -ENOENT;

    if (strchr(name, '/') != NULL) {
        pt_buffer_clear(ret_path);
        if (pt_buffer_append_text(ret_path, name) != 0)
            return -ENOMEM;
        seen = check_program(name);
        if (seen == 0)
            seen = check_place(name);
        if (seen == -EPERM)
            skip(ret_skipped, name);
        return seen == -EPERM ? -EACCES : seen;
    }
    if (path == NULL || *name == '\0')
        return -ENOENT;
    for (;;) {
        size_t length = strcspn(path, ":");
        int error = look_in(path, length, name, ret_path, ret_skipped);

        if (error == 0 || error == -ENOMEM)
            return error;
        if (error != -ENOENT)
            seen = -EACCES;
        if (path[length] == '\0')
            return seen;
        path += length + 1;
    }
}
