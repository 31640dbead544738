/* What a probe says, and what one says that was led astray; the ballot that feeds it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scarce.h"
#include "session_answer.h"
#include "suite.h"

static const char *const names[] = {"SSH_AUTH_SOCK"};
static const struct pt_imports imports = {names, 1};

/* The result of parsing; RET_ANSWER lives in ARENA. */
static int parse(const char *text, size_t length, struct pt_arena *arena,
                 struct pt_ballot *ret_ballot, struct pt_answer *ret_answer)
{
    char *exact = malloc(length > 0 ? length : 1);
    int result;

    memcpy(exact, text, length);
    ck_assert_int_eq(pt_ballot_init(ret_ballot, &imports, arena), 0);
    result = pt_answer_parse(exact, length, ret_ballot, ret_answer);
    free(exact);
    return result;
}

START_TEST(comes_back)
{
    struct pt_arena arena;
    struct pt_ballot ballot;
    struct pt_answer answer;
    struct pt_buffer out = {0};

    pt_arena_init(&arena);
    pt_answer_value(&out, PT_VALUE_BUS, "unix:path=/run/user/1000/bus");
    pt_answer_value(&out, PT_VALUE_DISPLAY, ":0.1");
    pt_answer_import(&out, 0, "/run/ssh");
    pt_answer_drop(&out, PT_VALUE_DISPLAY, PT_DROP_DEAD, ":9");
    pt_answer_end(&out, PT_REFUSED_NO_DAEMON, true, false);
    ck_assert_int_eq(parse(out.data, out.length, &arena, &ballot, &answer), 0);
    ck_assert_str_eq(answer.values[PT_VALUE_BUS], "unix:path=/run/user/1000/bus");
    ck_assert_str_eq(answer.values[PT_VALUE_DISPLAY], ":0.1");
    ck_assert_ptr_null(answer.values[PT_VALUE_WAYLAND]);
    ck_assert_str_eq(answer.imports[0], "/run/ssh");
    ck_assert_int_eq(answer.refusal, PT_REFUSED_NO_DAEMON);
    ck_assert(answer.has_display && !answer.bus_has_daemon);
    ck_assert_uint_eq(ballot.dropped_count, 1);
    ck_assert_str_eq(ballot.dropped[0].name, "DISPLAY");
    ck_assert_str_eq(ballot.dropped[0].text, ":9");
    /* Without its last line, or a byte of it, it is none. */
    for (size_t cut = 0; cut < out.length; cut++)
        ck_assert_int_eq(parse(out.data, cut, &arena, &ballot, &answer), -EPROTO);
    pt_buffer_done(&out);
    pt_arena_done(&arena);
}
END_TEST

START_TEST(refuses)
{
    static const char *const texts[] = {
        "",
        "\n",
        "E 0 1\n",
        "E 0 1 1 \n",
        "E 99 1 1\n",
        "E 0 2 1\n",
        "E 0 1 1\nE 0 1 1\n",
        "E 0 1 1\nV 1 :0\n",
        "X\nE 0 1 1\n",
        "V\nE 0 1 1\n",
        "V 1\nE 0 1 1\n",
        "V 1 \nE 0 1 1\n",
        "V 99 x\nE 0 1 1\n",
        "V -1 x\nE 0 1 1\n",
        "V 18446744073709551616 x\nE 0 1 1\n",
        "V 1 evil:0\nE 0 1 1\n",
        "V 1 :0'$(id)\nE 0 1 1\n",
        "V 0 unixexec:path=/bin/sh\nE 0 1 1\n",
        "V 0 unix:path=/a;unix:path=/b\nE 0 1 1\n", /* exactly one goes out */
        "V 0 unix:path=/a,guid=0123456789abcdef0123456789abcdef\nE 0 1 1\n", /* not canonical */
        "V 0 unix:path=/%41\nE 0 1 1\n",
        "V 3 wayland-proxy-1\nE 0 1 1\n",
        "V 2 relative\nE 0 1 1\n",
        "I 1 x\nE 0 1 1\n", /* only one was asked for */
        "I 0 a b\nE 0 1 1\n",
        "D 1 99 x\nE 0 1 1\n",
        "D 1 1\nE 0 1 1\n",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct pt_answer answer = {.refusal = PT_REFUSED_NO_ANSWER};
        struct pt_ballot ballot;
        struct pt_arena arena;

        pt_arena_init(&arena);
        ck_assert_msg(parse(texts[i], strlen(texts[i]), &arena, &ballot, &answer) == -EPROTO, "%s",
                      texts[i]);
        ck_assert_int_eq(answer.refusal, PT_REFUSED_NO_ANSWER);
        pt_arena_done(&arena);
    }
}
END_TEST

