#include "ending.h"

#include <errno.h>
#include <signal.h>

#include "units.h"

/* How long nothing is looked for while nobody ends. */
#define DISCOVER_FIRST (50 * PT_MILLISECOND)
#define DISCOVER_LAST (2 * PT_SECOND)

/* Looking for what is new may take a fifth of the time at most. */
#define DISCOVER_SHARE 4

enum step_end { STEP_DONE = 0, STEP_INTERRUPTED = 1 };

static struct pt_members *members_of(const struct pt_ending *ending)
{
    return ending->freeze->members;
}

/* --- waiting --- */

/* Its end is told when nobody is stopped by us. */
static void report_later(struct pt_ending *ending, struct pt_member *member)
{
    member->unreported = true;
    ending->unreported++;
}

/* Takes what is new in the set into the wait. */
static int await_new(struct pt_ending *ending)
{
    struct pt_members *members = members_of(ending);
    int64_t now = pt_monotonic();

    for (; ending->awaited < members->count; ending->awaited++) {
        struct pt_member *member = members->list[ending->awaited];

        if (member->added == 0)
            member->added = now;
        if (member->role != PT_ROLE_TARGET)
            continue;
        if (!pt_member_lives(member)) {
            member->ended = now;
            pt_handle_close(&member->handle);
            report_later(ending, member);
            continue;
        }
        if (pt_waitset_add(ending->waitset, &member->handle, member) != 0)
            return -ENOMEM;
        member->awaited = true;
        ending->living++;
    }
    return 0;
}

static void forget(struct pt_ending *ending, struct pt_member *member)
{
    if (!member->awaited)
        return;
    member->awaited = false;
    ending->living--;
}

static void report_left(struct pt_ending *ending, struct pt_member *member)
{
    if (ending->left != NULL)
        ending->left(ending, member, ending->data);
}

/* Of those who ended when nothing could be said. */
static void report_all_left(struct pt_ending *ending)
{
    struct pt_members *members = members_of(ending);

    for (size_t i = 0; ending->unreported > 0 && i < members->count; i++) {
        if (!members->list[i]->unreported)
            continue;
        members->list[i]->unreported = false;
        ending->unreported--;
        report_left(ending, members->list[i]);
    }
}

/* Handles one event; STEP_INTERRUPTED when it is the end of all. */
static int handle_event(struct pt_ending *ending, const struct pt_event *event, bool may_report)
{
    struct pt_member *member = event->data;

    if (event->kind == PT_EVENT_SIGNAL && ending->signalled != NULL &&
        ending->signalled(event, ending->data)) {
        ending->interrupted = event->signal;
        return STEP_INTERRUPTED;
    }
    if (event->kind != PT_EVENT_ENDED)
        return STEP_DONE;
    member->ended = pt_monotonic();
    forget(ending, member);
    if (may_report)
        report_left(ending, member);
    else
        report_later(ending, member);
    return STEP_DONE;
}

/* Handles what has happened by now, without waiting. */
static int drain(struct pt_ending *ending, bool may_report)
{
    for (;;) {
        struct pt_event event;
        int error = pt_waitset_next(ending->waitset, 0, &event);

        if (error != 0 || event.kind == PT_EVENT_TIME)
            return error;
        error = handle_event(ending, &event, may_report);
        if (error != 0)
            return error;
    }
}

/* Looks for what members have forked; nobody is stopped. */
static int look_for_new(struct pt_ending *ending)
{
    int error = pt_freeze_discover(ending->freeze, false);

    if (error == 0)
        error = await_new(ending);
    report_all_left(ending);
    return error;
}

