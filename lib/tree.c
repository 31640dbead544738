/*
 * Pure indexes over a snapshot. What a scan says about parents is torn by nature: every rule for
 * what counts as a parent stands in parent_of(), once.
 */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_drawn(const struct pt_process *process, bool kernel_threads)
{
    if (process->error[PT_SOURCE_STAT] != 0)
        return false;
    return kernel_threads || !pt_process_is_kernel_thread(process);
}

/*
 * The parent of a record, or why there is none. A child is never older than its parent: the process
 * that has the ppid now got a reused PID. Equal ticks say nothing, nor does the order of PIDs,
 * which wrap.
 */
static uint32_t parent_of(const struct pt_snapshot *snapshot, const struct pt_process *process,
                          bool kernel_threads, enum pt_root_reason *ret_why)
{
    const struct pt_stat *stat = &process->stat;
    if (stat->ppid == 0) {
        *ret_why = stat->pid == 1 ? PT_ROOT_INIT : PT_ROOT_PPID0;
        return PT_NO_INDEX;
    }
    if (stat->ppid == stat->pid) {
        *ret_why = PT_ROOT_CYCLE;
        return PT_NO_INDEX;
    }
    uint32_t index = pt_snapshot_index(snapshot, stat->ppid);
    if (index == PT_NO_INDEX || snapshot->processes[index].error[PT_SOURCE_STAT] != 0) {
        *ret_why = PT_ROOT_HIDDEN;
        return PT_NO_INDEX;
    }
    const struct pt_process *parent = &snapshot->processes[index];
    if (!is_drawn(parent, kernel_threads)) {
        *ret_why = PT_ROOT_KERNEL;
        return PT_NO_INDEX;
    }
    if (parent->stat.starttime > stat->starttime) {
        *ret_why = PT_ROOT_STALE;
        return PT_NO_INDEX;
    }
    *ret_why = PT_ROOT_NOT;
    return index;
}

static void link_parents(struct pt_tree *tree, bool kernel_threads)
{
    const struct pt_snapshot *snapshot = tree->snapshot;
    for (uint32_t i = 0; i < tree->count; i++) {
        enum pt_root_reason why = PT_ROOT_ABSENT;
        tree->parent[i] = PT_NO_INDEX;
        if (is_drawn(&snapshot->processes[i], kernel_threads))
            tree->parent[i] = parent_of(snapshot, &snapshot->processes[i], kernel_threads, &why);
        tree->why[i] = (uint8_t)why;
    }
}

/* The lowest of a cycle becomes its root: indexes ascend with pids. */
static void cut_cycle(struct pt_tree *tree, uint32_t member)
{
    uint32_t lowest = member;
    for (uint32_t i = tree->parent[member]; i != member; i = tree->parent[i])
        if (i < lowest)
            lowest = i;
    tree->parent[lowest] = PT_NO_INDEX;
    tree->why[lowest] = PT_ROOT_CYCLE;
}

/* Each node is entered by one walk only, so all walks together are linear. `walk` is scratch. */
static void cut_cycles(struct pt_tree *tree, uint32_t *walk)
{
    memset(walk, 0, tree->count * sizeof *walk);
    for (uint32_t i = 0; i < tree->count; i++) {
        uint32_t node = i;
        while (node != PT_NO_INDEX && walk[node] == 0) {
            walk[node] = i + 1;
            node = tree->parent[node];
        }
        if (node != PT_NO_INDEX && walk[node] == i + 1 && tree->parent[i] != PT_NO_INDEX)
            cut_cycle(tree, node);
    }
}

static void link_children(struct pt_tree *tree)
{
    memset(tree->first, 0, (tree->count + 1) * sizeof *tree->first);
    for (uint32_t i = 0; i < tree->count; i++)
        if (tree->parent[i] != PT_NO_INDEX)
            tree->first[tree->parent[i] + 1]++;
    for (size_t i = 0; i < tree->count; i++)
        tree->first[i + 1] += tree->first[i];

    /* `order` serves as the next free place of each slice until it gets its own content. */
    memcpy(tree->order, tree->first, tree->count * sizeof *tree->order);
    for (uint32_t i = 0; i < tree->count; i++)
        if (tree->parent[i] != PT_NO_INDEX)
            tree->child[tree->order[tree->parent[i]]++] = i;
}

static void put_in_order(struct pt_tree *tree)
{
    size_t end = 0;
    for (uint32_t i = 0; i < tree->count; i++)
        if (tree->parent[i] == PT_NO_INDEX && pt_tree_holds(tree, i))
            tree->order[end++] = i;
    tree->root_count = end;
    for (size_t next = 0; next < end; next++) {
        size_t count;
        const uint32_t *children = pt_tree_children(tree, tree->order[next], &count);
        memcpy(tree->order + end, children, count * sizeof *children);
        end += count;
    }
    tree->node_count = end;
}

