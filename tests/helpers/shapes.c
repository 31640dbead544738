/*
 * shapes SHAPE: a process in a state that only the kernel can make. Says `ready PID` once it is
 * so, where PID is the process meant, and stays until it is killed.
 *   zombie   a child that has ended and is not waited for
 *   leader   a child whose first thread has exited while another lives
 *   orphan   a grandchild whose parent has ended
 *   undumpable  a child that may not be dumped: its files below /proc belong to root
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int ready[2];

static void say_ready(void)
{
    pid_t pid = getpid();
    if (write(ready[1], &pid, sizeof pid) != (ssize_t)sizeof pid)
        _exit(1);
}

static void *stay(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

static void be_zombie(void)
{
    say_ready();
    _exit(0);
}

static void be_leader(void)
{
    pthread_t other;
    if (pthread_create(&other, NULL, stay, NULL) != 0)
        _exit(1);
    say_ready();
    pthread_exit(NULL);
}

static void be_orphan(void)
{
    if (fork() == 0) {
        while (getppid() != 1)
            usleep(1000);
        say_ready();
        stay(NULL);
    }
    _exit(0);
}

static void be_undumpable(void)
{
    prctl(PR_SET_DUMPABLE, 0);
    say_ready();
    stay(NULL);
}

static const struct {
    const char *name;
    void (*be)(void);
} shapes[] = {{"zombie", be_zombie},
              {"leader", be_leader},
              {"orphan", be_orphan},
              {"undumpable", be_undumpable}};

/* What has ended is so only once the kernel says so: waits for the state Z. */
static void await_zombie(pid_t pid)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    for (;;) {
        FILE *file = fopen(path, "r");
        const char *end = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
        if (file != NULL)
            fclose(file);
        if (end != NULL && end[2] == 'Z')
            return;
        usleep(1000);
    }
}

int main(int argc, char **argv)
{
    pid_t pid;
    if (argc != 2 || pipe(ready) != 0)
        return 2;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (strcmp(argv[1], shapes[i].name) != 0)
            continue;
        pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            shapes[i].be();
        }
        if (read(ready[0], &pid, sizeof pid) != (ssize_t)sizeof pid)
            return 1;
        if (strcmp(argv[1], "zombie") == 0 || strcmp(argv[1], "leader") == 0)
            await_zombie(pid);
        printf("ready %d\n", (int)pid);
        fflush(stdout);
        stay(NULL);
    }
    return 2;
}
