/* Criteria on hand-made records: what they decide, and what they ask for before they do. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fakeproc.h"
#include "match.h"
#include "scarce.h"
#include "suite.h"
#include "units.h"

#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define BIT(source) PT_SOURCE_BIT(PT_SOURCE_##source)

static const struct pt_clocks clocks = {.boottime = 1000 * PT_SECOND};

/* A daemon as it is after every source was read; tests take away what they want to be asked for. */
static struct pt_process_more more;
static struct pt_process process;

static void set_up(void)
{
    more = (struct pt_process_more){
        .status = {.uid = {1000, 33, 33, 33}, .gid = {1000, 44, 44, 44}},
        .cmdline = BYTES("/usr/sbin/a-long-daemon-name\0-x\0two words\0"),
        .environ = BYTES("HOME=/root\0no-assignment\0EMPTY=\0LANG=C\0"),
        .exe = BYTES("/usr/sbin/a-long-daemon-name"),
        .exe_path = BYTES("/usr/sbin/a-long-daemon-name"),
        .cgroup = BYTES("4:memory:/m\n1:name=systemd:/system.slice/cron.service\n"
                        "0::/system.slice/cron.service\n"),
    };
    process = (struct pt_process){
        .stat = {.pid = 100,
                 .ppid = 1,
                 .pgrp = 7,
                 .session = 8,
                 .state = 'S',
                 .starttime = 90000,
                 .comm = "a-long-daemon-n",
                 .comm_length = 15},
        .asked = (1u << PT_SOURCE_COUNT) - 1,
        .owner = 33,
        .more = &more,
    };
}

static enum pt_verdict decide_one(enum pt_match_kind kind, const char *text, pt_sources *ret_needs)
{
    struct pt_match *match = pt_match_new();
    struct pt_fault fault;
    ck_assert_int_eq(pt_match_add(match, kind, text, &fault), 0);
    *ret_needs = 0;
    enum pt_verdict verdict = pt_match_decide(match, &process, &clocks, 100, ret_needs);
    pt_match_free(match);
    return verdict;
}

START_TEST(criteria)
{
    static const struct {
        enum pt_match_kind kind;
        const char *text;
        enum pt_verdict verdict;
    } rows[] = {
        {PT_MATCH_PID, "100", PT_YES},
        {PT_MATCH_PID, "10", PT_NO},
        {PT_MATCH_PARENT, "1", PT_YES},
        {PT_MATCH_PGRP, "7", PT_YES},
        {PT_MATCH_SESSION, "8", PT_YES},
        {PT_MATCH_SESSION, "7", PT_NO},
        {PT_MATCH_STATE, "DS", PT_YES},
        {PT_MATCH_STATE, "R", PT_NO},
        {PT_MATCH_OLDER, "100", PT_YES}, /* it is 100 seconds old */
        {PT_MATCH_OLDER, "101s", PT_NO},
        {PT_MATCH_OLDER, "0s", PT_YES},
        {PT_MATCH_NEWER, "100", PT_NO},
        {PT_MATCH_NEWER, "101", PT_YES},
        {PT_MATCH_COMM, "a-long-daemon-n", PT_YES},
        {PT_MATCH_COMM, "a-long-daemon-name", PT_YES},
        {PT_MATCH_COMM, "a-long-daemon-nose", PT_NO},
        {PT_MATCH_COMM, "a-long", PT_NO},
        {PT_MATCH_USER, "33", PT_YES}, /* the effective one */
        {PT_MATCH_USER, "1000", PT_NO},
        {PT_MATCH_USER, "root", PT_NO},
        {PT_MATCH_GROUP, "44", PT_YES},
        {PT_MATCH_GROUP, "1000", PT_NO},
        {PT_MATCH_CGROUP, "/system.slice/cron.service", PT_YES},
        {PT_MATCH_CGROUP, "*cron.service", PT_YES},
        {PT_MATCH_CGROUP, "/m", PT_YES},
        {PT_MATCH_CGROUP, "/system.slice", PT_NO},
        {PT_MATCH_EXE_NAME, "a-long-daemon-name", PT_YES},
        {PT_MATCH_EXE_NAME, "a-long-daemon-n", PT_NO},
        {PT_MATCH_EXE_PATH, "/usr/sbin/a-long-daemon-name", PT_YES},
        {PT_MATCH_EXE_PATH, "a-long-daemon-name", PT_NO},
        {PT_MATCH_CMDLINE, "^/usr.* -x two words$", PT_YES},
        {PT_MATCH_CMDLINE, "-x|-y", PT_YES},
        {PT_MATCH_CMDLINE, "^-x", PT_NO},
        {PT_MATCH_ENV, "HOME", PT_YES},
        {PT_MATCH_ENV, "HOM", PT_NO},
        {PT_MATCH_ENV, "EMPTY=", PT_YES},
        {PT_MATCH_ENV, "LANG=C", PT_YES},
        {PT_MATCH_ENV, "LANG=", PT_NO},
        {PT_MATCH_ENV, "no-assignment", PT_NO},
    };
    set_up();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pt_sources needs;
        enum pt_verdict verdict = decide_one(rows[i].kind, rows[i].text, &needs);
        ck_assert_msg(verdict == rows[i].verdict, "row %zu '%s': %d", i, rows[i].text,
                      (int)verdict);
    }
}
END_TEST

