#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* prctl(2), 3.4 (include/uapi/linux/prctl.h). */
#ifndef PR_SET_CHILD_SUBREAPER
#define PR_SET_CHILD_SUBREAPER 36
#endif

void pt_origin_save(struct pt_origin *ret_origin)
{
    sigprocmask(SIG_SETMASK, NULL, &ret_origin->mask);
    sigaction(SIGCHLD, NULL, &ret_origin->child);
    getrlimit(RLIMIT_NOFILE, &ret_origin->descriptors);
}

void pt_origin_prepare_children(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    sigaction(SIGCHLD, &action, NULL);
}

void pt_origin_raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int pt_become_subreaper(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : -errno;
}

void pt_origin_restore(const struct pt_origin *origin)
{
    setrlimit(RLIMIT_NOFILE, &origin->descriptors);
    sigaction(SIGCHLD, &origin->child, NULL);
    sigprocmask(SIG_SETMASK, &origin->mask, NULL);
}

/* --- exec --- */

/* Returns -errno. Memory may be taken after a fork: the libcs see to their locks. */
static int exec_by_shell(char *path, char *const argv[])
{
    static char interpreter[] = "/bin/sh";
    size_t count = 0;
    char **shell;

    while (argv[count] != NULL)
        count++;
    shell = calloc(count + 2, sizeof *shell);
    if (shell == NULL)
        return -ENOMEM;
    shell[0] = interpreter;
    shell[1] = path;
    memcpy(shell + 2, argv + 1, (count - 1) * sizeof *shell);
    execve(interpreter, shell, environ);
    free(shell);
    return -ENOEXEC;
}

static int exec_path(char *path, char *const argv[])
{
    execve(path, argv, environ);
    return errno == ENOEXEC ? exec_by_shell(path, argv) : -errno;
}

int pt_exec(char *const argv[])
{
    char *name = argv[0];
    const char *at = getenv("PATH");
    size_t size = strlen(name) + 1;
    int result = -ENOENT;

    if (*name == '\0' || strchr(name, '/') != NULL)
        return exec_path(name, argv);
    if (at == NULL)
        at = "/bin:/usr/bin"; /* as confstr(3) says */
    for (;;) {
        size_t length = strcspn(at, ":"), slash = length > 0;
        char path[PATH_MAX];

        if (length + slash + size <= sizeof path) {
            int error;

            memcpy(path, at, length);
            path[length] = '/';
            memcpy(path + length + slash, name, size);
            error = exec_path(path, argv);
            if (error == -EACCES)
                result = error; /* unless there is a better one further on */
            else if (error != -ENOENT && error != -ENOTDIR)
                return error;
        }
        if (at[length] == '\0')
            return result;
        at += length + 1;
    }
}

/* --- spawn --- */

/* In the child: only what is safe after a fork. Writes errno to the pipe when exec fails. */
static _Noreturn void become_command(char *const argv[], const struct pt_origin *origin, int pipe)
{
    int error;

    pt_origin_restore(origin);
    error = -pt_exec(argv);
    while (write(pipe, &error, sizeof error) < 0 && errno == EINTR)
        ;
    _exit(PT_SPAWN_NOT_FOUND);
}

/* Waits for the exec: the pipe closes by it. The exec's errno, or 0. */
static int await_exec(int pipe)
{
    int error = 0;
    ssize_t length;

    do
        length = read(pipe, &error, sizeof error);
    while (length < 0 && errno == EINTR);
    return length == (ssize_t)sizeof error ? error : 0;
}

int pt_spawn(char *const argv[], const struct pt_origin *origin, pid_t *ret_pid, int *ret_status)
{
    int pipe[2], error;
    pid_t pid;

    *ret_status = 0;
    if (pipe2(pipe, O_CLOEXEC) != 0)
        return -errno;
    pid = fork();
    if (pid == 0)
        become_command(argv, origin, pipe[1]);
    error = pid < 0 ? errno : 0;
    close(pipe[1]);
    if (pid > 0)
        error = await_exec(pipe[0]);
    close(pipe[0]);
    if (error == 0) {
        *ret_pid = pid;
        return 0;
    }
    if (pid > 0) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        *ret_status = error == ENOENT ? PT_SPAWN_NOT_FOUND : PT_SPAWN_NOT_EXECUTABLE;
    }
    return -error;
}
