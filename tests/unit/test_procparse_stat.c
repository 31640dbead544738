/* stat: the sample line, and whatever a name or a number can be. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "procparse.h"
#include "suite.h"

#define COUNT(rows) (sizeof rows / sizeof *rows)

static int parse(const char *bytes, size_t length, struct pt_stat *ret_stat)
{
    char *copy = exact(bytes, length);
    int error = pt_parse_stat(copy, length, ret_stat);

    if (error == 0)
        ret_stat->comm = bytes + (ret_stat->comm - copy);
    free(copy);
    return error;
}

START_TEST(stat_fields)
{
    static const char line[] = "1042 (a) b (c) S 1 1042 1043 34816 1044 4194304 98 0 0 0 3 1 0 0 "
                               "20 -5 7 0 5218 2539520 203 18446744073709551615 1 2 3\n";
    struct pt_stat stat;

    ck_assert_int_eq(parse(line, sizeof line - 1, &stat), 0);
    ck_assert_int_eq(stat.pid, 1042);
    ck_assert_uint_eq(stat.comm_length, 7);
    ck_assert_mem_eq(stat.comm, "a) b (c", 7);
    ck_assert_int_eq(stat.state, 'S');
    ck_assert_int_eq(stat.ppid, 1);
    ck_assert_int_eq(stat.pgrp, 1042);
    ck_assert_int_eq(stat.session, 1043);
    ck_assert_uint_eq(stat.tty, 34816);
    ck_assert_int_eq(stat.tpgid, 1044);
    ck_assert_uint_eq(stat.flags, 4194304);
    ck_assert_uint_eq(stat.utime, 3);
    ck_assert_uint_eq(stat.stime, 1);
    ck_assert_int_eq(stat.nice, -5);
    ck_assert_uint_eq(stat.threads, 7);
    ck_assert_uint_eq(stat.starttime, 5218);
    ck_assert_uint_eq(stat.vsize, 2539520);
    ck_assert_uint_eq(stat.rss, 203);
}
END_TEST

static const char sixty_three[] =
    "kworker/u8:2-events_unbound-0123456789012345678901234567890123456";

#define COMM(text)                                                                                 \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }
static const struct {
    const char *comm;
    size_t length;
} comms[] = {
    COMM("cat"),
    COMM(""),
    COMM(")"),
    COMM("("),
    COMM("))"),
    COMM(") S 1 1"),
    COMM("a) R 0 0 0 0 -1 0 (b"),
    COMM("two words"),
    COMM("line\nbreak"),
    COMM("\n"),
    COMM("\033[31mred"),
    COMM("\xff\xfe\x80"),
    COMM("\t "),
    COMM("x\n2 (init) S 0 2"),
    {sixty_three, sizeof sixty_three - 1},
};

static void check_stat_comms(size_t i)
{
    static const char rest[] = ") Z 2 3 4 0 -1 2097152 0 0 0 0 0 0 0 0 20 0 1 0 77";
    char line[256] = "9 (";
    size_t length = 3;
    struct pt_stat stat;

    memcpy(line + length, comms[i].comm, comms[i].length);
    length += comms[i].length;
    memcpy(line + length, rest, sizeof rest - 1);
    length += sizeof rest - 1;
    ck_assert_int_eq(parse(line, length, &stat), 0);
    ck_assert_uint_eq(stat.comm_length, comms[i].length);
    ck_assert_int_eq(memcmp(stat.comm, comms[i].comm, comms[i].length), 0);
    ck_assert_int_eq(stat.state, 'Z');
    ck_assert_int_eq(stat.ppid, 2);
    ck_assert_int_eq(stat.tpgid, -1);
    ck_assert_uint_eq(stat.flags, PT_PF_KTHREAD);
    ck_assert_uint_eq(stat.starttime, 77);
    ck_assert_uint_eq(stat.vsize, 0);
}

START_TEST(stat_comms)
{
    for (size_t i = 0; i < COUNT(comms); i++)
        check_stat_comms(i);
}
END_TEST

/* A record that goes on behind `)` with this. */
static const struct {
    const char *rest;
    int error;
} stat_rests[] = {
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 18446744073709551615", 0},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 4294967296", 0},
    {" S 1 1 1 0 -1 4294967295 0 0 0 0 0 0 0 0 20 0 1 0 5 1 2 3 x y", 0},
    {" S 0 -1 -1 -2146304000 -1 0 0 0 0 0 0 0 0 0 20 0 0 0 5 0 0", 0},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 18446744073709551616", -ERANGE},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 18446744073709551616", -ERANGE},
    {" S 2147483648 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -ERANGE},
    {" S -1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -ERANGE},
    {" S 1 1 1 0 -2 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -ERANGE},
    {" S 1 1 1 0 -1 4294967296 0 0 0 0 0 0 0 0 20 0 1 0 5", -ERANGE},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ", -EINVAL},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1", -EINVAL},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5x", -EINVAL},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 7x", -EINVAL},
    {" S +1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {" S 0x1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5\n", 0},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 6\n", 0},
    {" S 1 1 1 0 -1 0 x y z u 0 0 - - - 20 1 - 5 6 7 8", 0},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99999999999999999999999999", -ERANGE},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 -2147483648 4194304 0 5", 0},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 -2147483649 1 0 5", -ERANGE},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4194305 0 5", -ERANGE},
    {" S 1 1 1 4294967296 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -ERANGE},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 - 1 0 5", -EINVAL},
    {" S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 -x 1 0 5", -EINVAL},
    {" S 1 1 1 0 -1 -1 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {" S  1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {" S 1\n1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {" S 1\t1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {"  S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {"   1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {" \n 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {" \xff 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {" SS 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {"S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", -EINVAL},
    {" S", -EINVAL},
    {" ", -EINVAL},
    {"", -EINVAL},
};

static void check_stat_rest(size_t i)
{
    char line[256] = "9 (x)";
    struct pt_stat stat;

    strcat(line, stat_rests[i].rest);
    ck_assert_int_eq(parse(line, strlen(line), &stat), stat_rests[i].error);
}

START_TEST(stat_rest)
{
    for (size_t i = 0; i < COUNT(stat_rests); i++)
        check_stat_rest(i);
}
END_TEST

static const char *const no_stats[] = {
    "",         "9(x) S", "9  (x) S",          "9", "9 ", "9 x", "9 (x", "9 x)", "(x) S", "0 (x) S",
    "-9 (x) S", ")(",     "99999999999 (x) S",
};

static void check_stat_beginnings(size_t i)
{
    char line[128];
    struct pt_stat stat;

    strcpy(line, no_stats[i]);
    if (strchr(line, 'S'))
        strcat(line, " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5");
    ck_assert_int_eq(parse(line, strlen(line), &stat), -EINVAL);
}

START_TEST(stat_beginnings)
{
    for (size_t i = 0; i < COUNT(no_stats); i++)
        check_stat_beginnings(i);
}
END_TEST

/* tty_nr's highest bits are minor's, and the kernel prints it signed. */
START_TEST(stat_tty)
{
    static const char line[] = "9 (x) S 1 1 1 -2146304000 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5";
    struct pt_stat stat;

    ck_assert_int_eq(parse(line, sizeof line - 1, &stat), 0);
    ck_assert_uint_eq(stat.tty, (uint32_t)-2146304000);
}
END_TEST

int main(void)
{
    return RUN_SUITE("procparse_stat", stat_fields, stat_comms, stat_rest, stat_beginnings,
                     stat_tty);
}
