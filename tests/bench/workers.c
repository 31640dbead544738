/*
 * workers COUNT: a stand-in for a preforking server, for as long as stdin stays open. It listens on
 * TCP as its COUNT children do, who have an epoll instance each, as Apache's. Its memory is like
 * that of a server with a language in it: 20 MiB in some 200 mappings that all share, and 2 MiB of
 * each child's own. Writes how many there are and a newline to stdout once all are there.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAPPINGS 200
#define SHARED ((size_t)20 << 20)
#define OWN ((size_t)2 << 20)

/* Every second mapping has other rights, or the kernel would join them. */
static char *map_shared(void)
{
    const size_t size = SHARED / MAPPINGS / 4096 * 4096;
    char *all =
        mmap(NULL, size * MAPPINGS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    memset(all, 1, size * MAPPINGS);
    for (size_t i = 0; i < MAPPINGS; i += 2)
        if (mprotect(all + i * size, size, PROT_READ) != 0)
            return NULL;
    return all;
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
           listen(fd, 8) == 0;
}

static void be_worker(int ready)
{
    char *own = malloc(OWN);
    if (own == NULL || epoll_create1(0) < 0)
        _exit(1);
    memset(own, 2, OWN);
    if (write(ready, "", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0, there = 0;
    int ready[2];
    char byte;
    if (count < 1 || pipe(ready) != 0 || map_shared() == NULL || !listen_somewhere()) {
        fputs("usage: workers COUNT\n", stderr);
        return 2;
    }
    for (long i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            be_worker(ready[1]);
        }
    }
    close(ready[1]);
    while (there < count && read(ready[0], &byte, 1) == 1)
        there++;
    printf("%ld\n", there);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    return 0;
}
