/* What the text of /proc/PID/cgroup says, as real systems write it and as somebody may forge it;
 * and limits on memory, through mounts of all kinds, in a fixture. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "fakeproc.h"
#include "scarce.h"
#include "suite.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "pod11111111_2222_3333_4444_555555555555"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static void check_text(const char *input, const char *expected, bool found, const char *text,
                       size_t length)
{
    ck_assert_msg(found == (expected != NULL), "%s", input);
    if (found)
        ck_assert_msg(length == strlen(expected) && memcmp(text, expected, length) == 0, "%s: %.*s",
                      input, (int)length, text);
}

START_TEST(path)
{
    static const struct {
        const char *text, *path;
    } rows[] = {
        {"0::/system.slice/cron.service\n", "/system.slice/cron.service"},
        {"0::/\n", "/"},
        {"0::/a:b c\n", "/a:b c"},
        {"0::/without/newline", "/without/newline"},
        {"12:cpu,cpuacct:/\n1:name=systemd:/user.slice/user-0.slice/session-2.scope\n0::/x\n",
         "/x"},
        {"12:cpu,cpuacct:/\n1:name=systemd:/user.slice/user-0.slice/session-2.scope\n0::/\n",
         "/user.slice/user-0.slice/session-2.scope"},
        {"12:cpu,cpuacct:/\n11:memory:/docker/" ID "\n1:name=systemd:/\n0::/\n", "/docker/" ID},
        {"12:cpu,cpuacct:/\n11:memory:/\n", "/"},
        {"", NULL},
        {"\n\n", NULL},
        {"1\n1:\nnonsense\n", NULL},
        {"1:memory:\n", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = NULL;
        size_t length = 0;
        int error = pt_cgroup_path(rows[i].text, strlen(rows[i].text), &text, &length);
        ck_assert_int_eq(error, rows[i].path ? 0 : -ENOENT);
        check_text(rows[i].text, rows[i].path, error == 0, text, length);
    }
}
END_TEST

START_TEST(unit)
{
    static const struct {
        const char *path, *unit;
    } rows[] = {
        {"/system.slice/cron.service", "cron.service"},
        {"/system.slice/cron.service (deleted)", "cron.service"},
        {"/init.scope", "init.scope"},
        {"/user.slice/user-1000.slice/session-2.scope", "session-2.scope"},
        {"/user.slice/user-1000.slice/user@1000.service/app.slice/firefox.service",
         "user@1000.service"},
        {"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"},
        {"/system.slice/dev-disk\\x2dby.mount", "dev-disk\\x2dby.mount"},
        {"/system.slice/docker-" ID ".scope", "docker-" ID ".scope"},
        {"/system.slice/cron.service/own/group", "cron.service"},
        {"/system.slice/_cpu.service", "cpu.service"},
        {"/../../system.slice/cron.service", "cron.service"},
        {"/", NULL},
        {"", NULL},
        {"/system.slice", NULL},
        {"/docker/" ID, NULL},
        {"/mine/cron.service", NULL},
        {"/system.slice/.service", NULL},
        {"/system.slice/a b.service", NULL},
        {"/system.slice/\033[1mx.service", NULL},
        {"/system.slice/x.target", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = NULL;
        size_t length = 0;
        bool found = pt_cgroup_unit(rows[i].path, strlen(rows[i].path), &text, &length);
        check_text(rows[i].path, rows[i].unit, found, text, length);
    }
}
END_TEST

START_TEST(container)
{
    static const struct {
        const char *path, *id;
    } rows[] = {
        {"/docker/" ID, ID},
        {"/docker/" ID " (deleted)", ID},
        {"/system.slice/docker-" ID ".scope", ID},
        {"/system.slice/docker-" ID ".scope/init.scope", ID},
        {"/machine.slice/libpod-" ID ".scope/container", ID},
        {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", ID},
        {"/libpod_parent/libpod-" ID, ID},
        {"/kubepods/burstable/" POD "/" ID, ID},
        {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-" POD
         ".slice/cri-containerd-" ID ".scope",
         ID},
        {"/kubepods.slice/kubepods-" POD ".slice/crio-" ID ".scope", ID},
        {"/system.slice/containerd.service/kubepods-" POD ".slice:cri-containerd:" ID, ID},
        {"/lxc/web/system.slice/cron.service", "web"},
        {"/lxc.payload.web/system.slice/cron.service", "web"},
        {"/lxc.payload/web", "web"},
        {"/lxc.payload.web/docker/" ID, ID},
        {"/lxc.monitor.web", NULL},
        {"/lxc.monitor/web", NULL},
        {"/machine.slice/libpod-conmon-" ID ".scope", NULL},
        {"/system.slice/crio-conmon-" ID ".scope", NULL},
        {"/system.slice/cron.service", NULL},
        {"/docker/0" ID, NULL},
        {"/docker/" ID "0", NULL},
        {"/docker/ABCDEF", NULL},
        {"/lxc", NULL},
        {"/lxc.payload.", NULL},
        {"/", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = NULL;
        size_t length = 0;
        bool found = pt_cgroup_container(rows[i].path, strlen(rows[i].path), &text, &length);
        check_text(rows[i].path, rows[i].id, found, text, length);
    }
}
END_TEST

/* --- limits on memory: the groups are directories below `cg` of the fixture --- */

