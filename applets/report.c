#include "report.h"
#include "stopgap.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The one piece of state that outlives a call: who speaks, how much, and what stands on the line.
 */
static struct {
    const char *applet;
    int verbosity;
    int failure_status; /* 0 for each failure's own */
    bool progress_drawn;
} report = {.applet = "proctool"};

void pt_report_begin(const char *applet)
{
    report.applet = applet;
}

void pt_report_failures_are(int status)
{
    report.failure_status = status;
}

void pt_report_set_verbosity(int verbosity)
{
    report.verbosity = verbosity;
}

int pt_report_verbosity(void)
{
    return report.verbosity;
}

/* The whole line, escaped, in memory that the caller frees; NULL without memory. */
static PT_PRINTF(1, 0) char *format_line(const char *format, va_list arguments)
{
    char *raw = NULL, *line = NULL;

    if (vasprintf(&raw, format, arguments) < 0)
        return NULL;
    if (pt_escape(raw, strlen(raw), &line) != 0)
        line = NULL;
    free(raw);
    return line;
}

void pt_progress_done(void)
{
    if (!report.progress_drawn)
        return;
    fputs("\r\033[K", stderr);
    report.progress_drawn = false;
}

/* Without memory the format itself has to do. */
static PT_PRINTF(1, 0) void say(const char *format, va_list arguments, bool points_to_help)
{
    char *line = format_line(format, arguments);

    fflush(stdout); /* where both are one terminal, in the order they were said */
    pt_progress_done();
    fprintf(stderr, "%s: %s", report.applet, line != NULL ? line : format);
    if (points_to_help)
        fprintf(stderr, " (see %s --help)", report.applet);
    fputc('\n', stderr);
    free(line);
}

void pt_warn(const char *format, ...)
{
    va_list arguments;

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

static int failure(int status)
{
    return report.failure_status != 0 ? report.failure_status : status;
}

_Noreturn void pt_usage(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments, true);
    va_end(arguments);
    exit(failure(PT_EXIT_USAGE));
}

_Noreturn void pt_die(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments, false);
    va_end(arguments);
    exit(pt_report_end(failure(status)));
}

void pt_progress(const char *format, ...)
{
    va_list arguments;
    char *line;
    size_t width;

    if (report.verbosity < 0 || !isatty(STDERR_FILENO))
        return;
    va_start(arguments, format);
    line = format_line(format, arguments);
    va_end(arguments);
    if (line == NULL)
        return;
    width = pt_terminal_width(STDERR_FILENO);
    pt_progress_done();
    fwrite(line, 1, pt_text_cut(line, strlen(line), width - 1), stderr);
    fflush(stderr);
    report.progress_drawn = true;
    free(line);
}

/* A flush that failed earlier has left its errno behind, but a pipe still tells that nobody reads.
 */
static bool reader_is_gone(int error)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return error == EPIPE || (poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0);
}

int pt_report_end(int status)
{
    bool failed = ferror(stdout) != 0;
    int error = 0;

    pt_progress_done();
    if (fflush(stdout) != 0) {
        failed = true;
        error = errno;
    }
    if (!failed)
        return status;
    if (!reader_is_gone(error))
        pt_warn("standard output: %s", error != 0 ? strerror(error) : "a write failed");
    return status == PT_EXIT_OK ? failure(PT_EXIT_IO) : status;
}
