/* One record: what each source says, why one could not be read, and who is gone. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"
#include "scarce.h"
#include "scene.h"
#include "suite.h"

#define COUNT(rows) (sizeof rows / sizeof *rows)
#define BIT PT_SOURCE_BIT
#define EVERYTHING (BIT(PT_SOURCE_COUNT) - 1)

enum { PID = 42 };

/* --- fixtures --- */

START_TEST(stat_alone)
{
    static const char comm[] = "a)\n(\x1b\xff";
    struct scene scene;

    scene_set_up(&scene,
                 &(struct fake_process){.pid = PID, .ppid = 7, .comm = comm, .starttime = 99});
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_STAT)), 0);
    ck_assert_int_eq(scene.process.stat.pid, PID);
    ck_assert_int_eq(scene.process.stat.ppid, 7);
    ck_assert_uint_eq(scene.process.stat.starttime, 99);
    ck_assert_str_eq(scene.process.stat.comm, comm);
    ck_assert_uint_eq(scene.process.asked, BIT(PT_SOURCE_STAT));
    ck_assert_ptr_null(scene.process.more);
    ck_assert(pt_process_has(&scene.process, PT_SOURCE_STAT));
    ck_assert(!pt_process_has(&scene.process, PT_SOURCE_OWNER));
    ck_assert_int_eq(scene_read(&scene, PID + 1, BIT(PT_SOURCE_STAT)), -ESRCH);
    ck_assert_int_eq(scene_read(&scene, PID + 1, EVERYTHING), -ESRCH);
    scene_tear_down(&scene);
}
END_TEST

/* Without any source asked for, stat is read all the same. */
START_TEST(nothing_asked)
{
    struct scene scene;

    scene_set_up(&scene, &(struct fake_process){.pid = PID});
    ck_assert_int_eq(scene_read(&scene, PID, 0), 0);
    ck_assert_uint_eq(scene.process.asked, BIT(PT_SOURCE_STAT));
    ck_assert_str_eq(scene.process.stat.comm, "fake");
    scene_tear_down(&scene);
}
END_TEST

/* What is no kernel's stat: the process is known, and nothing of it. */
START_TEST(stat_refused)
{
    static const struct {
        const char *stat;
        uint8_t error;
    } rows[] = {
        {"", EINVAL},
        {"42 (short) S 1\n", EINVAL},
        {"43 (other) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5\n", EINVAL},
        {"42 (huge) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99999999999999999999\n", ERANGE},
    };
    struct scene scene;

    for (size_t i = 0; i < COUNT(rows); i++) {
        pt_sources sources = i % 2 ? BIT(PT_SOURCE_STAT) : EVERYTHING;

        scene_set_up(&scene, &(struct fake_process){.pid = PID});
        fakeproc_text(&scene.proc, PID, "stat", rows[i].stat);
        ck_assert_int_eq(scene_read(&scene, PID, sources), 0);
        ck_assert_uint_eq(scene.process.error[PT_SOURCE_STAT], rows[i].error);
        ck_assert_uint_eq(scene.process.asked, sources | BIT(PT_SOURCE_OWNER));
        ck_assert(pt_process_has(&scene.process, PT_SOURCE_OWNER));
        ck_assert_uint_eq(scene.process.owner, getuid());
        ck_assert_int_eq(scene.process.stat.pid, PID);
        check_text(pt_process_exe_name(&scene.process), "");
        ck_assert_int_eq(scene_add(&scene, BIT(PT_SOURCE_CMDLINE)), 0);
        ck_assert_uint_eq(scene.process.error[PT_SOURCE_CMDLINE], rows[i].error);
        scene_tear_down(&scene);
    }
    scene_set_up(&scene, &(struct fake_process){.pid = PID});
    fakeproc_link(&scene.proc, PID, "stat", "status");
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_STAT)), 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_STAT], ELOOP);
    scene_tear_down(&scene);
}
END_TEST