START_TEST(asks_for_the_cheapest)
{
    static const struct {
        enum pt_match_kind kind;
        const char *text;
        pt_sources asked; /* already, beside stat */
        pt_sources needs; /* 0: it is decided */
    } rows[] = {
        {PT_MATCH_PID, "100", 0, 0},
        {PT_MATCH_COMM, "a-long-daemon-n", 0, 0},
        {PT_MATCH_COMM, "another-long-name", 0, 0},
        {PT_MATCH_COMM, "a-long-daemon-name", 0, BIT(EXE)},
        {PT_MATCH_USER, "33", 0, BIT(STATUS) | BIT(OWNER)},
        {PT_MATCH_GROUP, "33", 0, BIT(STATUS)},
        {PT_MATCH_CGROUP, "x", 0, BIT(CGROUP)},
        {PT_MATCH_EXE_NAME, "x", 0, BIT(EXE)},
        {PT_MATCH_EXE_NAME, "x", BIT(EXE), 0},
        {PT_MATCH_CMDLINE, "x", 0, BIT(CMDLINE)},
        {PT_MATCH_ENV, "x", 0, BIT(ENVIRON)},
    };
    set_up();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pt_sources needs;
        process.asked = BIT(STAT) | rows[i].asked;
        enum pt_verdict verdict = decide_one(rows[i].kind, rows[i].text, &needs);
        ck_assert_msg((verdict == PT_NEEDS) == (rows[i].needs != 0), "row %zu", i);
        ck_assert_uint_eq(needs, rows[i].needs);
    }
}
END_TEST