static struct fakeproc proc;
static struct pt_procfs procfs;
static struct pt_arena arena;

static void set_up(void)
{
    fakeproc_init(&proc);
    fakeproc_add(&proc, &(struct fake_process){.pid = 1});
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    pt_arena_init(&arena);
}

static void tear_down(void)
{
    pt_arena_done(&arena);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}

/* One line of mountinfo; POINT is below the fixture. */
struct mount {
    const char *root, *point, *type, *options;
};

static void write_mounts(const struct mount *mounts, size_t count)
{
    char text[4096];
    size_t length = (size_t)snprintf(text, sizeof text, "21 1 0:21 / / rw - ext4 /dev/sda1 rw\n");

    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "%zu 21 0:26 %s %s/%s rw,nosuid shared:9 - %s cgroup %s\n",
                                   i + 30, mounts[i].root, proc.path, mounts[i].point,
                                   mounts[i].type, mounts[i].options);
    fakeproc_text(&proc, 0, "self/mountinfo", text);
}

static void write_file(const char *group, const char *name, const char *text)
{
    char file[256];

    snprintf(file, sizeof file, "%s/%s", group, name);
    fakeproc_text(&proc, 0, file, text);
}

static void write_group2(const char *group, const char *max, const char *current, const char *stat)
{
    write_file(group, "memory.max", max);
    write_file(group, "memory.current", current);
    write_file(group, "memory.stat", stat);
}

static void write_group1(const char *group, const char *limit, const char *usage, const char *stat)
{
    write_file(group, "memory.limit_in_bytes", limit);
    write_file(group, "memory.usage_in_bytes", usage);
    write_file(group, "memory.stat", stat);
}

static struct pt_memory_limits read_limits(const char *cgroup)
{
    struct pt_memory_limits limits = {.count = 99};

    ck_assert_int_eq(pt_cgroup_memory(&procfs, cgroup, strlen(cgroup), &arena, &limits), 0);
    return limits;
}

static void check_limit(const struct pt_memory_limits *limits, size_t index, const char *group,
                        uint64_t limit, uint64_t usage, uint64_t inactive_file)
{
    ck_assert_uint_lt(index, limits->count);
    ck_assert_str_eq(limits->list[index].group, group);
    ck_assert_uint_eq(limits->list[index].limit, limit);
    ck_assert_uint_eq(limits->list[index].usage, usage);
    ck_assert_uint_eq(limits->list[index].inactive_file, inactive_file);
}

#define V2 "cgroup2", "rw"
#define V1 "cgroup", "rw,memory"

START_TEST(version2)
{
    static const struct mount mounts[] = {{"/", "cg", V2}};
    struct pt_memory_limits limits;

    set_up();
    write_mounts(mounts, COUNT(mounts));
    write_group2("cg/web/apache/deep", "500\n", "400\n", "anon 1\ninactive_file 30\nfile 2\n");
    write_group2("cg/web/apache", "max\n", "9\n", "inactive_file 3\n");
    write_group2("cg/web", "700\n", "600\n", "inactive_file_x 1\nxinactive_file 2\n");
    limits = read_limits("0::/web/apache/deep\n");
    ck_assert_ptr_null(limits.unseen);
    ck_assert_uint_eq(limits.count, 2);
    check_limit(&limits, 0, "/web/apache/deep", 500, 400, 30);
    check_limit(&limits, 1, "/web", 700, 600, 0);
    limits = read_limits("0::/web/apache");
    ck_assert_uint_eq(limits.count, 1);
    ck_assert_uint_eq(read_limits("0::/\n").count, 0);
    tear_down();
}
END_TEST

/* No kernel writes such a path, but somebody who made a tree for us may: each step up is a group.
 */
START_TEST(many_slashes)
{
    static const struct mount mounts[] = {{"/", "cg", V2}};
    char text[512] = "0::/web";
    struct pt_memory_limits limits;

    memset(text + strlen(text), '/', 300);
    set_up();
    write_mounts(mounts, COUNT(mounts));
    write_group2("cg/web", "700\n", "600\n", "");
    limits = read_limits(text);
    ck_assert_ptr_null(limits.unseen);
    ck_assert_uint_eq(limits.count, 301);
    check_limit(&limits, 300, "/web", 700, 600, 0);
    tear_down();
}
END_TEST

