/* The parsers of /proc: the sample line that stands beside each, and rows of what must hold. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "procparse.h"
#include "suite.h"

#define COUNT(rows) (sizeof rows / sizeof *rows)

/* --- status --- */

static const char status_text[] = "Name:\tforged\\nUid:\t7 7 7 7\n"
                                  "Umask:\t0022\n"
                                  "State:\tS (sleeping)\n"
                                  "Tgid:\t42\n"
                                  "Ngid:\t0\n"
                                  "Pid:\t42\n"
                                  "PPid:\t1\n"
                                  "TracerPid:\t41\n"
                                  "Uid:\t1000\t1001\t1002\t1003\n"
                                  "Gid:\t100\t4294967295\t102\t103\n"
                                  "FDSize:\t64\n"
                                  "Groups:\t4 24 27 \n"
                                  "NStgid:\t42\t7\n"
                                  "NSpid:\t42\t7\t1\n"
                                  "VmPeak:\t   10120 kB\n"
                                  "VmRSS:\t     812 kB\n"
                                  "RssShmem:\t       4 kB\n"
                                  "VmPTE:\t      56 kB\n"
                                  "VmSwap:\t     300 kB\n"
                                  "Threads:\t3\n"
                                  "SigQ:\t0/31439\n"
                                  "SigPnd:\t0000000000000001\n"
                                  "ShdPnd:\t0000000000000002\n"
                                  "SigBlk:\t8000000000010000\n"
                                  "SigIgn:\t0000000000000004\n"
                                  "SigCgt:\t00000001a0014eff\n"
                                  "Cpus_allowed_list:\t0-1\n";

START_TEST(status_fields)
{
    char *copy = exact(status_text, sizeof status_text - 1);
    struct pt_status status;

    ck_assert_int_eq(pt_parse_status(copy, sizeof status_text - 1, &status), 0);
    ck_assert_uint_eq(status.uid[PT_REAL], 1000);
    ck_assert_uint_eq(status.uid[PT_EFFECTIVE], 1001);
    ck_assert_uint_eq(status.uid[PT_SAVED], 1002);
    ck_assert_uint_eq(status.uid[PT_FILESYSTEM], 1003);
    ck_assert_uint_eq(status.gid[PT_EFFECTIVE], UINT32_MAX);
    ck_assert_int_eq(status.tracer, 41);
    ck_assert_uint_eq(status.nspid_count, 3);
    ck_assert_int_eq(status.nspid[0], 42);
    ck_assert_int_eq(status.nspid[2], 1);
    ck_assert(status.has_memory);
    ck_assert_uint_eq(status.rss, 812 * 1024);
    ck_assert_uint_eq(status.rss_shmem, 4 * 1024);
    ck_assert_uint_eq(status.page_tables, 56 * 1024);
    ck_assert_uint_eq(status.swap, 300 * 1024);
    ck_assert_uint_eq(status.threads, 3);
    ck_assert_uint_eq(status.pending, 1);
    ck_assert_uint_eq(status.shared_pending, 2);
    ck_assert_uint_eq(status.blocked, 0x8000000000010000u);
    ck_assert_uint_eq(status.ignored, 4);
    ck_assert_uint_eq(status.caught, 0x1a0014effu);
    free(copy);
}
END_TEST

#define IDS "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"
static const struct {
    const char *text;
    int error;
} statuses[] = {
    {IDS, 0},
    {"Name:\tx\n" IDS "Threads:\t1", 0},
    {IDS "SigBlk:\t00000000000000000000000000000001\n", 0}, /* 128 signals, mips */
    {"", -EINVAL},
    {"Uid:\t0\t0\t0\t0\n", -EINVAL},
    {"Uid:\t0\t0\t0\nGid:\t0\t0\t0\t0\n", -EINVAL},
    {"Uid:\t4294967296\t0\t0\t0\nGid:\t0\t0\t0\t0\n", -ERANGE},
    {IDS "VmRSS:\t12\n", -EINVAL},
    {IDS "VmRSS:\t12 MB\n", -EINVAL},
    {IDS "VmRSS:\t18014398509481984 kB\n", -ERANGE},
    {IDS "SigBlk:\tg\n", -EINVAL},
    {IDS "SigBlk:\t\n", -EINVAL},
    {IDS "NSpid:\tx\n", -EINVAL},
    {IDS "NSpid:\t1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n", 0},
    {IDS "NSpid:\t1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n", -ERANGE},
};

