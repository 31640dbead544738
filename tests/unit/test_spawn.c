/* Running a command: what it gets back of what we changed, and how a failure is told.
 * labels: native */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scarce.h"
#include "spawn.h"
#include "suite.h"

static struct pt_origin saved(void)
{
    struct pt_origin origin;

    pt_origin_save(&origin);
    return origin;
}

/* Its exit status. */
static int run(char *const argv[], const struct pt_origin *origin)
{
    int status;
    pid_t pid;

    ck_assert_int_eq(pt_spawn(argv, origin, &pid, &status), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* That its file in /proc has such a line. (A shell would change some of it.) */
static void check_line(const char *file, const char *pattern, const struct pt_origin *origin)
{
    char grep[] = "grep", quiet[] = "-q", regex[64], path[64];
    char *argv[] = {grep, quiet, regex, path, NULL};

    snprintf(regex, sizeof regex, "%s", pattern);
    snprintf(path, sizeof path, "/proc/self/%s", file);
    ck_assert_msg(run(argv, origin) == 0, "no line %s in %s", pattern, file);
}

START_TEST(as_we_were_started)
{
    struct rlimit limit;
    struct pt_origin origin;
    sigset_t all, one, now;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 99;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    sigprocmask(SIG_SETMASK, &one, NULL);
    signal(SIGCHLD, SIG_IGN);
    pt_origin_save(&origin);

    pt_origin_prepare_children();
    pt_origin_raise_descriptors();
    pt_origin_raise_descriptors(); /* as high as it goes: no more to do */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(limit.rlim_cur, limit.rlim_max);
    check_line("limits", "^Max open files *99 ", &origin);
    check_line("status", "^SigBlk:.0*200$", &origin);
    check_line("status", "^SigIgn:.*1....$", &origin);

    pt_origin_restore(&origin);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(limit.rlim_cur, 99);
    sigprocmask(SIG_SETMASK, NULL, &now);
    ck_assert_int_eq(sigismember(&now, SIGUSR2), 0);
    ck_assert_int_eq(sigismember(&now, SIGUSR1), 1);
}
END_TEST

/* As a shell has it; and nobody is left behind. */
START_TEST(cannot_be_run)
{
    static const struct {
        const char *name;
        int error, status;
    } rows[] = {
        {"/nowhere/to/be/found", -ENOENT, PT_SPAWN_NOT_FOUND},
        {"no-such-command-of-ours", -ENOENT, PT_SPAWN_NOT_FOUND},
        {"/etc/passwd", -EACCES, PT_SPAWN_NOT_EXECUTABLE},
        {"/", -EACCES, PT_SPAWN_NOT_EXECUTABLE},
        {"/etc/passwd/x", -ENOTDIR, PT_SPAWN_NOT_EXECUTABLE},
    };
    struct pt_origin origin = saved();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[64], *argv[] = {name, NULL};
        int status = 0;
        pid_t pid = 0;

        snprintf(name, sizeof name, "%s", rows[i].name);
        ck_assert_int_eq(pt_spawn(argv, &origin, &pid, &status), rows[i].error);
        ck_assert_int_eq(status, rows[i].status);
        ck_assert_int_eq(pid, 0);
    }
    ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(no_descriptors)
{
    struct pt_origin origin = saved();

    while (scarce_descriptors()) {
        char name[] = "true", *argv[] = {name, NULL};
        int status = 99;
        pid_t pid = 0;

        if (scarce_end(pt_spawn(argv, &origin, &pid, &status)) == 0)
            ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        ck_assert_int_eq(status, 0); /* it did not come to an exec that failed */
    }
}
END_TEST

START_TEST(subreaper)
{
    int status = 0;
    pid_t child;

    ck_assert_int_eq(pt_become_subreaper(), 0);
    child = fork();
    if (child == 0) {
        if (fork() == 0)
            _exit(7);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_ne(waitpid(-1, &status, 0), child); /* the orphan */
    ck_assert_int_eq(WEXITSTATUS(status), 7);
}
END_TEST

/* --- which program --- */

static void put(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

/* In a directory of ours: `shut/tool` may not be executed, `open/tool` ends with its argument. */
static void make_tools(void)
{
    char place[] = "/tmp/spawn-test.XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(place));
    ck_assert_int_eq(chdir(place), 0);
    ck_assert_int_eq(mkdir("shut", 0755), 0);
    ck_assert_int_eq(mkdir("open", 0755), 0);
    put("shut/tool", "exit 99\n", 0644);
    put("here", "exit $1\n", 0755);
    put("open/tool", "exit $1\n", 0755); /* not a #! in it: /bin/sh's, says POSIX */
}

static void remove_tools(void)
{
    char place[64];

    ck_assert_ptr_nonnull(getcwd(place, sizeof place));
    ck_assert_int_eq(unlink("shut/tool") | unlink("open/tool") | unlink("here"), 0);
    ck_assert_int_eq(rmdir("shut") | rmdir("open"), 0);
    ck_assert_int_eq(chdir("/") | rmdir(place), 0);
}

START_TEST(found_by_path)
{
    static const struct {
        const char *path, *name;
        int status; /* what the tool ends with, or why it does not */
        int error;
    } rows[] = {
        {"open", "tool", 7, 0},
        {"shut:open", "tool", 7, 0}, /* a better one further on */
        {"shut", "tool", PT_SPAWN_NOT_EXECUTABLE, -EACCES},
        {"shut:/nowhere", "tool", PT_SPAWN_NOT_EXECUTABLE, -EACCES},
        {"/nowhere:shut/tool:open", "tool", 7, 0},
        {"/nowhere", "tool", PT_SPAWN_NOT_FOUND, -ENOENT},
        {"", "open/tool", 7, 0},
        {"/nowhere:", "here", 7, 0}, /* an empty one is where we are */
        {"open", "", PT_SPAWN_NOT_FOUND, -ENOENT},
        {NULL, "true", 0, 0}, /* a usual one */
    };
    struct pt_origin origin = saved();
    char end[] = "7", *argv[] = {NULL, end, NULL};

    make_tools();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[16];
        int status = 0, error;
        pid_t pid = 0;

        snprintf(name, sizeof name, "%s", rows[i].name);
        argv[0] = name;
        argv[1] = rows[i].path != NULL ? end : NULL;
        ck_assert_int_eq(rows[i].path != NULL ? setenv("PATH", rows[i].path, 1) : unsetenv("PATH"),
                         0);
        error = pt_spawn(argv, &origin, &pid, &status);
        ck_assert_msg(error == rows[i].error, "row %zu: %d", i, error);
        if (error == 0) {
            ck_assert_int_eq(waitpid(pid, &status, 0), pid);
            status = WEXITSTATUS(status);
        }
        ck_assert_msg(status == rows[i].status, "row %zu: status %d", i, status);
    }
    remove_tools();
}
END_TEST

/* A directory whose name is too long for a path has nothing in it. */
START_TEST(long_path)
{
    struct pt_origin origin = saved();
    char name[] = "tool", end[] = "7", *argv[] = {name, end, NULL};
    char *path = malloc(20000);

    memset(path, 'x', 20000);
    strcpy(path + 10000, ":open");
    make_tools();
    ck_assert_int_eq(setenv("PATH", path, 1), 0);
    ck_assert_int_eq(run(argv, &origin), 7);
    free(path);
    remove_tools();
}
END_TEST

int main(void)
{
    return RUN_SUITE("spawn", as_we_were_started, cannot_be_run, no_descriptors, subreaper,
                     found_by_path, long_path);
}
