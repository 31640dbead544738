/* Who runs a daemon, on fixtures of /proc and of service directories; and who only looks like it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakeproc.h"
#include "scarce.h"
#include "service.h"
#include "suite.h"
#include "supervisor.h"

enum { SUPERVISOR = 40, SHELL = 45, DAEMON = 50 };

static struct fakeproc proc;
static struct pt_procfs procfs;
static struct pt_snapshot snapshot;
static struct pt_service service;
static struct pt_arena arena;
static int reader; /* of supervise/control */

static void add(pid_t pid, pid_t ppid, const char *exe)
{
    fakeproc_add(
        &proc, &(struct fake_process){.pid = pid, .ppid = ppid, .uid = getuid(), .gid = getgid()});
    fakeproc_link(&proc, pid, "exe", exe);
    fakeproc_text(&proc, pid, "cgroup", "0::/\n");
}

/* A daemon below a supervisor that is in the directory `service`, whose control somebody reads. */
static void set_up(const char *exe)
{
    char path[512];

    fakeproc_init(&proc);
    add(1, 0, "/sbin/init");
    add(SUPERVISOR, 1, exe);
    add(DAEMON, SUPERVISOR, "/usr/sbin/cron");
    fakeproc_fifo(&proc, 0, "service/supervise/control");
    snprintf(path, sizeof path, "%s/service", proc.path);
    fakeproc_link(&proc, SUPERVISOR, "cwd", path);
    reader = openat(proc.fd, "service/supervise/control", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ck_assert_int_ge(reader, 0);
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(setenv("PATH", "/nowhere", 1), 0);
}

static void tear_down(void)
{
    pt_service_done(&service);
    pt_arena_done(&arena);
    pt_snapshot_done(&snapshot);
    pt_procfs_close(&procfs);
    close(reader);
    fakeproc_done(&proc);
}

/* As cron-graceful asks, for a daemon of no name that an init script could have. */
static int find(void)
{
    const pt_sources sources = PT_SOURCE_BIT(PT_SOURCE_STATUS) | PT_SOURCE_BIT(PT_SOURCE_CGROUP) |
                               PT_SOURCE_BIT(PT_SOURCE_EXE) | PT_SOURCE_BIT(PT_SOURCE_CMDLINE);
    uint32_t index;
    int error = pt_snapshot_scan(&snapshot, &procfs, 0);

    if (error != 0)
        return error;
    index = pt_snapshot_index(&snapshot, DAEMON);
    error = pt_snapshot_add(&snapshot, &index, 1, sources);
    if (error == 0)
        error = pt_service_find(&service, &snapshot, &snapshot.processes[index],
                                "proctool-test-daemon", &arena);
    return error;
}

/* The kind that is found, NULL for none; the search is over. */
static void check_kind(const char *kind, const char *distrust)
{
    ck_assert_int_eq(find(), 0);
    ck_assert_str_eq(service.kind != NULL ? service.kind : "none", kind != NULL ? kind : "none");
    ck_assert_msg((service.distrust != NULL) == (distrust != NULL), "%s",
                  service.distrust != NULL ? service.distrust : "trusted");
    if (distrust != NULL)
        ck_assert_msg(strstr(service.distrust, distrust) != NULL, "%s", service.distrust);
    pt_snapshot_done(&snapshot);
}

static void check_none(const char *distrust)
{
    check_kind(NULL, distrust);
    ck_assert_int_eq(service.control, -1);
}

START_TEST(by_control)
{
    static const struct {
        const char *exe, *kind;
    } rows[] = {{"/usr/bin/runsv", "runit"},
                {"/usr/bin/supervise", "daemontools"},
                {"/bin/s6-supervise", "s6"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char byte = '\0', name[512];
        pid_t pid = 77;

        set_up(rows[i].exe);
        check_kind(rows[i].kind, NULL);
        snprintf(name, sizeof name, "%s/service", proc.path);
        ck_assert_str_eq(service.name, name);
        ck_assert_int_eq(service.parent, SUPERVISOR);
        ck_assert_int_eq(pt_service_stop(&service, &pid), 0);
        ck_assert_int_eq(pid, 0);
        ck_assert_int_eq(read(reader, &byte, 1), 1);
        ck_assert_int_eq(byte, 'd');
        tear_down();
    }
}
END_TEST

/* A `run` script that did not exec; but nobody looks through more than a few shells. */
START_TEST(behind_shells)
{
    set_up("/usr/bin/runsv");
    add(SHELL, SUPERVISOR, "/usr/bin/dash");
    add(DAEMON, SHELL, "/usr/sbin/cron");
    check_kind("runit", NULL);
    ck_assert_int_eq(service.parent, SUPERVISOR);
    pt_service_done(&service);
    for (pid_t pid = 100; pid < 110; pid++)
        add(pid, pid == 100 ? SUPERVISOR : pid - 1, "/bin/busybox");
    add(DAEMON, 109, "/usr/sbin/cron");
    check_none(NULL);
    add(DAEMON, 999, "/usr/sbin/cron"); /* gone */
    check_none(NULL);
    add(DAEMON, 0, "/usr/sbin/cron");
    check_none(NULL);
    tear_down();
}
END_TEST

/* What may be somebody else's work is not written to. */
START_TEST(not_trusted)
{
    set_up("/usr/bin/runsv");
    ck_assert_int_eq(fchmodat(proc.fd, "service", 0777, 0), 0);
    check_none("written by others");
    ck_assert_int_eq(fchmodat(proc.fd, "service", 0755, 0), 0);
    ck_assert_int_eq(fchmodat(proc.fd, "service/supervise", 0775, 0), 0);
    check_none("written by others");
    ck_assert_int_eq(fchmodat(proc.fd, "service/supervise", 0755, 0), 0);
    fakeproc_text(&proc, 0, "service/supervise/control", "");
    check_none("no FIFO");
    fakeproc_fifo(&proc, 0, "service/supervise/control"); /* whom nobody reads */
    check_none(NULL);
    fakeproc_unlink(&proc, 0, "service/supervise/control");
    check_none(NULL);
    fakeproc_link(&proc, SUPERVISOR, "cwd", "/nowhere");
    check_none("cannot be read");
    fakeproc_link(&proc, SUPERVISOR, "cwd", proc.path); /* where no supervise is */
    check_none(NULL);
    fakeproc_text(&proc, SUPERVISOR, "status", "Uid:\t7\t7\t7\t7\nGid:\t7\t7\t7\t7\n");
    check_none(getuid() == 7 ? NULL : "another user's");
    fakeproc_text(&proc, SUPERVISOR, "status", "Uid:\t0\t0\t1\t0\nGid:\t7\t7\t7\t7\n");
    check_none("another user's");
    fakeproc_unlink(&proc, SUPERVISOR, "status");
    check_none("another user's");
    tear_down();
}
END_TEST

static void put_program(const char *name)
{
    char file[64], path[512];

    snprintf(file, sizeof file, "bin/%s", name);
    fakeproc_text(&proc, 0, file, "#!/bin/sh\n");
    ck_assert_int_eq(fchmodat(proc.fd, file, 0755, 0), 0);
    snprintf(path, sizeof path, "%s/bin", proc.path);
    ck_assert_int_eq(setenv("PATH", path, 1), 0);
}

/* The command line of a script, WORDS with NULs, and then a file of ours. */
static void write_cmdline(const char *words, size_t length, const char *file)
{
    char text[1024];
    int rest;

    memcpy(text, words, length);
    rest = snprintf(text + length, sizeof text - length, "%s/%s", proc.path, file);
    fakeproc_write(&proc, SUPERVISOR, "cmdline", text, length + (size_t)rest + 1);
}

#define SCRIPT "/usr/bin/python3\0/usr/bin/supervisord\0"
#define WORDS(text) text, sizeof text - 1
#define NAMED "SUPERVISOR_ENABLED=1\0SUPERVISOR_GROUP_NAME=jobs\0SUPERVISOR_PROCESS_NAME=cron\0"

static void set_up_supervisord(void)
{
    set_up("/usr/bin/python3.11");
    fakeproc_text(&proc, 0, "s.conf", "");
    write_cmdline(WORDS(SCRIPT "-c\0"), "s.conf");
    fakeproc_write(&proc, DAEMON, "environ", WORDS(NAMED));
    put_program("supervisorctl");
}

START_TEST(supervisord)
{
    struct pt_buffer text = {0};
    char expected[600];

    set_up_supervisord();
    check_kind("supervisord", NULL);
    ck_assert_str_eq(service.name, "jobs:cron");
    ck_assert_int_eq(service.answer, PT_ANSWER_SUPERVISORD);
    ck_assert_str_eq(service.state_argv[3], "status");
    ck_assert_int_eq(pt_service_describe(&service, &text), 0);
    snprintf(expected, sizeof expected, "supervisorctl -c %s/s.conf stop jobs:cron", proc.path);
    ck_assert_str_eq(pt_buffer_text(&text), expected);
    write_cmdline(WORDS(SCRIPT "--configuration="), "s.conf");
    check_kind("supervisord", NULL);
    write_cmdline(WORDS(SCRIPT "-n\0--configuration\0"), "s.conf");
    check_kind("supervisord", NULL);
    pt_buffer_done(&text);
    tear_down();
}
END_TEST

START_TEST(supervisord_not_trusted)
{
    set_up_supervisord();
    ck_assert_int_eq(fchmodat(proc.fd, "s.conf", 0666, 0), 0);
    check_none("written by others");
    fakeproc_link(&proc, 0, "s.conf", "/dev/null");
    check_none("written by others");
    fakeproc_text(&proc, 0, "s.conf", "");
    ck_assert_int_eq(setenv("PATH", "/nowhere", 1), 0);
    check_none("no supervisorctl");
    fakeproc_write(&proc, DAEMON, "environ", WORDS("SUPERVISOR_GROUP_NAME=jobs\0"));
    check_none("did not name it");
    fakeproc_unlink(&proc, DAEMON, "environ");
    check_none("did not name it");
    /* A python that runs something else, or nothing. */
    fakeproc_write(&proc, SUPERVISOR, "cmdline", WORDS("python3\0xsupervisord\0supervisord\0"));
    check_none(NULL);
    fakeproc_write(&proc, SUPERVISOR, "cmdline", WORDS("python3\0"));
    check_none(NULL);
    fakeproc_unlink(&proc, SUPERVISOR, "cmdline");
    check_none(NULL);
    tear_down();
}
END_TEST

/* The unit is the last in the path of the daemon's group; its MainPID is still to be asked for. */
START_TEST(systemd)
{
    static const struct {
        const char *cgroup, *unit;
    } rows[] = {
        {"0::/system.slice/cron.service\n", "cron.service"},
        {"9:name=systemd:/system.slice/a@b:c.service\n0::/\n", "a@b:c.service"},
        {"0::/system.slice/docker.service/deep/inner.service/leaf\n", "inner.service"},
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/cron.service\n", NULL},
        {"0::/system.slice/session-2.scope\n", NULL},
        {"0::/system.slice/.service\n", NULL},
        {"0::/system.slice/-x.service\n", NULL},
        {"0::/system.slice/a b.service\n", NULL},
        {"0::/system.slice/a;b.service\n", NULL},
        {"0::/\n", NULL},
        {"", NULL},
    };

    set_up("/sbin/init");
    put_program("systemctl");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fakeproc_text(&proc, DAEMON, "cgroup", rows[i].cgroup);
        check_kind(rows[i].unit != NULL ? "systemd" : NULL, NULL);
        ck_assert_int_eq(service.doubtful, rows[i].unit != NULL);
        if (rows[i].unit == NULL)
            continue;
        ck_assert_str_eq(service.name, rows[i].unit);
        ck_assert_str_eq(service.argv[3], rows[i].unit);
        ck_assert_str_eq(service.state_argv[5], rows[i].unit);
    }
    fakeproc_text(&proc, DAEMON, "cgroup", rows[0].cgroup);
    ck_assert_int_eq(setenv("PATH", "/nowhere", 1), 0);
    check_none(NULL);
    tear_down();
}
END_TEST

/* A daemon that has a supervisor is never taken for one that has none. */
static void check_scarcity(const char *kind)
{
    while (scarce_memory()) {
        service = (struct pt_service)PT_SERVICE_NONE;
        if (scarce_end(find()) == 0)
            ck_assert_str_eq(pt_service_kind(&service), kind);
        pt_service_done(&service);
        pt_snapshot_done(&snapshot);
        pt_arena_done(&arena);
    }
}

START_TEST(out_of_memory)
{
    set_up("/usr/bin/runsv");
    check_scarcity("runit");
    tear_down();
    set_up_supervisord();
    check_scarcity("supervisord");
    fakeproc_text(&proc, DAEMON, "cgroup", "0::/system.slice/cron.service\n");
    fakeproc_link(&proc, SUPERVISOR, "exe", "/sbin/init");
    put_program("systemctl");
    check_scarcity("systemd");
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_SUITE("supervisor", by_control, behind_shells, not_trusted, supervisord,
                     supervisord_not_trusted, systemd, out_of_memory);
}
