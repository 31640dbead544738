/* Ending the jobs that outlast --timeout. */
#include "cron_graceful.h"

#include <errno.h>
#include <signal.h>

#include "ending.h"
#include "report.h"
#include "schedule.h"

#define KILL_AFTER (10 * PT_SECOND)
#define KILL_WAIT (5 * PT_SECOND)

static int admit(const struct pt_verifier *verifier, const struct pt_handle *handle,
                 struct pt_process *now, struct pt_arena *arena)
{
    (void)verifier;
    (void)handle;
    (void)now;
    (void)arena;
    return PT_ROLE_TARGET;
}

static bool end_it(const struct pt_event *event, void *data)
{
    struct cron *cron = data;

    cron->interrupted = event->signal;
    return true;
}

static int end_members(struct cron *cron, struct pt_members *members,
                       const struct pt_schedule *schedule)
{
    struct pt_freeze freeze;
    struct pt_waitset *waitset;
    struct pt_ending ending;
    int error = pt_waitset_new(&waitset, &cron->procfs, &cron->signals);

    if (error != 0)
        return error;
    pt_freeze_init(&freeze, members, PT_GROWTH_TREE);
    freeze.admit = (struct pt_verifier){.procfs = &cron->procfs, .verify = admit};
    ending = (struct pt_ending){.freeze = &freeze,
                                .waitset = waitset,
                                .schedule = schedule,
                                .freezes = true,
                                .continues = true,
                                .waits = true,
                                .signalled = end_it,
                                .data = cron};
    error = pt_ending_run(&ending);
    pt_freeze_done(&freeze);
    pt_waitset_free(waitset);
    return error;
}

int cron_kill_jobs(struct cron *cron)
{
    struct pt_members members;
    struct pt_schedule schedule;
    int error;

    pt_members_init(&members, &cron->procfs);
    pt_schedule_init(&schedule);
    error = pt_schedule_escalate(&schedule, SIGTERM, KILL_AFTER, KILL_WAIT);
    for (size_t i = 0; i < cron->job_count && error == 0; i++) {
        struct cron_job *job = cron->jobs[i];
        uint32_t index;

        if (!cron_is_awaited(cron, job) || job->worker)
            continue;
        pt_say(0, "ending job %d: %.*s", (int)job->handle.pid, (int)job->length, job->text);
        error = pt_members_add(&members, job->handle.pid, &job->verifier, PT_NO_MEMBER, &index);
        if (error > 0 || error == -ESRCH)
            error = 0;
    }
    if (error == 0)
        error = end_members(cron, &members, &schedule);
    if (error == 0 && pt_members_living(&members) > 0)
        error = -EBUSY;
    pt_schedule_done(&schedule);
    pt_members_done(&members);
    return error;
}