static int discover(struct pt_ending *ending)
{
    int64_t began = pt_monotonic(), ended, interval;
    int error = look_for_new(ending);

    ended = pt_monotonic();
    interval = ending->discover_interval;
    if (interval < (ended - began) * DISCOVER_SHARE)
        interval = (ended - began) * DISCOVER_SHARE;
    ending->discover_at = pt_deadline(ended, interval);
    if (ending->discover_interval < DISCOVER_LAST)
        ending->discover_interval *= 2;
    return error;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void show_progress(struct pt_ending *ending)
{
    if (ending->tick == 0 || ending->progress == NULL)
        return;
    ending->progress(ending, ending->data);
    ending->tick_at = pt_deadline(pt_monotonic(), ending->tick);
}

/* One exit may be that of a parent whose children were handed on: look soon. */
static void look_soon(struct pt_ending *ending)
{
    int64_t now = pt_monotonic();

    ending->discover_interval = DISCOVER_FIRST;
    if (ending->freeze->growth != PT_GROWTH_NONE)
        ending->discover_at = least(ending->discover_at, now + PT_MILLISECOND);
}

/* Waits until the deadline, or until nobody is left. */
static int wait(struct pt_ending *ending)
{
    while (ending->living > 0) {
        int64_t now = pt_monotonic();
        struct pt_event event;
        int error;

        if (now >= ending->deadline)
            return 0;
        if (ending->freeze->growth != PT_GROWTH_NONE && now >= ending->discover_at) {
            error = discover(ending);
            if (error != 0)
                return error;
        }
        if (ending->tick != 0 && now >= ending->tick_at)
            show_progress(ending);
        error = pt_waitset_next(
            ending->waitset,
            least(
                ending->deadline,
                least(ending->freeze->growth != PT_GROWTH_NONE ? ending->discover_at : PT_INFINITE,
                      ending->tick != 0 ? ending->tick_at : PT_INFINITE)),
            &event);
        if (error == 0)
            error = handle_event(ending, &event, true);
        if (error != 0)
            return error;
        if (event.kind == PT_EVENT_ENDED)
            look_soon(ending);
    }
    return 0;
}

/* --- signalling --- */

static bool stops(int signal)
{
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* To every target from the member FIRST on. */
static int send_all(struct pt_ending *ending, int signal, size_t first)
{
    struct pt_members *members = members_of(ending);

    for (size_t i = first; i < members->count; i++) {
        struct pt_member *member = members->list[i];
        int error;

        if (member->role != PT_ROLE_TARGET || !pt_member_lives(member))
            continue;
        /* SIGCONT alone may be sent to all of our session; it says nothing where the other did not
         * arrive. */
        if (signal == SIGCONT && member->refused)
            continue;
        error = pt_member_signal(member, members->procfs, signal);
        if (error == 0)
            error = pt_member_note_sent(members, member, signal);
        if (error == -ENOMEM || error == -EXDEV || error == -EINVAL)
            return error;
    }
    return 0;
}

/* Whom we may not signal is not waited for. */
static void forget_refused(struct pt_ending *ending)
{
    struct pt_members *members = members_of(ending);

    for (size_t i = 0; i < members->count; i++) {
        struct pt_member *member = members->list[i];

        if (!member->refused || member->sent != NULL || !member->awaited)
            continue;
        pt_waitset_remove(ending->waitset, &member->handle);
        forget(ending, member);
    }
}

static bool is_outgrown(const struct pt_ending *ending)
{
    return ending->freezes && pt_freeze_is_outgrown(ending->freeze);
}

/* Signals, and continues whatever we stopped. A stop sent to a process that we continue afterwards
 * would be undone by that (SIGCONT discards it), so it comes last. */
static int send_and_continue(struct pt_ending *ending, int signal, size_t first)
{
    int error = 0;

    ending->outgrown |= is_outgrown(ending);
    if (stops(signal))
        pt_freeze_continue(ending->freeze);
    error = send_all(ending, signal, first);
    if (error == 0 && ending->continues && signal != SIGKILL && signal != SIGCONT && !stops(signal))
        error = send_all(ending, SIGCONT, first);
    pt_freeze_continue(ending->freeze);
    forget_refused(ending);
    report_all_left(ending);
    return error;
}

/* Finds who is in the set now: by stopping it, which lasts, or by a look. */
static int gather(struct pt_ending *ending, int signal)
{
    int error;

    if (ending->freezes)
        error = pt_freeze_close(ending->freeze, signal);
    else
        error = pt_freeze_discover(ending->freeze, signal != 0);
    if (ending->inherits && ending->freeze->complete)
        ending->outgrown = false;
    if (error == 0)
        error = await_new(ending);
    if (error == 0)
        error = drain(ending, false);
    return error;
}

static int do_step(struct pt_ending *ending, int signal)
{
    int error = 0;

    ending->began = pt_monotonic();
    if (signal != 0 || !ending->waits) { /* 0 of a step that does not wait asks whether we may */
        error = gather(ending, signal);
        if (error == 0)
            error = send_and_continue(ending, signal, 0);
        pt_freeze_continue(ending->freeze);
    } else if (ending->awaited == 0) {
        error = look_for_new(ending);
    }
    if (error != 0)
        return error;
    if (ending->stepped != NULL)
        ending->stepped(ending, signal, ending->data);
    ending->discover_interval = DISCOVER_FIRST;
    ending->discover_at = pt_deadline(pt_monotonic(), DISCOVER_FIRST);
    return 0;
}

/* --- the schedule --- */

/* Waits for nobody, until a moment. */
static int rest(struct pt_ending *ending, int64_t moment)
{
    struct pt_event event;
    int error;

    do {
        error = pt_waitset_next(ending->waitset, moment, &event);
        if (error == 0)
            error = handle_event(ending, &event, true);
    } while (error == 0 && event.kind != PT_EVENT_TIME);
    return error;
}

/* Nobody is left: closes the set once more. Who turns up is waited for, like any that is new; where
 * that happens again and again, it is done as rarely as looking for news is. */
static int look_once_more(struct pt_ending *ending, int signal)
{
    int error = 0;

    if (ending->look_at > pt_monotonic())
        error = rest(ending, least(ending->look_at, ending->deadline));
    if (error == 0)
        error = gather(ending, signal);
    pt_freeze_continue(ending->freeze);
    report_all_left(ending);
    ending->look_at = pt_deadline(pt_monotonic(), ending->look_interval);
    if (ending->look_interval < DISCOVER_LAST)
        ending->look_interval *= 2;
    return error;
}

static int64_t deadline_of_last(const struct pt_schedule *schedule)
{
    return pt_deadline(pt_monotonic(), schedule->steps[schedule->count - 1].wait);
}

/* After the last step: who turns up now, and was never signalled, is sent the last signal. */
static int close_after_last(struct pt_ending *ending)
{
    const struct pt_schedule *schedule = ending->schedule;
    int signal = schedule->steps[schedule->count - 1].signal;
    size_t before = members_of(ending)->count;
    int error;

    if (signal == 0 || !ending->waits)
        return 0;
    ending->began = pt_monotonic();
    error = gather(ending, signal);
    if (error == 0 && members_of(ending)->count > before)
        error = send_and_continue(ending, signal, before);
    pt_freeze_continue(ending->freeze);
    report_all_left(ending);
    if (error == 0 && members_of(ending)->count > before) {
        if (ending->stepped != NULL)
            ending->stepped(ending, signal, ending->data);
        ending->deadline = deadline_of_last(schedule);
        error = wait(ending);
    }
    return error;
}

static int run_schedule(struct pt_ending *ending)
{
    struct pt_schedule_position position = {0};
    const struct pt_schedule_step *step = NULL;
    int signal = 0;

    for (;;) {
        int error = 0;

        switch (pt_schedule_due(ending->schedule, &position, pt_monotonic(), &step)) {
        case PT_SCHEDULE_STEP:
            signal = step->signal != 0 ? step->signal : signal;
            error = do_step(ending, step->signal);
            pt_schedule_advance(ending->schedule, &position, pt_monotonic());
            break;
        case PT_SCHEDULE_WAITS:
            ending->deadline = position.deadline;
            ending->next_signal = position.next < ending->schedule->count
                                      ? ending->schedule->steps[position.next].signal
                                      : 0;
            show_progress(ending);
            error = wait(ending);
            break;
        case PT_SCHEDULE_OVER:
            return close_after_last(ending);
        }
        if (error == 0 && ending->waits && ending->living == 0)
            error = look_once_more(ending, signal);
        if (error != 0 || (ending->waits && ending->living == 0 && !is_outgrown(ending)))
            return error;
    }
}

int pt_ending_run(struct pt_ending *ending)
{
    int error;

    ending->living = 0;
    ending->awaited = 0;
    ending->interrupted = 0;
    ending->outgrown = false;
    ending->deadline = PT_INFINITE;
    ending->look_at = 0;
    ending->look_interval = DISCOVER_FIRST;
    error = run_schedule(ending);
    pt_freeze_continue(ending->freeze);
    return error == STEP_INTERRUPTED ? 0 : error;
}

enum pt_outcome pt_member_outcome(const struct pt_member *member)
{
    if (!pt_member_lives(member))
        return member->forced ? PT_OUTCOME_KILLED : PT_OUTCOME_ENDED;
    if (member->refused)
        return PT_OUTCOME_NOT_PERMITTED;
    return PT_OUTCOME_SURVIVED;
}