static void furnish(const struct fakeproc *proc)
{
    fakeproc_text(proc, PID, "cgroup", "0::/a/b\n");
    fakeproc_link(proc, PID, "exe", "/usr/bin/fake");
    fakeproc_link(proc, PID, "cwd", "/home/a b");
    fakeproc_text(proc, PID, "attr/current", "unconfined\n");
    fakeproc_text(proc, PID, "oom_score", "667\n");
    fakeproc_link(proc, PID, "ns/pid", "pid:[4026531836]");
    fakeproc_link(proc, PID, "ns/mnt", "mnt:[18446744073709551615]");
    fakeproc_text(proc, PID, "wchan", "do_sys_poll");
    fakeproc_write(proc, PID, "cmdline", "fake\0-x\0\0", 9);
    fakeproc_write(proc, PID, "environ", "A=1\0B=\0", 7);
    fakeproc_text(proc, PID, "smaps_rollup", "Rss:   12 kB\nPss:    3 kB\n");
    fakeproc_text(proc, PID, "maps",
                  "55d0c000-55d1b000 r--p 00000000 fe:00 412    /usr/bin/fake\n"
                  "55d1b000-55d4a000 r-xp 0000f000 fe:00 412    /usr/bin/fake\n"
                  "55d5a000-55d7b000 rw-p 00000000 00:00 0      [heap]\n"
                  "7f0c0000-7f0c8000 r-xp 00003000 fe:00 9      /lib/a b/mod_status.so (deleted)\n"
                  "7f0d0000-7f0d1000 r-xp 00000000 fe:00 412    /usr/bin/fake");
}

START_TEST(every_source)
{
    struct scene scene;
    const struct pt_process_more *more;

    scene_set_up(&scene, &(struct fake_process){.pid = PID, .uid = 1000, .rss = 5});
    furnish(&scene.proc);
    fakeproc_add_thread(&scene.proc, PID, 44, "worker", 'R');
    ck_assert_int_eq(scene_read(&scene, PID, EVERYTHING), 0);
    ck_assert_uint_eq(scene.process.asked, EVERYTHING);
    for (int source = 0; source < PT_SOURCE_COUNT; source++)
        ck_assert_msg(scene.process.error[source] == (source == PT_SOURCE_INODE ? ENOSYS : 0),
                      "source %d: %d", source, scene.process.error[source]);
    more = scene.process.more;
    ck_assert_uint_eq(more->status.uid[PT_EFFECTIVE], 1000);
    ck_assert_uint_eq(more->statm.resident, 5);
    check_text(more->cgroup, "0::/a/b");
    check_text(more->exe, "/usr/bin/fake");
    check_text(more->exe_path, "/usr/bin/fake");
    ck_assert(!more->exe_deleted);
    check_text(more->cwd, "/home/a b");
    check_text(more->label, "unconfined");
    ck_assert_int_eq(more->oom_score, 667);
    ck_assert_uint_eq(more->namespaces[PT_NS_PID], 4026531836u);
    ck_assert_uint_eq(more->namespaces[PT_NS_MNT], UINT64_MAX);
    ck_assert_uint_eq(more->namespaces[PT_NS_TIME], 0);
    check_text(more->wchan, "do_sys_poll");
    check_bytes(more->cmdline, "fake\0-x\0\0", 9);
    check_bytes(more->environ, "A=1\0B=\0", 7);
    check_bytes(more->mapped, "fake\0mod_status.so (deleted)\0fake\0", 34);
    ck_assert_uint_eq(more->smaps.pss, 3 * 1024);
    ck_assert_uint_eq(more->thread_count, 2);
    ck_assert_int_eq(more->threads[1].tid, 44);
    ck_assert_str_eq(more->threads[1].comm, "worker");
    ck_assert_int_eq(more->threads[1].state, '\0');
    scene_tear_down(&scene);
}
END_TEST

/* A tree that was captured by halves: each lack is its source's alone. */
START_TEST(lacks)
{
    static const struct {
        enum pt_source source;
        const char *file;
    } rows[] = {
        {PT_SOURCE_STATUS, "status"},
        {PT_SOURCE_STATM, "statm"},
        {PT_SOURCE_CGROUP, "cgroup"},
        {PT_SOURCE_EXE, "exe"},
        {PT_SOURCE_CWD, "cwd"},
        {PT_SOURCE_LABEL, "attr/current"},
        {PT_SOURCE_OOM_SCORE, "oom_score"},
        {PT_SOURCE_WCHAN, "wchan"},
        {PT_SOURCE_CMDLINE, "cmdline"},
        {PT_SOURCE_ENVIRON, "environ"},
        {PT_SOURCE_MAPS, "maps"},
        {PT_SOURCE_SMAPS_ROLLUP, "smaps_rollup"},
    };
    struct scene scene;

    for (size_t i = 0; i < COUNT(rows); i++) {
        scene_set_up(&scene, &(struct fake_process){.pid = PID});
        furnish(&scene.proc);
        fakeproc_unlink(&scene.proc, PID, rows[i].file);
        ck_assert_int_eq(scene_read(&scene, PID, EVERYTHING & ~BIT(PT_SOURCE_INODE)), 0);
        for (int source = 0; source < PT_SOURCE_COUNT; source++)
            ck_assert_msg(scene.process.error[source] ==
                              (source == (int)rows[i].source ? ENOENT : 0),
                          "%s: source %d: %d", rows[i].file, source, scene.process.error[source]);
        scene_tear_down(&scene);
    }
}
END_TEST

