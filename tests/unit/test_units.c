/* Numbers, durations, sizes, signals and times as people type and read them. */
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "kernel.h"
#include "suite.h"
#include "units.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* `at` of a row that is right. */
enum { RIGHT = -1 };

/* What a parser said of one row, against what it was to say. UNTOUCHED: its result was left alone.
 */
static void check_answer(const char *text, int result, const struct pt_fault *fault, int at,
                         bool untouched)
{
    if (at == RIGHT) {
        ck_assert_msg(result == 0, "'%s': %s at %zu", text, fault->text, fault->offset);
        return;
    }
    ck_assert_msg(result == -EINVAL, "'%s': %d", text, result);
    ck_assert_msg(fault->offset == (size_t)at, "'%s': fault at %zu", text, fault->offset);
    ck_assert_msg(fault->text && *fault->text, "'%s': no reason", text);
    ck_assert_msg(untouched, "'%s': the result was touched", text);
}

START_TEST(scans)
{
    static const struct {
        const char *text;
        int result;
        uint64_t value;
        size_t left;
    } rows[] = {
        {"0", 0, 0, 0},
        {"42 S 1", 0, 42, 4},
        {"007", 0, 7, 0},
        {"18446744073709551615", 0, UINT64_MAX, 0},
        {"18446744073709551616", -ERANGE, 1, 20},
        {"99999999999999999999", -ERANGE, 1, 20},
        {"", -EINVAL, 1, 0},
        {" 1", -EINVAL, 1, 2},
        {"+1", -EINVAL, 1, 2},
        {"-1", -EINVAL, 1, 2},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *cursor = rows[i].text, *end = cursor + strlen(cursor);
        uint64_t value = 1;

        ck_assert_int_eq(pt_scan_u64(&cursor, end, &value), rows[i].result);
        ck_assert_uint_eq(value, rows[i].value);
        ck_assert_uint_eq((size_t)(end - cursor), rows[i].left);
    }
}
END_TEST

START_TEST(scans_signed)
{
    static const struct {
        const char *text;
        int result;
        int64_t value;
    } rows[] = {
        {"-1", 0, -1},
        {"-0", 0, 0},
        {"5", 0, 5},
        {"9223372036854775807", 0, INT64_MAX},
        {"9223372036854775808", -ERANGE, 1},
        {"-9223372036854775808", 0, INT64_MIN},
        {"-9223372036854775809", -ERANGE, 1},
        {"--1", -EINVAL, 1},
        {"-", -EINVAL, 1},
        {"", -EINVAL, 1},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *cursor = rows[i].text, *end = cursor + strlen(cursor);
        int64_t value = 1;

        ck_assert_int_eq(pt_scan_i64(&cursor, end, &value), rows[i].result);
        ck_assert_int_eq(value, rows[i].value);
        ck_assert_ptr_eq(cursor, rows[i].result == 0 ? end : rows[i].text);
    }
}
END_TEST

START_TEST(reads_end_where_told)
{
    const char *text = "1234", *cursor = text;
    struct pt_fault fault;
    int64_t duration;
    uint64_t value;
    int number;
    pid_t pid;

    ck_assert_int_eq(pt_scan_u64(&cursor, text + 2, &value), 0);
    ck_assert_uint_eq(value, 12);
    ck_assert_int_eq(pt_parse_pid_n("77@5", 2, &pid, &fault), 0);
    ck_assert_int_eq(pid, 77);
    ck_assert_int_eq(pt_parse_duration_n("10s30", 3, &duration, &fault), 0);
    ck_assert_int_eq(duration, 10 * PT_SECOND);
    ck_assert_int_eq(pt_parse_size_n("4K:8K", 2, &value, &fault), 0);
    ck_assert_uint_eq(value, 4096);
    ck_assert_int_eq(pt_parse_signal_n("INT/5", 3, &number, &fault), 0);
    ck_assert_int_eq(number, SIGINT);
    ck_assert_int_eq(pt_parse_signal_n("INT/5", 0, &number, NULL), -EINVAL);
}
END_TEST