START_TEST(unreadable_is_no_match)
{
    static const struct {
        enum pt_match_kind kind;
        const char *text;
        enum pt_source source;
        enum pt_verdict verdict;
    } rows[] = {
        {PT_MATCH_GROUP, "44", PT_SOURCE_STATUS, PT_UNREADABLE},
        {PT_MATCH_USER, "33", PT_SOURCE_STATUS, PT_YES}, /* the directory's owner tells */
        {PT_MATCH_CGROUP, "*", PT_SOURCE_CGROUP, PT_UNREADABLE},
        {PT_MATCH_CMDLINE, "x", PT_SOURCE_CMDLINE, PT_UNREADABLE},
        {PT_MATCH_ENV, "HOME", PT_SOURCE_ENVIRON, PT_UNREADABLE},
        {PT_MATCH_PID, "100", PT_SOURCE_STAT, PT_YES},
        {PT_MATCH_STATE, "S", PT_SOURCE_STAT, PT_UNREADABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pt_sources needs;
        set_up();
        process.error[rows[i].source] = EACCES;
        enum pt_verdict verdict = decide_one(rows[i].kind, rows[i].text, &needs);
        ck_assert_msg(verdict == rows[i].verdict, "row %zu: %d", i, (int)verdict);
    }
}
END_TEST

START_TEST(exe_falls_back)
{
    pt_sources needs;
    set_up();
    process.error[PT_SOURCE_EXE] = EACCES;
    ck_assert_int_eq(decide_one(PT_MATCH_EXE_PATH, "/usr/sbin/a-long-daemon-name", &needs), PT_YES);
    ck_assert_int_eq(decide_one(PT_MATCH_EXE_PATH, "/x", &needs), PT_NO);
    more.cmdline = (struct pt_bytes)BYTES("-bash\0");
    ck_assert_int_eq(decide_one(PT_MATCH_EXE_PATH, "/x", &needs), PT_UNREADABLE);
    process.stat.state = 'Z'; /* it runs nothing */
    process.stat.threads = 1;
    ck_assert_int_eq(decide_one(PT_MATCH_EXE_PATH, "/x", &needs), PT_NO);
    process.asked = BIT(STAT) | BIT(EXE);
    ck_assert_int_eq(decide_one(PT_MATCH_EXE_PATH, "/x", &needs), PT_NEEDS);
    ck_assert_uint_eq(needs, BIT(CMDLINE));
}
END_TEST

START_TEST(cut_strings_are_read_whole)
{
    pt_sources needs;
    set_up();
    more.cmdline_cut = more.environ_cut = true;
    ck_assert_int_eq(decide_one(PT_MATCH_CMDLINE, "x", &needs), PT_NEEDS);
    ck_assert_uint_eq(needs, BIT(CMDLINE) | PT_READ_WHOLE);
    ck_assert_int_eq(decide_one(PT_MATCH_ENV, "NOWHERE", &needs), PT_NEEDS);
    ck_assert_uint_eq(needs, BIT(ENVIRON) | PT_READ_WHOLE);
    /* What is found in the part that is there needs no more. */
    ck_assert_int_eq(decide_one(PT_MATCH_ENV, "HOME", &needs), PT_YES);
}
END_TEST

/* One byte that is no character must not hide the rest from a pattern. */
START_TEST(invalid_bytes_hide_nothing)
{
    pt_sources needs;
    set_up();
    more.cmdline = (struct pt_bytes)BYTES("evil\xff\0--secret\0");
    ck_assert_int_eq(decide_one(PT_MATCH_CMDLINE, "--secret", &needs), PT_YES);
    ck_assert_int_eq(decide_one(PT_MATCH_CMDLINE, "^evil", &needs), PT_YES);
}
END_TEST

static enum pt_verdict decide_all(bool invert, pid_t excluded, const char *state, const char *user)
{
    struct pt_match *match = pt_match_new();
    struct pt_fault fault;
    pt_sources needs;
    ck_assert_int_eq(pt_match_add(match, PT_MATCH_STATE, "Z", &fault), 0);
    ck_assert_int_eq(pt_match_add(match, PT_MATCH_STATE, state, &fault), 0);
    ck_assert_int_eq(pt_match_add(match, PT_MATCH_USER, user, &fault), 0);
    if (invert)
        pt_match_invert(match);
    if (excluded)
        pt_match_exclude(match, excluded);
    enum pt_verdict verdict = pt_match_decide(match, &process, &clocks, 100, &needs);
    pt_match_free(match);
    return verdict;
}

START_TEST(kinds_and_inversion)
{
    set_up();
    ck_assert_int_eq(decide_all(false, 0, "S", "33"), PT_YES); /* of one kind: any */
    ck_assert_int_eq(decide_all(false, 0, "S", "34"), PT_NO);  /* kinds: all */
    ck_assert_int_eq(decide_all(true, 0, "S", "34"), PT_YES);
    ck_assert_int_eq(decide_all(true, 0, "S", "33"), PT_NO);
    ck_assert_int_eq(decide_all(true, 100, "S", "34"), PT_NO); /* left out, inverted too */
    ck_assert_int_eq(decide_all(false, 101, "S", "33"), PT_YES);
}
END_TEST

START_TEST(kernel_threads_have_long_names)
{
    pt_sources needs;
    set_up();
    process.stat.flags = PT_PF_KTHREAD;
    process.stat.comm = "kworker/R-a-very-long-name";
    process.stat.comm_length = 26;
    process.asked = BIT(STAT);
    ck_assert_int_eq(decide_one(PT_MATCH_COMM, "kworker/R-a-very-long-name", &needs), PT_YES);
    ck_assert_int_eq(decide_one(PT_MATCH_COMM, "kworker/R-a-very-long-nam", &needs), PT_NO);
}
END_TEST

START_TEST(gone)
{
    pt_sources needs;
    set_up();
    process.error[PT_SOURCE_STAT] = PT_GONE;
    ck_assert_int_eq(decide_one(PT_MATCH_PID, "100", &needs), PT_NO);
}
END_TEST

START_TEST(bad_input)
{
    static const struct {
        enum pt_match_kind kind;
        const char *text;
        size_t offset;
    } rows[] = {
        {PT_MATCH_PID, "1x", 1},
        {PT_MATCH_PID, "-1", 0},
        {PT_MATCH_PID, "99999999999", 0},
        {PT_MATCH_PID, "", 0},
        {PT_MATCH_USER, "no such user", 0},
        {PT_MATCH_USER, "", 0},
        {PT_MATCH_GROUP, "no such group", 0},
        {PT_MATCH_STATE, "SQ", 1},
        {PT_MATCH_STATE, "", 0},
        {PT_MATCH_OLDER, "5 minutes", 1},
        {PT_MATCH_CMDLINE, "(", 0},
        {PT_MATCH_CMDLINE, "[", 0},
        {PT_MATCH_CMDLINE, "x\\", 1},
        {PT_MATCH_CGROUP, "/[", 1},
        {PT_MATCH_COMM, "", 0},
        {PT_MATCH_ENV, "", 0},
        {PT_MATCH_CGROUP, "", 0},
        {PT_MATCH_EXE_NAME, "", 0},
    };
    struct pt_match *match = pt_match_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_fault fault = {99, NULL};
        ck_assert_msg(pt_match_add(match, rows[i].kind, rows[i].text, &fault) == -EINVAL, "row %zu",
                      i);
        ck_assert_ptr_nonnull(fault.text);
        ck_assert_msg(fault.offset == rows[i].offset, "row %zu: offset %zu", i, fault.offset);
    }
    ck_assert(pt_match_is_empty(match));
    pt_match_free(match);
    pt_match_free(NULL);
}
END_TEST

