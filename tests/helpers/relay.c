/* relay [-s] [-w] LANES: in a session of its own, LANES lanes that hand over each millisecond: so
 * long after its birth a process forks its successor, and is gone 2 ms after it. Prints the pid of
 * their root, which is the session's, once all lanes run.
 *
 * -s: the root is a child subreaper, so that orphans come to it; otherwise to its parent, which is
 *     of another session, and like no real init reaps whatever comes at once.
 * -w: successors are forked by a thread, while the leader sleeps.
 * Nobody ignores anything: a signal that reaches a process ends it. All end when stdin, a pipe that
 * nobody writes to, does: no kill(2) catches them up, and as many as ran away fill the host's pids.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { SET_CHILD_SUBREAPER = 36 /* PR_SET_CHILD_SUBREAPER, 3.4 */ };

#define LIFE 1 /* ms */

/* Whether all are to end; waits for that so long, -1: for ever. */
static bool is_over(int timeout)
{
    struct pollfd input = {.fd = STDIN_FILENO};

    return poll(&input, 1, timeout) > 0;
}

static void pass_on(void)
{
    pid_t successor;

    do {
        if (is_over(LIFE))
            _exit(0);
        successor = fork();
    } while (successor < 0 && (errno == EAGAIN || errno == ENOMEM));
    if (successor == 0)
        return;
    is_over(LIFE);
    _exit(0);
}

static void *pass_on_in_thread(void *data)
{
    (void)data;
    for (;;)
        pass_on(); /* in the successor this thread is the only one */
    return NULL;
}

static _Noreturn void run_lane(bool by_thread)
{
    pthread_t thread;

    if (by_thread && pthread_create(&thread, NULL, pass_on_in_thread, NULL) == 0) {
        while (!is_over(-1))
            continue;
        _exit(0);
    }
    for (;;)
        pass_on();
}

int main(int argc, char **argv)
{
    bool subreaper = false, by_thread = false;
    int option, lanes;

    while ((option = getopt(argc, argv, "sw")) != -1) {
        subreaper |= option == 's';
        by_thread |= option == 'w';
    }
    if (optind >= argc)
        return 2;
    lanes = (int)strtol(argv[optind], NULL, 10);
    signal(SIGCHLD, SIG_IGN); /* nobody becomes a zombie below us */
    if (prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        return 1;
    if (!subreaper && fork() != 0) {
        fclose(stdout);
        while (!is_over(-1))
            continue;
        return 0;
    }
    setsid();
    for (int i = 0; i < lanes; i++) {
        pid_t pid = fork();

        if (pid < 0)
            return 1;
        if (pid == 0)
            run_lane(by_thread);
    }
    printf("%d\n", (int)getpid());
    fclose(stdout);
    while (!is_over(-1))
        continue;
    return 0;
}
