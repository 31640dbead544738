#include "schedule.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void pt_schedule_init(struct pt_schedule *schedule)
{
    *schedule = (struct pt_schedule){0};
}

void pt_schedule_done(struct pt_schedule *schedule)
{
    free(schedule->steps);
    pt_schedule_init(schedule);
}

int pt_schedule_add(struct pt_schedule *schedule, int signal, int64_t wait)
{
    size_t count = schedule->count + 1;
    struct pt_schedule_step *steps;

    steps = realloc(schedule->steps, count * sizeof *steps);
    if (!steps)
        return -ENOMEM;
    steps[schedule->count] = (struct pt_schedule_step){.signal = signal, .wait = wait};
    schedule->steps = steps;
    schedule->count = count;
    schedule->repeat = count;
    return 0;
}

int pt_schedule_escalate(struct pt_schedule *schedule, int signal, int64_t wait, int64_t kill_wait)
{
    if (signal != SIGKILL && pt_schedule_add(schedule, signal, wait) < 0)
        return -ENOMEM;
    return pt_schedule_add(schedule, SIGKILL, kill_wait);
}

/* A schedule that is being read. */
struct reader {
    struct pt_schedule *schedule;
    struct pt_fault *fault;
    const char *text;
    size_t repeat;        /* the step that `forever` stands before */
    bool repeats;         /* `forever` was read */
    bool follows_forever; /* it was the last item */
    bool endless;         /* `infinity` was read: nothing can follow */
};

/* Where ITEM stands is where a fault inside it is counted from. */
static int fault_in_item(struct reader *reader, const char *item)
{
    if (reader->fault)
        reader->fault->offset += (size_t)(item - reader->text);
    return -EINVAL;
}

static int fault_at(struct reader *reader, const char *item, const char *text)
{
    return pt_fault_set(reader->fault, (size_t)(item - reader->text), text);
}

/* A wait belongs to the signal before it; several add up. One without, at the beginning or behind
 * `forever`, becomes a step that sends nothing. */
static int read_wait(struct reader *reader, const char *item, size_t length)
{
    struct pt_schedule *schedule = reader->schedule;
    struct pt_schedule_step *last;
    int64_t wait;

    if (pt_parse_duration_n(item, length, &wait, reader->fault) < 0)
        return fault_in_item(reader, item);
    reader->endless = wait == PT_INFINITE;
    if (schedule->count == 0 || reader->follows_forever)
        return pt_schedule_add(schedule, 0, wait);
    last = &schedule->steps[schedule->count - 1];
    last->wait = pt_deadline(last->wait, wait);
    return 0;
}

static int read_signal(struct reader *reader, const char *item, size_t length)
{
    const char *name = item + (*item == '-');
    int signal;

    if (pt_parse_signal_n(name, length - (size_t)(name - item), &signal, reader->fault) < 0)
        return fault_in_item(reader, name);
    return pt_schedule_add(reader->schedule, signal, 0);
}

static bool is(const char *item, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(item, word, length) == 0;
}

static int read_item(struct reader *reader, const char *item, size_t length)
{
    int result;

    if (length == 0)
        return fault_at(reader, item, "a signal or a duration is missing");
    if (reader->endless)
        return fault_at(reader, item, "nothing can follow infinity");
    if (is(item, length, "forever")) {
        if (reader->repeats)
            return fault_at(reader, item, "forever stands here twice");
        reader->repeats = true;
        reader->follows_forever = true;
        reader->repeat = reader->schedule->count;
        return 0;
    }
    if (strchr("0123456789.", *item) || is(item, length, "infinity"))
        result = read_wait(reader, item, length);
    else
        result = read_signal(reader, item, length);
    reader->follows_forever = false;
    return result;
}

/* What repeats must wait, or it would send signals as fast as it can. */
static int check_end(struct reader *reader, const char *end)
{
    const struct pt_schedule *schedule = reader->schedule;
    int64_t wait = 0;

    for (size_t i = reader->repeat; i < schedule->count; i++)
        wait = pt_deadline(wait, schedule->steps[i].wait);
    if (reader->repeats && wait == 0)
        return fault_at(reader, end, "what is repeated forever must wait");
    reader->schedule->repeat = reader->repeats ? reader->repeat : schedule->count;
    return 0;
}

static int read_all(struct reader *reader)
{
    const char *item = reader->text, *slash;
    int result;

    do {
        slash = strchr(item, '/');
        result = read_item(reader, item, slash ? (size_t)(slash - item) : strlen(item));
        if (result < 0)
            return result;
        item = slash ? slash + 1 : item + strlen(item);
    } while (slash);
    return check_end(reader, item);
}

/* One item: a number of seconds stands for the usual escalation. */
static int read_single(struct reader *reader, int signal)
{
    int64_t wait;

    if (pt_parse_duration(reader->text, &wait, NULL) < 0)
        return fault_at(reader, reader->text,
                        "neither a duration nor a schedule such as TERM/30/KILL/5");
    if (wait == PT_INFINITE)
        return pt_schedule_add(reader->schedule, signal, wait);
    return pt_schedule_escalate(reader->schedule, signal, wait, wait);
}

int pt_schedule_parse(struct pt_schedule *schedule, const char *text, int signal,
                      struct pt_fault *fault)
{
    struct reader reader = {.schedule = schedule, .fault = fault, .text = text};
    int result = strchr(text, '/') ? read_all(&reader) : read_single(&reader, signal);

    if (result < 0)
        pt_schedule_done(schedule);
    return result;
}

enum pt_schedule_due pt_schedule_due(const struct pt_schedule *schedule,
                                     const struct pt_schedule_position *position, int64_t now,
                                     const struct pt_schedule_step **ret_step)
{
    if (position->deadline == PT_INFINITE || now < position->deadline)
        return PT_SCHEDULE_WAITS;
    if (position->next >= schedule->count)
        return PT_SCHEDULE_OVER;
    *ret_step = &schedule->steps[position->next];
    return PT_SCHEDULE_STEP;
}

void pt_schedule_advance(const struct pt_schedule *schedule, struct pt_schedule_position *position,
                         int64_t now)
{
    if (position->next >= schedule->count)
        return;
    position->deadline = pt_deadline(now, schedule->steps[position->next].wait);
    position->next++;
    if (position->next == schedule->count)
        position->next = schedule->repeat;
}