/* Whose comm is cut and whose executable hides is unknown, and so is whom nothing says to be whose.
 */
START_TEST(unreadable_in_all_ways)
{
    pt_sources needs;
    set_up();
    process.error[PT_SOURCE_EXE] = process.error[PT_SOURCE_CMDLINE] = EACCES;
    ck_assert_int_eq(decide_one(PT_MATCH_COMM, "a-long-daemon-name", &needs), PT_UNREADABLE);
    process.error[PT_SOURCE_EXE] = 0;
    ck_assert_int_eq(decide_one(PT_MATCH_COMM, "a-long-daemon-nose", &needs), PT_UNREADABLE);
    process.asked = BIT(STAT) | BIT(EXE);
    ck_assert_int_eq(decide_one(PT_MATCH_COMM, "a-long-daemon-nose", &needs), PT_NEEDS);
    ck_assert_uint_eq(needs, BIT(CMDLINE));
    set_up();
    process.error[PT_SOURCE_STATUS] = process.error[PT_SOURCE_OWNER] = EACCES;
    ck_assert_int_eq(decide_one(PT_MATCH_USER, "33", &needs), PT_UNREADABLE);
}
END_TEST

/* Out of memory is no yes: what could not be decided is unknown. */
START_TEST(out_of_memory)
{
    struct pt_match *match = pt_match_new();
    struct pt_fault fault;
    set_up();
    ck_assert_int_eq(pt_match_add(match, PT_MATCH_CGROUP, "*cron.service", &fault), 0);
    while (scarce_memory()) {
        pt_sources needs;
        enum pt_verdict verdict = pt_match_decide(match, &process, &clocks, 100, &needs);
        if (scarce_end(verdict == PT_UNREADABLE ? -ENOMEM : 0) == 0)
            ck_assert_int_eq(verdict, PT_YES);
    }
    pt_match_free(match);
}
END_TEST

/* One that went, or whose pid is another's, before the rest of its arguments was read. */
START_TEST(gone_before_it_is_read_whole)
{
    struct fakeproc proc;
    struct pt_procfs procfs;
    struct pt_snapshot snapshot;
    struct pt_selection selection;
    struct pt_match *match = pt_match_new();
    struct pt_fault fault;
    char *argv = malloc(50000);
    memset(argv, 'x', 50000);
    fakeproc_init(&proc);
    for (pid_t pid = 1; pid <= 3; pid++) {
        fakeproc_add(&proc, &(struct fake_process){.pid = pid, .starttime = 7});
        fakeproc_write(&proc, pid, "cmdline", argv, 50000);
    }
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(pt_snapshot_scan(&snapshot, &procfs, BIT(STAT) | BIT(CMDLINE)), 0);
    fakeproc_remove(&proc, 1);
    fakeproc_add(&proc, &(struct fake_process){.pid = 2, .starttime = 8});
    fakeproc_write(&proc, 2, "cmdline", argv, 50000);
    ck_assert_int_eq(pt_match_add(match, PT_MATCH_CMDLINE, "x", &fault), 0);
    ck_assert_int_eq(pt_match_select(match, &snapshot, NULL, &selection), 0);
    ck_assert_uint_eq(selection.count, 1);
    ck_assert_int_eq(snapshot.processes[selection.indexes[0]].stat.pid, 3);
    pt_selection_done(&selection);

    /* And one whose tree lost its clock is not judged at all. */
    struct pt_arena arena = {0};
    struct pt_process one;
    enum pt_verdict verdict;
    ck_assert_int_eq(pt_process_read(&procfs, 3, BIT(STAT), &arena, &one), 0);
    fakeproc_unlink(&proc, 0, "uptime");
    ck_assert_int_eq(pt_match_process(match, &procfs, &one, &arena, &verdict), -ENOENT);
    pt_arena_done(&arena);
    free(argv);
    pt_match_free(match);
    pt_snapshot_done(&snapshot);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}
END_TEST

int main(void)
{
    return RUN_SUITE("match", criteria, asks_for_the_cheapest, unreadable_is_no_match,
                     exe_falls_back, cut_strings_are_read_whole, invalid_bytes_hide_nothing,
                     kinds_and_inversion, kernel_threads_have_long_names, gone, bad_input,
                     unreadable_in_all_ways, out_of_memory, gone_before_it_is_read_whole);
}