static void check_status_rows(size_t i)
{
    size_t length = strlen(statuses[i].text);
    char *copy = exact(statuses[i].text, length);
    struct pt_status status;

    ck_assert_int_eq(pt_parse_status(copy, length, &status), statuses[i].error);
    if (statuses[i].error == 0)
        ck_assert(!status.has_memory);
    free(copy);
}

START_TEST(status_rows)
{
    for (size_t i = 0; i < COUNT(statuses); i++)
        check_status_rows(i);
}
END_TEST

/* --- statm, smaps --- */

START_TEST(statm_fields)
{
    struct pt_statm statm;

    ck_assert_int_eq(pt_parse_statm("1203 204 187 5 0 113 0\n", 23, &statm), 0);
    ck_assert_uint_eq(statm.size, 1203);
    ck_assert_uint_eq(statm.resident, 204);
    ck_assert_uint_eq(statm.shared, 187);
    ck_assert_int_eq(pt_parse_statm("1203 204", 8, &statm), -EINVAL);
    ck_assert_int_eq(pt_parse_statm("1203 x 3", 8, &statm), -EINVAL);
    ck_assert_int_eq(pt_parse_statm("1203 2x 3", 9, &statm), -EINVAL);
    ck_assert_int_eq(pt_parse_statm("", 0, &statm), -EINVAL);
}
END_TEST

START_TEST(smaps_rollup)
{
    static const char text[] =
        "55d0c8a00000-7ffd4b5f2000 ---p 00000000 00:00 0                          [rollup]\n"
        "Rss:                3744 kB\n"
        "Pss:                 921 kB\n"
        "Pss_Dirty:           324 kB\n"
        "Pss_Anon:            312 kB\n"
        "Pss_File:            600 kB\n"
        "Pss_Shmem:             9 kB\n"
        "Shared_Clean:       3000 kB\n"
        "Shared_Dirty:          1 kB\n"
        "Private_Clean:       100 kB\n"
        "Private_Dirty:       643 kB\n"
        "Swap:                 12 kB\n"
        "SwapPss:               8 kB\n";
    struct pt_smaps smaps;

    ck_assert_int_eq(pt_parse_smaps_rollup(text, sizeof text - 1, &smaps), 0);
    ck_assert_uint_eq(smaps.rss, 3744 * 1024);
    ck_assert_uint_eq(smaps.pss, 921 * 1024);
    ck_assert_uint_eq(smaps.pss_shmem, 9 * 1024);
    ck_assert(smaps.has_pss_shmem && smaps.has_swap_pss);
    ck_assert_uint_eq(smaps.shared_clean, 3000 * 1024);
    ck_assert_uint_eq(smaps.shared_dirty, 1024);
    ck_assert_uint_eq(smaps.private_clean, 100 * 1024);
    ck_assert_uint_eq(smaps.private_dirty, 643 * 1024);
    ck_assert_uint_eq(smaps.swap, 12 * 1024);
    ck_assert_uint_eq(smaps.swap_pss, 8 * 1024);
    ck_assert_int_eq(pt_parse_smaps_rollup("", 0, &smaps), -ESRCH);
    ck_assert_int_eq(pt_parse_smaps_rollup("Pss: 1 kB\n", 10, &smaps), -ESRCH);
}
END_TEST

/* Lines that count, and mappings whose path looks as if. */
START_TEST(smaps_lines)
{
    static const char *const lines[] = {
        "7f0000000000-7f0000001000 r-xp 00000000 08:01 42   /tmp/Rss: 999 kB",
        "Rss:                   4 kB",
        "Pss:                   2 kB",
        "VmFlags: rd ex mr mw me",
        "Rss:                   8 kB",
        "Pss:                   1 kB",
        "Pss:                   1 MB",
        "Pss: -1 kB",
        "Pss:",
        "",
    };
    struct pt_smaps sums = {0};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        pt_parse_smaps_line(lines[i], strlen(lines[i]), &sums);
    ck_assert_uint_eq(sums.rss, 12 * 1024);
    ck_assert_uint_eq(sums.pss, 3 * 1024);
    ck_assert(sums.any && !sums.has_pss_shmem);
}
END_TEST

