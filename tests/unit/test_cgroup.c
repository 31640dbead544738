/* What the text of /proc/PID/cgroup says, as real systems write it and as somebody may forge it. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "cgroup.h"
#include "suite.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "pod11111111_2222_3333_4444_555555555555"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static void check_text(const char *input, const char *expected, bool found, const char *text,
                       size_t length)
{
    ck_assert_msg(found == (expected != NULL), "%s", input);
    if (found)
        ck_assert_msg(length == strlen(expected) && memcmp(text, expected, length) == 0, "%s: %.*s",
                      input, (int)length, text);
}

START_TEST(path)
{
    static const struct {
        const char *text, *path;
    } rows[] = {
        {"0::/system.slice/cron.service\n", "/system.slice/cron.service"},
        {"0::/\n", "/"},
        {"0::/a:b c\n", "/a:b c"},
        {"0::/without/newline", "/without/newline"},
        {"12:cpu,cpuacct:/\n1:name=systemd:/user.slice/user-0.slice/session-2.scope\n0::/x\n",
         "/x"},
        {"12:cpu,cpuacct:/\n1:name=systemd:/user.slice/user-0.slice/session-2.scope\n0::/\n",
         "/user.slice/user-0.slice/session-2.scope"},
        {"12:cpu,cpuacct:/\n11:memory:/docker/" ID "\n1:name=systemd:/\n0::/\n", "/docker/" ID},
        {"12:cpu,cpuacct:/\n11:memory:/\n", "/"},
        {"", NULL},
        {"\n\n", NULL},
        {"1\n1:\nnonsense\n", NULL},
        {"1:memory:\n", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = NULL;
        size_t length = 0;
        int error = pt_cgroup_path(rows[i].text, strlen(rows[i].text), &text, &length);
        ck_assert_int_eq(error, rows[i].path ? 0 : -ENOENT);
        check_text(rows[i].text, rows[i].path, error == 0, text, length);
    }
}
END_TEST

START_TEST(unit)
{
    static const struct {
        const char *path, *unit;
    } rows[] = {
        {"/system.slice/cron.service", "cron.service"},
        {"/system.slice/cron.service (deleted)", "cron.service"},
        {"/init.scope", "init.scope"},
        {"/user.slice/user-1000.slice/session-2.scope", "session-2.scope"},
        {"/user.slice/user-1000.slice/user@1000.service/app.slice/firefox.service",
         "user@1000.service"},
        {"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"},
        {"/system.slice/dev-disk\\x2dby.mount", "dev-disk\\x2dby.mount"},
        {"/system.slice/docker-" ID ".scope", "docker-" ID ".scope"},
        {"/system.slice/cron.service/own/group", "cron.service"},
        {"/system.slice/_cpu.service", "cpu.service"},
        {"/../../system.slice/cron.service", "cron.service"},
        {"/", NULL},
        {"", NULL},
        {"/system.slice", NULL},
        {"/docker/" ID, NULL},
        {"/mine/cron.service", NULL},
        {"/system.slice/.service", NULL},
        {"/system.slice/a b.service", NULL},
        {"/system.slice/\033[1mx.service", NULL},
        {"/system.slice/x.target", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = NULL;
        size_t length = 0;
        bool found = pt_cgroup_unit(rows[i].path, strlen(rows[i].path), &text, &length);
        check_text(rows[i].path, rows[i].unit, found, text, length);
    }
}
END_TEST

START_TEST(container)
{
    static const struct {
        const char *path, *id;
    } rows[] = {
        {"/docker/" ID, ID},
        {"/docker/" ID " (deleted)", ID},
        {"/system.slice/docker-" ID ".scope", ID},
        {"/system.slice/docker-" ID ".scope/init.scope", ID},
        {"/machine.slice/libpod-" ID ".scope/container", ID},
        {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", ID},
        {"/libpod_parent/libpod-" ID, ID},
        {"/kubepods/burstable/" POD "/" ID, ID},
        {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-" POD
         ".slice/cri-containerd-" ID ".scope",
         ID},
        {"/kubepods.slice/kubepods-" POD ".slice/crio-" ID ".scope", ID},
        {"/system.slice/containerd.service/kubepods-" POD ".slice:cri-containerd:" ID, ID},
        {"/lxc/web/system.slice/cron.service", "web"},
        {"/lxc.payload.web/system.slice/cron.service", "web"},
        {"/lxc.payload/web", "web"},
        {"/lxc.payload.web/docker/" ID, ID},
        {"/lxc.monitor.web", NULL},
        {"/lxc.monitor/web", NULL},
        {"/machine.slice/libpod-conmon-" ID ".scope", NULL},
        {"/system.slice/crio-conmon-" ID ".scope", NULL},
        {"/system.slice/cron.service", NULL},
        {"/docker/0" ID, NULL},
        {"/docker/" ID "0", NULL},
        {"/docker/ABCDEF", NULL},
        {"/lxc", NULL},
        {"/lxc.payload.", NULL},
        {"/", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = NULL;
        size_t length = 0;
        bool found = pt_cgroup_container(rows[i].path, strlen(rows[i].path), &text, &length);
        check_text(rows[i].path, rows[i].id, found, text, length);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("cgroup", path, unit, container);
}
