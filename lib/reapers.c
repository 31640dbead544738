#include "reapers.h"

#include <errno.h>
#include <signal.h>
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

/* Whether it is there, but by hidepid not for us: ERROR is that of reading it. */
static bool is_hidden(pid_t pid, int error)
{
    if (error == 0)
        return false;
    if (error != -ENOENT && error != -ESRCH)
        return true;
    return kill(pid, 0) == 0 || errno == EPERM;
}

int pt_reapers_note(struct pt_reapers *reapers, const struct pt_members *members, pid_t pid)
{
    while (pid > 0 && !has(reapers, pid)) {
        uint32_t index = pt_members_find(members, pid);
        struct pt_stat stat;
        int error;

        if (index != PT_NO_MEMBER && pt_member_lives(members->list[index]))
            return 0;
        error = pt_thread_stat(members->procfs, pid, 0, &stat);
        if (is_hidden(pid, error))
            return 0;
        if (add(reapers, pid) != 0)
            return -ENOMEM;
        if (error != 0)
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