/* Where version 1 has the controller its line counts, and the sum over the groups below. */
START_TEST(version1)
{
    static const struct mount mounts[] = {{"/", "cg2", V2},
                                          {"/", "cpu", "cgroup", "rw,cpu"},
                                          {"/", "cg", "cgroup", "rw,hugetlb,memory"}};
    struct pt_memory_limits limits;

    set_up();
    write_mounts(mounts, COUNT(mounts));
    write_group2("cg2/web", "5\n", "5\n", "");
    write_group1("cg/web", "1152921504606846975\n", "7\n",
                 "inactive_file 1\ntotal_inactive_file 6\n");
    write_group1("cg", "1152921504606846976\n", "8\n", "");
    limits = read_limits("5:cpu:/other\n4:hugetlb,memory:/web\n0::/web\n");
    ck_assert_ptr_null(limits.unseen);
    ck_assert_uint_eq(limits.count, 1);
    check_limit(&limits, 0, "/web", (UINT64_C(1) << 60) - 1, 7, 6);
    tear_down();
}
END_TEST

/* In a container our mount shows its own group as if it were the root. */
START_TEST(subtree)
{
    static const struct mount mounts[] = {{"/docker/" ID, "cg", V1}};
    struct pt_memory_limits limits;

    set_up();
    write_mounts(mounts, COUNT(mounts));
    write_group1("cg", "500\n", "400\n", "");
    write_group1("cg/web", "300\n", "200\n", "");
    /* A literal join finds this one. */
    write_group1("cg/docker/" ID, "9000\n", "1\n", "");
    limits = read_limits("4:memory:/docker/" ID "/web\n");
    ck_assert_ptr_null(limits.unseen);
    ck_assert_uint_eq(limits.count, 2);
    check_limit(&limits, 0, "/docker/" ID "/web", 300, 200, 0);
    check_limit(&limits, 1, "/docker/" ID, 500, 400, 0);
    limits = read_limits("4:memory:/docker/" ID "\n");
    ck_assert_uint_eq(limits.count, 1);
    check_limit(&limits, 0, "/docker/" ID, 500, 400, 0);
    tear_down();
}
END_TEST

/* What is not shown is unseen, and never no limit. */
START_TEST(outside)
{
    static const struct mount mounts[] = {{"/docker/" ID, "cg", V2}};
    static const struct {
        const char *cgroup, *unseen;
    } rows[] = {
        {"0::/docker/other\n", "/docker/other"},
        {"0::/docker/" ID "x\n", "/docker/" ID "x"},
        {"0::/\n", "/"},
        {"0::/../sibling\n", "/../sibling"},
        {"0::/docker/" ID "/gone\n", "/docker/" ID "/gone"},
        {"0::/docker/" ID "/broken\n", "/docker/" ID "/broken"},
        {"0::/docker/" ID "/half\n", "/docker/" ID "/half"},
        {"3:cpu:/docker/" ID "\n", NULL},
        {"", NULL},
    };

    set_up();
    write_mounts(mounts, COUNT(mounts));
    write_group2("cg/broken", "soon\n", "1\n", "");
    write_file("cg/half", "memory.max", "5\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_memory_limits limits = read_limits(rows[i].cgroup);

        ck_assert_uint_eq(limits.count, 0);
        ck_assert_msg((limits.unseen != NULL) == (rows[i].unseen != NULL), "%s", rows[i].cgroup);
        if (rows[i].unseen != NULL)
            ck_assert_str_eq(limits.unseen, rows[i].unseen);
    }
    fakeproc_unlink(&proc, 0, "self/mountinfo");
    ck_assert_str_eq(read_limits("0::/docker/" ID "\n").unseen, "/docker/" ID);
    tear_down();
}
END_TEST

/* Of several mounts the one that shows the most above, whichever comes first. */
START_TEST(several_mounts)
{
    static const struct mount mounts[] = {{"/a/b", "one", V2},
                                          {"/../..", "two", V2},
                                          {"/", "three\\040blanks\\134", V2},
                                          {"/a", "four", V2}};
    struct pt_memory_limits limits;

    set_up();
    write_mounts(mounts, COUNT(mounts));
    write_group2("one", "1\n", "1\n", "");
    write_group2("three blanks\\/a/b", "3\n", "1\n", "");
    write_group2("three blanks\\/a", "30\n", "1\n", "");
    write_group2("four/b", "4\n", "1\n", "");
    limits = read_limits("0::/a/b\n");
    ck_assert_ptr_null(limits.unseen);
    ck_assert_uint_eq(limits.count, 2);
    check_limit(&limits, 0, "/a/b", 3, 1, 0);
    check_limit(&limits, 1, "/a", 30, 1, 0);
    tear_down();
}
END_TEST

