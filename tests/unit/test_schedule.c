/* Schedules: read as start-stop-daemon writes them, and followed without leaving a step out. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "scarce.h"
#include "schedule.h"
#include "suite.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* `TERM 30s, KILL 5s`; what repeats stands after a `*`. */
static void describe(const struct pt_schedule *schedule, struct pt_buffer *ret_text)
{
    for (size_t i = 0; i < schedule->count; i++) {
        char name[PT_SIGNAL_SIZE], wait[PT_DURATION_SIZE];
        pt_buffer_append_format(ret_text, "%s%s%s %s", i ? ", " : "",
                                i == schedule->repeat ? "*" : "",
                                pt_format_signal(schedule->steps[i].signal, name),
                                pt_format_duration(schedule->steps[i].wait, wait));
    }
}

START_TEST(parses)
{
    static const struct {
        const char *text, *steps;
        size_t at; /* of the fault, without steps */
    } rows[] = {
        {"TERM/30/INT/5/KILL/5", "TERM 30s, INT 5s, KILL 5s", 0},
        {"10", "QUIT 10s, KILL 10s", 0},
        {"2.5s", "QUIT 2.5s, KILL 2.5s", 0},
        {"0", "QUIT 0s, KILL 0s", 0},
        {"infinity", "QUIT infinity", 0},
        {"TERM/10", "TERM 10s", 0},
        {"0/30/KILL/5", "0 30s, KILL 5s", 0},
        {"30/TERM", "0 30s, TERM 0s", 0},
        {"-TERM/1m/-9/500ms", "TERM 1m, KILL 500ms", 0},
        {"sigterm/1/SIGKILL/1", "TERM 1s, KILL 1s", 0},
        {"-0/5", "0 5s", 0},
        {"TERM/KILL", "TERM 0s, KILL 0s", 0},
        {"TERM/5/5", "TERM 10s", 0},
        {"TERM/5/infinity", "TERM infinity", 0},
        {"TERM/30/forever/KILL/5", "TERM 30s, *KILL 5s", 0},
        {"forever/TERM/1", "*TERM 1s", 0},
        {"TERM/forever/5/KILL/5", "TERM 0s, *0 5s, KILL 5s", 0},
        {"RTMIN+3/10/KILL/.5", "RTMIN+3 10s, KILL 500ms", 0},
        {"", NULL, 0},
        {"TERM", NULL, 0},
        {"1x", NULL, 0},
        {"forever", NULL, 0},
        {"/", NULL, 0},
        {"TERM/", NULL, 5},
        {"/TERM/5", NULL, 0},
        {"TERM//5", NULL, 5},
        {"TERM/5x", NULL, 6},
        {"TERM/5/", NULL, 7},
        {"TERM/5/KIL/5", NULL, 7},
        {"TERM/5/-KIL/5", NULL, 8},
        {"TERM/5/--9/5", NULL, 8},
        {"TERM/5/-", NULL, 8},
        {"TERM/ 5", NULL, 5},
        {"TERM/infinity/KILL/5", NULL, 14},
        {"TERM/infinity/5", NULL, 14},
        {"TERM/forever", NULL, 12},
        {"TERM/5/forever/KILL", NULL, 19},
        {"TERM/5/forever/KILL/0", NULL, 21},
        {"forever/forever/TERM/5", NULL, 8},
        {"TERM/99999999999999999999", NULL, 5},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_schedule schedule = {0};
        struct pt_fault fault = {0};
        struct pt_buffer text = {0};
        int result = pt_schedule_parse(&schedule, rows[i].text, SIGQUIT, &fault);

        if (rows[i].steps) {
            describe(&schedule, &text);
            ck_assert_msg(result == 0, "'%s': %s", rows[i].text, fault.text);
            ck_assert_str_eq(pt_buffer_text(&text), rows[i].steps);
        } else {
            ck_assert_msg(result == -EINVAL, "'%s' was taken", rows[i].text);
            ck_assert_msg(fault.offset == rows[i].at, "'%s': fault at %zu", rows[i].text,
                          fault.offset);
            ck_assert_ptr_null(schedule.steps);
            ck_assert_int_eq(pt_schedule_parse(&schedule, rows[i].text, SIGQUIT, NULL), -EINVAL);
        }
        pt_buffer_done(&text);
        pt_schedule_done(&schedule);
    }
}
END_TEST

