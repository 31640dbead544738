/* Records of real processes, as hostile as a process can be.
 * labels: native */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "process.h"
#include "scene.h"
#include "suite.h"

#define COUNT(rows) (sizeof rows / sizeof *rows)
#define BIT PT_SOURCE_BIT
#define EVERYTHING (BIT(PT_SOURCE_COUNT) - 1)

/* A child that runs `run` and then waits for its end; it has said that it is ready. */
static pid_t start_child(void (*run)(void *), void *data)
{
    int ready[2];
    char byte;
    pid_t pid;

    ck_assert_int_eq(pipe(ready), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ready[0]);
        if (run)
            run(data);
        if (write(ready[1], "r", 1) != 1)
            _exit(1);
        close(ready[1]);
        for (;;)
            pause();
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void end_child(pid_t pid)
{
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(ourselves)
{
    struct scene scene;
    const struct pt_process_more *more;

    scene_set_up_live(&scene);
    ck_assert_int_eq(scene_read(&scene, getpid(), EVERYTHING), 0);
    more = scene.process.more;
    ck_assert_int_eq(scene.process.stat.ppid, getppid());
    ck_assert_uint_eq(scene.process.owner, geteuid());
    ck_assert_uint_eq(more->status.uid[PT_REAL], getuid());
    ck_assert_int_gt((int)more->statm.resident, 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_EXE], 0);
    ck_assert(!more->exe_deleted);
    ck_assert_uint_ne(more->namespaces[PT_NS_PID], 0);
    ck_assert_uint_ge(more->thread_count, 1);
    ck_assert_uint_gt(more->cmdline.length, 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_SMAPS_ROLLUP], 0);
    ck_assert_uint_gt(more->smaps.pss, 0);
    ck_assert(scene.process.error[PT_SOURCE_INODE] == ENOSYS || more->inode > 0);
    scene_tear_down(&scene);
}
END_TEST

static void take_name(void *data)
{
    prctl(PR_SET_NAME, data);
}

START_TEST(hostile_names)
{
    static const char *const names[] = {")", "(", "a) R 1 (", "\n", "\x1b[2J", "\xff\xfe", ""};
    struct scene scene;

    for (size_t i = 0; i < COUNT(names); i++) {
        char name[16];
        pid_t pid;

        strcpy(name, names[i]);
        pid = start_child(take_name, name);
        scene_set_up_live(&scene);
        ck_assert_int_eq(scene_read(&scene, pid, BIT(PT_SOURCE_THREADS) | BIT(PT_SOURCE_STATUS)),
                         0);
        ck_assert_str_eq(scene.process.stat.comm, names[i]);
        ck_assert_int_eq(scene.process.stat.ppid, getpid());
        ck_assert_str_eq(scene.process.more->threads[0].comm, names[i]);
        ck_assert_uint_eq(scene.process.error[PT_SOURCE_STATUS], 0);
        scene_tear_down(&scene);
        end_child(pid);
    }
}
END_TEST

START_TEST(zombies)
{
    struct scene scene;
    pid_t pid = start_child(NULL, NULL);
    siginfo_t info;

    scene_set_up_live(&scene);
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    ck_assert_int_eq(scene_read(&scene, pid, EVERYTHING), 0);
    ck_assert_int_eq(scene.process.stat.state, 'Z');
    ck_assert(pt_process_has_ended(&scene.process));
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_EXE], ENOENT);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_CMDLINE], 0);
    ck_assert_uint_eq(scene.process.more->cmdline.length, 0);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_SMAPS_ROLLUP], ESRCH);
    ck_assert_uint_eq(scene.process.error[PT_SOURCE_STATUS], 0);
    waitpid(pid, NULL, 0);
    ck_assert_int_eq(scene_add(&scene, BIT(PT_SOURCE_CWD)), -ESRCH);
    ck_assert_int_eq(scene_read(&scene, pid, BIT(PT_SOURCE_STAT)), -ESRCH);
    ck_assert_int_eq(scene_read(&scene, pid, EVERYTHING), -ESRCH);
    scene_tear_down(&scene);
}
END_TEST

