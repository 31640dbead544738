/*
 * Where the kernel made the directory a name is opened at once. Elsewhere a path is walked, no link
 * followed, and the file is looked at before it is opened (opening some devices does something) and
 * after (somebody may have swapped it).
 */
#include "dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "kernel.h"
#include "text.h"

#define READ_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

#define LINE_BUFFER ((size_t)64 << 10)
#define ENTRY_BUFFER ((size_t)32 << 10)
#define FIRST_READ ((size_t)4096 - 1)

/* --- opening --- */

static bool is_kernel_made(int fd)
{
    struct statfs found;

    if (fstatfs(fd, &found) < 0)
        return false;
    switch ((uint64_t)found.f_type) {
    case PT_PROC_MAGIC:
    case PT_SYSFS_MAGIC:
    case PT_CGROUP_MAGIC:
    case PT_CGROUP2_MAGIC:
        return true;
    default:
        return false;
    }
}

int pt_dir_open(struct pt_dir *ret_dir, const char *path)
{
    int fd = open(path, DIRECTORY_FLAGS);

    if (fd < 0)
        return -errno;
    *ret_dir = (struct pt_dir){.fd = fd, .kernel_made = is_kernel_made(fd), .name = path};
    return 0;
}

void pt_dir_close(struct pt_dir *dir)
{
    if (dir->fd >= 0)
        close(dir->fd);
    dir->fd = -1;
}

/* Where the last word of a path is to be looked for: `fd` is the directory's own, or one that
 * leave_parent closes. */
struct parent {
    int fd;
    const char *name;
};

static void leave_parent(const struct pt_dir *dir, const struct parent *parent)
{
    int error = errno;

    if (parent->fd != dir->fd)
        close(parent->fd);
    errno = error;
}

