/* A schedule that is taken can be followed: no step is left out, and it ends, waits without end or
 * repeats with time passing. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "fuzz.h"
#include "schedule.h"

/* Goes through it, each time at the moment at which something is due. */
static void follow(const struct pt_schedule *schedule)
{
    struct pt_schedule_position position = {0};
    const struct pt_schedule_step *step = NULL;
    int64_t now = 0;
    size_t done = 0;

    for (size_t i = 0; i < 3 * schedule->count + 3; i++) {
        enum pt_schedule_due due = pt_schedule_due(schedule, &position, now, &step);

        if (due == PT_SCHEDULE_WAITS && position.deadline == PT_INFINITE)
            return;
        if (due == PT_SCHEDULE_WAITS) {
            REQUIRE(position.deadline > now);
            now = position.deadline;
            continue;
        }
        if (due == PT_SCHEDULE_OVER) {
            REQUIRE(schedule->repeat == schedule->count && done == schedule->count);
            return;
        }
        REQUIRE(step == &schedule->steps[done < schedule->count ? done : position.next]);
        pt_schedule_advance(schedule, &position, now);
        done++;
    }
    REQUIRE(schedule->repeat < schedule->count && now > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    struct pt_schedule schedule = {0};
    struct pt_fault fault = {.offset = SIZE_MAX};
    int result = pt_schedule_parse(&schedule, text, SIGTERM, &fault);

    REQUIRE(result == 0 || result == -EINVAL);
    if (result == 0) {
        REQUIRE(schedule.count > 0 && schedule.repeat <= schedule.count);
        follow(&schedule);
    } else {
        REQUIRE(fault.offset <= strlen(text) && fault.text);
        REQUIRE(schedule.steps == NULL);
    }
    pt_schedule_done(&schedule);
    free(text);
    return 0;
}
