/*
 * Each field once: on a fixture that has every source, on one that has none, and on records whose
 * stat was refused.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fakeproc.h"
#include "fields.h"
#include "suite.h"

#define BIT(source) PT_SOURCE_BIT(PT_SOURCE_##source)
#define ALL_SOURCES ((pt_sources)(1u << PT_SOURCE_COUNT) - 1)

/* PID 1 and its child 40, a daemon; 50 is a kernel thread, 60 a zombie, 70 has a stat alone. */
static struct fakeproc proc;
static struct pt_procfs procfs;
static struct pt_snapshot snapshot;
static struct pt_tree tree;
static struct pt_totals *totals;
static uint32_t *depths;
static struct pt_user_names names;
static struct pt_field_context context;
static const struct pt_field **all;

static void add_daemon(void)
{
    static const char cmdline[] = "/usr/sbin/daemon\0-x\0\0two words";
    static const char environment[] = "A=1\0B=\xff\0";
    fakeproc_add(&proc, &(struct fake_process){.pid = 40,
                                               .ppid = 1,
                                               .pgrp = 41,
                                               .session = 42,
                                               .tpgid = 43,
                                               .tty = 34819, /* 136:3 */
                                               .threads = 2,
                                               .comm = "dae\nmon",
                                               .starttime = 99000,
                                               .utime = 150,
                                               .stime = 50,
                                               .vsize = 5000000000,
                                               .rss = 7,
                                               .nice = -5,
                                               .uid = 4294967294u,
                                               .gid = 4294967293u});
    fakeproc_write(&proc, 40, "cmdline", cmdline, sizeof cmdline);
    fakeproc_write(&proc, 40, "environ", environment, sizeof environment - 1);
    fakeproc_link(&proc, 40, "exe", "/usr/sbin/daemon (deleted)");
    fakeproc_link(&proc, 40, "cwd", "/var/spool");
    fakeproc_text(&proc, 40, "attr/current", "unconfined\n");
    fakeproc_text(&proc, 40, "oom_score", "666\n");
    fakeproc_text(&proc, 40, "cgroup", "0::/lxc.payload.web/cron.service\n");
    fakeproc_text(&proc, 40, "smaps_rollup",
                  "00400000-7fff00000000 ---p 00000000 00:00 0 [rollup]\n"
                  "Rss: 28 kB\nPss: 12 kB\nPrivate_Clean: 4 kB\nPrivate_Dirty: 3 kB\n");
    fakeproc_link(&proc, 40, "ns/pid", "pid:[4026531836]");
    fakeproc_link(&proc, 40, "ns/mnt", "mnt:[17]");
}

static void set_up(void)
{
    setenv("LC_ALL", "C.UTF-8", 1);
    fakeproc_init(&proc);
    fakeproc_add(&proc, &(struct fake_process){.pid = 1, .comm = "init", .rss = 1});
    add_daemon();
    fakeproc_add(&proc, &(struct fake_process){
                            .pid = 50, .ppid = 1, .flags = PT_PF_KTHREAD, .comm = "kworker/0:1"});
    fakeproc_text(&proc, 50, "cmdline", "");
    fakeproc_add(&proc, &(struct fake_process){.pid = 60, .ppid = 1, .state = 'Z', .comm = "done"});
    fakeproc_text(&proc, 60, "cmdline", "");
    fakeproc_add(&proc,
                 &(struct fake_process){.pid = 70, .ppid = 40, .starttime = 99500, .rss = 2});
    fakeproc_unlink(&proc, 70, "status");
    fakeproc_unlink(&proc, 70, "cmdline");

    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    procfs.ticks = 100;
    procfs.page_size = 4096;
    ck_assert_int_eq(pt_snapshot_scan(&snapshot, &procfs, ALL_SOURCES), 0);
    ck_assert_int_eq(pt_tree_build(&tree, &snapshot, true), 0);
    ck_assert_int_eq(pt_tree_totals(&tree, &totals), 0);
    ck_assert_int_eq(pt_tree_depths(&tree, &depths), 0);
    ck_assert_int_eq(pt_fields_parse("all,inode", &all, NULL), 0);
    context = (struct pt_field_context){.snapshot = &snapshot,
                                        .tree = &tree,
                                        .depths = depths,
                                        .totals = totals,
                                        .names = &names,
                                        .fields = all};
}

static void tear_down(void)
{
    free(all);
    free(depths);
    free(totals);
    pt_user_names_done(&names);
    pt_tree_done(&tree);
    pt_snapshot_done(&snapshot);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}

