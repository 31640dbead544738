#include "stopping.h"

#include <signal.h>

#include "cgroup.h"
#include "children.h"

/* The job that a terminal's shell waits for, seen from outside: the shell is no member. */
static bool is_foreground_job(const struct pt_members *members, const struct pt_member *member)
{
    struct pt_stat stat;
    uint32_t parent;

    if (pt_thread_stat(members->procfs, member->handle.pid, 0, &stat) != 0 || stat.tpgid <= 0 ||
        stat.pgrp != stat.tpgid)
        return false;
    parent = pt_members_find(members, stat.ppid);
    return parent == PT_NO_MEMBER || !pt_member_lives(members->list[parent]) ||
           members->list[parent]->role == PT_ROLE_PASSED;
}

static char state_of(const struct pt_procfs *procfs, const struct pt_member *member)
{
    struct pt_stat stat;

    return pt_thread_stat(procfs, member->handle.pid, 0, &stat) == 0 ? stat.state : '\0';
}

static void send_stop(const struct pt_members *members, struct pt_member *member)
{
    if (pt_member_signal(member, members->procfs, SIGSTOP) == 0 && !member->was_stopped)
        member->stopped = true;
}

void pt_member_stop(const struct pt_members *members, struct pt_member *member, bool everyone,
                    bool fresh)
{
    if (member->role == PT_ROLE_PASSED || member->left_running)
        return;
    if (member->asked) {
        /* Somebody may have continued it, as the kernel does with orphaned process groups; or we
         * could not signal it. */
        if (!member->closed && !member->refused)
            send_stop(members, member);
        return;
    }
    member->asked = true;
    member->left_running =
        !everyone && (!fresh || member->tpgid > 0) && is_foreground_job(members, member);
    if (member->left_running)
        return;
    if (!member->stopped)
        member->was_stopped = (fresh ? member->state : state_of(members->procfs, member)) == 'T';
    send_stop(members, member);
}

bool pt_member_is_frozen(const struct pt_procfs *procfs, const struct pt_member *member)
{
    struct pt_process process;
    struct pt_arena arena;
    bool frozen;

    pt_arena_init(&arena);
    frozen = pt_process_read(procfs, member->handle.pid, PT_SOURCE_BIT(PT_SOURCE_CGROUP), &arena,
                             &process) == 0 &&
             process.stat.starttime == member->handle.starttime &&
             pt_process_has(&process, PT_SOURCE_CGROUP) &&
             pt_cgroup_frozen(procfs, process.more->cgroup.bytes, process.more->cgroup.length) == 1;
    pt_arena_done(&arena);
    return frozen;
}
