/* Many records at once, and processes that hold whoever reads them.
 * labels: native
 * timeout: 240 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fakeproc.h"
#include "scarce.h"
#include "suite.h"
#include "watch.h"

#define BIT PT_SOURCE_BIT
#define LOCKED (BIT(PT_SOURCE_CMDLINE) | BIT(PT_SOURCE_STATUS))

static struct pt_procfs open_live(void)
{
    struct pt_procfs procfs;

    ck_assert_int_eq(pt_procfs_open(&procfs, NULL), 0);
    return procfs;
}

/* Which pid record I is of: us, our parent, or none. */
static pid_t choose_pid(size_t i)
{
    return i % 5 == 4 ? INT32_MAX : i % 2 ? getppid() : getpid();
}

static void check_record(const struct pt_process *process, size_t i)
{
    if (choose_pid(i) == INT32_MAX) {
        ck_assert_uint_eq(process->error[PT_SOURCE_STAT], PT_GONE);
        return;
    }
    ck_assert_uint_eq(process->error[PT_SOURCE_STAT], 0);
    ck_assert_int_eq(process->stat.pid, choose_pid(i));
    ck_assert_uint_eq(strlen(process->stat.comm), process->stat.comm_length);
    if (process->asked & BIT(PT_SOURCE_CMDLINE)) {
        ck_assert_uint_eq(process->error[PT_SOURCE_CMDLINE], 0);
        ck_assert_uint_gt(process->more->cmdline.length, 0);
    }
}

static int next_descriptor(void)
{
    int fd = dup(STDIN_FILENO);

    ck_assert_int_ge(fd, 0);
    close(fd);
    return fd;
}

/* Every count that is read in another way: none, here, by some threads, by all. */
START_TEST(scans)
{
    static const size_t counts[] = {0, 1, 63, 64, 65, 511, 512, 513, 3000};
    static const pt_sources asked[] = {BIT(PT_SOURCE_STAT), LOCKED};
    struct pt_procfs procfs = open_live();
    int next = next_descriptor();

    for (size_t run = 0; run < 2 * sizeof counts / sizeof *counts; run++) {
        size_t count = counts[run / 2];
        struct pt_process *processes = calloc(count + 1, sizeof *processes);
        struct pt_arena arena = {0};

        for (size_t i = 0; i < count; i++)
            processes[i].stat.pid = choose_pid(i);
        ck_assert_int_eq(pt_watch_read(&procfs, processes, NULL, count, asked[run % 2], &arena), 0);
        for (size_t i = 0; i < count; i++)
            check_record(&processes[i], i);
        ck_assert_uint_eq(processes[count].asked, 0);
        ck_assert_int_eq(next_descriptor(), next);
        pt_arena_done(&arena);
        free(processes);
    }
    pt_procfs_close(&procfs);
}
END_TEST

/* Only those that are named are completed. */
START_TEST(completes)
{
    enum { COUNT = 1200 };
    struct pt_procfs procfs = open_live();
    struct pt_process *processes = calloc(COUNT, sizeof *processes);
    uint32_t indexes[COUNT / 3];
    struct pt_arena arena = {0};

    for (size_t i = 0; i < COUNT; i++)
        processes[i].stat.pid = getpid();
    for (uint32_t i = 0; i < COUNT / 3; i++)
        indexes[i] = 3 * i;
    ck_assert_int_eq(pt_watch_read(&procfs, processes, NULL, COUNT, BIT(PT_SOURCE_STAT), &arena),
                     0);
    ck_assert_int_eq(pt_watch_read(&procfs, processes, indexes, COUNT / 3, LOCKED, &arena), 0);
    for (size_t i = 0; i < COUNT; i++)
        ck_assert_uint_eq(processes[i].asked, BIT(PT_SOURCE_STAT) | (i % 3 == 0 ? LOCKED : 0));
    pt_arena_done(&arena);
    free(processes);
    pt_procfs_close(&procfs);
}
END_TEST

START_TEST(one_record)
{
    struct pt_procfs procfs = open_live();
    struct pt_arena arena = {0};
    struct pt_process process;

    ck_assert_int_eq(pt_process_read_watched(&procfs, getpid(), LOCKED, &arena, &process), 0);
    ck_assert(pt_process_has(&process, PT_SOURCE_CMDLINE));
    ck_assert_int_eq(pt_process_add_watched(&procfs, &process, BIT(PT_SOURCE_ENVIRON), &arena), 0);
    ck_assert(pt_process_has(&process, PT_SOURCE_ENVIRON));
    ck_assert_int_eq(pt_process_read_watched(&procfs, INT32_MAX, LOCKED, &arena, &process), -ESRCH);
    process.stat.starttime++;
    ck_assert_int_eq(pt_process_add_watched(&procfs, &process, BIT(PT_SOURCE_SMAPS_ROLLUP), &arena),
                     -ESRCH);
    pt_arena_done(&arena);
    pt_procfs_close(&procfs);
}
END_TEST