START_TEST(numbers)
{
    static const struct {
        const char *text;
        int at;
        uint64_t value;
    } rows[] = {
        {"3", RIGHT, 3}, {"100", RIGHT, 100}, {"0003", RIGHT, 3}, {"2", 0, 0},
        {"101", 0, 0},   {"", 0, 0},          {" 5", 0, 0},       {"5 ", 1, 0},
        {"+5", 0, 0},    {"-5", 0, 0},        {"5x", 1, 0},       {"0x5", 1, 0},
        {"5\n", 1, 0},   {"5.0", 1, 0},       {"1e1", 1, 0},      {"99999999999999999999", 0, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_fault fault = {0};
        uint64_t value = 7777;
        int result = pt_parse_u64(rows[i].text, 3, 100, &value, &fault);

        check_answer(rows[i].text, result, &fault, rows[i].at, value == 7777);
        if (rows[i].at == RIGHT)
            ck_assert_uint_eq(value, rows[i].value);
    }
}
END_TEST

START_TEST(pids)
{
    static const struct {
        const char *text;
        int at;
        pid_t pid;
    } rows[] = {
        {"1", RIGHT, 1},
        {"4194304", RIGHT, 4194304},
        {"2147483647", RIGHT, INT32_MAX},
        {"0", 0, 0},
        {"-1", 0, 0},
        {"2147483648", 0, 0},
        {"4294967297", 0, 0},
        {"1x", 1, 0},
        {"1 2", 1, 0},
        {"", 0, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_fault fault = {0};
        pid_t pid = -7;
        int result = pt_parse_pid(rows[i].text, &pid, &fault);

        check_answer(rows[i].text, result, &fault, rows[i].at, pid == -7);
        if (rows[i].at == RIGHT)
            ck_assert_int_eq(pid, rows[i].pid);
    }
}
END_TEST

static const struct duration_row {
    const char *text;
    int at;
    int64_t nanoseconds;
} durations[] = {
    {"10", RIGHT, 10 * PT_SECOND},
    {"0.3", RIGHT, 300 * PT_MILLISECOND},
    {".5", RIGHT, 500 * PT_MILLISECOND},
    {"2.5s", RIGHT, 2500 * PT_MILLISECOND},
    {"500ms", RIGHT, 500 * PT_MILLISECOND},
    {"0.5ms", RIGHT, 500000},
    {"1m30s", RIGHT, 90 * PT_SECOND},
    {"2h", RIGHT, 7200 * PT_SECOND},
    {"1d", RIGHT, 86400 * PT_SECOND},
    {"1d2h3m4s5ms", RIGHT, 93784 * PT_SECOND + 5 * PT_MILLISECOND},
    {"1.5h", RIGHT, 5400 * PT_SECOND},
    {"90m", RIGHT, 5400 * PT_SECOND},
    {"0", RIGHT, 0},
    {"0s", RIGHT, 0},
    {"0.000", RIGHT, 0},
    {"infinity", RIGHT, PT_INFINITE},
    {"0.123456789", RIGHT, 123456789},
    {"0.1234567899", RIGHT, 123456789},
    {"0.0000000001", RIGHT, 1},
    {"0.00000000000000000000000000000000000000001s", RIGHT, 1},
    {"9223372036.854775806", RIGHT, PT_INFINITE - 1},
    {"9223372036.854775807", 0, 0},
    {"9223372037", 0, 0},
    {"106751d", RIGHT, INT64_C(106751) * 86400 * PT_SECOND},
    {"106752d", 0, 0},
    {"106751d24h", 7, 0},
    {"99999999999999999999s", 0, 0},
    {"18446744073709551615d", 0, 0},
    {"", 0, 0},
    {" 1", 0, 0},
    {"1 ", 1, 0},
    {"-1", 0, 0},
    {"+1", 0, 0},
    {"s", 0, 0},
    {".", 1, 0},
    {"5.", 2, 0},
    {"5.s", 2, 0},
    {"1.2.3", 3, 0},
    {"1x", 1, 0},
    {"1S", 1, 0},
    {"1sec", 1, 0},
    {"1min", 1, 0},
    {"1m30", 4, 0},
    {"30s1m", 4, 0},
    {"1s1s", 3, 0},
    {"1s ", 2, 0},
    {"1,5", 1, 0},
    {"1e3", 1, 0},
    {"0x10", 1, 0},
    {"inf", 0, 0},
    {"Infinity", 0, 0},
    {"infinity ", 0, 0},
    {"infinitys", 0, 0},
    {"nan", 0, 0},
};

START_TEST(parses_durations)
{
    for (size_t i = 0; i < COUNT(durations); i++) {
        const struct duration_row *row = &durations[i];
        struct pt_fault fault = {0};
        int64_t duration = -77, wait = -77;
        int result = pt_parse_duration(row->text, &duration, &fault);

        check_answer(row->text, result, &fault, row->at, duration == -77);
        ck_assert_int_eq(pt_parse_wait(row->text, &wait, NULL), result);
        if (row->at == RIGHT) {
            ck_assert_msg(duration == row->nanoseconds, "'%s': %" PRId64, row->text, duration);
            ck_assert_int_eq(wait, duration ? duration : PT_INFINITE);
        }
    }
}
END_TEST

START_TEST(formats_durations)
{
    static const struct {
        int64_t duration;
        const char *text;
    } rows[] = {
        {0, "0s"},
        {-1, "0s"},
        {INT64_MIN, "0s"},
        {999999, "0s"},
        {1000000, "1ms"},
        {500 * PT_MILLISECOND, "500ms"},
        {999 * PT_MILLISECOND + 999999, "999ms"},
        {10 * PT_SECOND, "10s"},
        {2500 * PT_MILLISECOND, "2.5s"},
        {2050 * PT_MILLISECOND, "2.05s"},
        {2005 * PT_MILLISECOND, "2.005s"},
        {60 * PT_SECOND, "1m"},
        {90 * PT_SECOND, "1m30s"},
        {60 * PT_SECOND + 500 * PT_MILLISECOND, "1m0.5s"},
        {59 * PT_SECOND + 999999999, "59.999s"},
        {86400 * PT_SECOND, "1d"},
        {93784 * PT_SECOND, "1d2h3m4s"},
        {PT_INFINITE - 1, "106751d23h47m16.854s"},
        {PT_INFINITE, "infinity"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char buffer[PT_DURATION_SIZE];
        ck_assert_str_eq(pt_format_duration(rows[i].duration, buffer), rows[i].text);
    }
}
END_TEST

START_TEST(deadlines)
{
    ck_assert_int_eq(pt_deadline(5, 10), 15);
    ck_assert_int_eq(pt_deadline(5, 0), 5);
    ck_assert_int_eq(pt_deadline(5, -10), 5);
    ck_assert_int_eq(pt_deadline(5, PT_INFINITE), PT_INFINITE);
    ck_assert_int_eq(pt_deadline(0, PT_INFINITE), PT_INFINITE);
    ck_assert_int_eq(pt_deadline(PT_INFINITE, 0), PT_INFINITE);
    ck_assert_int_eq(pt_deadline(PT_INFINITE - 5, 6), PT_INFINITE);
    ck_assert_int_eq(pt_deadline(PT_INFINITE - 5, 4), PT_INFINITE - 1);
}
END_TEST

START_TEST(timevals)
{
    static const struct {
        int64_t duration, seconds, microseconds;
    } rows[] = {{1, 0, 1},          {1000, 0, 1},         {1001, 0, 2}, {1999999000, 1, 999999},
                {1999999001, 2, 0}, {2 * PT_SECOND, 2, 0}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct timeval time = pt_timeval(rows[i].duration);

        ck_assert_int_eq(time.tv_sec, rows[i].seconds);
        ck_assert_int_eq(time.tv_usec, rows[i].microseconds);
    }
}
END_TEST

START_TEST(ticks)
{
    ck_assert_int_eq(pt_ticks_to_nanoseconds(0, 100), 0);
    ck_assert_int_eq(pt_ticks_to_nanoseconds(12345, 100), INT64_C(123450000000));
    ck_assert_int_eq(pt_ticks_to_nanoseconds(1, 1024), 976562);
    ck_assert_int_eq(pt_ticks_to_nanoseconds(UINT64_MAX, 100), PT_INFINITE);
    ck_assert_int_eq(pt_ticks_to_nanoseconds(UINT64_C(922337203599), 100),
                     INT64_C(9223372035990000000));
    ck_assert_int_eq(pt_ticks_to_nanoseconds(UINT64_C(922337203600), 100), PT_INFINITE);
}
END_TEST

START_TEST(sizes)
{
    static const struct {
        const char *text;
        int at;
        uint64_t bytes;
    } rows[] = {
        {"0", RIGHT, 0},
        {"4096", RIGHT, 4096},
        {"64K", RIGHT, 65536},
        {"64k", RIGHT, 65536},
        {"64KiB", RIGHT, 65536},
        {"1.5G", RIGHT, UINT64_C(1610612736)},
        {"2T", RIGHT, UINT64_C(2) << 40},
        {"0.5M", RIGHT, 524288},
        {".5M", RIGHT, 524288},
        {"0.1K", RIGHT, 102},
        {"0.9999999999999999999999999K", RIGHT, 1023},
        {"18446744073709551615", RIGHT, UINT64_MAX},
        {"16777215T", RIGHT, UINT64_C(16777215) << 40},
        {"16777215.9999999999999T", RIGHT, UINT64_MAX},
        {"16777216T", 0, 0},
        {"18446744073709551616", 0, 0},
        {"18014398509481984K", 0, 0},
        {"", 0, 0},
        {"K", 0, 0},
        {"-1", 0, 0},
        {"1.5", 3, 0},
        {"1.", 2, 0},
        {"1B", 1, 0},
        {"1KB", 2, 0},
        {"1KiBx", 2, 0},
        {"1P", 1, 0},
        {"1 K", 1, 0},
        {"1K ", 2, 0},
        {"1KK", 2, 0},
        {"1\x0b", 1, 0},
        {"1\xeb", 1, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_fault fault = {0};
        uint64_t bytes = 7777;
        int result = pt_parse_size(rows[i].text, &bytes, &fault);

        check_answer(rows[i].text, result, &fault, rows[i].at, bytes == 7777);
        if (rows[i].at == RIGHT)
            ck_assert_msg(bytes == rows[i].bytes, "'%s': %" PRIu64, rows[i].text, bytes);
    }
}
END_TEST

START_TEST(percentages)
{
    static const struct {
        const char *text;
        int at;
        uint32_t hundredths;
    } rows[] = {
        {"10%", RIGHT, 1000}, {"2.5%", RIGHT, 250},   {"0.01%", RIGHT, 1},
        {"0%", RIGHT, 0},     {"100%", RIGHT, 10000}, {"100.00%", RIGHT, 10000},
        {"100.01%", 0, 0},    {"101%", 0, 0},         {"18446744073709551615%", 0, 0},
        {"0.001%", 4, 0},     {"10", 2, 0},           {"", 0, 0},
        {"%", 0, 0},          {"10%%", 3, 0},         {"10% ", 3, 0},
        {"-1%", 0, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_fault fault = {0};
        uint32_t hundredths = 7777777;
        int result = pt_parse_percent(rows[i].text, &hundredths, &fault);

        check_answer(rows[i].text, result, &fault, rows[i].at, hundredths == 7777777);
        if (rows[i].at == RIGHT)
            ck_assert_uint_eq(hundredths, rows[i].hundredths);
    }
}
END_TEST

START_TEST(formats_sizes)
{
    static const struct {
        uint64_t bytes;
        const char *text, *mib;
    } rows[] = {
        {0, "0 B", "0.0"},
        {1023, "1023 B", "0.0"},
        {1024, "1.0 KiB", "0.0"},
        {1536, "1.5 KiB", "0.0"},
        {52428, "51.2 KiB", "0.0"},
        {52429, "51.2 KiB", "0.1"},
        {1048524, "1023.9 KiB", "1.0"},
        {1048525, "1.0 MiB", "1.0"},
        {152253235, "145.2 MiB", "145.2"},
        {UINT64_C(1) << 40, "1.0 TiB", "1048576.0"},
        {UINT64_MAX, "16777216.0 TiB", "17592186044416.0"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char buffer[PT_SIZE_SIZE];
        ck_assert_str_eq(pt_format_size(rows[i].bytes, buffer), rows[i].text);
        ck_assert_str_eq(pt_format_mib(rows[i].bytes, buffer), rows[i].mib);
    }
}
END_TEST

START_TEST(signals)
{
    static const struct {
        const char *text;
        int at, number;
    } rows[] = {
        {"TERM", RIGHT, SIGTERM},
        {"SIGTERM", RIGHT, SIGTERM},
        {"sigterm", RIGHT, SIGTERM},
        {"kIlL", RIGHT, SIGKILL},
        {"15", RIGHT, 15},
        {"0", RIGHT, 0},
        {"64", RIGHT, 64},
        {"32", RIGHT, 32},
        {"CLD", RIGHT, SIGCHLD},
        {"POLL", RIGHT, SIGIO},
        {"IOT", RIGHT, SIGABRT},
        {"RTMIN", RIGHT, 34},
        {"SIGRTMIN+3", RIGHT, 37},
        {"rtmin+30", RIGHT, 64},
        {"RTMAX", RIGHT, 64},
        {"RTMAX-30", RIGHT, 34},
        {"RTMAX-0", RIGHT, 64},
        {"RTMIN+31", 0, 0},
        {"RTMAX-31", 0, 0},
        {"RTMIN-1", 0, 0},
        {"RTMAX+1", 0, 0},
        {"RTMIN+", 0, 0},
        {"RTMIN+x", 0, 0},
        {"RTMIN+1x", 0, 0},
        {"RTMIN+18446744073709551615", 0, 0},
        {"RTM", 0, 0},
        {"RTMI", 0, 0},
        {"RTMXX", 0, 0},
        {"65", 0, 0},
        {"-9", 0, 0},
        {"", 0, 0},
        {"SIG", 0, 0},
        {"SIGSIGTERM", 0, 0},
        {"SIG15", 0, 0},
        {"TERMX", 0, 0},
        {"TER", 0, 0},
        {" TERM", 0, 0},
        {"TERM ", 0, 0},
        {"15x", 2, 0},
        {"99999999999999999999", 0, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_fault fault = {0};
        int number = -77;
        int result = pt_parse_signal(rows[i].text, &number, &fault);

        check_answer(rows[i].text, result, &fault, rows[i].at, number == -77);
        if (rows[i].at == RIGHT)
            ck_assert_int_eq(number, rows[i].number);
    }
}
END_TEST

/* What is printed for a number reads as that number. */
START_TEST(signal_names)
{
    char name[PT_SIGNAL_SIZE];

    ck_assert_str_eq(pt_format_signal(SIGTERM, name), "TERM");
    ck_assert_str_eq(pt_format_signal(SIGCHLD, name), "CHLD");
    ck_assert_str_eq(pt_format_signal(SIGIO, name), "IO");
    ck_assert_str_eq(pt_format_signal(0, name), "0");
    ck_assert_str_eq(pt_format_signal(33, name), "33");
    ck_assert_str_eq(pt_format_signal(34, name), "RTMIN");
    ck_assert_str_eq(pt_format_signal(37, name), "RTMIN+3");
    ck_assert_str_eq(pt_format_signal(64, name), "RTMAX");
    ck_assert_str_eq(pt_format_signal(INT_MIN, name), "-2147483648");
    for (int number = 0; number <= PT_SIGRTMAX; number++) {
        int found = -1;
        ck_assert_int_eq(pt_parse_signal(pt_format_signal(number, name), &found, NULL), 0);
        ck_assert_int_eq(found, number);
    }
}
END_TEST

START_TEST(times)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {951782400, "2000-02-29T00:00:00Z"},
        {1714558830, "2024-05-01T10:20:30Z"},
        {2147483647, "2038-01-19T03:14:07Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
        {253402300800, NULL},
        {-62167219200, "0000-01-01T00:00:00Z"},
        {-62167219201, NULL},
        {INT64_MAX, NULL},
        {INT64_MIN, NULL},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[PT_TIME_SIZE] = "untouched";
        bool fits = (time_t)rows[i].seconds == rows[i].seconds && rows[i].text;

        ck_assert_int_eq(pt_format_time(rows[i].seconds, text), fits ? 0 : -EOVERFLOW);
        ck_assert_str_eq(text, fits ? rows[i].text : "untouched");
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("units", scans, scans_signed, reads_end_where_told, numbers, pids,
                     parses_durations, formats_durations, deadlines, timevals, ticks, sizes,
                     percentages, formats_sizes, signals, signal_names, times);
}