/* Nothing in a stranger's tree holds us or leads us away. */
START_TEST(traps)
{
    struct scene scene;

    scene_set_up(&scene, &(struct fake_process){.pid = PID});
    furnish(&scene.proc);
    fakeproc_fifo(&scene.proc, PID, "cmdline");
    fakeproc_link(&scene.proc, PID, "environ", "/etc/passwd");
    fakeproc_unlink(&scene.proc, PID, "smaps_rollup");
    fakeproc_fifo(&scene.proc, PID, "smaps");
    fakeproc_text(&scene.proc, PID, "oom_score", "many");
    fakeproc_text(&scene.proc, PID, "status", "Uid:\n");
    ck_assert_int_eq(scene_read(&scene, PID, EVERYTHING), 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_CMDLINE], EINVAL);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_ENVIRON], ELOOP);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_SMAPS_ROLLUP], EINVAL);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_OOM_SCORE], EINVAL);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_STATUS], EINVAL);
    scene_tear_down(&scene);
}
END_TEST

/* Before 4.14. */
START_TEST(smaps_by_lines)
{
    struct scene scene;

    scene_set_up(&scene, &(struct fake_process){.pid = PID});
    fakeproc_text(&scene.proc, PID, "smaps",
                  "1-2 r-xp 0 0:0 0\nRss: 4 kB\nPss: 1 kB\n"
                  "2-3 r-xp 0 0:0 0\nRss: 8 kB\nPss: 2 kB\n");
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_SMAPS_ROLLUP)), 0);
    ck_assert(pt_process_has(&scene.process, PT_SOURCE_SMAPS_ROLLUP));
    ck_assert_uint_eq(scene.process.more->smaps.rss, 12 * 1024);
    ck_assert_uint_eq(scene.process.more->smaps.pss, 3 * 1024);
    scene_tear_down(&scene);
}
END_TEST

/* A status of many groups is larger than what is read at first. */
START_TEST(large_status)
{
    struct scene scene;
    char *text = malloc(100000);
    size_t length = 0;

    scene_set_up(&scene, &(struct fake_process){.pid = PID});
    length += (size_t)snprintf(text, 100000, "Uid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\nGroups:\t");
    while (length < 90000)
        length += (size_t)snprintf(text + length, 100000 - length, "%zu ", length);
    snprintf(text + length, 100000 - length, "\nThreads:\t6\n");
    fakeproc_text(&scene.proc, PID, "status", text);
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_STATUS)), 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_STATUS], 0);
    ck_assert_uint_eq(scene.process.more->status.threads, 6);
    free(text);
    scene_tear_down(&scene);
}
END_TEST

START_TEST(cut_and_whole)
{
    static const size_t lengths[] = {PT_STRINGS_KEPT - 1, PT_STRINGS_KEPT, PT_STRINGS_KEPT + 1,
                                     3 * PT_STRINGS_KEPT};
    char text[3 * PT_STRINGS_KEPT];
    struct scene scene;

    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        bool cut = lengths[i] > PT_STRINGS_KEPT;

        scene_set_up(&scene, &(struct fake_process){.pid = PID});
        fakeproc_write(&scene.proc, PID, "cmdline", text, lengths[i]);
        ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_CMDLINE)), 0);
        check_bytes(scene.process.more->cmdline, text, cut ? PT_STRINGS_KEPT : lengths[i]);
        ck_assert(scene.process.more->cmdline_cut == cut);
        ck_assert_int_eq(scene_add(&scene, BIT(PT_SOURCE_CMDLINE) | PT_READ_WHOLE), 0);
        check_bytes(scene.process.more->cmdline, text, lengths[i]);
        ck_assert(!scene.process.more->cmdline_cut);
        scene_tear_down(&scene);
    }
}
END_TEST

