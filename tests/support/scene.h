/* One record to be read, from a tree made for it or from the live /proc. */
#ifndef SCENE_H
#define SCENE_H

#include <stddef.h>
#include <sys/types.h>

#include "fakeproc.h"
#include "process.h"

/* A tree with one process, opened. */
struct scene {
    struct fakeproc proc;
    struct pt_procfs procfs;
    struct pt_arena arena;
    struct pt_process process;
};

/* With this process in a tree of its own, or the live /proc. */
void scene_set_up(struct scene *scene, const struct fake_process *process);
void scene_set_up_live(struct scene *scene);
void scene_tear_down(struct scene *scene);

/* pt_process_read and _add. */
int scene_read(struct scene *scene, pid_t pid, pt_sources sources);
int scene_add(struct scene *scene, pt_sources sources);

/* That they are these, and end in NUL. */
void check_bytes(struct pt_bytes bytes, const char *expected, size_t length);
void check_text(struct pt_bytes bytes, const char *expected);

#endif
