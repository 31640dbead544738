/*
 * What people type and read: checked numbers, durations, sizes, percentages, signals, times.
 *
 * Every parser takes the whole text: blanks, signs, trailing text and what does not fit are
 * refused. It gives 0, or -EINVAL with FAULT (which may be NULL) saying where and why; its result
 * is untouched then. Those with `_n` take LENGTH bytes, for a part of a text; the fault's offset
 * counts from there.
 */
#ifndef PT_UNITS_H
#define PT_UNITS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>

/* Why a text was refused, for a message such as `--timeout: '5x': TEXT`. */
struct pt_fault {
    size_t offset;    /* of the offending byte; the text's length when something is missing */
    const char *text; /* a constant phrase in lower case, no full stop */
};

/* Fills FAULT, if there is one, and returns -EINVAL: for any parser of user text. */
int pt_fault_set(struct pt_fault *fault, size_t offset, const char *text);

/* --- numbers --- */

/* What a hexadecimal digit of either case stands for; -1: it is none. */
int pt_hex_digit(char byte);

/* Reads decimal digits from *CURSOR, not beyond END: 0 and *CURSOR behind them; -EINVAL when there
 * are none, -ERANGE when they overflow (*CURSOR stays). The signed one takes a leading `-`. */
int pt_scan_u64(const char **cursor, const char *end, uint64_t *ret_value);
int pt_scan_i64(const char **cursor, const char *end, int64_t *ret_value);

/* A decimal number from MINIMUM to MAXIMUM. */
int pt_parse_u64(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *ret_value,
                 struct pt_fault *fault);

/* A PID: 1 to INT32_MAX. */
int pt_parse_pid(const char *text, pid_t *ret_pid, struct pt_fault *fault);
int pt_parse_pid_n(const char *text, size_t length, pid_t *ret_pid, struct pt_fault *fault);

/* --- durations: nanoseconds --- */

#define PT_SECOND INT64_C(1000000000)
#define PT_MILLISECOND INT64_C(1000000)

/* `infinity`, and later than any deadline. */
#define PT_INFINITE INT64_MAX

/* `10` and `0.3` (seconds), `2.5s`, `500ms`, `1m30s`, `2h`, `1d`, `infinity`. Units go from large
 * to small, each once; a number without one stands alone. Less than a nanosecond, but not 0, is 1.
 */
int pt_parse_duration(const char *text, int64_t *ret_duration, struct pt_fault *fault);
int pt_parse_duration_n(const char *text, size_t length, int64_t *ret_duration,
                        struct pt_fault *fault);

/* The same for a wait, where 0 means without end: PT_INFINITE. */
int pt_parse_wait(const char *text, int64_t *ret_duration, struct pt_fault *fault);

/* Now + duration, PT_INFINITE where either is or the sum does not fit; negative ones count as 0. */
int64_t pt_deadline(int64_t now, int64_t duration);

/* As SO_RCVTIMEO and SO_SNDTIMEO (socket(7)) take a duration that is more than 0: rounded up, since
 * 0 is without end there. */
struct timeval pt_timeval(int64_t duration);

/* TICKS of which there are PER_SECOND, PT_INFINITE when it does not fit. */
int64_t pt_ticks_to_nanoseconds(uint64_t ticks, uint64_t per_second);

#define PT_DURATION_SIZE 40

/* DURATION to the millisecond, rounded down, as pt_parse_duration takes it: `500ms`, `2.5s`,
 * `1m30s`, `1d2h`, `0s`, `infinity`. Negative ones are `0s`. Returns BUFFER. */
const char *pt_format_duration(int64_t duration, char buffer[PT_DURATION_SIZE]);

/* --- sizes: bytes --- */

/* `4096`, `64K`, `1.5G`, `2T`: powers of 1024 in any case; `KiB` and so on are the same. A fraction
 * needs a unit and is rounded down to bytes. */
int pt_parse_size(const char *text, uint64_t *ret_bytes, struct pt_fault *fault);
int pt_parse_size_n(const char *text, size_t length, uint64_t *ret_bytes, struct pt_fault *fault);

/* `10%` or `2.5%`, 0 to 100, in hundredths of a percent: 1000 or 250. Finer digits are refused. */
int pt_parse_percent(const char *text, uint32_t *ret_hundredths, struct pt_fault *fault);

#define PT_SIZE_SIZE 32

/* With the unit that suits, one decimal, rounded to the nearest: `512 B`, `1.5 KiB`, `145.2 MiB`,
 * GiB, TiB. Returns BUFFER. */
const char *pt_format_size(uint64_t bytes, char buffer[PT_SIZE_SIZE]);

/* In MiB always, one decimal, without unit: for a column that names it. Returns BUFFER. */
const char *pt_format_mib(uint64_t bytes, char buffer[PT_SIZE_SIZE]);

/* --- signals --- */

/* `TERM`, `SIGTERM`, `15`, `RTMIN`, `RTMIN+3`, `RTMAX-1`, in any case, and `0`. Numbers to
 * PT_SIGRTMAX; RTMIN is PT_SIGRTMIN with every libc. */
int pt_parse_signal(const char *text, int *ret_signal, struct pt_fault *fault);
int pt_parse_signal_n(const char *text, size_t length, int *ret_signal, struct pt_fault *fault);

#define PT_SIGNAL_SIZE 16

/* `TERM`, `RTMIN+3`; the number where a signal has no name. Without SIG, as kill -l. Returns
 * BUFFER. */
const char *pt_format_signal(int number, char buffer[PT_SIGNAL_SIZE]);

/* --- times --- */

#define PT_TIME_SIZE 80 /* for any six ints, as compilers count */

/* Epoch SECONDS in UTC, ISO 8601: `2024-05-01T10:20:30Z`. 0, or -EOVERFLOW outside the years 0 to
 * 9999 or of time_t. */
int pt_format_time(int64_t seconds, char ret_text[PT_TIME_SIZE]);

#endif
