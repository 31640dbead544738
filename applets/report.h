/* What an applet says beside its result, and how it ends.
 *
 * Messages are one line on stderr, `applet: what: why`. The whole line is escaped when it is
 * printed, so the caller passes text of processes and users as it is.
 */
#ifndef PT_REPORT_H
#define PT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#if defined(__GNUC__)
#define PT_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define PT_PRINTF(text, first)
#endif

/* Exit statuses that mean the same in every applet; each man page lists its own. */
enum pt_exit {
    PT_EXIT_OK = 0,      /* done, found */
    PT_EXIT_NOTHING = 1, /* nothing matched, or the thing asked for did not happen */
    PT_EXIT_USAGE = 2,
    PT_EXIT_IO = 3,      /* a failed write to stdout too */
    PT_EXIT_NO_PROC = 4, /* /proc cannot be used */
    PT_EXIT_TIMED_OUT = 124,
    PT_EXIT_FAILED = 125, /* our own failure where a command was to run, as env(1) has it */
    PT_EXIT_CANNOT_RUN = 126,
    PT_EXIT_NOT_FOUND = 127,
    PT_EXIT_SIGNALLED = 128, /* + the signal's number */
};

/* Sets the name that begins each line; it is borrowed. */
void pt_report_begin(const char *applet);

/* From here on every failure of ours, usage too, ends with this status (run modes: 125). 0 undoes
 * it. */
void pt_report_failures_are(int status);

/* From here on why we fail (usage too) is one line on stdout, `PREFIX: why`, and not on stderr: for
 * those who read nothing else. It is ASCII, and has `_` for `|`, which monitoring systems split at.
 */
void pt_report_failures_say(const char *prefix);

/* How much is said: 0 at first; each -v adds one, -q makes it -1; -2: not even warnings. */
void pt_report_set_verbosity(int verbosity);
int pt_report_verbosity(void);

/* A warning or an error. */
void pt_warn(const char *format, ...) PT_PRINTF(1, 2);

/* Why we fail, where the caller goes on to its end; like a warning, but for
 * pt_report_failures_say. */
void pt_fail(const char *format, ...) PT_PRINTF(1, 2);

/* A message for verbosity `level` and above: 0 unless -q, 1 with -v. */
void pt_say(int level, const char *format, ...) PT_PRINTF(2, 3);

/* A usage error, naming the offending word first; `; see APPLET --help` is added. Exits 2. */
_Noreturn void pt_usage(const char *format, ...) PT_PRINTF(1, 2);

/* From now on a message that stderr does not take at once is dropped: for who must not be held up
 * by a terminal that somebody has stopped. */
void pt_report_never_wait(void);

/* A warning, then the end, by pt_report_end. For failures before anything is held that must be
 * undone; later an applet returns its status. */
_Noreturn void pt_die(int status, const char *format, ...) PT_PRINTF(2, 3);

/* The progress line: drawn over the last one on a terminal, cut to its width; nothing elsewhere,
 * nor under -q. Messages take it away; pt_progress_done does too. */
void pt_progress(const char *format, ...) PT_PRINTF(1, 2);
void pt_progress_done(void);

/* The width of a terminal: COLUMNS, else what the terminal says, else 80. 0 when FD is none: what
 * is written there is never cut. */
size_t pt_terminal_columns(int fd);

/* Writes text of a process or a user into a result, escaped as messages are. */
void pt_put_escaped(const char *bytes, size_t length, FILE *out);

/* Writes to stdout at once, for what is drawn again and again. False: it failed, and pt_report_end
 * will say why; what was written before is part of that. */
bool pt_report_write(const char *bytes, size_t length);

/* The last act: flushes and checks stdout. Returns the status to exit with: `status`, or PT_EXIT_IO
 * when something was not written and status tells no failure: 0, or 1 where that is ours (under
 * pt_report_failures_are it may be another command's). A reader that went away (EPIPE) is not
 * mentioned. */
int pt_report_end(int status);

#endif