/* What is longer than the limit is unknown, never cut. */
START_TEST(too_long)
{
    struct scene scene;
    int fd;

    scene_set_up(&scene, &(struct fake_process){.pid = PID});
    fakeproc_text(&scene.proc, PID, "environ", "");
    fd = openat(scene.proc.fd, "42/environ", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, PT_STRINGS_LIMIT), 0);
    close(fd);
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_ENVIRON) | PT_READ_WHOLE), 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_ENVIRON], EFBIG);
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_ENVIRON)), 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_ENVIRON], 0);
    ck_assert(scene.process.more->environ_cut);
    scene_tear_down(&scene);
}
END_TEST

START_TEST(deleted_exes)
{
    static const struct {
        const char *exe, *path;
        bool deleted;
    } rows[] = {
        {"/bin/x", "/bin/x", false},
        {"/bin/x (deleted)", "/bin/x", true},
        {"/bin/x (deleted) (deleted)", "/bin/x (deleted)", true},
        {"/bin/x(deleted)", "/bin/x(deleted)", false},
        {" (deleted)", "", true},
    };
    struct scene scene;

    for (size_t i = 0; i < COUNT(rows); i++) {
        scene_set_up(&scene, &(struct fake_process){.pid = PID});
        fakeproc_link(&scene.proc, PID, "exe", rows[i].exe);
        ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_EXE)), 0);
        check_text(scene.process.more->exe, rows[i].exe);
        check_text(scene.process.more->exe_path, rows[i].path);
        ck_assert(scene.process.more->exe_deleted == rows[i].deleted);
        scene_tear_down(&scene);
    }
}
END_TEST

/* --- threads --- */

START_TEST(threads)
{
    struct scene scene;
    const struct pt_process_more *more;

    scene_set_up(&scene, &(struct fake_process){.pid = PID, .comm = "lead", .threads = 4});
    fakeproc_add_thread(&scene.proc, PID, 1000, "", 'S');
    fakeproc_add_thread(&scene.proc, PID, 50, "a)\n(b", 'T');
    fakeproc_text(&scene.proc, PID, "task/60/none", ""); /* it died just now */
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_THREADS) | PT_READ_THREAD_STATES), 0);
    more = scene.process.more;
    ck_assert_uint_eq(more->thread_count, 3);
    ck_assert_int_eq(more->threads[0].tid, PID);
    ck_assert_str_eq(more->threads[0].comm, "lead");
    ck_assert_int_eq(more->threads[1].tid, 50);
    ck_assert_int_eq(more->threads[1].state, 'T');
    ck_assert_str_eq(more->threads[1].comm, "a)\n(b");
    ck_assert_uint_eq(more->threads[1].comm_length, 5);
    ck_assert_int_eq(more->threads[2].tid, 1000);
    ck_assert_str_eq(more->threads[2].comm, "");
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_THREADS)), 0);
    ck_assert_uint_eq(scene.process.more->thread_count, 3);
    ck_assert_str_eq(scene.process.more->threads[1].comm, "a)\n(b");
    scene_tear_down(&scene);
}
END_TEST

/* What an exited leader lost is read through the first thread that lives. */
START_TEST(exited_leader)
{
    struct scene scene;

    scene_set_up(&scene, &(struct fake_process){.pid = PID, .state = 'Z', .threads = 3});
    fakeproc_text(&scene.proc, PID, "cmdline", "");
    fakeproc_add_thread(&scene.proc, PID, 43, "over", 'Z');
    fakeproc_add_thread(&scene.proc, PID, 44, "alive", 'S');
    fakeproc_link(&scene.proc, PID, "task/44/exe", "/bin/alive");
    fakeproc_write(&scene.proc, PID, "task/44/cmdline", "alive\0-x", 9);
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_EXE) | BIT(PT_SOURCE_CMDLINE)), 0);
    check_text(scene.process.more->exe, "/bin/alive");
    check_bytes(scene.process.more->cmdline, "alive\0-x", 9);
    ck_assert(!pt_process_has_ended(&scene.process));
    scene_tear_down(&scene);

    scene_set_up(&scene, &(struct fake_process){.pid = PID, .state = 'Z'});
    fakeproc_text(&scene.proc, PID, "cmdline", "");
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_EXE) | BIT(PT_SOURCE_CMDLINE)), 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_EXE], ENOENT);
    ck_assert_uint_eq(scene.process.more->cmdline.length, 0);
    ck_assert(pt_process_has_ended(&scene.process));
    scene_tear_down(&scene);
}
END_TEST

/* --- adding --- */

