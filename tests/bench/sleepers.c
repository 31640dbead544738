/*
 * sleepers COUNT [THREADS]: COUNT sleeping processes in groups of a hundred, under forty names,
 * each with THREADS (1) threads, for as long as stdin stays open. Writes how many there are and a
 * newline to stdout once all are there: fewer than COUNT where the host's limits end sooner. When
 * it ends, all of them are gone: those that were only dying would be found in the next measurement.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUP 100
#define NAMES 40

static void *sleep_for_ever(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

static void start_threads(long threads)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    for (long i = 1; i < threads; i++)
        if (pthread_create(&thread, &attributes, sleep_for_ever, NULL) != 0)
            break;
}

/* Says on `ready` that it is there, and sleeps; its parent's end is its own. */
static void be_sleeper(int ready, long threads)
{
    start_threads(threads);
    if (write(ready, "", 1) != 1)
        _exit(1);
    close(ready);
    sleep_for_ever(NULL);
}

static pid_t start(void)
{
    pid_t pid = fork();
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

static void take_name(long number)
{
    char name[16];
    snprintf(name, sizeof name, "sleeper-%ld", number * 7 % NAMES);
    prctl(PR_SET_NAME, name);
}

/* A sleeper that first starts COUNT - 1 others. */
static void be_group(int ready, long count, long threads)
{
    for (long i = 1; i < count; i++) {
        if (start() != 0)
            continue;
        take_name(i);
        be_sleeper(ready, threads);
    }
    be_sleeper(ready, threads);
}

/* All of them are in our process group, and who loses its parent becomes our child. */
static void end_all(void)
{
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    while (wait(NULL) > 0)
        ;
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    long threads = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
    int ready[2];
    char byte;
    if (count < 1 || threads < 1 || pipe(ready) != 0) {
        fputs("usage: sleepers COUNT [THREADS]\n", stderr);
        return 2;
    }
    setpgid(0, 0);
    if (getpgrp() != getpid()) {
        perror("sleepers: setpgid");
        return 1;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (long left = count; left > 0; left -= GROUP)
        if (start() == 0)
            be_group(ready[1], left < GROUP ? left : GROUP, threads);
    close(ready[1]);

    /* The pipe ends when the last one has said so: those that could not start never hold it. */
    long there = 0;
    while (read(ready[0], &byte, 1) == 1)
        there++;
    printf("%ld\n", there);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    end_all();
    return 0;
}
