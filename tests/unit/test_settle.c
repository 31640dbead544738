/* Torn scans, made by hand out of whole ones of the live /proc: what settling makes of them. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scarce.h"
#include "snapshot.h"
#include "suite.h"
#include "tree.h"

/* No process has it: PID_MAX_LIMIT is 2^22 (include/linux/threads.h). */
#define NOBODY (1 << 23)

static struct pt_procfs procfs;
static struct pt_snapshot snapshot;

static pid_t start_child(void)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return pid;
}

static void end_child(pid_t pid)
{
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void scan(void)
{
    ck_assert_int_eq(pt_procfs_open(&procfs, NULL), 0);
    ck_assert_int_eq(pt_snapshot_scan(&snapshot, &procfs, PT_SOURCE_BIT(PT_SOURCE_STAT)), 0);
}

static void settle(void)
{
    ck_assert_int_eq(pt_snapshot_settle(&snapshot), 0);
    for (size_t i = 1; i < snapshot.count; i++)
        ck_assert_int_lt(snapshot.processes[i - 1].stat.pid, snapshot.processes[i].stat.pid);
}

static void tear_down(void)
{
    pt_snapshot_done(&snapshot);
    pt_procfs_close(&procfs);
}

static struct pt_process *find(pid_t pid)
{
    struct pt_process *process = pt_snapshot_find(&snapshot, pid);

    ck_assert_ptr_nonnull(process);
    return process;
}

static enum pt_root_reason reason(pid_t pid)
{
    struct pt_tree tree;
    enum pt_root_reason why;

    ck_assert_int_eq(pt_tree_build(&tree, &snapshot, false), 0);
    why = tree.why[pt_snapshot_index(&snapshot, pid)];
    pt_tree_done(&tree);
    return why;
}

/* It was read before its parent ended; now it has another. */
START_TEST(reparented)
{
    pid_t child = start_child();

    scan();
    find(child)->stat.ppid = NOBODY;
    ck_assert_int_eq(reason(child), PT_ROOT_HIDDEN);
    settle();
    ck_assert_int_eq(find(child)->stat.ppid, getpid());
    ck_assert_int_eq(reason(child), PT_ROOT_NOT);
    end_child(child);
    tear_down();
}
END_TEST

/* Its parent was started after the list was read. */
START_TEST(parent_not_listed)
{
    pid_t child = start_child();
    uint32_t index;

    scan();
    index = pt_snapshot_index(&snapshot, getpid());
    memmove(snapshot.processes + index, snapshot.processes + index + 1,
            (snapshot.count - index - 1) * sizeof *snapshot.processes);
    snapshot.count--;
    ck_assert_int_eq(reason(child), PT_ROOT_HIDDEN);
    settle();
    ck_assert_int_eq(find(getpid())->stat.ppid, getppid());
    ck_assert_int_eq(reason(child), PT_ROOT_NOT);
    end_child(child);
    tear_down();
}
END_TEST

/* It has no parent because it is gone itself. */
START_TEST(gone)
{
    pid_t child = start_child();
    size_t before;

    scan();
    before = snapshot.gone;
    find(child)->stat.ppid = NOBODY;
    end_child(child);
    settle();
    ck_assert_ptr_null(pt_snapshot_find(&snapshot, child));
    ck_assert_uint_gt(snapshot.gone, before);
    tear_down();
}
END_TEST

/* The parent's PID was used again, so it seemed: both are read once more. */
START_TEST(parent_younger)
{
    pid_t child = start_child();

    scan();
    find(getpid())->stat.starttime = UINT64_MAX;
    ck_assert_int_eq(reason(child), PT_ROOT_STALE);
    settle();
    ck_assert_int_eq(reason(child), PT_ROOT_NOT);
    ck_assert(find(getpid())->stat.starttime <= find(child)->stat.starttime);
    end_child(child);
    tear_down();
}
END_TEST

/* A parent that was seen and may not be read is no reason to look again. */
START_TEST(parent_refused)
{
    pid_t child = start_child();

    scan();
    find(getpid())->error[PT_SOURCE_STAT] = EPERM;
    find(child)->stat.comm = "as it was";
    settle();
    ck_assert_str_eq(find(child)->stat.comm, "as it was");
    ck_assert_int_eq(reason(child), PT_ROOT_HIDDEN);
    end_child(child);
    tear_down();
}
END_TEST

static void scan_without_us(void)
{
    uint32_t us;

    ck_assert_int_eq(pt_snapshot_scan(&snapshot, &procfs, PT_SOURCE_BIT(PT_SOURCE_STAT)), 0);
    us = pt_snapshot_index(&snapshot, getpid());
    snapshot.count--;
    memmove(&snapshot.processes[us], &snapshot.processes[us + 1],
            (snapshot.count - us) * sizeof *snapshot.processes);
}

/* The parent that the scan missed is found, or there is an error; the child is never lost. */
START_TEST(out_of_memory)
{
    pid_t child = start_child();

    ck_assert_int_eq(pt_procfs_open(&procfs, NULL), 0);
    scan_without_us();
    while (scarce_memory()) {
        if (scarce_end(pt_snapshot_settle(&snapshot)) == 0)
            find(getpid());
        ck_assert_int_eq(find(child)->stat.ppid, getpid());
        pt_snapshot_done(&snapshot);
        scan_without_us();
    }
    end_child(child);
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_SUITE("settle", reparented, parent_not_listed, gone, parent_younger, parent_refused,
                     out_of_memory);
}
