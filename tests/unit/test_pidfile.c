/* Files that say a pid: what is believed, and on the strict way whom everything on it belongs to.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfile.h"
#include "scarce.h"
#include "suite.h"

static char place[64];

static const char *path_of(const char *name)
{
    static char path[sizeof place + 256];

    snprintf(path, sizeof path, "%s/%s", place, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* A directory of root's below /run, on which no sticky bit lies; false: we are not root. */
static bool set_up(void)
{
    snprintf(place, sizeof place, "/run/pidfile-test.XXXXXX");
    if (geteuid() != 0)
        return false;
    umask(022);
    ck_assert_ptr_nonnull(mkdtemp(place));
    ck_assert_int_eq(chmod(place, 0755), 0);
    put("plain", "123\n");
    return true;
}

static void tear_down(void)
{
    char command[sizeof place + 16];

    snprintf(command, sizeof command, "rm -rf %s", place);
    ck_assert_int_eq(system(command), 0);
}

/* 0 and the pid, or why not, as a user reads it. */
static void check_read(const char *path, bool strict, pid_t expected, const char *fault)
{
    struct pt_fault found = {0, ""};
    pid_t pid = 0;
    int error = pt_pidfile_read(path, strict, &pid, &found);

    ck_assert_msg(error == (expected != 0 ? 0 : -EINVAL), "%s: %d", path, error);
    ck_assert_int_eq(pid, expected);
    ck_assert_str_eq(error == 0 ? "" : found.text, fault);
}

START_TEST(contents)
{
    static const struct {
        const char *text;
        pid_t pid;
        const char *fault;
    } rows[] = {
        {"42", 42, ""},
        {" \t42 \r\n/data\n5432\n", 42, ""},
        {"", 0, "holds no pid"},
        {" \n42\n", 0, "holds no pid"},
        {"pid 42\n", 0, "does not begin with a pid"},
        {"0\n", 0, "does not begin with a pid"},
        {"-1\n", 0, "does not begin with a pid"},
        {"                                                                42\n", 0,
         "the first line is too long"},
    };
    if (!set_up())
        return;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put("file", rows[i].text);
        check_read(path_of("file"), false, rows[i].pid, rows[i].fault);
        check_read(path_of("file"), true, rows[i].pid, rows[i].fault);
    }
    tear_down();
}
END_TEST

START_TEST(relative)
{
    struct pt_fault fault;
    pid_t pid;

    if (!set_up())
        return;
    ck_assert_int_eq(chdir(place), 0);
    check_read("plain", true, 123, "");
    tear_down();
    ck_assert_int_eq(pt_pidfile_read("plain", true, &pid, &fault), -ENOENT); /* of no directory */
}
END_TEST

START_TEST(ways_to_it)
{
    struct pt_fault fault;
    char text[128];
    pid_t pid;

    if (!set_up())
        return;
    ck_assert_int_eq(mkdir(path_of("open"), 0777), 0);
    ck_assert_int_eq(chmod(path_of("open"), 0777), 0);
    put("open/file", "5\n");
    check_read(path_of("open/file"), false, 5, "");
    check_read(path_of("open/file"), true, 0, "refused: in a directory that others may write to");
    /* Sticky, nobody moves what is root's in it; but who may have made a link there? */
    ck_assert_int_eq(chmod(path_of("open"), 01777), 0);
    check_read(path_of("open/file"), true, 0, "refused: in a directory that others may write to");
    ck_assert_int_eq(mkdir(path_of("open/inner"), 0755), 0);
    put("open/inner/file", "6\n");
    check_read(path_of("open/inner/file"), true, 6, "");
    ck_assert_int_eq(symlink("inner", path_of("open/link")), 0);
    check_read(path_of("open/link/file"), true, 0,
               "refused: reached by a link in a directory that others may write to");

    ck_assert_int_eq(mkdir(path_of("theirs"), 0755), 0);
    put("theirs/file", "7\n");
    ck_assert_int_eq(chown(path_of("theirs"), 12345, 0), 0);
    check_read(path_of("theirs/file"), true, 0, "refused: in a directory that is not root's");
    ck_assert_int_eq(chmod(path_of("plain"), 0664), 0);
    check_read(path_of("plain"), true, 0, "refused: others may write to it");
    ck_assert_int_eq(chown(path_of("plain"), 12345, 0), 0);
    check_read(path_of("plain"), true, 0, "refused: not root's");

    /* Links of root's own are followed, up to a number. */
    ck_assert_int_eq(mkdir(path_of("real"), 0755), 0);
    put("real/file", "8\n");
    ck_assert_int_eq(symlink("real", path_of("relative")), 0);
    snprintf(text, sizeof text, "%s/real", place);
    ck_assert_int_eq(symlink(text, path_of("absolute")), 0);
    check_read(path_of("relative/file"), true, 8, "");
    check_read(path_of("absolute/file"), true, 8, "");
    ck_assert_int_eq(symlink("round", path_of("round")), 0);
    ck_assert_int_eq(pt_pidfile_read(path_of("round/file"), true, &pid, &fault), -ELOOP);
    tear_down();
}
END_TEST

