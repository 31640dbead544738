#include "forking.h"

#include <signal.h>
#include <stdio.h>

#include "children.h"
#include "procparse.h"
#include "waitset.h"

/* status has some 1.5 KiB. */
#define STATUS_SIZE 8192

#define PAUSE_FIRST INT64_C(100000)
#define PAUSE_LAST INT64_C(2000000)

struct thread_walk {
    const struct pt_procfs *procfs;
    pid_t pid;
    int signal;
    bool continued;
};

static int read_status(const struct pt_procfs *procfs, const char *path,
                       struct pt_status *ret_status)
{
    char bytes[STATUS_SIZE];
    ssize_t length = pt_dir_read(&procfs->root, path, bytes, sizeof bytes);

    return length < 0 ? (int)length : pt_parse_status(bytes, (size_t)length, ret_status);
}

static bool blocks(const struct pt_status *status, int signal)
{
    return status->blocked >> (signal - 1) & 1;
}

/* Whoever blocks SIGNAL may be in a fork. Once continued, one that sleeps has left it, or never was
 * in one; one that does not sleep may still be in it, or only wait for a CPU. */
static bool may_fork(const struct thread_walk *walk, pid_t tid, const struct pt_status *status)
{
    struct pt_stat stat;

    if (!blocks(status, walk->signal))
        return false;
    return !walk->continued ||
           (pt_thread_stat(walk->procfs, walk->pid, tid, &stat) == 0 && stat.state != 'S');
}

/* 1, which ends the walk: it may. */
static int look_at_thread(const char *name, unsigned char type, void *data)
{
    const struct thread_walk *walk = data;
    pid_t tid = pt_parse_pid_name(name);
    char path[PT_PROCFS_PATH];
    struct pt_status status;

    (void)type;
    snprintf(path, sizeof path, "%d/task/%d/status", (int)walk->pid, (int)tid);
    return tid != 0 && read_status(walk->procfs, path, &status) == 0 &&
           may_fork(walk, tid, &status);
}

static bool is_forking(const struct pt_members *members, const struct pt_member *member, int signal)
{
    struct thread_walk walk = {members->procfs, member->handle.pid, signal, member->forking};
    char path[PT_PROCFS_PATH];
    struct pt_status status;
    struct pt_dir task;
    int answer;

    if (read_status(members->procfs, pt_procfs_path(path, walk.pid, "status"), &status) != 0)
        return false;
    if (status.threads <= 1)
        return may_fork(&walk, 0, &status);
    if (pt_dir_open_at(&task, &members->procfs->root, pt_procfs_path(path, walk.pid, "task")) != 0)
        return false;
    answer = pt_dir_each(&task, look_at_thread, &walk);
    pt_dir_close(&task);
    return answer == 1;
}

static size_t let_run(struct pt_members *members, int signal)
{
    size_t count = 0;

    for (size_t i = 0; i < members->count; i++) {
        struct pt_member *member = members->list[i];

        if (!member->stopped || !pt_member_lives(member) || member->let_run >= PT_FORKING_TRIES ||
            !is_forking(members, member, signal))
            continue;
        if (pt_member_signal(member, members->procfs, SIGCONT) != 0)
            continue;
        member->let_run++;
        member->forking = true;
        count++;
    }
    return count;
}

/* Stops those who have done; all of them where it is LATE. How many still run. */
static size_t stop_again(struct pt_members *members, int signal, bool late)
{
    size_t count = 0;

    for (size_t i = 0; i < members->count; i++) {
        struct pt_member *member = members->list[i];

        if (!member->forking)
            continue;
        if (!late && is_forking(members, member, signal)) {
            count++;
            continue;
        }
        member->forking = false;
        if (pt_member_lives(member))
            pt_member_signal(member, members->procfs, SIGSTOP);
    }
    return count;
}

size_t pt_forking_finish(struct pt_members *members, int signal)
{
    int64_t end = pt_monotonic() + PT_FORKING_PATIENCE, pause = PAUSE_FIRST;
    size_t count = let_run(members, signal), left = count;

    while (left > 0) {
        pt_pause(pause);
        pause = pause < PAUSE_LAST ? pause * 2 : pause;
        left = stop_again(members, signal, pt_monotonic() > end);
    }
    return count;
}
