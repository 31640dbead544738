/* The growing buffer: what is added stands there, always a string, and errors stick. */
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "buffer.h"
#include "scarce.h"
#include "suite.h"

START_TEST(empty)
{
    struct pt_buffer buffer = {0};

    ck_assert_str_eq(pt_buffer_text(&buffer), "");
    pt_buffer_truncate(&buffer, 0);
    pt_buffer_clear(&buffer);
    ck_assert_int_eq(pt_buffer_append(&buffer, NULL, 0), 0);
    ck_assert_int_eq(pt_buffer_append_fill(&buffer, 'x', 0), 0);
    ck_assert_uint_eq(buffer.length, 0);
    ck_assert_str_eq(pt_buffer_text(&buffer), "");
    pt_buffer_done(&buffer);
    pt_buffer_done(&buffer);
    ck_assert_ptr_null(buffer.data);
}
END_TEST

START_TEST(appends)
{
    struct pt_buffer buffer;

    pt_buffer_init(&buffer);
    ck_assert_int_eq(pt_buffer_append_text(&buffer, "pid "), 0);
    ck_assert_int_eq(pt_buffer_append_format(&buffer, "%d,%s", 42, "x"), 0);
    ck_assert_int_eq(pt_buffer_append_byte(&buffer, '!'), 0);
    ck_assert_int_eq(pt_buffer_append_fill(&buffer, '-', 3), 0);
    ck_assert_str_eq(pt_buffer_text(&buffer), "pid 42,x!---");
    ck_assert_uint_eq(buffer.length, 12);
    ck_assert_int_eq(pt_buffer_append(&buffer, "a\0b", 3), 0);
    ck_assert_mem_eq(buffer.data, "pid 42,x!---a\0b", 16);
    pt_buffer_truncate(&buffer, 3);
    ck_assert_str_eq(pt_buffer_text(&buffer), "pid");
    pt_buffer_done(&buffer);
}
END_TEST

/* Longer than any buffer had room for, by each way. */
START_TEST(grows)
{
    struct pt_buffer buffer = {0};

    for (unsigned i = 0; i < 10000; i++)
        ck_assert_int_eq(pt_buffer_append_format(&buffer, "%u;", i % 10), 0);
    ck_assert_uint_eq(buffer.length, 20000);
    ck_assert_uint_lt(buffer.capacity, 40000);
    for (unsigned i = 0; i < 10000; i++)
        if (buffer.data[2 * i] != (char)('0' + i % 10) || buffer.data[2 * i + 1] != ';')
            ck_abort_msg("wrong at %u", i);
    ck_assert_int_eq(pt_buffer_append_fill(&buffer, 'f', 100000), 0);
    ck_assert_int_eq(pt_buffer_append_format(&buffer, "%0300000d", 7), 0);
    ck_assert_uint_eq(strlen(buffer.data), 420000);
    ck_assert_str_eq(buffer.data + 419998, "07");
    pt_buffer_done(&buffer);
}
END_TEST

START_TEST(reserved_room_is_filled_from_outside)
{
    struct pt_buffer buffer = {0};

    pt_buffer_append_text(&buffer, "ab");
    ck_assert_int_eq(pt_buffer_reserve(&buffer, 1000), 0);
    ck_assert_uint_gt(buffer.capacity, 1002);
    memset(buffer.data + buffer.length, 'z', 1000);
    pt_buffer_truncate(&buffer, 1002);
    ck_assert_uint_eq(strlen(pt_buffer_text(&buffer)), 1002);
    pt_buffer_done(&buffer);
}
END_TEST

START_TEST(errors_stick)
{
    static const size_t much[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, SIZE_MAX / 2 - 2};

    for (size_t i = 0; i < sizeof much / sizeof *much; i++) {
        struct pt_buffer buffer = {0};
        pt_buffer_append_text(&buffer, "ab");
        ck_assert_int_eq(pt_buffer_reserve(&buffer, much[i]), -ENOMEM);
        ck_assert_int_eq(pt_buffer_append_text(&buffer, "c"), -ENOMEM);
        ck_assert_int_eq(pt_buffer_append_fill(&buffer, 'c', 1), -ENOMEM);
        ck_assert_int_eq(pt_buffer_append_format(&buffer, "c"), -ENOMEM);
        ck_assert_str_eq(pt_buffer_text(&buffer), "ab");
        pt_buffer_clear(&buffer);
        ck_assert_int_eq(pt_buffer_append_text(&buffer, "d"), 0);
        ck_assert_str_eq(pt_buffer_text(&buffer), "d");
        pt_buffer_done(&buffer);
    }
}
END_TEST

/* What could not be added leaves what was there, and nothing is added behind the gap. */
START_TEST(out_of_memory)
{
    while (scarce_memory()) {
        struct pt_buffer buffer = {0};
        size_t before = 0;
        int error = 0;

        while (error == 0 && buffer.length < 1000) {
            before = buffer.length;
            error = pt_buffer_append_text(&buffer, "0123456789");
        }
        if (scarce_end(error) != 0) {
            ck_assert_uint_eq(buffer.length, before);
            ck_assert_int_eq(pt_buffer_append_byte(&buffer, 'x'), -ENOMEM);
            ck_assert_uint_eq(buffer.length, before);
        }
        ck_assert_uint_eq(strlen(pt_buffer_text(&buffer)), buffer.length);
        pt_buffer_done(&buffer);
    }
}
END_TEST

/* printf(3) fails for a wide character that the locale lacks. */
START_TEST(format_that_fails)
{
    struct pt_buffer buffer = {0};

    ck_assert_int_eq(pt_buffer_append_text(&buffer, "before"), 0);
    ck_assert_int_lt(pt_buffer_append_format(&buffer, "%lc", (wint_t)0xd800), 0);
    ck_assert_str_eq(pt_buffer_text(&buffer), "before");
    ck_assert_int_lt(pt_buffer_append_text(&buffer, "behind"), 0);
    pt_buffer_done(&buffer);
}
END_TEST

int main(void)
{
    return RUN_SUITE("buffer", empty, appends, grows, reserved_room_is_filled_from_outside,
                     errors_stick, out_of_memory, format_that_fails);
}
