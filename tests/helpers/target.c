/* target WAY [ARGUMENT]: a process to be ended, in a way of its own. Prints a line once it is
 * ready: the pid that matters, its own unless said.
 *
 *   plain            ends by SIGTERM
 *   ignore           ignores SIGTERM
 *   slow MS          exits 0 so long after SIGTERM
 *   handler          exits 42 on SIGTERM
 *   zombie           keeps a zombie and never reaps it; prints the zombie's pid
 *   exec PROGRAM     becomes PROGRAM (with the argument 1000) at SIGUSR1
 *   tree N           N children that ignore SIGTERM, as it does itself
 *   daemons N        N daemons that double-forked away, below it no more but for subreapers; all
 *                    ignore SIGTERM, each in a session of its own
 *   threads MIB      a sleeping leader and a thread that forks without end, MIB resident
 *   vfork            waits in the kernel (state D) for a child that neither execs nor exits
 *   leaderless       a leader that has exited, and a thread that sleeps
 *   count FILE       appends a byte to FILE every 5 ms: whether it runs can be seen
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t told;

static void note(int signal)
{
    told = signal;
}

static void ready(pid_t pid)
{
    printf("%d\n", (int)pid);
    fclose(stdout);
}

static void rest(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    while (nanosleep(&time, &time) != 0 && errno == EINTR)
        ;
}

static _Noreturn void sleep_for_ever(void)
{
    for (;;)
        pause();
}

static void await_signal(int number)
{
    struct sigaction action = {.sa_handler = note};
    sigset_t mask, none;

    sigemptyset(&mask);
    sigaddset(&mask, number);
    sigprocmask(SIG_BLOCK, &mask, &none);
    sigaction(number, &action, NULL);
    ready(getpid());
    while (!told)
        sigsuspend(&none);
}

static void keep_zombie(void)
{
    siginfo_t info;
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    ready(pid);
    sleep_for_ever();
}

static void grow_tree(long count)
{
    signal(SIGTERM, SIG_IGN);
    for (long i = 0; i < count; i++) {
        pid_t pid = fork();

        if (pid < 0)
            _exit(1);
        if (pid == 0)
            sleep_for_ever();
    }
    ready(getpid());
    sleep_for_ever();
}

static void start_daemons(long count)
{
    int ends[2];
    char byte;

    signal(SIGTERM, SIG_IGN);
    if (pipe(ends) != 0)
        _exit(1);
    for (long i = 0; i < count; i++) {
        if (fork() == 0) {
            setsid();
            if (fork() == 0) {
                close(STDOUT_FILENO);
                if (write(ends[1], "", 1) != 1)
                    _exit(1);
                sleep_for_ever();
            }
            _exit(0);
        }
        wait(NULL);
    }
    for (long i = 0; i < count; i++) {
        if (read(ends[0], &byte, 1) != 1)
            _exit(1);
    }
    ready(getpid());
}

static void *fork_without_end(void *data)
{
    (void)data;
    for (;;) {
        pid_t pid = fork();

        if (pid == 0) {
            rest(20);
            _exit(0);
        }
        rest(1);
    }
    return NULL;
}

static void run_threads(long mebibytes)
{
    size_t size = (size_t)mebibytes << 20;
    char *memory = malloc(size + 1);
    pthread_t thread;

    if (memory == NULL)
        _exit(1);
    memset(memory, 1, size);
    signal(SIGCHLD, SIG_IGN);
    if (pthread_create(&thread, NULL, fork_without_end, NULL) != 0)
        _exit(1);
    ready(getpid());
    sleep_for_ever();
}

/* The child runs in the parent's memory, and has its copy of the descriptors. */
static void wait_for_vfork(void)
{
    pid_t pid = getpid();

    if (vfork() == 0) {
        dprintf(STDOUT_FILENO, "%d\n", (int)pid);
        close(STDOUT_FILENO);
        for (;;)
            syscall(SYS_ppoll, NULL, 0UL, NULL, NULL, 0UL);
    }
}

static void *sleep_in_thread(void *data)
{
    ready(getpid());
    (void)data;
    sleep_for_ever();
}

static void leave_leader(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, sleep_in_thread, NULL) != 0)
        _exit(1);
    syscall(SYS_exit, 0); /* this thread alone */
}

static void count(const char *path)
{
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

    ready(getpid());
    while (write(file, "x", 1) == 1)
        rest(5);
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";
    const char *argument = argc > 2 ? argv[2] : "0";
    long number = strtol(argument, NULL, 10);

    if (strcmp(way, "plain") == 0) {
        ready(getpid());
        sleep_for_ever();
    } else if (strcmp(way, "ignore") == 0) {
        signal(SIGTERM, SIG_IGN);
        ready(getpid());
        sleep_for_ever();
    } else if (strcmp(way, "slow") == 0) {
        await_signal(SIGTERM);
        rest(number);
        return 0;
    } else if (strcmp(way, "handler") == 0) {
        await_signal(SIGTERM);
        return 42;
    } else if (strcmp(way, "zombie") == 0) {
        keep_zombie();
    } else if (strcmp(way, "exec") == 0) {
        await_signal(SIGUSR1);
        signal(SIGUSR1, SIG_DFL);
        execlp(argument, argument, "1000", (char *)NULL);
    } else if (strcmp(way, "tree") == 0) {
        grow_tree(number);
    } else if (strcmp(way, "daemons") == 0) {
        start_daemons(number);
        return 0;
    } else if (strcmp(way, "threads") == 0) {
        run_threads(number);
    } else if (strcmp(way, "vfork") == 0) {
        wait_for_vfork();
    } else if (strcmp(way, "leaderless") == 0) {
        leave_leader();
    } else if (strcmp(way, "count") == 0) {
        count(argument);
    }
    return 2;
}
