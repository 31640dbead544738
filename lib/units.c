#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "kernel.h"

static const char no_number[] = "a number is missing";
static const char too_large[] = "too large";
static const char trailing[] = "not understood from here on";

int pt_fault_set(struct pt_fault *fault, size_t offset, const char *text)
{
    if (fault)
        *fault = (struct pt_fault){.offset = offset, .text = text};
    return -EINVAL;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* --- numbers --- */

int pt_hex_digit(char byte)
{
    if (is_digit(byte))
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

int pt_scan_u64(const char **cursor, const char *end, uint64_t *ret_value)
{
    const char *next = *cursor;
    uint64_t value = 0;

    for (; next < end && is_digit(*next); next++) {
        unsigned digit = (unsigned)(*next - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return -ERANGE;
        value = value * 10 + digit;
    }
    if (next == *cursor)
        return -EINVAL;
    *cursor = next;
    *ret_value = value;
    return 0;
}

int pt_scan_i64(const char **cursor, const char *end, int64_t *ret_value)
{
    const char *next = *cursor;
    bool negative = next < end && *next == '-';
    uint64_t value;
    int result;

    next += negative;
    result = pt_scan_u64(&next, end, &value);
    if (result < 0)
        return result;
    if (value > (uint64_t)INT64_MAX + negative)
        return -ERANGE;
    *cursor = next;
    *ret_value = negative ? -1 - (int64_t)(value - 1) : (int64_t)value;
    return 0;
}

/* All LENGTH bytes as one number within bounds. */
static int parse_number(const char *text, size_t length, uint64_t minimum, uint64_t maximum,
                        uint64_t *ret_value, struct pt_fault *fault)
{
    const char *next = text, *end = text + length;
    uint64_t value;
    int result = pt_scan_u64(&next, end, &value);

    if (result == -EINVAL)
        return pt_fault_set(fault, 0, no_number);
    if (result < 0)
        return pt_fault_set(fault, 0, too_large);
    if (next < end)
        return pt_fault_set(fault, (size_t)(next - text), trailing);
    if (value > maximum)
        return pt_fault_set(fault, 0, too_large);
    if (value < minimum)
        return pt_fault_set(fault, 0, "too small");
    *ret_value = value;
    return 0;
}

int pt_parse_u64(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *ret_value,
                 struct pt_fault *fault)
{
    return parse_number(text, strlen(text), minimum, maximum, ret_value, fault);
}

int pt_parse_pid_n(const char *text, size_t length, pid_t *ret_pid, struct pt_fault *fault)
{
    uint64_t value;
    int result = parse_number(text, length, 1, INT32_MAX, &value, fault);

    if (result == 0)
        *ret_pid = (pid_t)value;
    return result;
}

int pt_parse_pid(const char *text, pid_t *ret_pid, struct pt_fault *fault)
{
    return pt_parse_pid_n(text, strlen(text), ret_pid, fault);
}

/* --- decimals, exactly and without floating point --- */

struct decimal {
    uint64_t whole;
    const char *fraction; /* digits behind the point */
    size_t digits;
};

/* Reads `1`, `1.25` or `.25` from *CURSOR on. TEXT is where the fault's offset counts from. */
static int scan_decimal(const char *text, const char **cursor, const char *end,
                        struct decimal *ret_decimal, struct pt_fault *fault)
{
    const char *next = *cursor;
    struct decimal decimal = {.fraction = next};
    int result = pt_scan_u64(&next, end, &decimal.whole);

    if (result == -ERANGE)
        return pt_fault_set(fault, (size_t)(next - text), too_large);
    if (next < end && *next == '.') {
        decimal.fraction = ++next;
        while (next < end && is_digit(*next))
            next++;
        decimal.digits = (size_t)(next - decimal.fraction);
        result = decimal.digits > 0 ? 0 : -EINVAL;
    }
    if (result < 0)
        return pt_fault_set(fault, (size_t)(next - text), no_number);
    *cursor = next;
    *ret_decimal = decimal;
    return 0;
}

static bool is_zero(const struct decimal *decimal)
{
    return decimal->whole == 0 && strspn(decimal->fraction, "0") >= decimal->digits;
}

/* DECIMAL times UNIT (at most UINT64_MAX / 10), rounded down; false when it overflows. Rounding at
 * each digit, from the last on, is the same as rounding once. */
static bool scale(const struct decimal *decimal, uint64_t unit, uint64_t *ret_value)
{
    uint64_t part = 0;

    for (size_t i = decimal->digits; i > 0; i--)
        part = (part + (uint64_t)(decimal->fraction[i - 1] - '0') * unit) / 10;
    if (decimal->whole > (UINT64_MAX - part) / unit)
        return false;
    *ret_value = decimal->whole * unit + part;
    return true;
}

/* --- durations --- */

static const struct duration_unit {
    char name[4];
    int64_t nanoseconds;
} duration_units[] = {
    {"d", 86400 * PT_SECOND}, {"h", 3600 * PT_SECOND}, {"m", 60 * PT_SECOND},
    {"s", PT_SECOND},         {"ms", PT_MILLISECOND},
};

enum { DURATION_UNITS = sizeof duration_units / sizeof *duration_units, UNIT_SECONDS = 3 };

/* Reads a unit's name from *CURSOR: its index, DURATION_UNITS for none that we know. */
static size_t scan_duration_unit(const char **cursor, const char *end)
{
    const char *start = *cursor;
    size_t length, i;

    while (*cursor < end && **cursor >= 'a' && **cursor <= 'z')
        ++*cursor;
    length = (size_t)(*cursor - start);
    for (i = 0; i < DURATION_UNITS; i++)
        if (length == strlen(duration_units[i].name) &&
            memcmp(start, duration_units[i].name, length) == 0)
            break;
    return i;
}

/* Adds one `30m` at *CURSOR to *TOTAL; *UNIT is that of the one before, and becomes this one's. */
static int add_duration_part(const char *text, const char **cursor, const char *end,
                             uint64_t *total, size_t *unit, struct pt_fault *fault)
{
    bool first = *cursor == text;
    const char *start = *cursor;
    struct decimal decimal;
    size_t offset, found;
    uint64_t value;

    if (scan_decimal(text, cursor, end, &decimal, fault) < 0)
        return -EINVAL;
    offset = (size_t)(*cursor - text);
    if (first && *cursor == end)
        found = UNIT_SECONDS;
    else
        found = scan_duration_unit(cursor, end);
    if (found == DURATION_UNITS)
        return pt_fault_set(fault, offset, "a unit is one of d, h, m, s, ms");
    if (!first && found <= *unit)
        return pt_fault_set(fault, offset, "units go from large to small");
    if (!scale(&decimal, (uint64_t)duration_units[found].nanoseconds, &value) ||
        value >= (uint64_t)PT_INFINITE - *total)
        return pt_fault_set(fault, (size_t)(start - text), too_large);
    if (value == 0 && !is_zero(&decimal))
        value = 1; /* 0 may mean without end */
    *total += value;
    *unit = found;
    return 0;
}

int pt_parse_duration_n(const char *text, size_t length, int64_t *ret_duration,
                        struct pt_fault *fault)
{
    static const char infinity[] = "infinity";
    const char *cursor = text, *end = text + length;
    uint64_t total = 0;
    size_t unit = 0;

    if (length == strlen(infinity) && memcmp(text, infinity, length) == 0) {
        *ret_duration = PT_INFINITE;
        return 0;
    }
    do {
        if (add_duration_part(text, &cursor, end, &total, &unit, fault) < 0)
            return -EINVAL;
    } while (cursor < end);
    *ret_duration = (int64_t)total;
    return 0;
}

int pt_parse_duration(const char *text, int64_t *ret_duration, struct pt_fault *fault)
{
    return pt_parse_duration_n(text, strlen(text), ret_duration, fault);
}

int pt_parse_wait(const char *text, int64_t *ret_duration, struct pt_fault *fault)
{
    int result = pt_parse_duration(text, ret_duration, fault);

    if (result == 0 && *ret_duration == 0)
        *ret_duration = PT_INFINITE;
    return result;
}

int64_t pt_deadline(int64_t now, int64_t duration)
{
    if (duration <= 0)
        return now;
    return now > PT_INFINITE - duration ? PT_INFINITE : now + duration;
}

struct timeval pt_timeval(int64_t duration)
{
    int64_t microseconds = duration / 1000 + (duration % 1000 != 0);

    return (struct timeval){.tv_sec = (time_t)(microseconds / 1000000),
                            .tv_usec = (suseconds_t)(microseconds % 1000000)};
}

int64_t pt_ticks_to_nanoseconds(uint64_t ticks, uint64_t per_second)
{
    uint64_t seconds = ticks / per_second;

    if (seconds >= PT_INFINITE / PT_SECOND)
        return PT_INFINITE;
    return (int64_t)seconds * PT_SECOND +
           (int64_t)(ticks % per_second * (uint64_t)PT_SECOND / per_second);
}

/* `2.5s` of what is left below a minute. */
static int format_seconds(char *buffer, size_t size, int milliseconds)
{
    int digits = 3, fraction = milliseconds % 1000;

    if (fraction == 0)
        return snprintf(buffer, size, "%ds", milliseconds / 1000);
    for (; fraction % 10 == 0; fraction /= 10)
        digits--;
    return snprintf(buffer, size, "%d.%0*ds", milliseconds / 1000, digits, fraction);
}

const char *pt_format_duration(int64_t duration, char buffer[PT_DURATION_SIZE])
{
    int64_t rest = duration / PT_MILLISECOND;
    int length = 0;

    if (duration == PT_INFINITE) {
        snprintf(buffer, PT_DURATION_SIZE, "infinity");
        return buffer;
    }
    if (rest > 0 && rest < 1000) {
        snprintf(buffer, PT_DURATION_SIZE, "%dms", (int)rest);
        return buffer;
    }
    for (size_t i = 0; i < UNIT_SECONDS; i++) {
        int64_t unit = duration_units[i].nanoseconds / PT_MILLISECOND;
        if (rest >= unit)
            length += snprintf(buffer + length, PT_DURATION_SIZE - (size_t)length, "%" PRId64 "%s",
                               rest / unit, duration_units[i].name);
        rest %= unit;
    }
    if (rest > 0 || length == 0)
        format_seconds(buffer + length, PT_DURATION_SIZE - (size_t)length,
                       rest > 0 ? (int)rest : 0);
    return buffer;
}

/* --- sizes --- */

/* Reads `K`, `k` or `KiB` from *CURSOR on: its power of 1024, 0 for bytes. */
static unsigned scan_size_unit(const char **cursor, const char *end)
{
    static const char letters[] = {'K', 'k', 'M', 'm', 'G', 'g', 'T', 't'};
    const char *letter = *cursor < end ? memchr(letters, **cursor, sizeof letters) : NULL;

    if (!letter)
        return 0;
    ++*cursor;
    if (end - *cursor == 2 && strncasecmp(*cursor, "iB", 2) == 0)
        *cursor += 2;
    return (unsigned)(letter - letters) / 2 + 1;
}

int pt_parse_size_n(const char *text, size_t length, uint64_t *ret_bytes, struct pt_fault *fault)
{
    const char *cursor = text, *end = text + length;
    struct decimal decimal;
    unsigned power;
    uint64_t value;

    if (scan_decimal(text, &cursor, end, &decimal, fault) < 0)
        return -EINVAL;
    power = scan_size_unit(&cursor, end);
    if (cursor < end)
        return pt_fault_set(fault, (size_t)(cursor - text), "a unit is one of K, M, G, T");
    if (power == 0 && decimal.digits > 0)
        return pt_fault_set(fault, length, "a fraction of a byte; a unit is one of K, M, G, T");
    if (!scale(&decimal, UINT64_C(1) << 10 * power, &value))
        return pt_fault_set(fault, 0, too_large);
    *ret_bytes = value;
    return 0;
}

int pt_parse_size(const char *text, uint64_t *ret_bytes, struct pt_fault *fault)
{
    return pt_parse_size_n(text, strlen(text), ret_bytes, fault);
}

int pt_parse_percent(const char *text, uint32_t *ret_hundredths, struct pt_fault *fault)
{
    const char *cursor = text, *end = text + strlen(text);
    struct decimal decimal;
    uint64_t value;

    if (scan_decimal(text, &cursor, end, &decimal, fault) < 0)
        return -EINVAL;
    if (*cursor != '%')
        return pt_fault_set(fault, (size_t)(cursor - text), "a % is missing");
    if (cursor + 1 < end)
        return pt_fault_set(fault, (size_t)(cursor + 1 - text), trailing);
    if (decimal.digits > 2)
        return pt_fault_set(fault, (size_t)(decimal.fraction + 2 - text),
                            "more than two digits behind the point");
    if (!scale(&decimal, 100, &value) || value > 10000)
        return pt_fault_set(fault, 0, "more than 100%");
    *ret_hundredths = (uint32_t)value;
    return 0;
}

/* BYTES in tenths of UNIT, to the nearest. */
static uint64_t in_tenths(uint64_t bytes, uint64_t unit)
{
    return bytes / unit * 10 + (bytes % unit * 10 + unit / 2) / unit;
}

const char *pt_format_size(uint64_t bytes, char buffer[PT_SIZE_SIZE])
{
    const char *letter = "KMGT";
    uint64_t unit = 1024, tenths;

    if (bytes < unit) {
        snprintf(buffer, PT_SIZE_SIZE, "%" PRIu64 " B", bytes);
        return buffer;
    }
    while ((tenths = in_tenths(bytes, unit)) >= 10240 && letter[1]) {
        unit *= 1024;
        letter++;
    }
    snprintf(buffer, PT_SIZE_SIZE, "%" PRIu64 ".%u %ciB", tenths / 10, (unsigned)(tenths % 10),
             *letter);
    return buffer;
}

const char *pt_format_mib(uint64_t bytes, char buffer[PT_SIZE_SIZE])
{
    uint64_t tenths = in_tenths(bytes, UINT64_C(1024) * 1024);

    snprintf(buffer, PT_SIZE_SIZE, "%" PRIu64 ".%u", tenths / 10, (unsigned)(tenths % 10));
    return buffer;
}

/* --- signals --- */

/* The first name of a number is the one that is printed. */
static const struct signal_row {
    char name[8];
    int number;
} signals[] = {
    {"HUP", SIGHUP},       {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ILL", SIGILL},
    {"TRAP", SIGTRAP},     {"ABRT", SIGABRT}, {"IOT", SIGABRT},  {"BUS", SIGBUS},
    {"FPE", SIGFPE},       {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},     {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},
#ifdef SIGSTKFLT
    {"STKFLT", SIGSTKFLT},
#endif
    {"CHLD", SIGCHLD},     {"CLD", SIGCHLD},  {"CONT", SIGCONT}, {"STOP", SIGSTOP},
    {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU}, {"URG", SIGURG},
    {"XCPU", SIGXCPU},     {"XFSZ", SIGXFSZ}, {"PROF", SIGPROF}, {"VTALRM", SIGVTALRM},
    {"WINCH", SIGWINCH},   {"IO", SIGIO},     {"POLL", SIGIO},   {"PWR", SIGPWR},
    {"SYS", SIGSYS},
};

enum { SIGNALS = sizeof signals / sizeof *signals };

/* `RTMIN`, `RTMIN+3`, `RTMAX-1`: the number, or -1. */
static int real_time_signal(const char *name, size_t length)
{
    const char *cursor = name + 6, *end = name + length;
    uint64_t distance = 0;
    bool from_maximum;
    size_t left;

    if (length < 5 || strncasecmp(name, "RTM", 3) != 0)
        return -1;
    from_maximum = strncasecmp(name + 3, "AX", 2) == 0;
    if (!from_maximum && strncasecmp(name + 3, "IN", 2) != 0)
        return -1;
    left = length - 5;
    if (left > 0 && (name[5] != (from_maximum ? '-' : '+') ||
                     pt_scan_u64(&cursor, end, &distance) < 0 || cursor < end))
        return -1;
    if (distance > PT_SIGRTMAX - PT_SIGRTMIN)
        return -1;
    return from_maximum ? PT_SIGRTMAX - (int)distance : PT_SIGRTMIN + (int)distance;
}

int pt_parse_signal_n(const char *text, size_t length, int *ret_signal, struct pt_fault *fault)
{
    const char *name = text;
    uint64_t number;
    int real_time;

    if (length > 0 && is_digit(*text)) {
        int result = parse_number(text, length, 0, PT_SIGRTMAX, &number, fault);
        if (result == 0)
            *ret_signal = (int)number;
        return result;
    }
    if (length > 3 && strncasecmp(name, "SIG", 3) == 0) {
        name += 3;
        length -= 3;
    }
    for (size_t i = 0; i < SIGNALS; i++) {
        if (length == strlen(signals[i].name) && strncasecmp(name, signals[i].name, length) == 0) {
            *ret_signal = signals[i].number;
            return 0;
        }
    }
    real_time = real_time_signal(name, length);
    if (real_time < 0)
        return pt_fault_set(fault, 0, "no such signal");
    *ret_signal = real_time;
    return 0;
}

int pt_parse_signal(const char *text, int *ret_signal, struct pt_fault *fault)
{
    return pt_parse_signal_n(text, strlen(text), ret_signal, fault);
}

const char *pt_format_signal(int number, char buffer[PT_SIGNAL_SIZE])
{
    snprintf(buffer, PT_SIGNAL_SIZE, "%d", number);
    if (number == PT_SIGRTMIN || number == PT_SIGRTMAX)
        snprintf(buffer, PT_SIGNAL_SIZE, number == PT_SIGRTMIN ? "RTMIN" : "RTMAX");
    else if (number > PT_SIGRTMIN && number < PT_SIGRTMAX)
        snprintf(buffer, PT_SIGNAL_SIZE, "RTMIN+%d", number - PT_SIGRTMIN);
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i].number == number) {
            snprintf(buffer, PT_SIGNAL_SIZE, "%s", signals[i].name);
            break;
        }
    }
    return buffer;
}

/* --- times --- */

int pt_format_time(int64_t seconds, char ret_text[PT_TIME_SIZE])
{
    static const int64_t year_0 = -62167219200, year_10000 = 253402300800;
    time_t time = (time_t)seconds;
    struct tm tm;

    if (seconds < year_0 || seconds >= year_10000 || time != seconds || !gmtime_r(&time, &tm))
        return -EOVERFLOW;
    snprintf(ret_text, PT_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return 0;
}
