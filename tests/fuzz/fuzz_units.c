/* Every parser of units on one text: a value that is taken is in bounds and reads again from what
 * is printed of it; a fault lies within the text. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "kernel.h"
#include "units.h"

static void check_fault(int result, const struct pt_fault *fault, size_t length)
{
    REQUIRE(result == 0 || result == -EINVAL);
    REQUIRE(result == 0 || (fault->offset <= length && fault->text));
}

static void check_duration(const char *text, size_t length)
{
    char printed[PT_DURATION_SIZE];
    struct pt_fault fault = {.offset = SIZE_MAX};
    int64_t duration = -1, again = -1;
    int result = pt_parse_duration(text, &duration, &fault);

    check_fault(result, &fault, length);
    if (result < 0) {
        REQUIRE(duration == -1);
        return;
    }
    REQUIRE(duration >= 0);
    REQUIRE(pt_parse_duration(pt_format_duration(duration, printed), &again, NULL) == 0);
    REQUIRE(again == duration || (again < duration && duration - again < PT_MILLISECOND));
}

static void check_signal(const char *text, size_t length)
{
    char printed[PT_SIGNAL_SIZE];
    struct pt_fault fault = {.offset = SIZE_MAX};
    int number = -1, again = -1;
    int result = pt_parse_signal(text, &number, &fault);

    check_fault(result, &fault, length);
    if (result < 0) {
        REQUIRE(number == -1);
        return;
    }
    REQUIRE(number >= 0 && number <= PT_SIGRTMAX);
    REQUIRE(pt_parse_signal(pt_format_signal(number, printed), &again, NULL) == 0);
    REQUIRE(again == number);
}

static void check_numbers(const char *text, size_t length)
{
    struct pt_fault fault = {.offset = SIZE_MAX};
    char printed[PT_TIME_SIZE];
    const char *cursor = text;
    uint64_t number = 0;
    uint32_t percent = 0;
    int64_t value = 0;
    pid_t pid = 1;

    check_fault(pt_parse_u64(text, 3, 1000, &number, &fault), &fault, length);
    REQUIRE(number == 0 || (number >= 3 && number <= 1000));
    check_fault(pt_parse_pid(text, &pid, &fault), &fault, length);
    REQUIRE(pid > 0);
    check_fault(pt_parse_percent(text, &percent, &fault), &fault, length);
    REQUIRE(percent <= 10000);
    if (pt_scan_i64(&cursor, text + length, &value) == 0 && pt_format_time(value, printed) == 0)
        REQUIRE(strlen(printed) == strlen("2024-05-01T10:20:30Z"));
    REQUIRE(cursor <= text + length);
}

static void check_size(const char *text, size_t length)
{
    struct pt_fault fault = {.offset = SIZE_MAX};
    char printed[PT_SIZE_SIZE];
    uint64_t bytes = 0;

    check_fault(pt_parse_size(text, &bytes, &fault), &fault, length);
    REQUIRE(strlen(pt_format_size(bytes, printed)) < PT_SIZE_SIZE - 1);
    REQUIRE(strlen(pt_format_mib(bytes, printed)) < PT_SIZE_SIZE - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    size_t length = strlen(text);

    check_duration(text, length);
    check_signal(text, length);
    check_numbers(text, length);
    check_size(text, length);
    free(text);
    return 0;
}