/* --- cgroup --- */

static const char cgroup_text[] = "12:cpu,cpuacct:/user.slice\n"
                                  "11:memory:/a:b\n"
                                  "7:cpuset:/\n"
                                  "1:name=systemd:/user.slice/session-2.scope\n"
                                  "0::/user.slice/session-2.scope (deleted)\n";

static const struct {
    const char *controller, *path;
} cgroups[] = {
    {"cpu", "/user.slice"},
    {"cpuacct", "/user.slice"},
    {"memory", "/a:b"},
    {"cpuset", "/"},
    {"name=systemd", "/user.slice/session-2.scope"},
    {"", "/user.slice/session-2.scope (deleted)"},
    {"acct", NULL},
    {"cpu,cpuacct", NULL},
    {"systemd", NULL},
};

static void check_cgroup_rows(size_t i)
{
    char *copy = exact(cgroup_text, sizeof cgroup_text - 1);
    const char *path = NULL;
    size_t length = 0;
    int error =
        pt_parse_cgroup(copy, sizeof cgroup_text - 1, cgroups[i].controller, &path, &length);

    ck_assert_int_eq(error, cgroups[i].path ? 0 : -ENOENT);
    if (cgroups[i].path) {
        ck_assert_uint_eq(length, strlen(cgroups[i].path));
        ck_assert_int_eq(memcmp(path, cgroups[i].path, length), 0);
    }
    free(copy);
}

START_TEST(cgroup_rows)
{
    for (size_t i = 0; i < COUNT(cgroups); i++)
        check_cgroup_rows(i);
}
END_TEST

START_TEST(cgroup_none)
{
    const char *path;
    size_t length;

    ck_assert_int_eq(pt_parse_cgroup("", 0, "", &path, &length), -ENOENT);
    ck_assert_int_eq(pt_parse_cgroup("0:\n", 3, "", &path, &length), -ENOENT);
    ck_assert_int_eq(pt_parse_cgroup("nothing", 7, "", &path, &length), -ENOENT);
}
END_TEST

/* --- strings --- */

