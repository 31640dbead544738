/*
 * floor [FILE | --threads]: the system calls that no reader of all processes can do without: the
 * list of /proc, then open, read and close of every FILE (stat); for threads the list of `task` and
 * every `comm` in it besides. Nothing is parsed or kept.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct entry { /* getdents64(2) */
    unsigned long long inode;
    long long offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* FILE of every directory in `root` that is named by a number. */
static int read_each(int root, const char *file, int threads);

static void read_file(int root, const char *pid, const char *file)
{
    static char buffer[65536];
    char path[64];
    snprintf(path, sizeof path, "%s/%s", pid, file);
    int fd = openat(root, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t length = read(fd, buffer, sizeof buffer);
    (void)length;
    close(fd);
}

static void read_threads(int root, const char *pid)
{
    char path[64];
    snprintf(path, sizeof path, "%s/task", pid);
    int task = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (task < 0)
        return;
    read_each(task, "comm", 0);
    close(task);
}

static int read_each(int root, const char *file, int threads)
{
    _Alignas(struct entry) char list[32768];
    long length;
    while ((length = syscall(SYS_getdents64, root, list, sizeof list)) > 0)
        for (long at = 0; at < length;) {
            const struct entry *entry = (const void *)(list + at);
            at += entry->length;
            if (entry->name[0] < '1' || entry->name[0] > '9')
                continue;
            read_file(root, entry->name, file);
            if (threads)
                read_threads(root, entry->name);
        }
    return length == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 && strcmp(argv[1], "--threads") == 0;
    int root = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return read_each(root, argc > 1 && !threads ? argv[1] : "stat", threads);
}
