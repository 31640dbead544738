/* Programs that help us: which file is taken, and what becomes of it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakeproc.h"
#include "helper.h"
#include "scarce.h"
#include "suite.h"

static struct fakeproc place;
static struct pt_buffer path, skipped;

static void put(const char *name, mode_t mode)
{
    fakeproc_text(&place, 0, name, "#!/bin/sh\n");
    ck_assert_int_eq(fchmodat(place.fd, name, mode, 0), 0);
}

/* Directories a, b and c, each with a program of its own. */
static void set_up(void)
{
    fakeproc_init(&place);
    put("a/only_a", 0755);
    put("b/only_b", 0755);
    put("c/only_c", 0755);
    pt_buffer_init(&path);
    pt_buffer_init(&skipped);
}

static void tear_down(void)
{
    pt_buffer_done(&path);
    pt_buffer_done(&skipped);
    fakeproc_done(&place);
}

/* PATH from a pattern in which % is our place. */
static void set_path(const char *pattern)
{
    struct pt_buffer text = {0};

    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '%')
            pt_buffer_append_text(&text, place.path);
        else
            pt_buffer_append_byte(&text, *pattern);
    }
    ck_assert_int_eq(setenv("PATH", pt_buffer_text(&text), 1), 0);
    pt_buffer_done(&text);
}

/* That it is found as EXPECTED below our place. */
static void check_found(const char *name, const char *expected)
{
    int error = pt_helper_find(name, &path, &skipped);

    ck_assert_msg(error == 0, "%s: %d", name, error);
    ck_assert_str_eq(pt_buffer_text(&path) + strlen(place.path), expected);
}

static void check_skipped(const char *pattern)
{
    const char *at = pt_buffer_text(&skipped);

    for (; *pattern != '\0'; pattern++) {
        size_t length = *pattern == '%' ? strlen(place.path) : 1;

        ck_assert_msg(strncmp(at, *pattern == '%' ? place.path : pattern, length) == 0, "%s",
                      pt_buffer_text(&skipped));
        at += length;
    }
    ck_assert_str_eq(at, "");
    pt_buffer_clear(&skipped);
}

/* In the order of PATH, and nowhere else than it says from the root on. */
START_TEST(finds)
{
    set_up();
    put("a/both", 0644);
    put("b/both", 0755);
    put("c/both", 0755);
    fakeproc_text(&place, 0, "a/directory/x", "");
    set_path("/nowhere:%/a:%/b:%/c");
    check_found("only_b", "/b/only_b");
    check_found("both", "/b/both");
    ck_assert_int_eq(pt_helper_find("none", &path, NULL), -ENOENT);
    ck_assert_int_eq(pt_helper_find("directory", &path, NULL), -EACCES);
    ck_assert_int_eq(pt_helper_find("", &path, NULL), -ENOENT);
    set_path("%/a");
    ck_assert_int_eq(pt_helper_find("both", &path, NULL), -EACCES);
    ck_assert_int_eq(fchdir(place.fd), 0);
    set_path(":a:./a:.");
    ck_assert_int_eq(pt_helper_find("only_a", &path, NULL), -ENOENT);
    ck_assert_int_eq(unsetenv("PATH"), 0);
    ck_assert_int_eq(pt_helper_find("only_a", &path, NULL), -ENOENT);
    ck_assert_int_eq(pt_helper_find("./a/only_a", &path, NULL), 0);
    ck_assert_str_eq(pt_buffer_text(&path), "./a/only_a");
    ck_assert_int_eq(pt_helper_find("a/both", &path, NULL), -EACCES);
    ck_assert_int_eq(pt_helper_find("a/none", &path, NULL), -ENOENT);
    check_skipped("");
    tear_down();
}
END_TEST

/* As root, what others may have put there is passed over, and named. */
START_TEST(trust)
{
    if (geteuid() != 0)
        return;
    set_up();
    put("a/one", 0777);
    put("b/one", 0775);
    put("c/one", 0755);
    ck_assert_int_eq(fchownat(place.fd, "a/only_a", 1, 1, 0), 0);
    set_path("%/a:%/b:%/c");
    check_found("one", "/c/one");
    check_skipped("%/a/one, %/b/one");
    ck_assert_int_eq(pt_helper_find("only_a", &path, &skipped), -EACCES);
    check_skipped("%/a/only_a");
    ck_assert_int_eq(pt_helper_find("only_a", &path, NULL), -EACCES);
    ck_assert_int_eq(fchmodat(place.fd, "c", 0777, 0), 0);
    ck_assert_int_eq(pt_helper_find("only_c", &path, &skipped), -EACCES);
    check_skipped("%/c/only_c");
    ck_assert_int_eq(fchdir(place.fd), 0);
    ck_assert_int_eq(pt_helper_find("a/one", &path, &skipped), -EACCES);
    check_skipped("a/one");
    tear_down();
}
END_TEST

static int start(const char *file, const char *script, int output, pid_t *ret_pid)
{
    char shell[] = "sh", option[] = "-c", text[128];
    char *argv[] = {shell, option, text, NULL};
    const struct pt_helper helper = {file, argv, output};

    snprintf(text, sizeof text, "%s", script);
    return pt_helper_start(&helper, ret_pid);
}

static int status_of(const char *script)
{
    pid_t pid = 0;
    int status;

    ck_assert_int_eq(start("/bin/sh", script, -1, &pid), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return pt_helper_status(status);
}

START_TEST(runs)
{
    sigset_t all;
    char said[16];
    int ends[2];
    pid_t pid;

    sigfillset(&all);
    ck_assert_int_eq(sigprocmask(SIG_SETMASK, &all, NULL), 0);
    ck_assert_int_eq(status_of("exit 7"), 7);
    ck_assert_int_eq(status_of("kill -TERM $$; exit 3"), 128 + SIGTERM);
    ck_assert_int_eq(status_of("read word && exit 1; exit 4"), 4); /* there is no input */
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(start("/bin/sh", "echo said", ends[1], &pid), 0);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], said, sizeof said), 5);
    ck_assert_mem_eq(said, "said\n", 5);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

/* Then there is no child, and nobody waits for it. */
static void check_fails(const char *file, int output, int expected)
{
    pid_t pid = 77;
    int error = start(file, "exit 0", output, &pid);

    ck_assert_msg(error == expected, "%s: %d", file, error);
    ck_assert_int_eq(pid, 77);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}

START_TEST(does_not_start)
{
    check_fails("/nowhere", -1, -ENOENT);
    check_fails("/", -1, -EACCES);
    check_fails("/bin/sh", 999, -EBADF);
}
END_TEST

/* Nothing else is taken for it, and nothing is started by half. */
START_TEST(nothing_left_to_start_with)
{
    set_up();
    set_path("%/a:%/b");
    while (scarce_memory()) {
        int error;

        pt_buffer_done(&path);
        error = pt_helper_find("only_b", &path, NULL);
        if (scarce_end(error) == 0)
            ck_assert_str_eq(pt_buffer_text(&path) + strlen(place.path), "/b/only_b");
    }
    while (scarce_memory()) {
        pt_buffer_done(&path);
        scarce_end(pt_helper_find("/bin/sh", &path, NULL));
    }
    while (scarce_descriptors()) {
        pid_t pid = 0;

        if (scarce_end(start("/bin/true", "", -1, &pid)) == 0)
            ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        else
            ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    }
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_SUITE("helper", finds, trust, runs, does_not_start, nothing_left_to_start_with);
}