START_TEST(adding)
{
    struct scene scene;
    struct pt_process_more *more;
    const char *comm;

    scene_set_up(&scene, &(struct fake_process){.pid = PID, .ppid = 5, .uid = 7});
    furnish(&scene.proc);
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_EXE)), 0);
    more = scene.process.more;
    comm = scene.process.stat.comm;
    fakeproc_link(&scene.proc, PID, "exe", "/bin/other");
    fakeproc_add(&scene.proc, &(struct fake_process){.pid = PID, .ppid = 1, .uid = 7});
    ck_assert_int_eq(scene_add(&scene, BIT(PT_SOURCE_EXE) | BIT(PT_SOURCE_STATUS)), 0);
    ck_assert_int_eq(scene.process.stat.ppid, 1);
    ck_assert_ptr_eq(scene.process.stat.comm, comm);
    ck_assert_ptr_eq(scene.process.more, more);
    check_text(more->exe, "/usr/bin/fake");
    ck_assert_uint_eq(more->status.uid[PT_REAL], 7);
    ck_assert_uint_eq(scene.process.asked,
                      BIT(PT_SOURCE_STAT) | BIT(PT_SOURCE_EXE) | BIT(PT_SOURCE_STATUS));

    fakeproc_add(&scene.proc, &(struct fake_process){.pid = PID, .ppid = 2, .starttime = 1234});
    ck_assert_int_eq(scene_add(&scene, BIT(PT_SOURCE_CWD)), -ESRCH);
    ck_assert_int_eq(scene.process.stat.ppid, 1);
    fakeproc_remove(&scene.proc, PID);
    ck_assert_int_eq(scene_add(&scene, BIT(PT_SOURCE_CWD)), -ESRCH);
    ck_assert_int_eq(scene_add(&scene, BIT(PT_SOURCE_OWNER)), 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_OWNER], ENOENT);
    scene_tear_down(&scene);
}
END_TEST

/* A record that was read is whole, and what could not be read for want of means is no record. */
static void check_furnished(const struct scene *scene)
{
    const struct pt_process *process = &scene->process;

    for (int source = 0; source < PT_SOURCE_COUNT; source++)
        ck_assert_msg(process->error[source] == (source == PT_SOURCE_INODE ? ENOSYS : 0),
                      "source %d: %d", source, process->error[source]);
    ck_assert_str_eq(process->stat.comm, "fake");
    check_text(process->more->cgroup, "0::/a/b");
    check_text(process->more->exe_path, "/usr/bin/fake");
    check_bytes(process->more->environ, "A=1\0B=\0", 7);
    check_bytes(process->more->mapped, "fake\0mod_status.so (deleted)\0fake\0", 34);
    ck_assert_uint_eq(process->more->thread_count, 2);
    ck_assert_str_eq(process->more->threads[1].comm, "worker");
}

START_TEST(nothing_left_to_read_with)
{
    struct scene scene;

    scene_set_up(&scene, &(struct fake_process){.pid = PID});
    furnish(&scene.proc);
    fakeproc_link(&scene.proc, PID, "exe", "/usr/bin/fake (deleted)");
    fakeproc_add_thread(&scene.proc, PID, 44, "worker", 'R');
    while (scarce_anything()) {
        if (scarce_end(scene_read(&scene, PID, EVERYTHING)) == 0)
            check_furnished(&scene);
        pt_arena_clear(&scene.arena);
    }
    while (scarce_memory())
        scarce_end(scene_read(&scene, PID, EVERYTHING | PT_READ_WHOLE | PT_READ_THREAD_STATES));
    check_furnished(&scene);
    ck_assert_int_eq(scene.process.more->threads[1].state, 'R');
    scene_tear_down(&scene);
}
END_TEST

/* A leader that exited is read through a thread, for which there must be descriptors. */
START_TEST(nothing_left_for_a_thread)
{
    struct scene scene;

    scene_set_up(&scene, &(struct fake_process){.pid = PID, .state = 'Z', .threads = 2});
    fakeproc_add_thread(&scene.proc, PID, 44, "alive", 'S');
    fakeproc_link(&scene.proc, PID, "task/44/exe", "/bin/alive");
    while (scarce_anything()) {
        if (scarce_end(scene_read(&scene, PID, BIT(PT_SOURCE_EXE))) == 0)
            check_text(scene.process.more->exe, "/bin/alive");
        pt_arena_clear(&scene.arena);
    }
    scene_tear_down(&scene);
}
END_TEST

/* SELinux counts the NUL in. */
START_TEST(label_with_nul)
{
    struct scene scene;

    scene_set_up(&scene, &(struct fake_process){.pid = PID});
    fakeproc_write(&scene.proc, PID, "attr/current", "system_u:system_r:init_t:s0", 28);
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_LABEL)), 0);
    check_text(scene.process.more->label, "system_u:system_r:init_t:s0");
    scene_tear_down(&scene);
}
END_TEST

