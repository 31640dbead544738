/*
 * forkstorm PER_SECOND [KEPT]: forks PER_SECOND children a second that exit at once, every tenth
 * after it forked a child of its own, until stdin ends. Says the pids of KEPT (0) sleeping
 * children, separated by blanks, on one line, before it begins; on a second line, at the end, how
 * many it forked. Several threads fork, so that it has its share of a busy machine's CPUs; it falls
 * behind where even that is too little.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
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

#define FORKERS 3

static atomic_bool ended;
static atomic_long forked;

/* An orphan of each tenth child is reparented while others look. */
static void fork_one(void)
{
    long number = atomic_fetch_add(&forked, 1);
    pid_t pid = fork();
    if (pid == 0) {
        if (number % 10 == 0)
            fork();
        _exit(0);
    }
}

static void *fork_on(void *data)
{
    long per_second = *(const long *)data, done = 0;
    long long begin = now();
    while (!atomic_load(&ended)) {
        long due = (long)((now() - begin) * per_second / 1000000000LL);
        /* What could not be kept up with is not made good in one burst. */
        for (long burst = 0; done < due && burst < per_second / 20 + 1; burst++, done++)
            fork_one();
        if (done < due) {
            begin = now();
            done = 0;
        }
        poll(NULL, 0, 1);
    }
    return NULL;
}

static int storm(long per_second)
{
    pthread_t threads[FORKERS];
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    long each = (per_second + FORKERS - 1) / FORKERS;
    for (int i = 0; i < FORKERS; i++)
        if (pthread_create(&threads[i], NULL, fork_on, &each) != 0)
            return 1;
    poll(&input, 1, -1);
    atomic_store(&ended, true);
    for (int i = 0; i < FORKERS; i++)
        pthread_join(threads[i], NULL);
    printf("%ld\n", atomic_load(&forked));
    return 0;
}

int main(int argc, char **argv)
{
    long per_second = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    if (per_second < 1)
        return 2;
    keep(argc > 2 ? strtol(argv[2], NULL, 10) : 0);
    /* After the kept ones: their parent would not be told otherwise. */
    signal(SIGCHLD, SIG_IGN);
    return storm(per_second);
}