/* Neither a NUL nor sheer size gets through; dropped values are bounded. */
START_TEST(is_bounded)
{
    struct pt_buffer out = {0};
    struct pt_ballot ballot;
    struct pt_answer answer;
    struct pt_arena arena;

    pt_arena_init(&arena);
    ck_assert_int_eq(parse("V 6 a\0b\nE 0 1 1\n", 16, &arena, &ballot, &answer), -EPROTO);
    for (int i = 0; i < 200; i++)
        pt_buffer_append_format(&out, "D 1 1 :%d\n", i);
    pt_answer_end(&out, PT_REFUSED_NOT, true, true);
    ck_assert_int_eq(parse(out.data, out.length, &arena, &ballot, &answer), 0);
    ck_assert_uint_eq(ballot.dropped_count, PT_DROPPED_MAX);
    pt_buffer_clear(&out);
    pt_buffer_append_text(&out, "D 1 1 ");
    pt_buffer_append_fill(&out, 'x', PT_DROPPED_LENGTH + 1);
    pt_buffer_append_text(&out, "\n");
    pt_answer_end(&out, PT_REFUSED_NOT, true, true);
    ck_assert_int_eq(parse(out.data, out.length, &arena, &ballot, &answer), 0);
    ck_assert_uint_eq(ballot.dropped[0].length, PT_DROPPED_LENGTH);
    while (out.length <= PT_ANSWER_LIMIT)
        pt_buffer_append_text(&out, "D 1 1 :1\n");
    pt_answer_end(&out, PT_REFUSED_NOT, true, true);
    ck_assert_int_eq(parse(out.data, out.length, &arena, &ballot, &answer), -EPROTO);
    pt_buffer_done(&out);
    pt_arena_done(&arena);
    for (int i = 0; i < PT_REFUSED_COUNT; i++)
        ck_assert_ptr_nonnull(pt_refusal_text((enum pt_refusal)i));
}
END_TEST

/* Who says that nothing is wrong has shown what is used. */
START_TEST(is_sound)
{
    struct pt_answer answer = {.refusal = PT_REFUSED_NO_BUS};

    ck_assert(pt_answer_is_sound(&answer, true));
    answer.refusal = PT_REFUSED_NOT;
    ck_assert(!pt_answer_is_sound(&answer, true));
    ck_assert(!pt_answer_is_sound(&answer, false));
    answer.values[PT_VALUE_WAYLAND] = "wayland-0";
    ck_assert(!pt_answer_is_sound(&answer, true));
    ck_assert(pt_answer_is_sound(&answer, false));
    answer.values[PT_VALUE_BUS] = "unix:path=/bus";
    ck_assert(pt_answer_is_sound(&answer, true));
}
END_TEST

static void take(struct pt_ballot *ballot, const char *variable)
{
    ck_assert_int_eq(pt_ballot_take(ballot, variable, strlen(variable)), 0);
}