static const struct pt_field *find(const char *name)
{
    const struct pt_field *field = pt_field_find(name, strlen(name));
    ck_assert_msg(field != NULL, "%s", name);
    return field;
}

static void check_text(const char *name, pid_t pid, const char *expected)
{
    struct pt_buffer text = {0};
    ck_assert_int_eq(
        pt_field_append(find(name), &context, pt_snapshot_index(&snapshot, pid), &text), 0);
    ck_assert_msg(strcmp(pt_buffer_text(&text), expected) == 0, "%s of %d: %.200s, not %s", name,
                  (int)pid, pt_buffer_text(&text), expected);
    pt_buffer_done(&text);
}

/* One member of the record, or `errors`, as a document of its own. */
static void check_json(const char *name, pid_t pid, const char *expected)
{
    char *written = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&written, &size);
    struct pt_json json;
    uint32_t node = pt_snapshot_index(&snapshot, pid);
    ck_assert_ptr_nonnull(file);
    pt_json_init(&json, file, PT_JSON_COMPACT);
    pt_json_begin_object(&json, NULL);
    if (strcmp(name, "errors") == 0)
        pt_fields_write_errors(&context, node, &json);
    else
        pt_field_write(find(name), &context, node, &json);
    pt_json_end_object(&json);
    fclose(file);
    ck_assert_msg(strcmp(written, expected) == 0, "%s of %d: %s", name, (int)pid, written);
    free(written);
}

START_TEST(text_of_each)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"id", "40@99000"},
        {"inode", "?"},
        {"pid", "40"},
        {"ppid", "1"},
        {"pgrp", "41"},
        {"session", "42"},
        {"tty", "pts/3"},
        {"tpgid", "43"},
        {"state", "S"},
        {"comm", "dae\\x0amon"},
        {"exe", "/usr/sbin/daemon (deleted)"},
        {"exe_name", "daemon"},
        {"exe_path", "/usr/sbin/daemon"},
        {"exe_deleted", "true"},
        {"argv", "/usr/sbin/daemon -x  two words"},
        {"cwd", "/var/spool"},
        {"environ", "A=1 B=\\xff"},
        {"user", "4294967294"},
        {"group", "4294967293"},
        {"uid", "4294967294"},
        {"euser", "4294967294"},
        {"egroup", "4294967293"},
        {"euid", "4294967294"},
        {"suid", "4294967294"},
        {"fsuid", "4294967294"},
        {"gid", "4294967293"},
        {"egid", "4294967293"},
        {"sgid", "4294967293"},
        {"fsgid", "4294967293"},
        {"label", "unconfined"},
        {"vsize", "5000000000"},
        {"rss", "28672"},
        {"pss", "12288"},
        {"uss", "7168"},
        {"swap", "0"},
        {"threads", "2"},
        {"nice", "-5"},
        {"starttime_ticks", "99000"},
        {"runtime", "10.00"},
        {"utime", "1.50"},
        {"stime", "0.50"},
        {"cpu_percent", "20.00"},
        {"cgroup", "/lxc.payload.web/cron.service"},
        {"unit", "-"},
        {"container", "web"},
        {"nspid", "40"},
        {"namespaces", "mnt:17,pid:4026531836"},
        {"oom_score", "666"},
        {"depth", "1"},
        {"root_reason", "-"},
        {"total_rss", "36864"},
        {"total_pss", "12288+"},
        {"total_processes", "2"},
        {"errors", "total_pss:partial,inode:ENOSYS"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_text(rows[i].name, 40, rows[i].text);
    /* Every field has its row but starttime, which is the capture's. */
    size_t count = 0;
    while (pt_field_name_at(count) != NULL)
        count++;
    ck_assert_uint_eq(count, sizeof rows / sizeof *rows + 1);
}
END_TEST

