#include "pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"

#define READ_SIZE 64

/* As many as path_resolution(7) follows. */
#define LINKS_MAX 40

/* --- what it says --- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static int parse(const char *bytes, size_t length, pid_t *ret_pid, struct pt_fault *fault)
{
    const char *end = memchr(bytes, '\n', length);
    const char *begin = bytes;

    if (end == NULL) {
        end = bytes + length;
        if (length == READ_SIZE)
            return pt_fault_set(fault, 0, "the first line is too long");
    }
    while (begin < end && is_blank(*begin))
        begin++;
    while (end > begin && is_blank(end[-1]))
        end--;
    if (begin == end)
        return pt_fault_set(fault, 0, "holds no pid");
    if (pt_parse_pid_n(begin, (size_t)(end - begin), ret_pid, NULL) != 0)
        return pt_fault_set(fault, (size_t)(begin - bytes), "does not begin with a pid");
    return 0;
}

/* --- the file --- */

/* O_PATH opens nothing: a FIFO or device is seen before it could hold us. */
static int look(int directory, const char *name, int flags, struct stat *ret_status)
{
    int fd = openat(directory, name, O_PATH | O_CLOEXEC | flags);
    int error;

    if (fd < 0)
        return -errno;
    error = fstat(fd, ret_status) != 0 ? -errno : 0;
    close(fd);
    return error;
}

static int read_file(int directory, const char *name, int flags, const struct stat *seen,
                     pid_t *ret_pid, struct pt_fault *fault)
{
    int fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
    char bytes[READ_SIZE] = "";
    struct stat status;
    ssize_t length = 0;
    int error = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) != 0)
        error = -errno;
    else if (status.st_dev != seen->st_dev || status.st_ino != seen->st_ino)
        error = pt_fault_set(fault, 0, "was replaced while it was read");
    else
        length = read(fd, bytes, sizeof bytes);
    if (length < 0)
        error = -errno;
    close(fd);
    return error != 0 ? error : parse(bytes, (size_t)length, ret_pid, fault);
}

static int require_regular(const struct stat *status, struct pt_fault *fault)
{
    if (S_ISLNK(status->st_mode))
        return pt_fault_set(fault, 0, "refused: a symbolic link");
    if (!S_ISREG(status->st_mode))
        return pt_fault_set(fault, 0, "refused: not a regular file");
    return 0;
}

/* --- the strict way --- */

struct walk {
    int directory;            /* where we are */
    bool writable;            /* others may write there, though it is sticky */
    struct pt_buffer pending; /* what of the path is still to be walked */
    size_t links;
    struct pt_fault *fault;
};

static int check_directory(struct walk *walk)
{
    struct stat status;

    if (fstat(walk->directory, &status) != 0)
        return -errno;
    if (status.st_uid != 0)
        return pt_fault_set(walk->fault, 0, "refused: in a directory that is not root's");
    walk->writable = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (walk->writable && !(status.st_mode & S_ISVTX))
        return pt_fault_set(walk->fault, 0, "refused: in a directory that others may write to");
    return 0;
}