/* A tree of somebody's cannot hold us either. */
START_TEST(fixture_with_fifo)
{
    struct fakeproc proc;
    struct pt_procfs procfs;
    struct pt_arena arena = {0};
    struct pt_process process;

    fakeproc_init(&proc);
    fakeproc_add(&proc, &(struct fake_process){.pid = 42});
    fakeproc_fifo(&proc, 42, "cmdline");
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(pt_process_read_watched(&procfs, 42, LOCKED, &arena, &process), 0);
    ck_assert_uint_eq(process.error[PT_SOURCE_CMDLINE], EINVAL);
    ck_assert_uint_eq(process.error[PT_SOURCE_STATUS], 0);
    pt_arena_done(&arena);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}
END_TEST

/* Where no thread can be had, what may hang is unknown and the rest is read. */
START_TEST(no_threads)
{
    struct rlimit before, none;
    struct pt_procfs procfs = open_live();
    struct pt_arena arena = {0};
    struct pt_process process;

    if (getuid() == 0)
        ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NPROC, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &none), 0);
    ck_assert_int_eq(pt_process_read_watched(&procfs, getpid(), LOCKED, &arena, &process), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &before), 0); /* LeakSanitizer needs a thread */
    ck_assert_uint_eq(process.asked, LOCKED | BIT(PT_SOURCE_STAT));
    ck_assert_uint_eq(process.error[PT_SOURCE_CMDLINE], EAGAIN);
    ck_assert_uint_eq(process.error[PT_SOURCE_STATUS], 0);
    pt_arena_done(&arena);
    pt_procfs_close(&procfs);
}
END_TEST

/* --- processes that hold us --- */

enum { STUCK_MOST = 10 };

struct stuck {
    pid_t helper;
    pid_t targets[STUCK_MOST];
};

