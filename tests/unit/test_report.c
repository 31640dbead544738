/* Messages, statuses and the progress line, read back from a pipe or a terminal of our own. */
#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

static int reader;
static char seen[2 * PIPE_BUF];

/* What is written on stderr from here on goes into a pipe. */
static void catch_messages(void)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    reader = ends[0];
    ck_assert_int_eq(setenv("LC_ALL", "C.UTF-8", 1), 0);
    pt_report_begin("ps-tree");
}

/* stderr becomes a terminal, whose lines come back raw. */
static void catch_terminal(void)
{
    int slave;

    reader = posix_openpt(O_RDWR | O_NOCTTY);
    if (reader < 0 || grantpt(reader) != 0 || unlockpt(reader) != 0)
        ck_abort_msg("no pseudoterminal");
    slave = open(ptsname(reader), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(slave, 0);
    ck_assert_int_eq(dup2(slave, STDERR_FILENO), STDERR_FILENO);
    ck_assert_int_eq(setenv("LC_ALL", "C.UTF-8", 1), 0);
    pt_report_begin("ps-tree");
}

/* What came meanwhile: a terminal hands it on in pieces, and when it likes. */
static const char *messages(void)
{
    struct pollfd input = {.fd = reader, .events = POLLIN};
    size_t length = 0;
    ssize_t size;

    fflush(stderr);
    while (length < sizeof seen - 1 && poll(&input, 1, 200) > 0) {
        size = read(reader, seen + length, sizeof seen - 1 - length);
        if (size <= 0)
            break;
        length += (size_t)size;
    }
    seen[length] = '\0';
    return seen;
}

/* How a child ends that does this with its messages thrown away. */
static int status_of(void (*act)(void))
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        act();
        _exit(99);
    }
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(escapes_the_whole_line)
{
    catch_messages();
    pt_warn("%s: %s", "a\033[2J\nb\\", "caf\xc3\xa9 \xff");
    ck_assert_str_eq(messages(), "ps-tree: a\\x1b[2J\\x0ab\\\\: caf\xc3\xa9 \\xff\n");
}
END_TEST

START_TEST(heeds_verbosity)
{
    catch_messages();
    pt_say(1, "%s", "unseen");
    pt_say(0, "%s", "plain");
    pt_report_set_verbosity(1);
    pt_say(1, "%s", "verbose");
    pt_report_set_verbosity(-1);
    pt_say(0, "%s", "quiet");
    pt_warn("%s", "always");
    pt_report_set_verbosity(-2);
    pt_warn("%s", "nothing");
    ck_assert_str_eq(messages(), "ps-tree: plain\nps-tree: verbose\nps-tree: always\n");
}
END_TEST

/* A pipe with room for one page takes one, and a longer write would wait. */
START_TEST(never_waits_for_a_reader)
{
    char lots[3 * PIPE_BUF];
    const char *said;

    memset(lots, 'x', sizeof lots);
    lots[PIPE_BUF - 14] = '\xc3'; /* what is cut away begins within a character */
    lots[PIPE_BUF - 13] = '\xa9';
    lots[sizeof lots - 1] = '\0';
    catch_messages();
    ck_assert_int_ge(fcntl(reader, F_SETPIPE_SZ, PIPE_BUF), PIPE_BUF);
    pt_report_never_wait();
    pt_warn("%s", lots);
    pt_warn("%s", lots);
    said = messages();
    ck_assert_uint_eq(strlen(said), PIPE_BUF - 1);
    ck_assert_str_eq(said + strlen(said) - 5, "x...\n");
}
END_TEST

START_TEST(draws_nothing_without_a_terminal)
{
    catch_messages();
    pt_progress("%d left", 3);
    pt_progress_done();
    ck_assert_str_eq(messages(), "");
    ck_assert_uint_eq(pt_terminal_columns(STDERR_FILENO), 0);
}
END_TEST

START_TEST(redraws_on_a_terminal)
{
    struct winsize size = {.ws_row = 24, .ws_col = 12};

    catch_terminal();
    unsetenv("COLUMNS");
    ck_assert_int_eq(ioctl(reader, TIOCSWINSZ, &size), 0);
    pt_progress("%s", "three left");
    ck_assert_str_eq(messages(), "three left");
    pt_progress("%s", "two are left, slowly");
    ck_assert_str_eq(messages(), "\r\033[Ktwo are lef");
    pt_warn("%s", "one");
    ck_assert_str_eq(messages(), "\r\033[Kps-tree: one\r\n");
    pt_progress_done();
    ck_assert_str_eq(messages(), "");
    pt_report_set_verbosity(-1);
    pt_progress("%s", "quiet");
    ck_assert_str_eq(messages(), "");
}
END_TEST

START_TEST(knows_the_width)
{
    static const struct {
        const char *columns;
        size_t width;
    } cases[] = {{"40", 40}, {"0", 80}, {"", 80}, {"x", 80}, {"99999999", 80}, {"-5", 80}};

    catch_terminal();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(setenv("COLUMNS", cases[i].columns, 1), 0);
        ck_assert_uint_eq(pt_terminal_columns(STDERR_FILENO), cases[i].width);
    }
}
END_TEST

static void use_wrongly(void)
{
    pt_usage("%s: unknown option", "--bogus");
}

static void die_in_run_mode(void)
{
    pt_report_failures_are(PT_EXIT_FAILED);
    pt_die(PT_EXIT_NO_PROC, "%s", "/proc: not mounted");
}