START_TEST(json_of_kinds)
{
    static const struct {
        pid_t pid;
        const char *name, *text;
    } rows[] = {
        {40, "pid", "{\"pid\":40}\n"},
        {40, "nice", "{\"nice\":-5}\n"},
        {40, "vsize", "{\"vsize\":5000000000}\n"},
        {40, "cpu_percent", "{\"cpu_percent\":20.00}\n"},
        {40, "comm", "{\"comm\":\"dae\\nmon\"}\n"},
        {40, "exe_deleted", "{\"exe_deleted\":true}\n"},
        {40, "argv", "{\"argv\":[\"/usr/sbin/daemon\",\"-x\",\"\",\"two words\"]}\n"},
        {40, "environ",
         "{\"environ\":[\"A=1\",\"B=\xef\xbf\xbd\"],\"environ_b64\":[null,\"Qj3/\"]}\n"},
        {40, "nspid", "{\"nspid\":[40]}\n"},
        {40, "namespaces", "{\"namespaces\":{\"mnt\":17,\"pid\":4026531836}}\n"},
        {40, "unit", "{\"unit\":null}\n"},
        {40, "total_pss", "{\"total_pss\":12288}\n"},
        {40, "errors", "{\"errors\":{\"total_pss\":\"partial\",\"inode\":\"ENOSYS\"}}\n"},
        {1, "root_reason", "{\"root_reason\":\"init\"}\n"},
        {1, "tty", "{\"tty\":null}\n"},
        {50, "exe", "{\"exe\":null}\n"},
        {50, "argv", "{\"argv\":[]}\n"},
        {50, "pss", "{\"pss\":0}\n"},
        {60, "argv", "{\"argv\":[]}\n"},
        {60, "environ", "{\"environ\":null}\n"},
        {70, "argv", "{\"argv\":null}\n"},
        {70, "uid", "{\"uid\":null}\n"},
        {70, "pss", "{\"pss\":null}\n"},
        {70, "exe_name", "{\"exe_name\":\"fake\"}\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_json(rows[i].name, rows[i].pid, rows[i].text);
}
END_TEST

/* What there is not, apart from what could not be read. */
START_TEST(absent_or_unknown)
{
    static const struct {
        pid_t pid;
        const char *name, *text;
    } rows[] = {
        {50, "exe", "-"},         {50, "exe_path", "-"},    {50, "exe_name", "kworker/0:1"},
        {50, "cwd", "-"},         {50, "exe_deleted", "-"}, {50, "argv", "-"},
        {50, "environ", "-"},     {50, "label", "-"},       {50, "uss", "0"},
        {50, "cgroup", "?"},      {60, "exe", "-"},         {60, "cwd", "-"},
        {60, "exe_name", "done"}, {60, "pss", "0"},         {70, "exe", "?"},
        {70, "exe_path", "?"},    {70, "cwd", "?"},         {70, "argv", "?"},
        {70, "environ", "?"},     {70, "label", "-"},       {70, "uid", "?"},
        {70, "user", "?"},        {70, "group", "?"},       {70, "swap", "?"},
        {70, "pss", "?"},         {70, "namespaces", "?"},  {70, "nspid", "?"},
        {70, "oom_score", "?"},   {70, "unit", "?"},        {70, "container", "?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_text(rows[i].name, rows[i].pid, rows[i].text);
    check_text("errors", 50,
               "cgroup:ENOENT,unit:ENOENT,container:ENOENT,"
               "namespaces:ENOENT,oom_score:ENOENT,inode:ENOSYS");
}
END_TEST

/* hidepid=1: pid and owner are all that is known. */
START_TEST(refused)
{
    uint32_t node = pt_snapshot_index(&snapshot, 40);
    struct pt_process *process = &snapshot.processes[node];
    *process = (struct pt_process){
        .stat = {.pid = 40, .comm = ""}, .asked = ALL_SOURCES, .owner = 4294967294u};
    for (size_t i = 0; i < PT_SOURCE_COUNT; i++)
        process->error[i] = i == PT_SOURCE_OWNER ? 0 : EPERM;
    for (size_t i = 0; pt_field_name_at(i) != NULL; i++) {
        const char *name = pt_field_name_at(i);
        bool known = strcmp(name, "pid") == 0 || strcmp(name, "euid") == 0 ||
                     strcmp(name, "euser") == 0 || strcmp(name, "errors") == 0;
        if (!known)
            check_text(name, 40, "?");
    }
    check_text("pid", 40, "40");
    check_text("euid", 40, "4294967294");
    check_text("euser", 40, "4294967294");
    const struct pt_field **few;
    ck_assert_int_eq(pt_fields_parse("pid,ppid,euid", &few, NULL), 0);
    context.fields = few;
    check_json("errors", 40, "{\"errors\":{\"ppid\":\"EPERM\"}}\n");
    free(few);
    process->error[PT_SOURCE_OWNER] = EACCES;
    check_text("euid", 40, "?");
    check_text("euser", 40, "?");
}
END_TEST

START_TEST(terminals)
{
    static const struct {
        uint32_t major, minor;
        const char *text;
    } rows[] = {
        {4, 0, "tty0"},      {4, 1, "tty1"},      {4, 63, "tty63"},
        {4, 64, "ttyS0"},    {4, 67, "ttyS3"},    {5, 0, "tty"},
        {5, 1, "console"},   {136, 0, "pts/0"},   {136, 1000, "pts/1000"},
        {188, 1, "ttyUSB1"}, {166, 2, "ttyACM2"}, {204, 64, "ttyAMA0"},
        {204, 5, "204:5"},   {229, 0, "hvc0"},    {240, 1048575, "240:1048575"},
    };
    uint32_t node = pt_snapshot_index(&snapshot, 40);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        /* as the kernel encodes it */
        snapshot.processes[node].stat.tty =
            (rows[i].minor & 0xff) | rows[i].major << 8 | (rows[i].minor & ~0xffu) << 12;
        check_text("tty", 40, rows[i].text);
    }
}
END_TEST

/* What a process calls itself cannot pass for one of our marks. */
START_TEST(marks_are_ours)
{
    struct pt_stat *stat = &snapshot.processes[pt_snapshot_index(&snapshot, 40)].stat;
    stat->comm_length = 1;
    stat->comm = "?";
    check_text("comm", 40, "\\x3f");
    stat->comm = "-";
    check_text("comm", 40, "\\x2d");
    stat->comm = "x";
    check_text("comm", 40, "x");
    stat->comm_length = 0;
    check_text("comm", 40, "-");
    check_json("comm", 40, "{\"comm\":\"\"}\n");
}
END_TEST

START_TEST(aliases)
{
    static const struct {
        const char *alias, *name;
    } rows[] = {
        {"vsz", "vsize"},           {"args", "argv"},
        {"cmdline", "argv"},        {"nlwp", "threads"},
        {"num_threads", "threads"}, {"pgid", "pgrp"},
        {"sid", "session"},         {"create_time", "starttime"},
        {"pcpu", "cpu_percent"},    {"pid", "pid"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(pt_field_name(find(rows[i].alias)), rows[i].name);
    ck_assert_ptr_null(pt_field_find("vs", 2));
    ck_assert_ptr_null(pt_field_find("pids", 4));
    ck_assert_ptr_null(pt_field_find("", 0));
    ck_assert_ptr_null(pt_field_find("cmd,command", 11));
}
END_TEST

static size_t count_of(const struct pt_field **fields)
{
    size_t count = 0;
    while (fields[count] != NULL)
        count++;
    return count;
}

START_TEST(lists)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *why;
    } rows[] = {
        {"", 0, "a field is missing"},
        {"pid,", 4, "a field is missing"},
        {"pid,,ppid", 4, "a field is missing"},
        {"pid,bogus,ppid", 4, "no such field"},
        {"PID", 0, "no such field"},
        {"pid, ppid", 4, "no such field"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct pt_field **fields = NULL;
        struct pt_fault fault = {0};
        ck_assert_int_eq(pt_fields_parse(rows[i].text, &fields, &fault), -EINVAL);
        ck_assert_ptr_null(fields);
        ck_assert_uint_eq(fault.offset, rows[i].offset);
        ck_assert_str_eq(fault.text, rows[i].why);
    }
    const struct pt_field **fields;
    ck_assert_int_eq(pt_fields_parse("ppid,pid,vsz,ppid,vsize", &fields, NULL), 0);
    ck_assert_uint_eq(count_of(fields), 3);
    ck_assert_str_eq(pt_field_name(fields[0]), "ppid");
    ck_assert_uint_eq(pt_fields_sources(fields), BIT(STAT));
    const struct pt_field **more;
    ck_assert_int_eq(pt_fields_parse("all,inode", &more, NULL), 0);
    size_t every = count_of(more);
    pt_fields_add(fields, more);
    ck_assert_uint_eq(count_of(fields), every);
    ck_assert_str_eq(pt_field_name(fields[0]), "ppid");
    ck_assert_str_eq(pt_field_name(fields[3]), "id");
    pt_fields_add(fields, fields + 5);
    ck_assert_uint_eq(count_of(fields), every);
    free(more);
    free(fields);
    ck_assert_int_eq(pt_fields_parse("default", &fields, NULL), 0);
    size_t cheap = count_of(fields);
    ck_assert_uint_eq(pt_fields_sources(fields) & (BIT(ENVIRON) | BIT(SMAPS_ROLLUP) | BIT(INODE)),
                      0);
    free(fields);
    ck_assert_int_eq(pt_fields_parse("all", &fields, NULL), 0);
    ck_assert_uint_eq(count_of(fields), cheap + 4); /* environ pss uss total_pss */
    ck_assert_uint_eq(pt_fields_sources(fields) & BIT(INODE), 0);
    free(fields);
}
END_TEST

static void check_order(const char *name, bool descending, const char *expected)
{
    uint32_t nodes[5];
    char order[64] = "";
    for (uint32_t i = 0; i < 5; i++)
        nodes[i] = i;
    ck_assert_int_eq(pt_field_sort(find(name), &context, descending, nodes, 5), 0);
    for (size_t i = 0; i < 5; i++)
        snprintf(order + strlen(order), sizeof order - strlen(order), "%s%d", i > 0 ? " " : "",
                 (int)snapshot.processes[nodes[i]].stat.pid);
    ck_assert_msg(strcmp(order, expected) == 0, "%s: %s", name, order);
}

/* Unknown, absent, then by value; equal ones by pid, descending too. */
START_TEST(sorts)
{
    check_order("pid", true, "70 60 50 40 1");
    check_order("rss", false, "50 60 1 70 40");
    check_order("rss", true, "40 70 1 50 60");
    check_order("comm", false, "40 60 70 1 50");
    check_order("exe", false, "1 70 50 60 40");
    check_order("cpu_percent", true, "40 1 50 60 70");
    check_order("uid", false, "70 1 50 60 40");
    check_order("tty", true, "40 1 50 60 70");
    check_order("nspid", true, "60 50 40 1 70");
    check_order("namespaces", false, "1 50 60 70 40");
    check_order("starttime_ticks", true, "70 40 60 50 1");
}
END_TEST

START_TEST(one_alone_sorts)
{
    uint32_t node = 3;
    ck_assert_int_eq(pt_field_sort(find("pid"), &context, false, &node, 1), 0);
    ck_assert_int_eq(pt_field_sort(find("pid"), &context, false, NULL, 0), 0);
    ck_assert_uint_eq(node, 3);
}
END_TEST

START_TEST(root_reasons)
{
    uint8_t marks[8] = {0};
    context.begun_anew = true;
    check_text("root_reason", 40, "depth");
    context.begun_anew = false;
    context.marks = marks;
    context.asked_as_root = 8;
    check_text("root_reason", 1, "init");
    marks[0] = 8;
    check_text("root_reason", 1, "-");
    /* Its parent vanished while records were completed. */
    snapshot.processes[pt_snapshot_index(&snapshot, 40)].error[PT_SOURCE_STAT] = PT_GONE;
    check_text("root_reason", 70, "hidden");
}
END_TEST

/* argv beyond what a record keeps is read for that record alone. */
START_TEST(long_argv)
{
    size_t length = 100000;
    char *argument = malloc(length);
    struct pt_arena arena = {0};
    struct pt_process whole;
    struct pt_buffer text = {0};
    uint32_t node = pt_snapshot_index(&snapshot, 40);
    ck_assert_ptr_nonnull(argument);
    memset(argument, 'a', length);
    fakeproc_write(&proc, 40, "cmdline", argument, length);

    pt_snapshot_done(&snapshot);
    ck_assert_int_eq(pt_snapshot_scan(&snapshot, &procfs, ALL_SOURCES), 0);
    check_text("argv", 40, "?"); /* never cut */
    ck_assert_int_eq(pt_fields_read_whole(&context, node, all, &arena, &whole), 0);
    ck_assert_int_eq(pt_field_append(find("argv"), &context, node, &text), 0);
    ck_assert_uint_eq(text.length, length);
    check_text("comm", 40, "dae\\x0amon");
    check_text("environ", 40, "A=1 B=\\xff");

    const struct pt_field **few;
    ck_assert_int_eq(pt_fields_parse("pid,environ", &few, NULL), 0);
    ck_assert_int_eq(pt_fields_read_whole(&context, node, few, &arena, &whole), 0);
    ck_assert_ptr_null(context.whole); /* nothing to be read for these */
    free(few);

    fakeproc_remove(&proc, 40);
    ck_assert_int_eq(pt_fields_read_whole(&context, node, all, &arena, &whole), 0);
    check_text("argv", 40, "?");
    check_text("ppid", 40, "1");
    ck_assert_ptr_nonnull(
        strstr((pt_buffer_clear(&text), pt_field_append(find("errors"), &context, node, &text),
                pt_buffer_text(&text)),
               "argv:ESRCH"));
    pt_buffer_done(&text);
    pt_arena_done(&arena);
    free(argument);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {text_of_each, json_of_kinds,   absent_or_unknown, refused,
                                  terminals,    marks_are_ours,  aliases,           lists,
                                  sorts,        one_alone_sorts, root_reasons,      long_argv};
    Suite *suite = suite_create("fields");
    TCase *all_tests = tcase_create("fields");
    tcase_add_checked_fixture(all_tests, set_up, tear_down);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(all_tests, tests[i]);
    suite_add_tcase(suite, all_tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
