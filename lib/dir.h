/*
 * A directory held open, and the files below it: /proc, /proc/PID, /sys/fs/cgroup, /run, /etc and
 * the fixtures that stand for them.
 *
 * Everything is opened O_NOFOLLOW|O_NONBLOCK|O_NOCTTY|O_CLOEXEC, and outside the kernel's own file
 * systems only regular files are read: a tree that somebody hands us may hold FIFOs, devices and
 * links to files that only we may read: -ELOOP for a link, wherever in the name it stands, -EISDIR,
 * -EINVAL for other special files. A `name` may have several words, "task/12/comm".
 */
#ifndef PT_DIR_H
#define PT_DIR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct pt_buffer;

/* Bound of pt_dir_read_all for any file that is held whole, but cmdline and environ. */
#define PT_DIR_LIMIT ((size_t)1 << 20)

struct pt_dir {
    int fd;           /* -1: closed */
    bool kernel_made; /* procfs, sysfs or cgroupfs: what is in it needs no look before it is read */
    const char *name; /* for messages; borrowed */
};

#define PT_DIR_CLOSED                                                                              \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Opens the directory `path`, which our own user named: links are followed. -errno. */
int pt_dir_open(struct pt_dir *ret_dir, const char *path);

/* Opens the directory `name` inside `parent`; no link is followed (ENOTDIR). It has its parent's
 * name for messages. -errno. */
int pt_dir_open_at(struct pt_dir *ret_dir, const struct pt_dir *parent, const char *name);

/* Closes; accepts a closed one. */
void pt_dir_close(struct pt_dir *dir);

/*
 * Reads a single-record file (stat, status, statm, comm, smaps_rollup): it has ended when a read
 * leaves room in the buffer. Returns the bytes read, -EFBIG when it does not fit into `size`, or
 * -errno. No terminating NUL is added.
 */
ssize_t pt_dir_read(const struct pt_dir *dir, const char *name, char *buffer, size_t size);

/*
 * Reads the first `size` bytes of any file: until the buffer is full or a read gives 0. Returns the
 * bytes read, or -errno.
 */
ssize_t pt_dir_read_head(const struct pt_dir *dir, const char *name, char *buffer, size_t size);

/*
 * Appends the whole file to `ret_bytes`, read until 0 (a seq_file returns a page at a time).
 * -EFBIG from `limit` bytes on (what is longer is unknown, never cut), or -errno; the buffer's
 * former content stays in every case.
 */
int pt_dir_read_all(const struct pt_dir *dir, const char *name, struct pt_buffer *ret_bytes,
                    size_t limit);

/*
 * Calls `each` for every line, without its newline, through one fixed buffer, so that the file may
 * have any length; a line longer than the buffer (64 KiB) is passed cut, with `whole` false. Stops
 * when `each` returns non-zero and returns that; -errno on failure; 0 at the end.
 */
typedef int pt_line_function(const char *line, size_t length, bool whole, void *data);
int pt_dir_lines(const struct pt_dir *dir, const char *name, pt_line_function *each, void *data);

/*
 * The text of the link `name`, appended to `ret_text` however long it is (exe may be longer than
 * PATH_MAX: then the kernel answers ENAMETOOLONG). 0 or -errno.
 */
int pt_dir_readlink(const struct pt_dir *dir, const char *name, struct pt_buffer *ret_text);

/* fstatat, of `name` itself (no link is followed); "" is the directory. 0 or -errno. */
int pt_dir_stat(const struct pt_dir *dir, const char *name, struct stat *ret_stat);

/*
 * Calls `each` for every entry but "." and "..", in the directory's order; `type` is a DT_
 * constant, perhaps DT_UNKNOWN. Reads by getdents64 into a buffer of its own, so that a directory
 * may be walked by several threads at once. Stops when `each` returns non-zero and returns that;
 * -errno on failure; 0 at the end.
 */
typedef int pt_entry_function(const char *name, unsigned char type, void *data);
int pt_dir_each(const struct pt_dir *dir, pt_entry_function *each, void *data);

/* It says nothing about what was to be read: we have no means to. */
static inline bool pt_error_is_ours(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

#endif
