#include "reapers.h"

#include <errno.h>
#include <stdlib.h>

#include "children.h"

void pt_reapers_done(struct pt_reapers *reapers)
{
    free(reapers->pids);
    *reapers = (struct pt_reapers){.pids = NULL};
}

static int add(struct pt_reapers *reapers, pid_t pid)
{
    pid_t *pids = pt_grow(reapers->pids, reapers->count, &reapers->capacity, sizeof *pids);

    if (pids == NULL)
        return -ENOMEM;
    reapers->pids = pids;
    reapers->pids[reapers->count++] = pid;
    return 0;
}

static bool has(const struct pt_reapers *reapers, pid_t pid)
{
    for (size_t i = 0; i < reapers->count; i++) {
        if (reapers->pids[i] == pid)
            return true;
    }
    return false;
}

int pt_reapers_note(struct pt_reapers *reapers, const struct pt_members *members, pid_t pid)
{
    while (pid > 0 && !has(reapers, pid)) {
        uint32_t index = pt_members_find(members, pid);
        struct pt_stat stat;

        if (index != PT_NO_MEMBER && pt_member_lives(members->list[index]))
            return 0;
        if (add(reapers, pid) != 0)
            return -ENOMEM;
        if (pt_thread_stat(members->procfs, pid, 0, &stat) != 0)
            return 0;
        pid = stat.ppid;
    }
    return 0;
}

bool pt_reapers_forget_gone(struct pt_reapers *reapers, const struct pt_procfs *procfs)
{
    size_t kept = 0, before = reapers->count;
    struct pt_stat stat;

    for (size_t i = 0; i < before; i++) {
        if (pt_thread_stat(procfs, reapers->pids[i], 0, &stat) == 0)
            reapers->pids[kept++] = reapers->pids[i];
    }
    reapers->count = kept;
    return kept < before;
}
