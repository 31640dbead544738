/* All processes of a fixture root: found by pid, completed, dropped when they are gone. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fakeproc.h"
#include "match.h"
#include "scarce.h"
#include "snapshot.h"
#include "suite.h"
#include "units.h"

static struct fakeproc proc;
static struct pt_procfs procfs;
static struct pt_snapshot snapshot;

static void scan(pt_sources sources)
{
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(pt_snapshot_scan(&snapshot, &procfs, sources), 0);
}

static void tear_down(void)
{
    pt_snapshot_done(&snapshot);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}

START_TEST(sorted_and_found)
{
    fakeproc_init(&proc);
    for (pid_t pid = 999; pid > 0; pid -= 2)
        fakeproc_add(&proc, &(struct fake_process){.pid = pid, .ppid = pid > 1});
    scan(PT_SOURCE_BIT(PT_SOURCE_STAT));
    ck_assert_uint_eq(snapshot.count, 500);
    for (size_t i = 1; i < snapshot.count; i++)
        ck_assert_int_lt(snapshot.processes[i - 1].stat.pid, snapshot.processes[i].stat.pid);
    for (pid_t pid = 0; pid < 1001; pid++) {
        const struct pt_process *process = pt_snapshot_find(&snapshot, pid);
        ck_assert_int_eq(process != NULL, pid % 2);
        ck_assert(process == NULL || process->stat.pid == pid);
    }
    ck_assert_uint_eq(pt_snapshot_index(&snapshot, 1000), PT_NO_INDEX);
    tear_down();
}
END_TEST

/* Listed, but gone when it is read: dropped whole, and counted. A torn record is an error. */
START_TEST(vanished)
{
    fakeproc_init(&proc);
    fakeproc_add(&proc, &(struct fake_process){.pid = 5});
    fakeproc_add(&proc, &(struct fake_process){.pid = 6});
    fakeproc_unlink(&proc, 6, "stat");
    scan(PT_SOURCE_BIT(PT_SOURCE_STAT) | PT_SOURCE_BIT(PT_SOURCE_CMDLINE));
    ck_assert_uint_eq(snapshot.count, 1);
    ck_assert_uint_eq(snapshot.gone, 1);
    ck_assert_int_eq(snapshot.processes[0].stat.pid, 5);
    tear_down();
}
END_TEST

START_TEST(completed)
{
    fakeproc_init(&proc);
    for (pid_t pid = 1; pid <= 4; pid++) {
        fakeproc_add(&proc, &(struct fake_process){.pid = pid, .starttime = 7});
        fakeproc_write(&proc, pid, "cmdline", "a\0b\0", 4);
    }
    scan(PT_SOURCE_BIT(PT_SOURCE_STAT));
    /* One ends, and one ends and has its pid given away. */
    fakeproc_remove(&proc, 2);
    fakeproc_remove(&proc, 3);
    fakeproc_add(&proc, &(struct fake_process){.pid = 3, .starttime = 8});
    static const uint32_t indexes[] = {0, 1, 2};
    ck_assert_int_eq(pt_snapshot_add(&snapshot, indexes, 3, PT_SOURCE_BIT(PT_SOURCE_CMDLINE)), 0);
    ck_assert(pt_process_has(&snapshot.processes[0], PT_SOURCE_CMDLINE));
    ck_assert_uint_eq(snapshot.processes[0].more->cmdline.length, 4);
    ck_assert(pt_snapshot_is_gone(&snapshot.processes[1]));
    ck_assert(pt_snapshot_is_gone(&snapshot.processes[2]));
    ck_assert(!pt_process_has(&snapshot.processes[3], PT_SOURCE_CMDLINE));
    tear_down();
}
END_TEST