START_TEST(escalates)
{
    struct pt_schedule schedule;
    struct pt_buffer text = {0};

    pt_schedule_init(&schedule);
    ck_assert_int_eq(pt_schedule_escalate(&schedule, SIGTERM, 5 * PT_SECOND, 10 * PT_SECOND), 0);
    describe(&schedule, &text);
    ck_assert_str_eq(pt_buffer_text(&text), "TERM 5s, KILL 10s");
    pt_schedule_done(&schedule);
    pt_buffer_clear(&text);
    ck_assert_int_eq(pt_schedule_escalate(&schedule, SIGKILL, 5 * PT_SECOND, 10 * PT_SECOND), 0);
    describe(&schedule, &text);
    ck_assert_str_eq(pt_buffer_text(&text), "KILL 10s");
    pt_schedule_done(&schedule);
    pt_buffer_done(&text);
}
END_TEST

/* Looks at each of MOMENTS and does what is due: `5:TERM` or `35:over` a moment at which something
 * was. */
static void follow(const char *text, const int64_t *moments, struct pt_buffer *ret_story)
{
    struct pt_schedule schedule = {0};
    struct pt_schedule_position position = {0};
    const struct pt_schedule_step *step = NULL;

    ck_assert_int_eq(pt_schedule_parse(&schedule, text, SIGTERM, NULL), 0);
    for (; *moments; moments++) {
        char name[PT_SIGNAL_SIZE];
        enum pt_schedule_due due =
            pt_schedule_due(&schedule, &position, *moments * PT_SECOND, &step);

        if (due == PT_SCHEDULE_WAITS)
            continue;
        pt_buffer_append_format(ret_story, "%d:%s ", (int)*moments,
                                due == PT_SCHEDULE_OVER ? "over"
                                                        : pt_format_signal(step->signal, name));
        if (due == PT_SCHEDULE_STEP)
            pt_schedule_advance(&schedule, &position, *moments * PT_SECOND);
    }
    pt_schedule_done(&schedule);
}

START_TEST(is_followed)
{
    static const struct {
        const char *text;
        int64_t moments[12];
        const char *story;
    } rows[] = {
        {"TERM/30/KILL/5", {5, 6, 34, 35, 36, 39, 40}, "5:TERM 35:KILL 40:over "},
        /* we were stopped for an hour: KILL is not left out, nor is its wait */
        {"TERM/30/KILL/5", {5, 3605, 3606, 3609, 3610}, "5:TERM 3605:KILL 3610:over "},
        {"TERM/KILL/1", {1, 1, 1, 2}, "1:TERM 1:KILL 2:over "},
        {"0/30/KILL/5", {1, 30, 31, 36}, "1:0 31:KILL 36:over "},
        {"TERM/infinity", {1, 1000000000, INT64_MAX / PT_SECOND}, "1:TERM "},
        {"TERM/2/forever/KILL/3", {1, 3, 5, 6, 9, 12, 14}, "1:TERM 3:KILL 6:KILL 9:KILL 12:KILL "},
        {"forever/TERM/1/KILL/1", {1, 2, 3, 4}, "1:TERM 2:KILL 3:TERM 4:KILL "},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_buffer story = {0};
        follow(rows[i].text, rows[i].moments, &story);
        ck_assert_str_eq(pt_buffer_text(&story), rows[i].story);
        pt_buffer_done(&story);
    }
}
END_TEST

START_TEST(empty_is_over)
{
    struct pt_schedule schedule = {0};
    struct pt_schedule_position position = {0};
    const struct pt_schedule_step *step = NULL;

    ck_assert_int_eq(pt_schedule_due(&schedule, &position, 0, &step), PT_SCHEDULE_OVER);
    pt_schedule_advance(&schedule, &position, 0);
    ck_assert_int_eq(pt_schedule_due(&schedule, &position, 0, &step), PT_SCHEDULE_OVER);
    ck_assert_ptr_null(step);
    pt_schedule_done(&schedule);
}
END_TEST

/* No step is left out. */
START_TEST(out_of_memory)
{
    while (scarce_memory()) {
        struct pt_schedule schedule;
        int error;

        pt_schedule_init(&schedule);
        error = pt_schedule_parse(&schedule, "TERM/30/forever/INT/5/KILL/5", SIGQUIT, NULL);
        if (scarce_end(error) == 0)
            ck_assert_uint_eq(schedule.count, 3);
        pt_schedule_done(&schedule);
    }
    while (scarce_memory()) {
        struct pt_schedule schedule;

        pt_schedule_init(&schedule);
        if (scarce_end(pt_schedule_escalate(&schedule, SIGTERM, 1, 2)) == 0)
            ck_assert_uint_eq(schedule.count, 2);
        pt_schedule_done(&schedule);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("schedule", parses, escalates, is_followed, empty_is_over, out_of_memory);
}
