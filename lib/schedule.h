/*
 * What is sent when, as start-stop-daemon(8) writes it after --retry: `TERM/30/INT/5/KILL/5`. Pure:
 * the clock is the caller's.
 *
 * A schedule is a list of steps, each a signal and the wait behind it. A step is never left out,
 * however late we come to it: a position remembers which is next, and the wait begins when the
 * signal was sent.
 */
#ifndef PT_SCHEDULE_H
#define PT_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "units.h"

struct pt_schedule_step {
    int signal;   /* 0: nothing is sent, only waited */
    int64_t wait; /* nanoseconds; PT_INFINITE is without end */
};

/* All zero bytes are an empty schedule: it is over at once. */
struct pt_schedule {
    struct pt_schedule_step *steps;
    size_t count;
    size_t repeat; /* first step of the part that `forever` repeats; count when there is none */
};

void pt_schedule_init(struct pt_schedule *schedule);
void pt_schedule_done(struct pt_schedule *schedule);

/* Adds a step at the end of a schedule that does not repeat. 0 or -ENOMEM. */
int pt_schedule_add(struct pt_schedule *schedule, int signal, int64_t wait);

/* Makes SIGNAL/WAIT/KILL/KILL_WAIT of an empty one; KILL/KILL_WAIT alone when SIGNAL is SIGKILL. 0
 * or -ENOMEM. */
int pt_schedule_escalate(struct pt_schedule *schedule, int signal, int64_t wait, int64_t kill_wait);

/* Parses TEXT into an empty one: items with `/` between them, each
 *   a signal's name (`TERM`, `SIGTERM`, `-TERM`) or `-NUMBER`;
 *   a duration that is waited (`30`, `500ms`, `infinity` at the end only); 0 is none, as there:
 *     Debian's init scripts say `0/30/KILL/5`;
 *   `forever`: what follows is repeated without end, and must wait.
 * A duration N alone is SIGNAL/N/KILL/N. 0, -ENOMEM, or -EINVAL and FAULT; empty again on failure.
 */
int pt_schedule_parse(struct pt_schedule *schedule, const char *text, int signal,
                      struct pt_fault *fault);

/* Where somebody is in a schedule. All zero bytes are its beginning, due at once. */
struct pt_schedule_position {
    size_t next;      /* the step that comes next; count: none */
    int64_t deadline; /* when: the end of the wait before it, on the caller's clock */
};

enum pt_schedule_due {
    PT_SCHEDULE_WAITS, /* nothing before position->deadline (PT_INFINITE: ever) */
    PT_SCHEDULE_STEP,  /* *ret_step is due: do it, then pt_schedule_advance */
    PT_SCHEDULE_OVER,  /* the last wait has passed */
};

/* What is due at NOW. RET_STEP is written for PT_SCHEDULE_STEP alone and borrows from SCHEDULE. */
enum pt_schedule_due pt_schedule_due(const struct pt_schedule *schedule,
                                     const struct pt_schedule_position *position, int64_t now,
                                     const struct pt_schedule_step **ret_step);

/* The step that was due has been done at NOW: its wait begins. Nothing when none is left. */
void pt_schedule_advance(const struct pt_schedule *schedule, struct pt_schedule_position *position,
                         int64_t now);

#endif
