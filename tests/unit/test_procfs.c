/* The root: what counts as one, whose it is, its pids and its clocks. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fakeproc.h"
#include "procfs.h"
#include "scarce.h"
#include "suite.h"
#include "units.h"

#define COUNT(rows) (sizeof rows / sizeof *rows)

START_TEST(roots)
{
    struct fakeproc proc;
    struct pt_procfs procfs = PT_PROCFS_CLOSED;

    fakeproc_init(&proc);
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), -EINVAL);
    fakeproc_text(&proc, 0, "version", "Linux");
    fakeproc_text(&proc, 0, "12", "not a directory");
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), -EINVAL);
    fakeproc_add(&proc, &(struct fake_process){.pid = 13});
    ck_assert_int_eq(unlinkat(proc.fd, "uptime", 0), 0);
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), -EINVAL);
    fakeproc_text(&proc, 0, "uptime", "1000.00 900.00\n");
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert(!procfs.live && !procfs.own_namespace);
    pt_procfs_close(&procfs);
    pt_procfs_close(&procfs);

    ck_assert_int_eq(pt_procfs_open(&procfs, "/nowhere"), -ENOENT);
    ck_assert_int_eq(pt_procfs_open(&procfs, "/etc/passwd"), -ENOTDIR);
    ck_assert_int_eq(pt_procfs_open(&procfs, "/proc/sys"), -EINVAL);
    fakeproc_done(&proc);
}
END_TEST

START_TEST(live)
{
    struct pt_procfs procfs;
    struct pt_clocks clocks;
    struct timespec now;

    ck_assert_int_eq(pt_procfs_open(&procfs, NULL), 0);
    ck_assert(procfs.live && procfs.own_namespace);
    ck_assert_uint_ge(procfs.ticks, 24);
    ck_assert_uint_ge(procfs.page_size, 4096);
    ck_assert_int_eq(pt_procfs_clocks(&procfs, &clocks), 0);
    clock_gettime(CLOCK_REALTIME, &now);
    ck_assert_int_le(clocks.realtime, now.tv_sec * PT_SECOND + now.tv_nsec);
    ck_assert_int_gt(clocks.boottime, 0);
    pt_procfs_close(&procfs);
}
END_TEST

START_TEST(pids)
{
    static const pid_t given[] = {700, 5, 2147483647, 41, 40, 1};
    static const pid_t expected[] = {1, 5, 40, 41, 700, 2147483647};
    struct fakeproc proc;
    struct pt_procfs procfs;
    pid_t *found;
    size_t count;

    fakeproc_init(&proc);
    for (size_t i = 0; i < COUNT(given); i++)
        fakeproc_add(&proc, &(struct fake_process){.pid = given[i]});
    fakeproc_text(&proc, 0, "012/stat", "");
    fakeproc_text(&proc, 0, "2147483648/stat", "");
    fakeproc_text(&proc, 0, "net/tcp", "");
    fakeproc_link(&proc, 0, "6", "5");
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(pt_procfs_pids(&procfs, &found, &count), 0);
    ck_assert_uint_eq(count, COUNT(expected));
    ck_assert_int_eq(memcmp(found, expected, sizeof expected), 0);
    free(found);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}
END_TEST

/* More than the array begins with, in no order. */
START_TEST(many_pids)
{
    struct fakeproc proc;
    struct pt_procfs procfs;
    pid_t *found;
    size_t count;

    fakeproc_init(&proc);
    for (int i = 0; i < 600; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d/x", 1 + (i * 7919) % 30011);
        fakeproc_text(&proc, 0, name, "");
    }
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(pt_procfs_pids(&procfs, &found, &count), 0);
    ck_assert_uint_eq(count, 600);
    for (size_t i = 1; i < count; i++)
        ck_assert_int_lt(found[i - 1], found[i]);
    free(found);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}
END_TEST

START_TEST(paths)
{
    static const struct {
        pid_t pid;
        const char *file, *path;
    } rows[] = {
        {1, NULL, "1"},
        {1, "stat", "1/stat"},
        {2147483647, "attr/current", "2147483647/attr/current"},
        {40, "", "40/"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char buffer[PT_PROCFS_PATH];

        ck_assert_str_eq(pt_procfs_path(buffer, rows[i].pid, rows[i].file), rows[i].path);
    }
}
END_TEST

/* A captured tree's clocks are those of its capture. */
START_TEST(captured_clocks)
{
    const struct timespec captured[] = {{1700000000, 500000000}, {1700000000, 500000000}};
    struct fakeproc proc;
    struct pt_procfs procfs;
    struct pt_clocks clocks;

    fakeproc_init(&proc);
    fakeproc_add(&proc, &(struct fake_process){.pid = 1});
    ck_assert_int_eq(utimensat(proc.fd, "uptime", captured, 0), 0);
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(pt_procfs_clocks(&procfs, &clocks), 0);
    ck_assert_int_eq(clocks.boottime, 1000 * PT_SECOND);
    ck_assert_int_eq(clocks.realtime, INT64_C(1700000000500000000));
    fakeproc_text(&proc, 0, "uptime", "soon");
    ck_assert_int_eq(pt_procfs_clocks(&procfs, &clocks), -EINVAL);
    fakeproc_unlink(&proc, 0, "uptime");
    ck_assert_int_eq(pt_procfs_clocks(&procfs, &clocks), -ENOENT);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}
END_TEST

START_TEST(held_directory)
{
    struct fakeproc proc;
    struct pt_procfs procfs;
    struct pt_dir dir;
    char buffer[256];

    fakeproc_init(&proc);
    fakeproc_add(&proc, &(struct fake_process){.pid = 8});
    fakeproc_link(&proc, 0, "9", "8");
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(pt_procfs_open_pid(&procfs, 7, &dir), -ENOENT);
    ck_assert_int_eq(pt_procfs_open_pid(&procfs, 9, &dir), -ENOTDIR);
    ck_assert_int_eq(pt_procfs_open_pid(&procfs, 8, &dir), 0);
    ck_assert_int_gt(pt_dir_read(&dir, "stat", buffer, sizeof buffer), 0);
    pt_dir_close(&dir);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}
END_TEST

/* Whether a root is one, and ours, is never guessed for want of means; nor is a list cut. */
START_TEST(nothing_left_to_open_with)
{
    struct fakeproc proc;
    struct pt_procfs procfs;
    pid_t *list;
    size_t count;

    while (scarce_anything()) {
        if (scarce_end(pt_procfs_open(&procfs, NULL)) == 0) {
            ck_assert(procfs.live && procfs.own_namespace);
            pt_procfs_close(&procfs);
        }
    }
    fakeproc_init(&proc);
    for (pid_t pid = 1; pid <= 300; pid++)
        fakeproc_text(&proc, pid, "comm", "x");
    while (scarce_anything()) {
        if (scarce_end(pt_procfs_open(&procfs, proc.path)) == 0)
            pt_procfs_close(&procfs);
    }
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    while (scarce_anything()) {
        if (scarce_end(pt_procfs_pids(&procfs, &list, &count)) == 0) {
            ck_assert_uint_eq(count, 300);
            free(list);
        }
    }
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}
END_TEST

int main(void)
{
    return RUN_SUITE("procfs", roots, live, pids, many_pids, paths, captured_clocks, held_directory,
                     nothing_left_to_open_with);
}
