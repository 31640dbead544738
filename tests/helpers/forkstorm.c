/*
 * forkstorm PER_SECOND [KEPT]: forks PER_SECOND children a second that exit at once, every tenth
 * after it forked a child of its own, until stdin ends. Says the pids of KEPT (0) sleeping
 * children, separated by blanks, on one line, before it begins; on a second line, at the end, how
 * many it forked. Falls behind where the machine cannot keep up.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void keep(long count)
{
    for (long i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                pause();
        }
        printf("%s%d", i ? " " : "", (int)pid);
    }
    putchar('\n');
    fflush(stdout);
}

/* An orphan of each tenth child is reparented while others look. */
static void fork_one(long number)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (number % 10 == 0)
            fork();
        _exit(0);
    }
}

int main(int argc, char **argv)
{
    long per_second = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    if (per_second < 1)
        return 2;
    keep(argc > 2 ? strtol(argv[2], NULL, 10) : 0);
    /* After the kept ones: their parent would not be told otherwise. */
    signal(SIGCHLD, SIG_IGN);

    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    long long begin = now();
    long forked = 0, before = 0; /* of the burst that is kept up with, and before that */
    while (poll(&input, 1, 1) == 0) {
        long due = (long)((now() - begin) * per_second / 1000000000LL);
        /* What could not be kept up with is not made good in one burst. */
        for (long burst = 0; forked < due && burst < per_second / 20 + 1; burst++)
            fork_one(forked++);
        if (forked < due) {
            begin = now();
            before += forked;
            forked = 0;
        }
    }
    printf("%ld\n", before + forked);
    return 0;
}