/* What says nothing is unknown. */
START_TEST(no_sense)
{
    struct scene scene;
    char *maps = malloc(0x180000), *to = maps;

    scene_set_up(&scene, &(struct fake_process){.pid = PID, .threads = 2});
    fakeproc_link(&scene.proc, PID, "ns/pid", "somewhere");
    fakeproc_fifo(&scene.proc, PID, "task/44/comm");
    fakeproc_text(&scene.proc, PID, "smaps", "");
    for (int i = 0; to < maps + 0x140000; i++) /* more names than are ever kept */
        to += sprintf(to, "1-2 r-xp 0 0:0 0 /lib/%08d-%0200d.so\n", i, i);
    fakeproc_write(&scene.proc, PID, "maps", maps, (size_t)(to - maps));
    free(maps);
    ck_assert_int_eq(scene_read(&scene, PID, EVERYTHING), 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_NAMESPACES], EINVAL);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_THREADS], EINVAL);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_SMAPS_ROLLUP], ESRCH);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_MAPS], EFBIG);
    scene_tear_down(&scene);
}
END_TEST

/* Its directory has become something else since the record was read. */
START_TEST(adding_from_no_directory)
{
    struct scene scene;

    scene_set_up(&scene, &(struct fake_process){.pid = PID});
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_STAT)), 0);
    fakeproc_remove(&scene.proc, PID);
    fakeproc_link(&scene.proc, 0, "42", "elsewhere");
    ck_assert_int_eq(scene_add(&scene, BIT(PT_SOURCE_EXE) | BIT(PT_SOURCE_CGROUP)), 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_STAT], 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_EXE], ENOTDIR);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_CGROUP], ENOTDIR);
    scene_tear_down(&scene);
}
END_TEST

/* --- gates --- */

struct taker {
    struct pt_gate gate;
    atomic_bool done;
};

static void *take_again_and_again(void *data)
{
    struct taker *taker = data;

    while (!atomic_load(&taker->done))
        atomic_store(&taker->gate.passage, PT_GATE_TAKEN);
    return NULL;
}

/* Whose gate was taken while it read touches the record no more. */
START_TEST(gate_taken)
{
    static const struct {
        pt_sources sources;
        const char *absent;
    } rows[] = {
        {BIT(PT_SOURCE_CMDLINE), ""},
        {BIT(PT_SOURCE_CMDLINE) | PT_READ_WHOLE, ""},
        {BIT(PT_SOURCE_MAPS), ""},
        {BIT(PT_SOURCE_SMAPS_ROLLUP), ""},
        {BIT(PT_SOURCE_SMAPS_ROLLUP), "smaps_rollup"}, /* line by line */
    };
    struct taker taker = {.done = false};
    struct scene scene;
    pthread_t thread;

    scene_set_up(&scene, &(struct fake_process){.pid = PID});
    furnish(&scene.proc);
    fakeproc_text(&scene.proc, PID, "smaps", "1-2 r-xp 0 0:0 0\nRss: 4 kB\nPss: 1 kB\n");
    ck_assert_int_eq(pthread_create(&thread, NULL, take_again_and_again, &taker), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int error = 0;

        if (*rows[i].absent != '\0')
            fakeproc_unlink(&scene.proc, PID, rows[i].absent);
        while (error != -ECANCELED) { /* or the test's time is over */
            scene.process = (struct pt_process){.stat = {.pid = PID}};
            error = pt_process_load(&scene.procfs, &scene.process, rows[i].sources, &scene.arena,
                                    &taker.gate);
            ck_assert_msg(error == 0 || error == -ECANCELED, "row %zu: %d", i, error);
        }
        ck_assert_uint_eq(scene.process.asked, BIT(PT_SOURCE_STAT));
        pt_arena_clear(&scene.arena);
    }
    atomic_store(&taker.done, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    scene_tear_down(&scene);
}
END_TEST

int main(void)
{
    return RUN_SUITE("process", stat_alone, nothing_asked, stat_refused, every_source, lacks, traps,
                     smaps_by_lines, large_status, cut_and_whole, too_long, deleted_exes, threads,
                     exited_leader, adding, nothing_left_to_read_with, nothing_left_for_a_thread,
                     label_with_nul, no_sense, adding_from_no_directory, gate_taken);
}