/* One step down; no link is followed. */
static int enter(const struct pt_dir *dir, struct parent *parent, size_t length)
{
    char word[NAME_MAX + 1];
    int fd;

    if (length >= sizeof word)
        return -ENAMETOOLONG;
    memcpy(word, parent->name, length);
    word[length] = '\0';
    fd = openat(parent->fd, word, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    leave_parent(dir, parent);
    parent->fd = fd;
    parent->name += length + 1;
    return 0;
}

static int find_parent(const struct pt_dir *dir, const char *name, struct parent *ret_parent)
{
    struct parent parent = {dir->fd, name};
    const char *slash;

    while (!dir->kernel_made && (slash = strchr(parent.name, '/')) != NULL) {
        int error = enter(dir, &parent, (size_t)(slash - parent.name));

        if (error < 0) {
            leave_parent(dir, &parent);
            return error;
        }
    }
    *ret_parent = parent;
    return 0;
}

/* 0, or why this is no file to be read. */
static int refuse_special(const struct stat *file)
{
    if (S_ISREG(file->st_mode))
        return 0;
    if (S_ISLNK(file->st_mode))
        return -ELOOP;
    return S_ISDIR(file->st_mode) ? -EISDIR : -EINVAL;
}

static int open_regular(const struct parent *parent)
{
    struct stat file;
    int fd, error;

    if (fstatat(parent->fd, parent->name, &file, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    error = refuse_special(&file);
    if (error < 0)
        return error;
    fd = openat(parent->fd, parent->name, READ_FLAGS);
    if (fd < 0)
        return -errno;
    error = fstat(fd, &file) < 0 ? -errno : refuse_special(&file);
    if (error < 0) {
        close(fd);
        return error;
    }
    return fd;
}

/* The file's descriptor, or -errno. */
static int open_file(const struct pt_dir *dir, const char *name)
{
    struct parent parent;
    int fd;

    if (dir->kernel_made) {
        fd = openat(dir->fd, name, READ_FLAGS);
        return fd < 0 ? -errno : fd;
    }
    fd = find_parent(dir, name, &parent);
    if (fd < 0)
        return fd;
    fd = open_regular(&parent);
    leave_parent(dir, &parent);
    return fd;
}

int pt_dir_open_at(struct pt_dir *ret_dir, const struct pt_dir *parent_dir, const char *name)
{
    struct parent parent;
    int error = find_parent(parent_dir, name, &parent), fd;

    if (error < 0)
        return error;
    fd = openat(parent.fd, parent.name, DIRECTORY_FLAGS | O_NOFOLLOW);
    error = fd < 0 ? -errno : 0;
    leave_parent(parent_dir, &parent);
    if (error < 0)
        return error;
    *ret_dir = (struct pt_dir){.fd = fd,
                               .kernel_made = parent_dir->kernel_made || is_kernel_made(fd),
                               .name = parent_dir->name};
    return 0;
}

/* --- reading --- */

static ssize_t read_again(int fd, char *buffer, size_t size)
{
    ssize_t count;

    do
        count = read(fd, buffer, size);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

ssize_t pt_dir_read(const struct pt_dir *dir, const char *name, char *buffer, size_t size)
{
    int fd = open_file(dir, name);
    ssize_t count;

    if (fd < 0)
        return fd;
    count = read_again(fd, buffer, size);
    close(fd);
    return count == (ssize_t)size ? -EFBIG : count;
}

ssize_t pt_dir_read_head(const struct pt_dir *dir, const char *name, char *buffer, size_t size)
{
    int fd = open_file(dir, name);
    size_t length = 0;
    ssize_t count = 1;

    if (fd < 0)
        return fd;
    while (length < size && count > 0) {
        count = read_again(fd, buffer + length, size - length);
        if (count > 0)
            length += (size_t)count;
    }
    close(fd);
    return count < 0 ? count : (ssize_t)length;
}

/* Appends until the file ends, or 0 comes before `limit` does. */
static int append_all(int fd, struct pt_buffer *bytes, size_t limit)
{
    size_t length = 0, want = FIRST_READ;
    ssize_t count;

    for (;;) {
        if (pt_buffer_reserve(bytes, want) < 0)
            return -ENOMEM;
        count = read_again(fd, bytes->data + bytes->length, want);
        if (count <= 0)
            return (int)count;
        bytes->length += (size_t)count;
        bytes->data[bytes->length] = '\0';
        length += (size_t)count;
        if (length >= limit)
            return -EFBIG;
        want = length > FIRST_READ ? length : FIRST_READ;
    }
}

int pt_dir_read_all(const struct pt_dir *dir, const char *name, struct pt_buffer *ret_bytes,
                    size_t limit)
{
    int fd = open_file(dir, name), error;
    size_t before = ret_bytes->length;

    if (fd < 0)
        return fd;
    error = append_all(fd, ret_bytes, limit);
    close(fd);
    if (error < 0)
        pt_buffer_truncate(ret_bytes, before);
    return error;
}

/* --- lines --- */

struct lines {
    pt_line_function *each;
    void *data;
    size_t length; /* bytes in the buffer */
    bool skipping; /* the rest of a line that was passed cut */
    char buffer[LINE_BUFFER];
};

/* Passes every whole line in the buffer and moves the rest to its beginning. */
static int pass_lines(struct lines *lines)
{
    char *line = lines->buffer, *end = line + lines->length, *newline;
    int result = 0;

    while (result == 0 && (newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        if (!lines->skipping)
            result = lines->each(line, (size_t)(newline - line), true, lines->data);
        lines->skipping = false;
        line = newline + 1;
    }
    lines->length = (size_t)(end - line);
    memmove(lines->buffer, line, lines->length);
    return result;
}

/* What has no newline behind it: a line longer than the buffer, or the file's last. */
static int pass_rest(struct lines *lines, bool whole)
{
    int result = 0;

    if (!lines->skipping && lines->length > 0)
        result = lines->each(lines->buffer, lines->length, whole, lines->data);
    lines->skipping = !whole;
    lines->length = 0;
    return result;
}

int pt_dir_lines(const struct pt_dir *dir, const char *name, pt_line_function *each, void *data)
{
    struct lines lines;
    int fd = open_file(dir, name), result = 0;
    ssize_t count = 1;

    if (fd < 0)
        return fd;
    lines.each = each;
    lines.data = data;
    lines.length = 0;
    lines.skipping = false;
    while (result == 0 && count > 0) {
        count = read_again(fd, lines.buffer + lines.length, LINE_BUFFER - lines.length);
        if (count < 0)
            result = (int)count;
        else if (count == 0)
            result = pass_rest(&lines, true);
        else {
            lines.length += (size_t)count;
            result = pass_lines(&lines);
            if (result == 0 && lines.length == LINE_BUFFER)
                result = pass_rest(&lines, false);
        }
    }
    close(fd);
    return result;
}

/* --- links, stat, entries --- */

static int append_link(const struct parent *parent, struct pt_buffer *text)
{
    for (size_t size = 256;; size *= 2) {
        ssize_t count;

        if (pt_buffer_reserve(text, size) < 0)
            return -ENOMEM;
        count = readlinkat(parent->fd, parent->name, text->data + text->length, size);
        if (count < 0)
            return -errno;
        if ((size_t)count < size) {
            text->length += (size_t)count;
            text->data[text->length] = '\0';
            return 0;
        }
    }
}

int pt_dir_readlink(const struct pt_dir *dir, const char *name, struct pt_buffer *ret_text)
{
    struct parent parent;
    int error = find_parent(dir, name, &parent);

    if (error < 0)
        return error;
    error = append_link(&parent, ret_text);
    leave_parent(dir, &parent);
    return error;
}

int pt_dir_stat(const struct pt_dir *dir, const char *name, struct stat *ret_stat)
{
    struct parent parent;
    struct stat found;
    int error = find_parent(dir, name, &parent);

    if (error < 0)
        return error;
    if (fstatat(parent.fd, parent.name, &found, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0)
        error = -errno;
    else
        *ret_stat = found;
    leave_parent(dir, &parent);
    return error;
}

/* Passes the entries of one answer of getdents64. */
static int pass_entries(const char *entries, size_t size, pt_entry_function *each, void *data)
{
    int result = 0;

    for (size_t at = 0; at < size && result == 0;) {
        struct pt_dirent entry;
        const char *name = entries + at + offsetof(struct pt_dirent, name);

        memcpy(&entry, entries + at, offsetof(struct pt_dirent, name));
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            result = each(name, entry.type, data);
        at += entry.length;
    }
    return result;
}

int pt_dir_each(const struct pt_dir *dir, pt_entry_function *each, void *data)
{
    char entries[ENTRY_BUFFER];
    int fd = openat(dir->fd, ".", DIRECTORY_FLAGS), result = 0;
    int count = 1;

    if (fd < 0)
        return -errno;
    while (result == 0 && count > 0) {
        count = pt_getdents(fd, entries, sizeof entries);
        if (count < 0)
            result = count;
        else
            result = pass_entries(entries, (size_t)count, each, data);
    }
    close(fd);
    return result;
}
