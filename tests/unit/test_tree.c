/* Who is whose parent, on torn snapshots too; order, walks, marks and sums. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "scarce.h"
#include "suite.h"
#include "tree.h"

struct row {
    pid_t pid, ppid;
    uint64_t starttime;
    uint32_t flags;
    int error; /* of stat */
    enum pt_root_reason why;
};

#define ROWS(...)                                                                                  \
    (const struct row[]){__VA_ARGS__},                                                             \
        sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row)

static const struct pt_procfs procfs = {.ticks = 100, .page_size = 4096};

static struct pt_snapshot snapshot_of(const struct row *rows, size_t count)
{
    struct pt_snapshot snapshot = {.procfs = &procfs, .count = count};
    snapshot.processes = calloc(count + 1, sizeof *snapshot.processes);
    for (size_t i = 0; i < count; i++) {
        struct pt_process *process = &snapshot.processes[i];
        process->stat.pid = rows[i].pid;
        process->stat.ppid = rows[i].ppid;
        process->stat.starttime = rows[i].starttime;
        process->stat.flags = rows[i].flags;
        process->stat.rss = 1;
        process->error[PT_SOURCE_STAT] = (uint8_t)rows[i].error;
    }
    return snapshot;
}

/* Builds, and checks each row's reason and what holds for every tree. */
static void check_reasons(const struct row *rows, size_t count, bool kernel_threads)
{
    struct pt_snapshot snapshot = snapshot_of(rows, count);
    struct pt_tree tree;
    size_t held = 0;
    ck_assert_int_eq(pt_tree_build(&tree, &snapshot, kernel_threads), 0);
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_msg(tree.why[i] == rows[i].why, "pid %d: %d instead of %d", (int)rows[i].pid,
                      tree.why[i], (int)rows[i].why);
        ck_assert_int_eq(tree.parent[i] == PT_NO_INDEX, tree.why[i] != PT_ROOT_NOT);
        held += pt_tree_holds(&tree, i);
    }
    ck_assert_uint_eq(tree.node_count, held);
    uint8_t *seen = calloc(count + 1, 1);
    for (size_t i = 0; i < tree.node_count; i++) {
        uint32_t node = tree.order[i];
        ck_assert_int_eq(i < tree.root_count, tree.parent[node] == PT_NO_INDEX);
        ck_assert(tree.parent[node] == PT_NO_INDEX || seen[tree.parent[node]]);
        ck_assert(!seen[node]++);
    }
    free(seen);
    pt_tree_done(&tree);
    pt_snapshot_done(&snapshot);
}

START_TEST(reasons)
{
    check_reasons(ROWS({1, 0, 1, 0, 0, PT_ROOT_INIT}, {2, 0, 1, PT_PF_KTHREAD, 0, PT_ROOT_ABSENT},
                       {3, 2, 1, PT_PF_KTHREAD, 0, PT_ROOT_ABSENT}, {7, 0, 5, 0, 0, PT_ROOT_PPID0},
                       {8, 1, 5, 0, 0, PT_ROOT_NOT}, {9, 4711, 5, 0, 0, PT_ROOT_HIDDEN},
                       {10, 3, 5, 0, 0, PT_ROOT_KERNEL}),
                  false);
    check_reasons(ROWS({1, 0, 1, 0, 0, PT_ROOT_INIT}, {2, 0, 1, PT_PF_KTHREAD, 0, PT_ROOT_PPID0},
                       {3, 2, 1, PT_PF_KTHREAD, 0, PT_ROOT_NOT}, {10, 3, 5, 0, 0, PT_ROOT_NOT}),
                  true);
}
END_TEST

START_TEST(reused_pids)
{
    /* A parent that is younger took over a pid; one of the same tick, or with a higher pid, need
     * not have. */
    check_reasons(ROWS({5, 9, 100, 0, 0, PT_ROOT_STALE}, {6, 9, 101, 0, 0, PT_ROOT_NOT},
                       {9, 0, 101, 0, 0, PT_ROOT_PPID0}),
                  false);
}
END_TEST

START_TEST(refused_and_gone)
{
    check_reasons(ROWS({1, 0, 0, 0, EACCES, PT_ROOT_ABSENT}, {2, 1, 1, 0, 0, PT_ROOT_HIDDEN},
                       {3, 2, 1, 0, 0, PT_ROOT_NOT}, {4, 2, 1, 0, PT_GONE, PT_ROOT_ABSENT},
                       {5, 4, 1, 0, 0, PT_ROOT_HIDDEN}),
                  false);
}
END_TEST

