/* Who a process is: whose, and called what. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "scene.h"
#include "suite.h"

#define BIT PT_SOURCE_BIT

enum { PID = 42 };

START_TEST(effective_user)
{
    struct scene scene;
    uid_t uid;

    scene_set_up(&scene, &(struct fake_process){.pid = PID, .uid = 4321});
    ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_STAT)), 0);
    ck_assert(!pt_process_euid(&scene.process, &uid));
    ck_assert_int_eq(scene_add(&scene, BIT(PT_SOURCE_OWNER)), 0);
    ck_assert_ptr_null(scene.process.more);
    ck_assert(pt_process_euid(&scene.process, &uid));
    ck_assert_uint_eq(uid, getuid());
    ck_assert_int_eq(scene_add(&scene, BIT(PT_SOURCE_STATUS)), 0);
    ck_assert(pt_process_euid(&scene.process, &uid));
    ck_assert_uint_eq(uid, 4321);
    scene_tear_down(&scene);
}
END_TEST

START_TEST(exe_names)
{
    static const struct {
        const char *exe, *cmdline, *name, *path;
    } rows[] = {
        {"/usr/bin/a", "b", "a", "/usr/bin/a"},
        {"/usr/bin/a (deleted)", "b", "a", "/usr/bin/a"},
        {NULL, "sh", "sh", NULL},
        {NULL, "no-such-program-anywhere", "fake", NULL},
        {NULL, "/opt/x/prog", "fake", "/opt/x/prog"},
        {NULL, "./sh", "fake", NULL},
        {NULL, "-sh", "fake", NULL},
        {NULL, "", "fake", NULL},
        {"/", "", "fake", "/"},
    };
    struct scene scene;

    setenv("PATH", "relative::/nowhere:/bin", 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_bytes path;

        scene_set_up(&scene, &(struct fake_process){.pid = PID});
        if (rows[i].exe)
            fakeproc_link(&scene.proc, PID, "exe", rows[i].exe);
        fakeproc_write(&scene.proc, PID, "cmdline", rows[i].cmdline, strlen(rows[i].cmdline));
        ck_assert_int_eq(scene_read(&scene, PID, BIT(PT_SOURCE_EXE) | BIT(PT_SOURCE_CMDLINE)), 0);
        path = pt_process_exe_name(&scene.process);
        ck_assert_msg(path.length == strlen(rows[i].name) &&
                          memcmp(path.bytes, rows[i].name, path.length) == 0,
                      "row %zu: %.*s", i, (int)path.length, path.bytes);
        path = pt_process_exe_path(&scene.process);
        ck_assert_uint_eq(path.length, rows[i].path ? strlen(rows[i].path) : 0);
        ck_assert_int_eq(path.bytes == NULL, rows[i].path == NULL);
        scene_tear_down(&scene);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("process_names", effective_user, exe_names);
}
