/*
 * grove COUNT: a tree of COUNT processes named `bough`, ten below each, that SIGTERM ends. Writes
 * the pid of its root and a newline once all are there, and `ended` when none is left, however that
 * came about: orphans come to us, who are named otherwise. Ends all of them when stdin is closed
 * before.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SET_CHILD_SUBREAPER = 36 /* PR_SET_CHILD_SUBREAPER, 3.4 */, FAN = 10 };

/* The process N has the children FAN * N + 1 and on, as far as there are COUNT. Returns in the root
 * and in each that is below it. */
static void grow(long count)
{
    long child = 1, last = child + FAN;

    while (child < last && child < count) {
        if (fork() == 0) {
            child = FAN * child + 1;
            last = child + FAN;
        } else {
            child++;
        }
    }
}

/* Each says that it is there. */
static _Noreturn void be_bough(int ready)
{
    prctl(PR_SET_NAME, "bough");
    if (write(ready, "", 1) != 1)
        _exit(1);
    close(ready);
    signal(SIGCHLD, SIG_IGN);
    for (;;)
        pause();
}

static int all_are_there(int ready, long count)
{
    char byte;

    while (count > 0 && read(ready, &byte, 1) == 1)
        count--;
    return count == 0;
}

/* 0: none is left. */
static int reap(void)
{
    pid_t pid;

    do
        pid = waitpid(-1, NULL, WNOHANG);
    while (pid > 0);
    return pid == 0;
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    sigset_t child, former;
    int ends[2], signals;
    pid_t root;

    if (count < 1 || pipe(ends) != 0 || prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        return 1;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &former);
    signals = signalfd(-1, &child, SFD_CLOEXEC);
    root = fork();
    if (root == 0) {
        setsid();
        sigprocmask(SIG_SETMASK, &former, NULL);
        grow(count);
        be_bough(ends[1]);
    }
    close(ends[1]);
    if (!all_are_there(ends[0], count))
        return 1;
    printf("%d\n", (int)root);
    fflush(stdout);
    while (reap()) {
        struct pollfd poll_fds[] = {{.fd = signals, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
        struct signalfd_siginfo info;

        poll(poll_fds, 2, -1);
        if (poll_fds[1].revents != 0)
            kill(-root, SIGKILL);
        if (poll_fds[0].revents != 0 && read(signals, &info, sizeof info) < 0)
            return 1;
    }
    puts("ended");
    return 0;
}
