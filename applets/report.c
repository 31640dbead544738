#include "report.h"
#include "text.h"
#include "units.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The one piece of state that outlives a call: who speaks, how much, what stands on the line, why
 * a write failed. */
static struct {
    const char *applet;
    int verbosity;
    int failure_status; /* 0 for each failure's own */
    const char *prefix; /* of failures on stdout; NULL: they are messages */
    bool progress_drawn;
    bool never_waits;
    int write_error; /* errno of pt_report_write, 0: none */
} report = {.applet = "proctool"};

void pt_report_begin(const char *applet)
{
    report.applet = applet;
}

void pt_report_failures_are(int status)
{
    report.failure_status = status;
}

void pt_report_failures_say(const char *prefix)
{
    report.prefix = prefix;
}

void pt_report_set_verbosity(int verbosity)
{
    report.verbosity = verbosity;
}

int pt_report_verbosity(void)
{
    return report.verbosity;
}

/* The text, escaped; empty without memory. */
static PT_PRINTF(3, 0) void format_line(struct pt_buffer *line, unsigned flags, const char *format,
                                        va_list arguments)
{
    char *raw = NULL;

    pt_buffer_init(line);
    if (vasprintf(&raw, format, arguments) < 0)
        return;
    pt_buffer_escape(line, raw, strlen(raw), flags);
    free(raw);
}

void pt_report_never_wait(void)
{
    report.never_waits = true;
}

/* A pipe that can be written takes a line at once (PIPE_BUF), and so does a terminal, which takes
 * nothing after Ctrl-S. */
static bool may_write(void)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

    return !report.never_waits || poll(&out, 1, 0) == 1;
}

void pt_progress_done(void)
{
    if (!report.progress_drawn || !may_write())
        return;
    fputs("\r\033[K", stderr);
    report.progress_drawn = false;
}

/* More than a pipe takes at once would wait for its reader. */
static void cut(struct pt_buffer *line)
{
    static const char mark[] = "...";
    size_t length = PIPE_BUF - sizeof mark;

    if (!report.never_waits || line->length < PIPE_BUF)
        return;
    while (length > 0 && ((unsigned char)line->data[length] & 0xc0) == 0x80)
        length--; /* within a UTF-8 character */
    pt_buffer_truncate(line, length);
    pt_buffer_append_text(line, mark);
}

static PT_PRINTF(1, 0) void say(const char *format, va_list arguments, bool points_to_help)
{
    struct pt_buffer text, line = {0};

    format_line(&text, pt_text_escape_flags(), format, arguments);
    fflush(stdout); /* where both are one terminal, in the order they were said */
    pt_progress_done();
    /* Without memory the bare format has to do. */
    pt_buffer_append_format(&line, "%s: %s", report.applet,
                            text.length > 0 ? pt_buffer_text(&text) : format);
    if (points_to_help)
        pt_buffer_append_format(&line, " (see %s --help)", report.applet);
    cut(&line);
    pt_buffer_append_byte(&line, '\n');
    if (may_write() && line.error == 0)
        fwrite(line.data, 1, line.length, stderr);
    else if (may_write())
        fprintf(stderr, "%s: %s\n", report.applet, format);
    pt_buffer_done(&line);
    pt_buffer_done(&text);
}

void pt_warn(const char *format, ...)
{
    va_list arguments;

    if (report.verbosity < -1)
        return;
    va_start(arguments, format);
    say(format, arguments, false);
    va_end(arguments);
}

void pt_say(int level, const char *format, ...)
{
    va_list arguments;

    if (report.verbosity < level)
        return;
    va_start(arguments, format);
    say(format, arguments, false);
    va_end(arguments);
}

static PT_PRINTF(1, 0) void say_on_stdout(const char *format, va_list arguments)
{
    struct pt_buffer line = {0}, why;

    format_line(&why, 0, format, arguments);
    for (size_t i = 0; i < why.length; i++)
        if (why.data[i] == '|')
            why.data[i] = '_';
    pt_buffer_append_format(&line, "%s: %s\n", report.prefix,
                            why.length > 0 ? pt_buffer_text(&why) : format);
    pt_report_write(pt_buffer_text(&line), line.length);
    pt_buffer_done(&line);
    pt_buffer_done(&why);
}

static PT_PRINTF(1, 0) void say_failure(const char *format, va_list arguments, bool points_to_help)
{
    if (report.prefix != NULL)
        say_on_stdout(format, arguments);
    else
        say(format, arguments, points_to_help);
}

void pt_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_failure(format, arguments, false);
    va_end(arguments);
}

static int failure(int status)
{
    return report.failure_status != 0 ? report.failure_status : status;
}

_Noreturn void pt_usage(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_failure(format, arguments, true);
    va_end(arguments);
    exit(pt_report_end(failure(PT_EXIT_USAGE)));
}

_Noreturn void pt_die(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_failure(format, arguments, false);
    va_end(arguments);
    exit(pt_report_end(failure(status)));
}

size_t pt_terminal_columns(int fd)
{
    const char *named = getenv("COLUMNS");
    uint64_t columns;
    struct winsize size;

    if (!isatty(fd))
        return 0;
    if (named != NULL && pt_parse_u64(named, 1, UINT16_MAX, &columns, NULL) == 0)
        return (size_t)columns;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

void pt_progress(const char *format, ...)
{
    size_t columns = pt_terminal_columns(STDERR_FILENO);
    struct pt_buffer line;
    va_list arguments;

    if (report.verbosity < 0 || columns == 0 || !may_write())
        return;
    va_start(arguments, format);
    format_line(&line, pt_text_escape_flags(), format, arguments);
    va_end(arguments);
    pt_progress_done();
    /* A line that fills the last column would wrap on some terminals. */
    fwrite(pt_buffer_text(&line), 1, pt_text_fit(pt_buffer_text(&line), line.length, columns - 1),
           stderr);
    fflush(stderr);
    report.progress_drawn = true;
    pt_buffer_done(&line);
}

/* A flush that failed earlier has left its errno behind, but a pipe still tells that nobody reads.
 */
static bool reader_is_gone(int error)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return error == EPIPE || (poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0);
}

/* What a write said that stdio did long ago: to write nothing fails again where stdout is closed,
 * or a device that is full. */
static int find_error(void)
{
    return write(STDOUT_FILENO, "", 0) < 0 ? errno : 0;
}

void pt_put_escaped(const char *bytes, size_t length, FILE *out)
{
    struct pt_buffer text = {0};

    pt_buffer_escape(&text, bytes, length, pt_text_escape_flags());
    fwrite(pt_buffer_text(&text), 1, text.length, out);
    pt_buffer_done(&text);
}

bool pt_report_write(const char *bytes, size_t length)
{
    errno = 0;
    fwrite(bytes, 1, length, stdout);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    report.write_error = errno;
    return false;
}

int pt_report_end(int status)
{
    bool failed = ferror(stdout) != 0;
    int error = report.write_error;

    pt_progress_done();
    if (fflush(stdout) != 0) {
        failed = true;
        error = errno;
    }
    if (!failed)
        return status;
    if (error == 0)
        error = find_error();
    if (!reader_is_gone(error))
        pt_warn("standard output: %s", error != 0 ? strerror(error) : "a write failed");
    if (status == PT_EXIT_OK || (status == PT_EXIT_NOTHING && report.failure_status == 0))
        return failure(PT_EXIT_IO);
    return status;
}