/* Most votes first, ties as they came; what is not asked for, empty or unfit is no vote. */
START_TEST(counts_votes)
{
    const struct pt_proposals *displays;
    struct pt_ballot ballot;
    struct pt_arena arena;

    pt_arena_init(&arena);
    ck_assert_int_eq(pt_ballot_init(&ballot, &imports, &arena), 0);
    take(&ballot, "DISPLAY=:1");
    take(&ballot, "DISPLAY=:2");
    take(&ballot, "DISPLAY=:3");
    take(&ballot, "DISPLAY=:3");
    take(&ballot, "DISPLAY=evil:0");
    take(&ballot, "DISPLAY=evil:0");
    take(&ballot, "DISPLAY=");
    take(&ballot, "DISPLAY");
    take(&ballot, "=:4");
    take(&ballot, "HOME=/home/anna");
    take(&ballot, "SSH_AUTH_SOCK=/run/ssh");
    take(&ballot, "SSH_AUTH_SOCK=a b");
    pt_ballot_count(&ballot);
    displays = &ballot.proposals[PT_VALUE_DISPLAY];
    ck_assert_uint_eq(displays->count, 3);
    ck_assert_str_eq(displays->list[0].text, ":3");
    ck_assert_uint_eq(displays->list[0].votes, 2);
    ck_assert_str_eq(displays->list[1].text, ":1");
    ck_assert_str_eq(displays->list[2].text, ":2");
    ck_assert_uint_eq(ballot.proposals[PT_VALUE_COUNT].count, 1);
    ck_assert_uint_eq(ballot.dropped_count, 2);
    ck_assert_str_eq(ballot.dropped[0].text, "evil:0");
    ck_assert_int_eq(ballot.dropped[0].why, PT_DROP_SHAPE);
    ck_assert_str_eq(ballot.dropped[1].name, "SSH_AUTH_SOCK");
    for (int i = 0; i < 1000; i++) {
        char text[32];

        snprintf(text, sizeof text, "DISPLAY=:%d", i);
        take(&ballot, text);
    }
    ck_assert_uint_eq(displays->count, PT_PROPOSALS_MAX);
    pt_arena_done(&arena);
}
END_TEST

/* Votes are counted and answers taken whole, or not at all. */
START_TEST(out_of_memory)
{
    static const char *const variables[] = {"DISPLAY=:1", "DISPLAY=:2", "DISPLAY=evil:0",
                                            "SSH_AUTH_SOCK=/run/ssh", "SSH_AUTH_SOCK=a b"};
    static const char text[] = "V 1 :0\nI 0 /run/ssh\nD 1 1 :9\nE 0 1 1\n";

    while (scarce_memory()) {
        struct pt_arena arena;
        struct pt_ballot ballot;
        int error;

        pt_arena_init(&arena);
        error = pt_ballot_init(&ballot, &imports, &arena);
        for (size_t i = 0; error == 0 && i < sizeof variables / sizeof *variables; i++)
            error = pt_ballot_take(&ballot, variables[i], strlen(variables[i]));
        if (scarce_end(error) == 0) {
            ck_assert_uint_eq(ballot.proposals[PT_VALUE_DISPLAY].count, 2);
            ck_assert_uint_eq(ballot.proposals[PT_VALUE_COUNT].count, 1);
            ck_assert_uint_eq(ballot.dropped_count, 2);
        }
        pt_arena_done(&arena);
    }
    while (scarce_memory()) {
        struct pt_answer answer = {.refusal = PT_REFUSED_NO_ANSWER};
        struct pt_arena arena;
        struct pt_ballot ballot;
        int error;

        pt_arena_init(&arena);
        error = pt_ballot_init(&ballot, &imports, &arena);
        if (error == 0)
            error = pt_answer_parse(text, sizeof text - 1, &ballot, &answer);
        if (scarce_end(error) == 0) {
            ck_assert_str_eq(answer.values[PT_VALUE_DISPLAY], ":0");
            ck_assert_str_eq(answer.imports[0], "/run/ssh");
            ck_assert_uint_eq(ballot.dropped_count, 1);
        } else {
            ck_assert_int_eq(answer.refusal, PT_REFUSED_NO_ANSWER);
        }
        pt_arena_done(&arena);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("session_answer", comes_back, refuses, is_bounded, counts_votes, out_of_memory,
                     is_sound);
}
