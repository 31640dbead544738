#include "scene.h"

#include <check.h>
#include <string.h>

void scene_set_up(struct scene *scene, const struct fake_process *process)
{
    *scene = (struct scene){.proc = {.fd = -1}};
    fakeproc_init(&scene->proc);
    fakeproc_add(&scene->proc, process);
    ck_assert_int_eq(pt_procfs_open(&scene->procfs, scene->proc.path), 0);
}

void scene_tear_down(struct scene *scene)
{
    pt_arena_done(&scene->arena);
    pt_procfs_close(&scene->procfs);
    if (scene->proc.fd >= 0)
        fakeproc_done(&scene->proc);
}

void scene_set_up_live(struct scene *scene)
{
    *scene = (struct scene){.proc = {.fd = -1}};
    ck_assert_int_eq(pt_procfs_open(&scene->procfs, NULL), 0);
    ck_assert(scene->procfs.own_namespace);
}

int scene_read(struct scene *scene, pid_t pid, pt_sources sources)
{
    return pt_process_read(&scene->procfs, pid, sources, &scene->arena, &scene->process);
}

int scene_add(struct scene *scene, pt_sources sources)
{
    return pt_process_add(&scene->procfs, &scene->process, sources, &scene->arena);
}

void check_bytes(struct pt_bytes bytes, const char *expected, size_t length)
{
    ck_assert_ptr_nonnull(bytes.bytes);
    ck_assert_uint_eq(bytes.length, length);
    ck_assert_int_eq(memcmp(bytes.bytes, expected, length), 0);
    ck_assert_int_eq(bytes.bytes[length], '\0');
}

void check_text(struct pt_bytes bytes, const char *expected)
{
    check_bytes(bytes, expected, strlen(expected));
}
