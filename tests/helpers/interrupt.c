/* interrupt SIGNAL STEP COMMAND [ARGUMENT]...: sends the signal (a number) to COMMAND as it enters
 * its STEP-th system call after the exec, from 1. COMMAND is traced until then. Exits as COMMAND
 * did, 128+N where a signal ended it; 77 when it ended before that step.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MISSED = 77, SYSTEM_CALL = SIGTRAP | 0x80 };

/* The exec is a stop too, its end the second: entries are every other one from there. 0: it has
 * ended. */
static int run_to(pid_t command, long step, int *ret_status)
{
    waitpid(command, ret_status, 0);
    ptrace(PTRACE_SETOPTIONS, command, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_CONT, command, NULL, NULL);
    waitpid(command, ret_status, 0);
    for (long stops = 0; stops < 2 * step; stops += WSTOPSIG(*ret_status) == SYSTEM_CALL) {
        ptrace(PTRACE_SYSCALL, command, NULL, NULL);
        if (waitpid(command, ret_status, __WALL) < 0 || !WIFSTOPPED(*ret_status))
            return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    int status = 0;
    pid_t command;

    if (argc < 4)
        return 2;
    command = fork();
    if (command == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    if (!run_to(command, strtol(argv[2], NULL, 10), &status))
        return MISSED;
    kill(command, atoi(argv[1]));
    ptrace(PTRACE_DETACH, command, NULL, NULL);
    waitpid(command, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
