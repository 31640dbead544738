/* init COMMAND [ARGUMENT]...: as PID 1 of a namespace, for orphans by the ten thousand. None
 * becomes a zombie below it, however little CPU it gets: what reaps them gets behind on a busy
 * machine, until the host has no pids left for anybody. A process in between waits for COMMAND; its
 * status is ours.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char run(char **command)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 125;
    return (unsigned char)(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int main(int argc, char **argv)
{
    unsigned char status;
    int ends[2];
    pid_t pid;

    if (argc < 2)
        return 2;
    if (pipe(ends) != 0)
        return 125;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    pid = fork();
    if (pid == 0) {
        status = run(argv + 1);
        return write(ends[1], &status, 1) == 1 ? 0 : 1;
    }
    signal(SIGCHLD, SIG_IGN); /* who ends is gone at once: do_notify_parent(), kernel/signal.c */
    close(ends[1]);
    return read(ends[0], &status, 1) == 1 ? status : 125;
}
