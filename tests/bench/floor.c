/*
 * floor [FILE]: the system calls that no reader of all processes can do without: the list of /proc,
 * then open, read and close of every FILE (stat). Nothing is parsed or kept.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct entry { /* getdents64(2) */
    unsigned long long inode;
    long long offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

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

int main(int argc, char **argv)
{
    static _Alignas(struct entry) char list[32768];
    const char *file = argc > 1 ? argv[1] : "stat";
    int root = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long length;
    while ((length = syscall(SYS_getdents64, root, list, sizeof list)) > 0)
        for (long at = 0; at < length;) {
            const struct entry *entry = (const void *)(list + at);
            if (entry->name[0] >= '1' && entry->name[0] <= '9')
                read_file(root, entry->name, file);
            at += entry->length;
        }
    return length == 0 ? 0 : 1;
}