START_TEST(cycles)
{
    check_reasons(ROWS({4, 4, 1, 0, 0, PT_ROOT_CYCLE}, {5, 7, 1, 0, 0, PT_ROOT_CYCLE},
                       {6, 5, 1, 0, 0, PT_ROOT_NOT}, {7, 6, 1, 0, 0, PT_ROOT_NOT},
                       {8, 7, 1, 0, 0, PT_ROOT_NOT}, {9, 8, 1, 0, 0, PT_ROOT_NOT},
                       {20, 21, 1, 0, 0, PT_ROOT_CYCLE}, {21, 20, 1, 0, 0, PT_ROOT_NOT}),
                  false);
    /* Entered from outside first: the walk that finds it does not belong to it. */
    check_reasons(ROWS({1, 3, 1, 0, 0, PT_ROOT_NOT}, {2, 3, 1, 0, 0, PT_ROOT_CYCLE},
                       {3, 2, 1, 0, 0, PT_ROOT_NOT}),
                  false);
}
END_TEST

START_TEST(nobody)
{
    check_reasons(NULL, 0, false);
}
END_TEST

/*   1 -- 2 -- 4
 *    \    \-- 5
 *     3    7 -- 8                                                                              */
static const struct row small[] = {{1, 0, 1, 0, 0, 0}, {2, 1, 2, 0, 0, 0}, {3, 1, 2, 0, 0, 0},
                                   {4, 2, 3, 0, 0, 0}, {5, 2, 3, 0, 0, 0}, {7, 0, 1, 0, 0, 0},
                                   {8, 7, 1, 0, 0, 0}};
enum { SMALL = sizeof small / sizeof *small };

static struct pt_snapshot snapshot;
static struct pt_tree tree;

static void set_up(void)
{
    snapshot = snapshot_of(small, SMALL);
    ck_assert_int_eq(pt_tree_build(&tree, &snapshot, false), 0);
}

static void tear_down(void)
{
    pt_tree_done(&tree);
    pt_snapshot_done(&snapshot);
}

static pid_t pid_of(uint32_t node)
{
    return node == PT_NO_INDEX ? 0 : snapshot.processes[node].stat.pid;
}

START_TEST(walks)
{
    static const pid_t expected[] = {1, 2, 4, 5, 3, 0};
    uint32_t *position;
    set_up();
    ck_assert_int_eq(pt_tree_positions(&tree, &position), 0);
    uint32_t node = pt_snapshot_index(&snapshot, 1);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        ck_assert_int_eq(pid_of(node), expected[i]);
        if (node != PT_NO_INDEX)
            node = pt_tree_next(&tree, position, pt_snapshot_index(&snapshot, 1), node);
    }
    /* The walk ends with its top's subtree, whatever stands beside it. */
    uint32_t top = pt_snapshot_index(&snapshot, 4);
    ck_assert_uint_eq(pt_tree_next(&tree, position, top, top), PT_NO_INDEX);
    free(position);
    tear_down();
}
END_TEST

START_TEST(sorted_walk)
{
    uint32_t *position;
    size_t count;
    set_up();
    uint32_t top = pt_snapshot_index(&snapshot, 2);
    uint32_t *children = pt_tree_children(&tree, top, &count);
    ck_assert_uint_eq(count, 2);
    uint32_t first = children[0];
    children[0] = children[1];
    children[1] = first;
    ck_assert_int_eq(pt_tree_positions(&tree, &position), 0);
    uint32_t node = pt_tree_next(&tree, position, top, top);
    ck_assert_int_eq(pid_of(node), 5);
    ck_assert_int_eq(pid_of(pt_tree_next(&tree, position, top, node)), 4);
    free(position);
    tear_down();
}
END_TEST

START_TEST(depths_and_ancestry)
{
    uint32_t *depths;
    set_up();
    ck_assert_int_eq(pt_tree_depths(&tree, &depths), 0);
    ck_assert_uint_eq(depths[pt_snapshot_index(&snapshot, 1)], 0);
    ck_assert_uint_eq(depths[pt_snapshot_index(&snapshot, 5)], 2);
    ck_assert_uint_eq(depths[pt_snapshot_index(&snapshot, 8)], 1);
    free(depths);
    ck_assert(pt_tree_is_within(&tree, pt_snapshot_index(&snapshot, 5), 0));
    ck_assert(pt_tree_is_within(&tree, 0, 0));
    ck_assert(!pt_tree_is_within(&tree, pt_snapshot_index(&snapshot, 8), 0));
    tear_down();
}
END_TEST