START_TEST(times)
{
    fakeproc_init(&proc); /* 1000 seconds after boot */
    fakeproc_add(&proc, &(struct fake_process){.pid = 1, .starttime = 100});
    fakeproc_add(&proc, &(struct fake_process){.pid = 2, .starttime = UINT64_MAX});
    scan(PT_SOURCE_BIT(PT_SOURCE_STAT));
    int64_t start = (int64_t)(100 * (uint64_t)PT_SECOND / procfs.ticks);
    ck_assert_int_eq(pt_snapshot_age(&snapshot, &snapshot.processes[0]), 1000 * PT_SECOND - start);
    ck_assert_int_eq(pt_snapshot_age(&snapshot, &snapshot.processes[1]), 0);
    ck_assert_int_eq(pt_snapshot_start_time(&snapshot, &snapshot.processes[0]),
                     snapshot.clocks.realtime - 1000 * PT_SECOND + start);
    tear_down();
}
END_TEST

static void check_selected(const struct pt_match *match, const pid_t *pids, size_t count,
                           size_t unreadable)
{
    struct pt_selection selection;
    ck_assert_int_eq(pt_match_select(match, &snapshot, NULL, &selection), 0);
    ck_assert_uint_eq(selection.count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(snapshot.processes[selection.indexes[i]].stat.pid, pids[i]);
    ck_assert_uint_eq(selection.unreadable, unreadable);
    pt_selection_done(&selection);
}

/* Patterns are looked for in the whole of argv, of which records keep the beginning. */
START_TEST(selected_by_long_arguments)
{
    enum { LENGTH = 100000 };
    char *argv = malloc(LENGTH);
    struct pt_match *match = pt_match_new();
    struct pt_fault fault;
    memset(argv, 'x', LENGTH);
    memcpy(argv + LENGTH - 7, "\0needle", 7);
    fakeproc_init(&proc);
    for (pid_t pid = 1; pid <= 3; pid++)
        fakeproc_add(&proc, &(struct fake_process){.pid = pid});
    fakeproc_write(&proc, 2, "cmdline", argv, LENGTH);
    fakeproc_unlink(&proc, 3, "cmdline");
    fakeproc_fifo(&proc, 3, "cmdline");
    free(argv);
    scan(PT_SOURCE_BIT(PT_SOURCE_STAT));
    ck_assert_int_eq(pt_match_add(match, PT_MATCH_CMDLINE, "x needle$", &fault), 0);
    check_selected(match, (const pid_t[]){2}, 1, 1);
    pt_match_free(match);
    tear_down();
}
END_TEST

START_TEST(selected_source_by_source)
{
    struct pt_match *match = pt_match_new();
    struct pt_fault fault;
    fakeproc_init(&proc);
    for (pid_t pid = 1; pid <= 4; pid++)
        fakeproc_add(&proc, &(struct fake_process){.pid = pid, .state = pid == 4 ? 'Z' : 'S'});
    fakeproc_link(&proc, 2, "exe", "/bin/tool");
    fakeproc_link(&proc, 3, "exe", "/bin/tool");
    fakeproc_link(&proc, 4, "exe", "/bin/tool");
    fakeproc_text(&proc, 2, "cgroup", "0::/a.slice/x.service\n");
    fakeproc_text(&proc, 3, "cgroup", "0::/b.slice/x.service\n");
    scan(PT_SOURCE_BIT(PT_SOURCE_STAT));
    ck_assert_int_eq(pt_match_add(match, PT_MATCH_EXE_NAME, "tool", &fault), 0);
    ck_assert_int_eq(pt_match_add(match, PT_MATCH_STATE, "S", &fault), 0);
    check_selected(match, (const pid_t[]){2, 3}, 2, 0);
    ck_assert_int_eq(pt_match_add(match, PT_MATCH_CGROUP, "/b.slice/*", &fault), 0);
    check_selected(match, (const pid_t[]){3}, 1, 0);
    /* What a cheaper source denies is never read further. */
    ck_assert(!(pt_snapshot_find(&snapshot, 4)->asked & PT_SOURCE_BIT(PT_SOURCE_EXE)));
    pt_match_free(match);
    tear_down();
}
END_TEST

/* Nothing is settled on a captured tree: it says what it says. */
START_TEST(captured_trees_stay)
{
    fakeproc_init(&proc);
    fakeproc_add(&proc, &(struct fake_process){.pid = 5, .ppid = 77});
    scan(PT_SOURCE_BIT(PT_SOURCE_STAT));
    fakeproc_remove(&proc, 5);
    ck_assert_int_eq(pt_snapshot_settle(&snapshot), 0);
    ck_assert_uint_eq(snapshot.count, 1);
    tear_down();
}
END_TEST

START_TEST(not_a_procfs)
{
    ck_assert_int_lt(pt_procfs_open(&procfs, "/dev"), 0);
    ck_assert_int_lt(pt_procfs_open(&procfs, "/nowhere"), 0);
    ck_assert_int_lt(pt_procfs_open(&procfs, "/dev/null"), 0);
}
END_TEST

/* A snapshot that was made holds everybody. */
START_TEST(nothing_left_to_scan_with)
{
    enum { COUNT = 40 };
    const pt_sources sources = PT_SOURCE_BIT(PT_SOURCE_STAT) | PT_SOURCE_BIT(PT_SOURCE_CMDLINE);
    fakeproc_init(&proc);
    for (pid_t pid = 1; pid <= COUNT; pid++)
        fakeproc_add(&proc, &(struct fake_process){.pid = pid});
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    while (scarce_anything()) {
        if (scarce_end(pt_snapshot_scan(&snapshot, &procfs, sources)) != 0)
            continue;
        ck_assert_uint_eq(snapshot.count, COUNT);
        ck_assert_uint_eq(snapshot.gone + snapshot.refused, 0);
        pt_snapshot_done(&snapshot);
    }
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}
END_TEST

/* A tree without its clock, or with a torn one. */
START_TEST(no_uptime)
{
    fakeproc_init(&proc);
    fakeproc_add(&proc, &(struct fake_process){.pid = 1});
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    fakeproc_text(&proc, 0, "uptime", "soon\n");
    ck_assert_int_eq(pt_snapshot_scan(&snapshot, &procfs, PT_SOURCE_BIT(PT_SOURCE_STAT)), -EINVAL);
    fakeproc_unlink(&proc, 0, "uptime");
    ck_assert_int_eq(pt_snapshot_scan(&snapshot, &procfs, PT_SOURCE_BIT(PT_SOURCE_STAT)), -ENOENT);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}
END_TEST

/* Who is chosen is chosen from all, or there is no choice. */
START_TEST(nothing_left_to_select_with)
{
    struct pt_fault fault;
    char *argv = calloc(1, 100000);
    fakeproc_init(&proc);
    for (pid_t pid = 1; pid <= 3; pid++) {
        fakeproc_add(&proc, &(struct fake_process){.pid = pid});
        fakeproc_write(&proc, pid, "environ", argv, 50000); /* longer than what records keep */
        fakeproc_text(&proc, pid, "cgroup", "0::/a.slice\n");
    }
    free(argv);
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    while (scarce_memory()) {
        struct pt_selection selection;
        struct pt_match *match = pt_match_new();
        int error = match != NULL ? 0 : -ENOMEM;
        snapshot = (struct pt_snapshot){0};
        if (error == 0)
            error = pt_match_add(match, PT_MATCH_CGROUP, "/a*", &fault);
        if (error == 0)
            error = pt_match_add(match, PT_MATCH_ENV, "A=b", &fault);
        if (error == 0)
            error = pt_match_exclude(match, 99);
        if (error == 0)
            pt_match_invert(match);
        if (error == 0)
            error = pt_snapshot_scan(&snapshot, &procfs, PT_SOURCE_BIT(PT_SOURCE_STAT));
        if (error == 0)
            error = pt_match_select(match, &snapshot, NULL, &selection);
        if (scarce_end(error) == 0) {
            ck_assert_uint_eq(selection.count + selection.unreadable, 3);
            pt_selection_done(&selection);
        }
        pt_match_free(match);
        pt_snapshot_done(&snapshot);
    }
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}
END_TEST

int main(void)
{
    return RUN_SUITE("snapshot", sorted_and_found, vanished, completed, times,
                     selected_by_long_arguments, selected_source_by_source, captured_trees_stay,
                     not_a_procfs, nothing_left_to_scan_with, no_uptime,
                     nothing_left_to_select_with);
}