/* None of these is opened; a FIFO would keep us. */
START_TEST(no_files)
{
    struct pt_fault fault;
    pid_t pid;

    if (!set_up())
        return;
    ck_assert_int_eq(mkfifo(path_of("fifo"), 0644), 0);
    ck_assert_int_eq(symlink("plain", path_of("link")), 0);
    check_read(path_of("fifo"), false, 0, "refused: not a regular file");
    check_read(path_of("fifo"), true, 0, "refused: not a regular file");
    check_read("/dev/null", false, 0, "refused: not a regular file");
    check_read(place, false, 0, "refused: not a regular file");
    check_read("/", true, 0, "refused: not a regular file");
    check_read(path_of("link"), false, 123, "");
    check_read(path_of("link"), true, 0, "refused: a symbolic link");
    ck_assert_int_eq(pt_pidfile_read(path_of("none"), false, &pid, &fault), -ENOENT);
    ck_assert_int_eq(pt_pidfile_read(path_of("none"), true, &pid, &fault), -ENOENT);
    ck_assert_int_eq(pt_pidfile_read(path_of("no/ne"), true, &pid, &fault), -ENOENT);
    ck_assert_int_eq(pt_pidfile_read(path_of("plain/x"), true, &pid, &fault), -ENOTDIR);
    /* A regular file that cannot be read. */
    ck_assert_int_lt(pt_pidfile_read("/proc/self/mem", false, &pid, &fault), 0);
    tear_down();
}
END_TEST

START_TEST(nothing_left_to_read_with)
{
    struct pt_fault fault;
    pid_t pid = 0;

    if (!set_up())
        return;
    ck_assert_int_eq(mkdir(path_of("real"), 0755), 0);
    put("real/file", "8\n");
    ck_assert_int_eq(symlink("real", path_of("link")), 0);
    ck_assert_int_eq(chdir(place), 0);
    while (scarce_anything()) {
        pid = 0;
        if (scarce_end(pt_pidfile_read("link/file", true, &pid, &fault)) == 0)
            ck_assert_int_eq(pid, 8);
        else
            ck_assert_int_eq(pid, 0);
    }
    while (scarce_descriptors())
        scarce_end(pt_pidfile_read("plain", false, &pid, &fault));
    ck_assert_int_eq(pid, 123);
    ck_assert_int_eq(chdir("/"), 0);
    tear_down();
}
END_TEST

START_TEST(not_for_us)
{
    struct pt_fault fault;
    pid_t pid;

    if (!set_up())
        return;
    ck_assert_int_eq(chmod(path_of("plain"), 0600), 0);
    ck_assert_int_eq(seteuid(12345), 0);
    ck_assert_int_eq(pt_pidfile_read(path_of("plain"), false, &pid, &fault), -EACCES);
    ck_assert_int_eq(pt_pidfile_read(path_of("plain"), true, &pid, &fault), -EACCES);
    ck_assert_int_eq(seteuid(0), 0);
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_SUITE("pidfile", contents, relative, ways_to_it, no_files, nothing_left_to_read_with,
                     not_for_us);
}