#define STRINGS(bytes, ...)                                                                        \
    {                                                                                              \
        bytes, sizeof bytes - 1,                                                                   \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
static const struct {
    const char *bytes;
    size_t length;
    const char *strings[5];
} blocks[] = {
    STRINGS("", NULL),
    STRINGS("a\0b\0", "a", "b"),
    STRINGS("a\0b", "a", "b"),
    STRINGS("no nul", "no nul"),
    STRINGS("\0", ""),
    STRINGS("\0\0", "", ""),
    STRINGS("a\0\0\0b\0", "a", "", "", "b"),
};

static void check_string_rows(size_t i)
{
    char *copy = exact(blocks[i].bytes, blocks[i].length);
    size_t offset = 0, length, count = 0;
    const char *string;

    while (pt_next_string(copy, blocks[i].length, &offset, &string, &length)) {
        ck_assert_ptr_nonnull(blocks[i].strings[count]);
        ck_assert_uint_eq(length, strlen(blocks[i].strings[count]));
        ck_assert_int_eq(memcmp(string, blocks[i].strings[count], length), 0);
        count++;
    }
    ck_assert_ptr_null(blocks[i].strings[count]);
    free(copy);
}

START_TEST(string_rows)
{
    for (size_t i = 0; i < COUNT(blocks); i++)
        check_string_rows(i);
}
END_TEST

/* --- meminfo, uptime --- */

START_TEST(meminfo)
{
    static const char text[] = "MemTotal:       16384 kB\nMemAvailable:    1000 kB\nHugePages: 3\n";
    uint64_t bytes;

    ck_assert_int_eq(pt_parse_meminfo(text, sizeof text - 1, "MemAvailable", &bytes), 0);
    ck_assert_uint_eq(bytes, 1000 * 1024);
    ck_assert_int_eq(pt_parse_meminfo(text, sizeof text - 1, "MemTota", &bytes), -ENOENT);
    ck_assert_int_eq(pt_parse_meminfo(text, sizeof text - 1, "HugePages", &bytes), -EINVAL);
}
END_TEST

static const struct {
    const char *text;
    int error;
    int64_t nanoseconds;
} uptimes[] = {
    {"350735.47 234388.90\n", 0, INT64_C(350735470000000)},
    {"7", 0, INT64_C(7000000000)},
    {"0.05 1", 0, 50000000},
    {"1.1234567899", 0, 1123456789},
    {"", -EINVAL, 0},
    {"x", -EINVAL, 0},
    {"-1.0", -EINVAL, 0},
    {"1.x", -EINVAL, 0},
    {"9223372037.0", -EINVAL, 0},
    {"99999999999999999999", -EINVAL, 0},
};

static void check_uptime_rows(size_t i)
{
    int64_t nanoseconds = -1;
    int error = pt_parse_uptime(uptimes[i].text, strlen(uptimes[i].text), &nanoseconds);

    ck_assert_int_eq(error, uptimes[i].error);
    ck_assert_int_eq(nanoseconds, error ? -1 : uptimes[i].nanoseconds);
}

START_TEST(uptime_rows)
{
    for (size_t i = 0; i < COUNT(uptimes); i++)
        check_uptime_rows(i);
}
END_TEST

/* --- mountinfo --- */

static void check_part(const char *part, size_t length, const char *expected)
{
    ck_assert_uint_eq(length, strlen(expected));
    ck_assert_int_eq(memcmp(part, expected, length), 0);
}

static const char *const mounts[] = {
    "36 35 98:0 /mnt1 /a\\040b rw,noatime - ext3 /dev/root rw,errors=continue",
    "36 35 98:0 /mnt1 /a\\040b rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
    "36 35 98:0 /mnt1 /a\\040b rw shared:3 master:1 - ext3 none rw,errors=continue",
};

static void check_mountinfo_rows(size_t i)
{
    struct pt_mount mount;

    ck_assert_int_eq(pt_parse_mountinfo_line(mounts[i], strlen(mounts[i]), &mount), 0);
    check_part(mount.root, mount.root_length, "/mnt1");
    check_part(mount.mount_point, mount.mount_point_length, "/a\\040b");
    check_part(mount.type, mount.type_length, "ext3");
    check_part(mount.super_options, mount.super_options_length, "rw,errors=continue");
}

START_TEST(mountinfo_rows)
{
    for (size_t i = 0; i < COUNT(mounts); i++)
        check_mountinfo_rows(i);
}
END_TEST

START_TEST(mountinfo_short)
{
    struct pt_mount mount;

    for (size_t length = 0; length < strlen(mounts[0]) - strlen("rw,errors=continue"); length++) {
        char *copy = exact(mounts[0], length);

        ck_assert_int_eq(pt_parse_mountinfo_line(copy, length, &mount), -EINVAL);
        free(copy);
    }
}
END_TEST

/* --- pids --- */

START_TEST(pid_lists)
{
    static const char text[] = "1043 1044 2147483647 ";
    static const pid_t expected[] = {1043, 1044, 2147483647};
    size_t offset = 0, count = 0;
    pid_t pid;

    while (pt_next_pid(text, sizeof text - 1, &offset, &pid))
        ck_assert_int_eq(pid, expected[count++]);
    ck_assert_uint_eq(count, 3);
    offset = 0;
    ck_assert(!pt_next_pid("", 0, &offset, &pid));
    ck_assert(!pt_next_pid("2147483648", 10, &offset, &pid));
    ck_assert(!pt_next_pid("0", 1, &offset, &pid));
}
END_TEST

static const struct {
    const char *name;
    pid_t pid;
} names[] = {
    {"1", 1},          {"2147483647", 2147483647},
    {"2147483648", 0}, {"99999999999999999999", 0},
    {"", 0},           {"0", 0},
    {"01", 0},         {"-1", 0},
    {"self", 0},       {"1x", 0},
    {" 1", 0},
};

static void check_pid_names(size_t i)
{
    ck_assert_int_eq(pt_parse_pid_name(names[i].name), names[i].pid);
}

START_TEST(pid_names)
{
    for (size_t i = 0; i < COUNT(names); i++)
        check_pid_names(i);
}
END_TEST

int main(void)
{
    return RUN_SUITE("procparse", status_fields, status_rows, statm_fields, smaps_rollup,
                     smaps_lines, cgroup_rows, cgroup_none, string_rows, meminfo, uptime_rows,
                     mountinfo_rows, mountinfo_short, pid_lists, pid_names);
}
