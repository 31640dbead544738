/* Running a command: what it gets back of what we changed, and how a failure is told.
 * labels: native */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

int main(void)
{
    return RUN_SUITE("spawn", as_we_were_started, cannot_be_run, no_descriptors, subreaper);
}
