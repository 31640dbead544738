#include "children.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"

/* More children than pid_max (4 Mi) are not possible. */
#define LIST_LIMIT ((size_t)64 << 20)

int pt_thread_stat(const struct pt_procfs *procfs, pid_t pid, pid_t tid, struct pt_stat *ret_stat)
{
    char path[PT_PROCFS_PATH], bytes[2048];
    ssize_t length;

    if (tid == 0)
        snprintf(path, sizeof path, "%d/stat", (int)pid);
    else
        snprintf(path, sizeof path, "%d/task/%d/stat", (int)pid, (int)tid);
    length = pt_dir_read(&procfs->root, path, bytes, sizeof bytes);
    return length < 0 ? (int)length : pt_parse_stat(bytes, (size_t)length, ret_stat);
}

bool pt_state_is_still(char state)
{
    return state != '\0' && strchr("TtZXx", state) != NULL;
}

void pt_children_done(struct pt_children *children)
{
    pt_buffer_done(&children->text);
    pt_buffer_done(&children->former);
    free(children->pids);
    *children = (struct pt_children){.pids = NULL};
}

static int read_list(const struct pt_procfs *procfs, pid_t pid, pid_t tid, struct pt_buffer *text)
{
    char path[PT_PROCFS_PATH];

    snprintf(path, sizeof path, "%d/task/%d/children", (int)pid, (int)tid);
    return pt_dir_read_all(&procfs->root, path, text, LIST_LIMIT);
}

static int parse(struct pt_children *children)
{
    size_t offset = 0;
    pid_t pid;

    children->count = 0;
    while (pt_next_pid(children->text.data, children->text.length, &offset, &pid)) {
        pid_t *pids = pt_grow(children->pids, children->count, &children->capacity, sizeof *pids);

        if (pids == NULL)
            return -ENOMEM;
        children->pids = pids;
        children->pids[children->count++] = pid;
    }
    return 0;
}

int pt_children_read(const struct pt_procfs *procfs, pid_t pid, pid_t tid,
                     struct pt_children *children, bool *ret_same)
{
    struct pt_buffer swap = children->former, *former = &children->former;
    int error;

    *former = children->text;
    children->text = swap;
    pt_buffer_clear(&children->text);
    error = read_list(procfs, pid, tid, &children->text);
    *ret_same =
        error == 0 && former->length == children->text.length &&
        memcmp(pt_buffer_text(former), pt_buffer_text(&children->text), former->length) == 0;
    return error != 0 ? error : parse(children);
}

bool pt_children_exist(const struct pt_procfs *procfs)
{
    struct pt_buffer text;
    int error;

    pt_buffer_init(&text);
    error = read_list(procfs, getpid(), getpid(), &text);
    pt_buffer_done(&text);
    return error != -ENOENT;
}
