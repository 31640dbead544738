/*
 * A file that is always whole: written beside, then renamed over. Where others may write into the
 * directory they can plant links and files: what we open we create, and what we rename is in the
 * directory that we opened. The name beside does not end in `.prom`, so that no collector reads it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apache_mem.h"
#include "buffer.h"
#include "kernel.h"

#define ATTEMPTS 16
#define NAME_SIZE 48

static int random_number(uint64_t *ret_number)
{
    int error = pt_getrandom(ret_number, sizeof *ret_number);
    int fd;
    ssize_t count;

    if (error == 0)
        return 0;
    fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    count = read(fd, ret_number, sizeof *ret_number);
    error = count == (ssize_t)sizeof *ret_number ? 0 : -EIO;
    close(fd);
    return error;
}

/* The directory's descriptor and the name in it. */
static int open_directory(const char *file, const char **ret_name)
{
    const char *slash = strrchr(file, '/');
    struct pt_buffer path = {0};
    int fd, error;

    *ret_name = slash != NULL ? slash + 1 : file;
    if (slash == NULL)
        pt_buffer_append_text(&path, ".");
    else
        pt_buffer_append(&path, file, slash == file ? 1 : (size_t)(slash - file));
    if (path.error < 0) {
        pt_buffer_done(&path);
        return -ENOMEM;
    }
    fd = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    error = errno;
    pt_buffer_done(&path);
    return fd >= 0 ? fd : -error;
}

static int create(int directory, char ret_name[NAME_SIZE])
{
    for (int i = 0; i < ATTEMPTS; i++) {
        uint64_t number;
        int error = random_number(&number), fd;

        if (error < 0)
            return error;
        snprintf(ret_name, NAME_SIZE, ".apache-mem.%016" PRIx64 ".tmp", number);
        fd =
            openat(directory, ret_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0)
            return fd;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

static int write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t count = write(fd, text, length);

        if (count < 0 && errno != EINTR)
            return -errno;
        if (count > 0) {
            text += count;
            length -= (size_t)count;
        }
    }
    return fchmod(fd, 0644) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* A link, a device or a directory that stands there is not ours to replace. */
static int look_at(int directory, const char *name)
{
    struct stat found;

    if (*name == '\0')
        return -EISDIR;
    if (fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    return S_ISREG(found.st_mode) ? 0 : -EEXIST;
}

int apache_store(const char *file, const char *text, size_t length)
{
    char beside[NAME_SIZE];
    const char *name;
    int directory = open_directory(file, &name), fd, error;

    if (directory < 0)
        return directory;
    error = look_at(directory, name);
    fd = error == 0 ? create(directory, beside) : error;
    if (fd < 0) {
        close(directory);
        return fd;
    }
    error = write_all(fd, text, length);
    if (close(fd) < 0 && error == 0)
        error = -errno;
    if (error == 0 && renameat(directory, beside, directory, name) < 0)
        error = -errno;
    if (error < 0)
        unlinkat(directory, beside, 0);
    close(directory);
    return error;
}