START_TEST(marks)
{
    uint8_t bits[SMALL + 1] = {0};
    set_up();
    bits[pt_snapshot_index(&snapshot, 2)] = 1;
    pt_tree_mark_descendants(&tree, bits, 1, 2);
    pt_tree_mark_ancestors(&tree, bits, 1, 4);
    static const uint8_t expected[SMALL] = {4, 1, 0, 2, 2, 0, 0};
    for (size_t i = 0; i < SMALL; i++)
        ck_assert_uint_eq(bits[i], expected[i]);
    tear_down();
}
END_TEST

START_TEST(totals)
{
    struct pt_process_more more = {.smaps = {.pss = 1000, .any = true}};
    struct pt_totals *sums;
    set_up();
    for (size_t i = 0; i < SMALL; i++) {
        snapshot.processes[i].asked |= PT_SOURCE_BIT(PT_SOURCE_SMAPS_ROLLUP);
        snapshot.processes[i].more = &more;
    }
    snapshot.processes[pt_snapshot_index(&snapshot, 5)].error[PT_SOURCE_SMAPS_ROLLUP] = EACCES;
    ck_assert_int_eq(pt_tree_totals(&tree, &sums), 0);
    const struct pt_totals *top = &sums[pt_snapshot_index(&snapshot, 1)];
    ck_assert_uint_eq(top->processes, 5);
    ck_assert_uint_eq(top->rss, 5 * 4096);
    ck_assert_uint_eq(top->pss, 4000);
    ck_assert(top->pss_partial);
    ck_assert(!sums[pt_snapshot_index(&snapshot, 7)].pss_partial);
    ck_assert_uint_eq(sums[pt_snapshot_index(&snapshot, 7)].pss, 2000);
    free(sums);
    tear_down();
}
END_TEST

/* Nothing recurses: a chain of a million is as well as one of ten. */
START_TEST(deep)
{
    enum { DEPTH = 1000000 };
    struct row *rows = calloc(DEPTH, sizeof *rows);
    uint32_t *depths, *position;
    for (pid_t i = 0; i < DEPTH; i++)
        rows[i] = (struct row){.pid = i + 1, .ppid = i, .starttime = 1};
    snapshot = snapshot_of(rows, DEPTH);
    ck_assert_int_eq(pt_tree_build(&tree, &snapshot, false), 0);
    ck_assert_int_eq(pt_tree_depths(&tree, &depths), 0);
    ck_assert_uint_eq(depths[DEPTH - 1], DEPTH - 1);
    ck_assert_int_eq(pt_tree_positions(&tree, &position), 0);
    uint32_t node = 0, steps = 0;
    while (node != PT_NO_INDEX) {
        node = pt_tree_next(&tree, position, 0, node);
        steps++;
    }
    ck_assert_uint_eq(steps, DEPTH);
    free(depths);
    free(position);
    free(rows);
    tear_down();
}
END_TEST

START_TEST(out_of_memory)
{
    struct pt_tree again;
    struct pt_totals *sums;
    uint32_t *depths, *position;
    set_up();
    while (scarce_memory()) {
        if (scarce_end(pt_tree_build(&again, &snapshot, false)) != 0)
            continue;
        ck_assert_uint_eq(again.node_count, tree.node_count);
        ck_assert_mem_eq(again.order, tree.order, tree.node_count * sizeof *tree.order);
        pt_tree_done(&again);
    }
    while (scarce_memory()) {
        if (scarce_end(pt_tree_positions(&tree, &position)) == 0)
            free(position);
    }
    while (scarce_memory()) {
        if (scarce_end(pt_tree_depths(&tree, &depths)) == 0)
            free(depths);
    }
    while (scarce_memory()) {
        if (scarce_end(pt_tree_totals(&tree, &sums)) == 0)
            free(sums);
    }
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_SUITE("tree", reasons, reused_pids, refused_and_gone, cycles, nobody, walks,
                     sorted_walk, depths_and_ancestry, marks, totals, deep, out_of_memory);
}