/* By version 1's freezer or by version 2, in a group or above it; what has no such file is not. */
START_TEST(frozen)
{
    static const struct mount mounts[] = {{"/", "cg2", V2}, {"/", "cg", "cgroup", "rw,freezer"}};
    static const struct {
        const char *cgroup;
        int answer;
    } rows[] = {
        {"4:freezer:/cold\n0::/warm\n", 1},
        {"4:freezer:/freezing\n0::/warm\n", 1},
        {"4:freezer:/warm\n0::/cold\n", 1},
        {"4:freezer:/warm\n0::/warm\n", 0},
        {"0::/cold\n", 1},
        {"0::/old\n", 0},
        {"4:freezer:/warm\n", 0},
        {"0::/\n", 0},
        {"0::/gone\n", 0},
        {"0::/../outside\n", 0},
        {"", 0},
        {"4:freezer:/warm\n0::/broken\n", -EINVAL},
        {"4:freezer:/a_directory\n", -EISDIR},
    };

    set_up();
    write_mounts(mounts, COUNT(mounts));
    write_file("cg/cold", "freezer.state", "FROZEN\n");
    write_file("cg/freezing", "freezer.state", "FREEZING\n");
    write_file("cg/warm", "freezer.state", "THAWED\n");
    write_file("cg/a_directory/freezer.state", "x", "");
    write_file("cg2/cold", "cgroup.events", "populated 1\nfrozen 1\n");
    write_file("cg2/warm", "cgroup.events", "populated 1\nfrozen 0\n");
    write_file("cg2/old", "cgroup.events", "populated 1\n"); /* before 5.2 */
    write_file("cg2/broken", "cgroup.events", "frozen yes\n");
    write_file("cg2", "cgroup.procs", "1\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        int answer = pt_cgroup_frozen(&procfs, rows[i].cgroup, strlen(rows[i].cgroup));

        ck_assert_msg(answer == rows[i].answer, "%s: %d", rows[i].cgroup, answer);
    }
    tear_down();
}
END_TEST

/* When our mounts cannot be read nothing is known, which is not to say that nothing is limited. */
START_TEST(no_mounts)
{
    static const char cgroup[] = "0::/web\n";
    struct pt_memory_limits limits;

    set_up();
    fakeproc_text(&proc, 0, "self/mountinfo/x", "");
    ck_assert_int_eq(pt_cgroup_memory(&procfs, cgroup, strlen(cgroup), &arena, &limits), -EISDIR);
    ck_assert_int_eq(pt_cgroup_frozen(&procfs, cgroup, strlen(cgroup)), -EISDIR);
    tear_down();
}
END_TEST

/* A limit that is not told is not no limit. */
START_TEST(nothing_left_to_read_with)
{
    static const struct mount mounts[] = {{"/", "cg", V2}, {"/a\\040b", "cg2", V2}};
    static const char cgroup[] = "0::/web/apache\n", nowhere[] = "4:memory:/elsewhere\n0::/x\n";

    set_up();
    write_mounts(mounts, COUNT(mounts));
    write_group2("cg/web/apache", "500\n", "400\n", "inactive_file 30\n");
    write_group2("cg/web", "700\n", "600\n", "");
    write_file("cg/web/apache", "cgroup.events", "frozen 1\n");
    while (scarce_anything()) {
        struct pt_arena own = {0};
        struct pt_memory_limits limits;

        if (scarce_end(pt_cgroup_memory(&procfs, cgroup, strlen(cgroup), &own, &limits)) == 0)
            ck_assert(limits.count == 2 || limits.unseen != NULL);
        pt_arena_done(&own);
    }
    while (scarce_memory()) {
        struct pt_arena own = {0};
        struct pt_memory_limits limits;

        if (scarce_end(pt_cgroup_memory(&procfs, nowhere, strlen(nowhere), &own, &limits)) == 0)
            ck_assert_str_eq(limits.unseen, "/elsewhere");
        pt_arena_done(&own);
    }
    while (scarce_anything()) {
        int answer = pt_cgroup_frozen(&procfs, cgroup, strlen(cgroup));

        if (scarce_end(answer < 0 ? answer : 0) == 0)
            ck_assert_int_eq(answer, 1);
    }
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_SUITE("cgroup", path, unit, container, version2, many_slashes, version1, subtree,
                     outside, several_mounts, frozen, no_mounts, nothing_left_to_read_with);
}
