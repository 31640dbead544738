/*
 * Ending a set of processes by a schedule: signal, wait, signal harder.
 *
 * Before each signal the set is closed (freeze.h), so that nothing of it can slip away, and
 * afterwards continued. While we wait, what members fork is found, waited for too, and signalled
 * from the next step on, never in this one: it may be a handler's cleaning up. When nobody is left
 * the set is closed once more, and again and again where it outgrows that, until the schedule is
 * over; and once after the last step.
 *
 * Nobody can keep us here beyond the schedule and, at most, its last wait once more.
 */
#ifndef PT_ENDING_H
#define PT_ENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "freeze.h"
#include "members.h"
#include "schedule.h"
#include "waitset.h"

struct pt_ending {
    struct pt_freeze *freeze;           /* borrowed, with its members */
    struct pt_waitset *waitset;         /* borrowed */
    const struct pt_schedule *schedule; /* borrowed */
    bool freezes;   /* close the set before each signal; else its growth is only looked for */
    bool continues; /* SIGCONT follows what lets a stopped process act, so that it can */
    bool inherits; /* we are the set's subreaper: what slips away comes to us, and is found again */
    bool waits;    /* false: each step is done at once, and none waited for */
    int64_t tick;  /* call `progress` so often, nanoseconds; 0: never */

    /* Called when nothing of the set is stopped by us; each may be NULL. */
    void (*stepped)(const struct pt_ending *ending, int signal, void *data);
    void (*progress)(const struct pt_ending *ending, void *data);
    /* A member has ended. */
    void (*left)(const struct pt_ending *ending, const struct pt_member *member, void *data);
    /* Called at once, whatever is stopped: a signal has come. True ends it all. */
    bool (*signalled)(const struct pt_event *event, void *data);
    void *data;

    /* The rest is pt_ending_run's. */
    size_t living;    /* targets that are waited for */
    int64_t began;    /* the present step: what was sent since then is of it; CLOCK_MONOTONIC */
    int64_t deadline; /* of the present wait, CLOCK_MONOTONIC or PT_INFINITE */
    int next_signal;  /* that is sent then; 0: none */
    int64_t discover_at, discover_interval, tick_at;
    int64_t look_at, look_interval; /* for closing the set again when nobody is left */
    uint32_t awaited;               /* members that were looked at for waiting */
    size_t unreported;              /* that ended while nothing could be said */
    int interrupted;                /* the signal that ended it all, or 0 */
    bool outgrown; /* signals were sent to a set that was not closed: some of it may be left */
};

/*
 * Runs the schedule until every target has ended or the last wait has passed. Targets that we may
 * not signal are not waited for. 0, also when it was interrupted (everything is continued then), or
 * -errno. What became of each is in the members.
 */
int pt_ending_run(struct pt_ending *ending);

/* What became of a target. */
enum pt_outcome {
    PT_OUTCOME_ENDED,  /* without force; or of itself */
    PT_OUTCOME_KILLED, /* after SIGKILL */
    PT_OUTCOME_SURVIVED,
    PT_OUTCOME_NOT_PERMITTED, /* what came last we might not send, and it lives */
};

enum pt_outcome pt_member_outcome(const struct pt_member *member);

#endif