int pt_tree_build(struct pt_tree *ret_tree, const struct pt_snapshot *snapshot, bool kernel_threads)
{
    size_t count = snapshot->count;
    struct pt_tree tree = {.snapshot = snapshot, .count = count};
    /* One block: parent, first (one more), child, order, then the bytes. */
    uint32_t *block = malloc((4 * count + 1) * sizeof *block + count);
    if (block == NULL)
        return -ENOMEM;
    tree.parent = block;
    tree.first = tree.parent + count;
    tree.child = tree.first + count + 1;
    tree.order = tree.child + count;
    tree.why = (uint8_t *)(tree.order + count);

    link_parents(&tree, kernel_threads);
    cut_cycles(&tree, tree.order);
    link_children(&tree);
    put_in_order(&tree);
    *ret_tree = tree;
    return 0;
}

void pt_tree_done(struct pt_tree *tree)
{
    free(tree->parent);
    *tree = (struct pt_tree){0};
}

int pt_tree_positions(const struct pt_tree *tree, uint32_t **ret_position)
{
    uint32_t *position = malloc((tree->count + 1) * sizeof *position);
    if (position == NULL)
        return -ENOMEM;
    memset(position, 0, (tree->count + 1) * sizeof *position);
    for (size_t i = 0; i < tree->count; i++)
        for (uint32_t place = tree->first[i]; place < tree->first[i + 1]; place++)
            position[tree->child[place]] = place;
    *ret_position = position;
    return 0;
}

uint32_t pt_tree_next(const struct pt_tree *tree, const uint32_t *position, uint32_t top,
                      uint32_t node)
{
    if (tree->first[node] != tree->first[node + 1])
        return tree->child[tree->first[node]];
    for (; node != top; node = tree->parent[node]) {
        uint32_t next = position[node] + 1;
        if (next < tree->first[tree->parent[node] + 1])
            return tree->child[next];
    }
    return PT_NO_INDEX;
}

int pt_tree_depths(const struct pt_tree *tree, uint32_t **ret_depths)
{
    uint32_t *depths = calloc(tree->count + 1, sizeof *depths);
    if (depths == NULL)
        return -ENOMEM;
    for (size_t i = tree->root_count; i < tree->node_count; i++)
        depths[tree->order[i]] = depths[tree->parent[tree->order[i]]] + 1;
    *ret_depths = depths;
    return 0;
}

bool pt_tree_is_within(const struct pt_tree *tree, uint32_t node, uint32_t ancestor)
{
    while (node != ancestor && node != PT_NO_INDEX)
        node = tree->parent[node];
    return node == ancestor;
}

void pt_tree_mark_descendants(const struct pt_tree *tree, uint8_t *marks, uint8_t from, uint8_t to)
{
    uint8_t carried = from | to;
    for (size_t i = tree->root_count; i < tree->node_count; i++) {
        uint32_t node = tree->order[i];
        if (marks[tree->parent[node]] & carried)
            marks[node] |= to;
    }
}

void pt_tree_mark_ancestors(const struct pt_tree *tree, uint8_t *marks, uint8_t from, uint8_t to)
{
    uint8_t carried = from | to;
    for (size_t i = tree->node_count; i-- > tree->root_count;) {
        uint32_t node = tree->order[i];
        if (marks[node] & carried)
            marks[tree->parent[node]] |= to;
    }
}

static struct pt_totals own_totals(const struct pt_tree *tree, uint32_t node)
{
    const struct pt_process *process = &tree->snapshot->processes[node];
    struct pt_totals own = {
        .rss = pt_process_resident(process) * tree->snapshot->procfs->page_size,
        .processes = 1,
    };
    if (pt_process_has(process, PT_SOURCE_SMAPS_ROLLUP))
        own.pss = process->more->smaps.pss;
    else
        /* A zombie or kernel thread has no memory, and so no pss that could be missing. */
        own.pss_partial = own.rss != 0;
    return own;
}

int pt_tree_totals(const struct pt_tree *tree, struct pt_totals **ret_totals)
{
    struct pt_totals *totals = calloc(tree->count + 1, sizeof *totals);
    if (totals == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < tree->node_count; i++)
        totals[tree->order[i]] = own_totals(tree, tree->order[i]);
    for (size_t i = tree->node_count; i-- > tree->root_count;) {
        const struct pt_totals *own = &totals[tree->order[i]];
        struct pt_totals *above = &totals[tree->parent[tree->order[i]]];
        above->rss += own->rss;
        above->pss += own->pss;
        above->processes += own->processes;
        above->pss_partial |= own->pss_partial;
    }
    *ret_totals = totals;
    return 0;
}
