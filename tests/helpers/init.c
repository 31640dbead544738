/* init COMMAND [ARGUMENT]...: as PID 1 of a namespace, for orphans by the ten thousand. It reaps
 * before all others: a shell gets behind on a busy machine, until the host has no pids left for
 * anybody. Its status is COMMAND's.
 */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    pid_t command, ended;
    int status;

    if (argc < 2)
        return 2;
    command = fork();
    if (command == 0) {
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    if (command < 0)
        return 125;
    setpriority(PRIO_PROCESS, 0, -20);
    do
        ended = wait(&status);
    while (ended != command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