static void *wait_for_ever(void *data)
{
    char byte = 'r';

    if (write(*(int *)data, &byte, 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

/* Its end is a thread's: the process goes on. */
START_TEST(leader_exits)
{
    struct scene scene;
    int ready[2];
    char byte;
    pid_t pid;

    ck_assert_int_eq(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        pthread_t thread;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pthread_create(&thread, NULL, wait_for_ever, &ready[1]);
        syscall(SYS_exit, 0); /* pthread_exit hangs here with the address sanitizer of gcc 14 */
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    scene_set_up_live(&scene);
    do
        ck_assert_int_eq(scene_read(&scene, pid, BIT(PT_SOURCE_STAT)), 0);
    while (scene.process.stat.state != 'Z');
    ck_assert(!pt_process_has_ended(&scene.process));
    ck_assert_int_eq(scene_add(&scene, BIT(PT_SOURCE_EXE) | BIT(PT_SOURCE_CMDLINE) |
                                           BIT(PT_SOURCE_STATM) | BIT(PT_SOURCE_NAMESPACES) |
                                           BIT(PT_SOURCE_SMAPS_ROLLUP)),
                     0);
    ck_assert(pt_process_has(&scene.process, PT_SOURCE_EXE));
    ck_assert(pt_process_has(&scene.process, PT_SOURCE_SMAPS_ROLLUP));
    ck_assert_uint_gt(scene.process.more->cmdline.length, 0);
    ck_assert_uint_gt(scene.process.more->statm.resident, 0);
    ck_assert_uint_ne(scene.process.more->namespaces[PT_NS_MNT], 0);
    end_child(pid);
    close(ready[0]);
    close(ready[1]);
    scene_tear_down(&scene);
}
END_TEST

static void copy_file(const char *from, const char *to)
{
    char buffer[65536];
    ssize_t count;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

    ck_assert(in >= 0 && out >= 0);
    while ((count = read(in, buffer, sizeof buffer)) > 0)
        ck_assert_int_eq(write(out, buffer, (size_t)count), count);
    close(in);
    close(out);
}

/* Runs `path` as a cat that waits at a pipe; afterwards its exec has happened. */
static pid_t start_cat(const char *path, int *ret_pipe)
{
    int in[2], out[2];
    char byte;
    pid_t pid;

    ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], 0);
        dup2(out[1], 1);
        execl(path, "cat", (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(write(in[1], "r", 1), 1);
    close(out[1]);
    ck_assert_int_eq(read(out[0], &byte, 1), 1);
    close(in[0]);
    close(out[0]);
    *ret_pipe = in[1];
    return pid;
}

/* ` (deleted)` is the file's own name, or the kernel's word. */
START_TEST(exes_in_life)
{
    static const struct {
        const char *name, *other; /* another file that comes to stand at the link's text */
        bool remove, deleted;
        bool looked_up; /* which takes openat2, 5.6 */
    } rows[] = {
        {"x", NULL, false, false, false},          {"x", NULL, true, true, false},
        {"x (deleted)", NULL, false, false, true}, {"x (deleted)", NULL, true, true, false},
        {"x", "x (deleted)", true, true, true},
    };
    const struct pt_open_how how = {.flags = O_PATH | O_CLOEXEC};
    struct fakeproc place;
    struct scene scene;
    int openat2_root = pt_openat2(AT_FDCWD, "/", &how);

    for (size_t i = 0; i < COUNT(rows); i++) {
        char path[512], other[512], text[600];
        int in;
        pid_t pid;

        if (rows[i].looked_up && openat2_root < 0)
            continue;
        fakeproc_init(&place);
        snprintf(path, sizeof path, "%s/%s", place.path, rows[i].name);
        copy_file("/bin/cat", path);
        pid = start_cat(path, &in);
        if (rows[i].remove)
            ck_assert_int_eq(unlink(path), 0);
        if (rows[i].other) {
            snprintf(other, sizeof other, "%s/%s", place.path, rows[i].other);
            copy_file("/bin/cat", other);
        }
        scene_set_up_live(&scene);
        ck_assert_int_eq(scene_read(&scene, pid, BIT(PT_SOURCE_EXE)), 0);
        snprintf(text, sizeof text, "%s%s", path, rows[i].remove ? " (deleted)" : "");
        check_text(scene.process.more->exe, text);
        check_text(scene.process.more->exe_path, path);
        ck_assert_msg(scene.process.more->exe_deleted == rows[i].deleted, "row %zu", i);
        scene_tear_down(&scene);
        close(in);
        waitpid(pid, NULL, 0);
        fakeproc_done(&place);
    }
    close(openat2_root);
}
END_TEST

START_TEST(exe_owners)
{
    struct scene scene;
    uid_t uid = 99;
    mode_t mode = 0;

    scene_set_up_live(&scene);
    ck_assert_int_eq(scene_read(&scene, getpid(), BIT(PT_SOURCE_STAT)), 0);
    if (pt_process_exe_owner(&scene.procfs, &scene.process, &uid, &mode) != -ENOSYS) { /* 4.11 */
        ck_assert(S_ISREG(mode));
        scene.process.stat.pid = INT32_MAX;
        ck_assert_int_eq(pt_process_exe_owner(&scene.procfs, &scene.process, &uid, &mode), -ESRCH);
    }
    scene_tear_down(&scene);
    /* A captured tree's files are not here. */
    scene_set_up(&scene, &(struct fake_process){.pid = 42});
    ck_assert_int_eq(scene_read(&scene, 42, BIT(PT_SOURCE_STAT)), 0);
    ck_assert_int_eq(pt_process_exe_owner(&scene.procfs, &scene.process, &uid, &mode), -ENOSYS);
    scene_tear_down(&scene);
}
END_TEST

int main(void)
{
    return RUN_SUITE("process_live", ourselves, hostile_names, zombies, leader_exits, exes_in_life,
                     exe_owners);
}
