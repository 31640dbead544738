/* recycle STEP COMMAND [ARGUMENT]...: gives the pid of COMMAND's victim to a bystander in the
 * middle of COMMAND. In ARGUMENTs, `%p` is the victim's pid, `%i` its identity PID@STARTTIME.
 *
 * COMMAND is traced; as it enters its STEP-th system call (from 1) the victim is killed, reaped and
 * replaced, by clone3(2) with set_tid (5.5), so that the bystander has its pid and often starts
 * within the same tick of 10 ms. Then COMMAND goes on untraced. Prints one line: `wrong` when the
 * bystander was signalled, `missed` when COMMAND ended before that step, else `right`; and
 * COMMAND's status. As root of a PID namespace. Exit 77 where set_tid is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

/* struct clone_args of <linux/sched.h>, as of 5.5. */
struct clone_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
        set_tid_size;
};

/* Says through READY that it has its name. */
static _Noreturn void be(const char *name, int ready)
{
    prctl(PR_SET_NAME, name);
    close(ready);
    for (;;)
        pause();
}

static pid_t fork_as(pid_t pid)
{
    struct clone_arguments arguments = {
        .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&pid, .set_tid_size = 1};

    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

static void identify(pid_t pid, char *text, size_t size)
{
    char path[32], stat[1024];
    const char *at;
    ssize_t length;
    int file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = open(path, O_RDONLY | O_CLOEXEC);
    length = read(file, stat, sizeof stat - 1);
    close(file);
    stat[length > 0 ? length : 0] = '\0';
    at = strrchr(stat, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    snprintf(text, size, "%d@%llu", (int)pid, at != NULL ? strtoull(at, NULL, 10) : 0ULL);
}

static pid_t start_traced(char **argv)
{
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);

        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execvp(argv[0], argv);
        _exit(127);
    }
    return pid;
}

/* Lets COMMAND run to its STEP-th entry after the exec. False: it ended before. */
static int run_to(pid_t command, long step, int *ret_status)
{
    int status, entering = 1;

    waitpid(command, &status, 0);
    ptrace(PTRACE_SETOPTIONS, command, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_CONT, command, NULL, NULL);
    waitpid(command, &status, 0); /* the exec */
    ptrace(PTRACE_SYSCALL, command, NULL, NULL);
    waitpid(command, &status, 0); /* its exit */
    while (step > 0) {
        ptrace(PTRACE_SYSCALL, command, NULL, NULL);
        if (waitpid(command, &status, __WALL) < 0 || WIFEXITED(status) || WIFSIGNALED(status)) {
            *ret_status = status;
            return 0;
        }
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            step -= entering;
            entering = !entering;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    char pid_text[16], identity[48];
    int status = 0, reached, ends[2];
    char byte;
    long step;
    pid_t victim, bystander = 0, command;

    if (argc < 3)
        return 2;
    step = strtol(argv[1], NULL, 10);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return 1;
    victim = fork();
    if (victim == 0)
        be("victim", ends[1]);
    close(ends[1]);
    if (read(ends[0], &byte, 1) != 0)
        return 1;
    identify(victim, identity, sizeof identity);
    snprintf(pid_text, sizeof pid_text, "%d", (int)victim);
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "%p") == 0)
            argv[i] = pid_text;
        else if (strcmp(argv[i], "%i") == 0)
            argv[i] = identity;
    }
    command = start_traced(argv + 2);
    reached = run_to(command, step, &status);
    if (reached) {
        kill(victim, SIGKILL);
        waitpid(victim, NULL, 0);
        bystander = fork_as(victim);
        if (bystander == 0)
            be("bystander", -1);
        if (bystander < 0) {
            printf("skipped: clone3 with set_tid: %s\n", strerror(errno));
            kill(command, SIGKILL);
            return 77;
        }
        ptrace(PTRACE_DETACH, command, NULL, NULL);
        waitpid(command, &status, 0);
    }
    if (!reached)
        printf("missed");
    else
        printf(waitpid(bystander, NULL, WNOHANG | WUNTRACED | WCONTINUED) == 0 ? "right" : "wrong");
    printf(" %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    if (bystander > 0)
        kill(bystander, SIGKILL);
    else
        kill(victim, SIGKILL);
    return 0;
}