static void use_wrongly_in_run_mode(void)
{
    pt_report_failures_are(PT_EXIT_FAILED);
    use_wrongly();
}

/* stdout goes where stderr does. */
static void merge_outputs(void)
{
    ck_assert_int_eq(dup2(STDERR_FILENO, STDOUT_FILENO), STDOUT_FILENO);
}

static void use_wrongly_as_plugin(void)
{
    merge_outputs();
    pt_report_failures_are(3);
    pt_report_failures_say("PLUGIN UNKNOWN");
    pt_warn("%s", "a warning");
    pt_usage("%s: no range|'x'=1\n", "caf\xc3\xa9");
}

static void fail_as_plugin(void)
{
    merge_outputs();
    pt_report_failures_say("PLUGIN UNKNOWN");
    pt_fail("%s: %s", "pss", "refused");
    exit(pt_report_end(PT_EXIT_IO));
}

static void lose_output(int status)
{
    if (freopen("/dev/full", "w", stdout) == NULL)
        _exit(98);
    printf("lost");
    exit(pt_report_end(status));
}

static void lose_what_is_nothing(void)
{
    lose_output(PT_EXIT_NOTHING);
}

static void lose_what_failed(void)
{
    lose_output(PT_EXIT_NO_PROC);
}

static void lose_in_run_mode(void)
{
    pt_report_failures_are(PT_EXIT_FAILED);
    lose_output(PT_EXIT_OK);
}

static void lose_beside_a_command(void)
{
    pt_report_failures_are(PT_EXIT_FAILED);
    lose_output(1);
}

static void die_plainly(void)
{
    pt_die(PT_EXIT_NO_PROC, "%s", "/proc: not mounted");
}

START_TEST(ends_with_the_status)
{
    catch_messages();
    ck_assert_int_eq(status_of(use_wrongly), PT_EXIT_USAGE);
    ck_assert_str_eq(messages(), "ps-tree: --bogus: unknown option (see ps-tree --help)\n");
    ck_assert_int_eq(status_of(use_wrongly_in_run_mode), PT_EXIT_FAILED);
    ck_assert_int_eq(status_of(die_plainly), PT_EXIT_NO_PROC);
    ck_assert_int_eq(status_of(die_in_run_mode), PT_EXIT_FAILED);
}
END_TEST

START_TEST(says_failures_to_monitoring)
{
    catch_messages();
    ck_assert_int_eq(status_of(use_wrongly_as_plugin), 3);
    ck_assert_str_eq(messages(), "ps-tree: a warning\n"
                                 "PLUGIN UNKNOWN: caf\\xc3\\xa9: no range_'x'=1\\x0a\n");
    ck_assert_int_eq(status_of(fail_as_plugin), PT_EXIT_IO);
    ck_assert_str_eq(messages(), "PLUGIN UNKNOWN: pss: refused\n");
    pt_fail("%s", "elsewhere");
    ck_assert_str_eq(messages(), "ps-tree: elsewhere\n");
}
END_TEST

START_TEST(prefers_a_real_failure)
{
    catch_messages();
    ck_assert_int_eq(status_of(lose_what_is_nothing), PT_EXIT_IO);
    ck_assert_int_eq(status_of(lose_what_failed), PT_EXIT_NO_PROC);
    ck_assert_int_eq(status_of(lose_in_run_mode), PT_EXIT_FAILED);
    ck_assert_int_eq(status_of(lose_beside_a_command), 1);
}
END_TEST

START_TEST(checks_what_was_written)
{
    catch_messages();
    ck_assert_int_eq(pt_report_end(PT_EXIT_OK), PT_EXIT_OK);
    ck_assert_int_eq(pt_report_end(PT_EXIT_NOTHING), PT_EXIT_NOTHING);
    ck_assert_str_eq(messages(), "");
    ck_assert_ptr_nonnull(freopen("/dev/full", "w", stdout));
    printf("lost"); /* musl would write a line at once */
    ck_assert_int_eq(pt_report_end(PT_EXIT_OK), PT_EXIT_IO);
    ck_assert_str_eq(messages(), "ps-tree: standard output: No space left on device\n");
}
END_TEST

/* The failed flush is long past when the end looks. */
START_TEST(remembers_an_early_failure)
{
    catch_messages();
    ck_assert_ptr_nonnull(freopen("/dev/full", "w", stdout));
    printf("lost");
    ck_assert_int_ne(fflush(stdout), 0);
    ck_assert_int_eq(pt_report_end(PT_EXIT_TIMED_OUT), PT_EXIT_TIMED_OUT);
    ck_assert_ptr_nonnull(strstr(messages(), "ps-tree: standard output: "));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, escapes_the_whole_line);
    tcase_add_test(tests, heeds_verbosity);
    tcase_add_test(tests, never_waits_for_a_reader);
    tcase_add_test(tests, draws_nothing_without_a_terminal);
    tcase_add_test(tests, redraws_on_a_terminal);
    tcase_add_test(tests, knows_the_width);
    tcase_add_test(tests, ends_with_the_status);
    tcase_add_test(tests, says_failures_to_monitoring);
    tcase_add_test(tests, prefers_a_real_failure);
    tcase_add_test(tests, checks_what_was_written);
    tcase_add_test(tests, remembers_an_early_failure);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
