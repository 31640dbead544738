#include "pipes.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "buffer.h"
#include "dir.h"
#include "units.h"
#include "waitset.h"

/* A process may have a million descriptors, and a stranger as many processes as he likes. */
#define PATIENCE (3 * PT_SECOND)

enum { FOUND = 1, TOO_LATE = 2 };

/* One walk over the descriptors of a process. */
struct walk {
    int64_t deadline;
    struct pt_dir fds;
    struct pt_buffer text;
    mode_t mode;                    /* of the link: S_IRUSR open for reading, S_IWUSR for writing */
    struct pt_buffer *pipes;        /* names, each with its NUL, to be filled; or */
    const struct pt_buffer *wanted; /* to be found */
};

static bool is_wanted(const struct pt_buffer *wanted, const char *name)
{
    for (size_t i = 0; i < wanted->length; i += strlen(wanted->data + i) + 1) {
        if (strcmp(wanted->data + i, name) == 0)
            return true;
    }
    return false;
}

/* `l-wx------ 1 -> pipe:[4711]`; FOUND: it is one that is wanted. */
static int take(const char *name, unsigned char type, void *data)
{
    struct walk *walk = data;
    struct stat status;

    (void)type;
    if (pt_monotonic() > walk->deadline)
        return TOO_LATE;
    pt_buffer_clear(&walk->text);
    if (pt_dir_readlink(&walk->fds, name, &walk->text) != 0 ||
        strncmp(pt_buffer_text(&walk->text), "pipe:[", 6) != 0 ||
        pt_dir_stat(&walk->fds, name, &status) != 0 || (status.st_mode & walk->mode) == 0)
        return 0;
    if (walk->pipes != NULL)
        return pt_buffer_append(walk->pipes, walk->text.data, walk->text.length + 1);
    return is_wanted(walk->wanted, walk->text.data) ? FOUND : 0;
}

/* What we may not see holds nothing, as far as we know. */
static int walk_process(const struct pt_procfs *procfs, pid_t pid, struct walk *walk)
{
    struct pt_dir dir;
    int error = pt_procfs_open_pid(procfs, pid, &dir);

    if (error != 0)
        return error == -ENOMEM ? error : 0;
    error = pt_dir_open_at(&walk->fds, &dir, "fd");
    if (error == 0) {
        error = pt_dir_each(&walk->fds, take, walk);
        pt_dir_close(&walk->fds);
    }
    pt_dir_close(&dir);
    return error > 0 || error == -ENOMEM ? error : 0;
}

int pt_pipe_holder(const struct pt_snapshot *snapshot, pid_t reader, pid_t *ret_holder)
{
    struct pt_buffer pipes;
    struct walk walk = {.mode = S_IRUSR, .deadline = pt_monotonic() + PATIENCE};
    int error;

    pt_buffer_init(&pipes);
    pt_buffer_init(&walk.text);
    walk.pipes = &pipes;
    error = walk_process(snapshot->procfs, reader, &walk);
    walk.pipes = NULL;
    walk.wanted = &pipes;
    walk.mode = S_IWUSR;
    *ret_holder = 0;
    for (size_t i = 0; i < snapshot->count && error == 0 && pipes.length > 0; i++) {
        pid_t pid = snapshot->processes[i].stat.pid;

        if (pid == reader)
            continue;
        error = walk_process(snapshot->procfs, pid, &walk);
        if (error == FOUND)
            *ret_holder = pid;
    }
    pt_buffer_done(&walk.text);
    pt_buffer_done(&pipes);
    return error < 0 ? error : 0;
}