static int enter(struct walk *walk, const char *name)
{
    int fd = openat(walk->directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (walk->directory >= 0)
        close(walk->directory);
    walk->directory = fd;
    return check_directory(walk);
}

/* Puts the link's text before what is still to be walked. */
static int follow(struct walk *walk, const char *name)
{
    char target[4096];
    ssize_t length;
    struct pt_buffer rest;
    int error;

    if (walk->writable)
        return pt_fault_set(walk->fault, 0,
                            "refused: reached by a link in a directory that others may write to");
    if (++walk->links > LINKS_MAX)
        return -ELOOP;
    length = readlinkat(walk->directory, name, target, sizeof target);
    if (length < 0)
        return -errno;
    if (length == (ssize_t)sizeof target)
        return -ENAMETOOLONG;
    pt_buffer_init(&rest);
    pt_buffer_append(&rest, target, (size_t)length);
    pt_buffer_append_byte(&rest, '/');
    error = pt_buffer_append_text(&rest, pt_buffer_text(&walk->pending));
    pt_buffer_done(&walk->pending);
    walk->pending = rest;
    if (error == 0 && target[0] == '/')
        error = enter(walk, "/");
    return error;
}

/* Takes the next name off the path, into memory that the caller frees; NULL in *ret_name at the
 * end. */
static int next_name(struct walk *walk, char **ret_name, bool *ret_last)
{
    const char *text = pt_buffer_text(&walk->pending);
    size_t skip = strspn(text, "/");
    size_t length = strcspn(text + skip, "/");
    size_t after = skip + length + strspn(text + skip + length, "/");
    struct pt_buffer rest;
    char *name = NULL;

    if (length > 0) {
        name = strndup(text + skip, length);
        if (name == NULL)
            return -ENOMEM;
    }
    *ret_last = text[after] == '\0';
    pt_buffer_init(&rest);
    if (pt_buffer_append_text(&rest, text + after) != 0) {
        free(name);
        return -ENOMEM;
    }
    pt_buffer_done(&walk->pending);
    walk->pending = rest;
    *ret_name = name;
    return 0;
}

static int read_last(struct walk *walk, const char *name, pid_t *ret_pid)
{
    struct stat status = {0};
    int error;

    if (walk->writable)
        return pt_fault_set(walk->fault, 0, "refused: in a directory that others may write to");
    error = look(walk->directory, name, O_NOFOLLOW, &status);
    if (error == 0)
        error = require_regular(&status, walk->fault);
    if (error == 0 && status.st_uid != 0)
        error = pt_fault_set(walk->fault, 0, "refused: not root's");
    if (error == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        error = pt_fault_set(walk->fault, 0, "refused: others may write to it");
    if (error == 0)
        error = read_file(walk->directory, name, O_NOFOLLOW, &status, ret_pid, walk->fault);
    return error;
}

/* One name further; 1 when the file was read. A link's text goes before the rest of the path, so
 * the last name is always the file's own. */
static int walk_name(struct walk *walk, const char *name, bool last, pid_t *ret_pid)
{
    struct stat status = {0};
    int error;

    if (last) {
        error = read_last(walk, name, ret_pid);
        return error == 0 ? 1 : error;
    }
    error = look(walk->directory, name, O_NOFOLLOW, &status);
    if (error != 0)
        return error;
    return S_ISLNK(status.st_mode) ? follow(walk, name) : enter(walk, name);
}

static int begin_walk(struct walk *walk, const char *path)
{
    if (path[0] != '/') {
        char *here = getcwd(NULL, 0);

        if (here == NULL)
            return -errno;
        pt_buffer_append_text(&walk->pending, here);
        pt_buffer_append_byte(&walk->pending, '/');
        free(here);
    }
    if (pt_buffer_append_text(&walk->pending, path) != 0)
        return -ENOMEM;
    return enter(walk, "/");
}

static int read_strictly(const char *path, pid_t *ret_pid, struct pt_fault *fault)
{
    struct walk walk = {.directory = -1, .fault = fault};
    int result;

    pt_buffer_init(&walk.pending);
    result = begin_walk(&walk, path);
    while (result == 0) {
        char *name = NULL;
        bool last = false;

        result = next_name(&walk, &name, &last);
        if (result == 0)
            result = name != NULL ? walk_name(&walk, name, last, ret_pid)
                                  : pt_fault_set(fault, 0, "refused: not a regular file");
        free(name);
    }
    if (walk.directory >= 0)
        close(walk.directory);
    pt_buffer_done(&walk.pending);
    return result == 1 ? 0 : result;
}

int pt_pidfile_read(const char *path, bool strict, pid_t *ret_pid, struct pt_fault *fault)
{
    struct stat status = {0};
    int error;

    if (strict)
        return read_strictly(path, ret_pid, fault);
    error = look(AT_FDCWD, path, 0, &status);
    if (error == 0)
        error = require_regular(&status, fault);
    if (error == 0)
        error = read_file(AT_FDCWD, path, 0, &status, ret_pid, fault);
    return error;
}