/* False: it cannot be done here. */
static bool start_stuck(struct stuck *stuck, size_t count)
{
    const char *helpers = getenv("HELPERS");
    char path[4096], number[16], line[256];
    FILE *lines;
    int out[2];

    if (helpers == NULL)
        return false;
    snprintf(path, sizeof path, "%s/stuck", helpers);
    snprintf(number, sizeof number, "%zu", count);
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    stuck->helper = fork();
    ck_assert_int_ge(stuck->helper, 0);
    if (stuck->helper == 0) {
        dup2(out[1], 1);
        execl(path, path, number, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    lines = fdopen(out[0], "r");
    ck_assert_ptr_nonnull(lines);
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_nonnull(fgets(line, sizeof line, lines));
        if (strncmp(line, "skipped", 7) == 0) {
            printf("%s", line);
            fclose(lines);
            return false;
        }
        stuck->targets[i] = (pid_t)strtol(line, NULL, 10);
    }
    fclose(lines);
    return true;
}

static void end_stuck(const struct stuck *stuck)
{
    kill(stuck->helper, SIGKILL);
    ck_assert_int_eq(waitpid(stuck->helper, NULL, 0), stuck->helper);
}

/* Reads ourselves many times, with these among them. */
enum { SCANNED = 100 };

static struct pt_process *scan(const struct pt_procfs *procfs, const pid_t *targets, size_t count,
                               struct pt_arena *arena)
{
    struct pt_process *processes = calloc(SCANNED, sizeof *processes);

    for (size_t i = 0; i < SCANNED; i++)
        processes[i].stat.pid = i % 3 == 1 && i / 3 < count ? targets[i / 3] : getpid();
    ck_assert_int_eq(pt_watch_read(procfs, processes, NULL, SCANNED, LOCKED, arena), 0);
    return processes;
}

static size_t count_timed_out(const struct pt_process *processes)
{
    size_t timed_out = 0;

    for (size_t i = 0; i < SCANNED; i++)
        timed_out += processes[i].error[PT_SOURCE_CMDLINE] == ETIMEDOUT;
    return timed_out;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static uint32_t count_threads(const struct pt_procfs *procfs)
{
    struct pt_arena arena = {0};
    struct pt_process us;

    ck_assert_int_eq(pt_process_read(procfs, getpid(), 0, &arena, &us), 0);
    pt_arena_done(&arena);
    return us.stat.threads;
}

/* How many threads we are when no worker is left: a sanitizer may have one of its own. */
static uint32_t count_usual_threads(const struct pt_procfs *procfs)
{
    struct pt_arena arena = {0};
    struct pt_process us;

    ck_assert_int_eq(pt_process_read_watched(procfs, getpid(), LOCKED, &arena, &us), 0);
    pt_arena_done(&arena);
    return count_threads(procfs);
}

/* One process holds its reader: it costs a second and that one's cmdline, and only once. The worker
 * that comes back, when the process has ended, touches nothing. */
START_TEST(one_stuck)
{
    struct pt_procfs procfs = open_live();
    const uint32_t threads = count_usual_threads(&procfs);
    struct pt_arena arena = {0}, again = {0};
    struct pt_process *processes, *others, one;
    struct timespec start;
    struct stuck stuck;

    if (!start_stuck(&stuck, 1)) {
        pt_procfs_close(&procfs);
        return;
    }
    processes = scan(&procfs, stuck.targets, 1, &arena);
    ck_assert_uint_eq(count_timed_out(processes), 1);
    ck_assert_uint_eq(processes[1].error[PT_SOURCE_CMDLINE], ETIMEDOUT);
    ck_assert_uint_eq(processes[1].error[PT_SOURCE_STATUS], 0);
    ck_assert_str_eq(processes[1].stat.comm, "stuck-target");
    for (size_t i = 0; i < SCANNED; i++)
        ck_assert_uint_eq(processes[i].asked, LOCKED | BIT(PT_SOURCE_STAT));

    clock_gettime(CLOCK_MONOTONIC, &start);
    others = scan(&procfs, stuck.targets, 1, &again);
    ck_assert_uint_eq(count_timed_out(others), 1);
    ck_assert_int_eq(pt_process_read_watched(&procfs, stuck.targets[0], LOCKED, &again, &one), 0);
    ck_assert_uint_eq(one.error[PT_SOURCE_CMDLINE], ETIMEDOUT);
    ck_assert(seconds_since(&start) < 1);

    end_stuck(&stuck);
    while (count_threads(&procfs) > threads)
        sched_yield();
    free(processes);
    free(others);
    pt_arena_done(&arena);
    pt_arena_done(&again);
    pt_procfs_close(&procfs);
}
END_TEST

/* When so many have held us, nobody is asked any more. */
START_TEST(many_stuck)
{
    struct pt_procfs procfs = open_live();
    const uint32_t threads = count_usual_threads(&procfs);
    struct pt_arena arena = {0};
    struct pt_process *processes, one;
    struct timespec start;
    struct stuck stuck;

    if (!start_stuck(&stuck, STUCK_MOST)) {
        pt_procfs_close(&procfs);
        return;
    }
    processes = scan(&procfs, stuck.targets, STUCK_MOST, &arena);
    ck_assert_uint_eq(atomic_load(&procfs.held->count), PT_HELD_MAX);
    ck_assert_uint_ge(count_timed_out(processes), STUCK_MOST);
    clock_gettime(CLOCK_MONOTONIC, &start);
    ck_assert_int_eq(pt_process_read_watched(&procfs, getpid(), LOCKED, &arena, &one), 0);
    ck_assert_uint_eq(one.error[PT_SOURCE_CMDLINE], ETIMEDOUT);
    ck_assert_uint_eq(one.error[PT_SOURCE_STATUS], 0);
    ck_assert(seconds_since(&start) < 1);
    end_stuck(&stuck);
    while (count_threads(&procfs) > threads)
        sched_yield();
    free(processes);
    pt_arena_done(&arena);
    pt_procfs_close(&procfs);
}
END_TEST

/* Where no thread can be started to read what may hang, that is unknown, not absent. */
START_TEST(out_of_memory)
{
    struct pt_procfs procfs = open_live();
    struct pt_process process;

    while (scarce_memory()) {
        struct pt_arena arena = {0};
        int error = pt_process_read_watched(&procfs, getppid(), LOCKED, &arena, &process);

        if (scarce_end(error) == 0 && process.error[PT_SOURCE_CMDLINE] == 0)
            ck_assert_uint_gt(process.more->cmdline.length, 0);
        else if (error == 0)
            ck_assert_uint_eq(process.error[PT_SOURCE_CMDLINE], EAGAIN);
        pt_arena_done(&arena);
    }
    pt_procfs_close(&procfs);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch");
    TCase *all = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(all, 100);
    tcase_add_test(all, scans);
    tcase_add_test(all, completes);
    tcase_add_test(all, one_record);
    tcase_add_test(all, fixture_with_fifo);
    tcase_add_test(all, no_threads);
    tcase_add_test(all, one_stuck);
    tcase_add_test(all, many_stuck);
    tcase_add_test(all, out_of_memory);
    suite_add_tcase(suite, all);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
