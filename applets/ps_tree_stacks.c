/*
 * A line a distinct path of names, `init;sshd;bash 4096`, with what its processes use themselves,
 * as flamegraph.pl and speedscope read it. Processes of one path are found by sorting level after
 * level, so that no name can make it slow.
 */
#include "ps_tree_stacks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* A process on its way to a path. */
struct member {
    uint32_t above; /* path of its parent, PT_NO_INDEX at the top */
    uint32_t node;
    const struct pt_stat *stat; /* for its name */
};

/* One distinct path: the one above it, and a name behind that. */
struct path {
    uint32_t above;
    const struct pt_stat *stat;
    uint64_t sum;
    bool any; /* one of its processes could be read */
};

struct stacks {
    const struct ps_tree_settings *settings;
    const struct ps_tree_view *view;
    struct member *members; /* of one level */
    uint32_t *level_of;     /* of each node, from 0 */
    uint32_t *path_of;      /* of each node */
    struct path *paths;     /* parents first */
    size_t path_count;
    size_t unreadable;
    FILE *out;
};

pt_sources ps_tree_stacks_sources(const struct ps_tree_settings *settings)
{
    pt_sources sources = PT_SOURCE_BIT(PT_SOURCE_STAT);
    if (settings->weight == PS_TREE_WEIGHT_PSS)
        sources |= PT_SOURCE_BIT(PT_SOURCE_SMAPS_ROLLUP);
    else if (settings->weight == PS_TREE_WEIGHT_RSS)
        sources |= PT_SOURCE_BIT(PT_SOURCE_STATM);
    return sources;
}

/* --- own values --- */

/* False: it could not be read. */
static bool own_value(const struct stacks *stacks, const struct pt_process *process,
                      uint64_t *ret_value)
{
    const struct pt_procfs *procfs = stacks->view->snapshot->procfs;
    switch (stacks->settings->weight) {
    case PS_TREE_WEIGHT_CPU:
        *ret_value = (process->stat.utime + process->stat.stime) * 1000 / procfs->ticks;
        return true;
    case PS_TREE_WEIGHT_RSS:
        *ret_value = pt_process_resident(process) * procfs->page_size;
        return true;
    case PS_TREE_WEIGHT_PSS:
        break;
    }
    if (pt_process_has(process, PT_SOURCE_SMAPS_ROLLUP)) {
        *ret_value = process->more->smaps.pss;
        return true;
    }
    *ret_value = 0;
    return pt_process_is_kernel_thread(process) || pt_process_has_ended(process);
}

static void add_value(struct stacks *stacks, const struct member *member)
{
    const struct pt_process *process = &stacks->view->snapshot->processes[member->node];
    struct path *path = &stacks->paths[stacks->path_of[member->node]];
    uint64_t value;
    /* One that is gone uses nothing any more. */
    if (pt_snapshot_is_gone(process))
        return;
    if (!own_value(stacks, process, &value)) {
        stacks->unreadable++;
        return;
    }
    path->sum += value;
    path->any = true;
}

/* --- paths --- */

static int compare_names(const struct pt_stat *left, const struct pt_stat *right)
{
    uint32_t shorter =
        left->comm_length < right->comm_length ? left->comm_length : right->comm_length;
    int order = memcmp(left->comm, right->comm, shorter);
    if (order != 0)
        return order;
    return (left->comm_length > right->comm_length) - (left->comm_length < right->comm_length);
}

static int compare_members(const void *left_pointer, const void *right_pointer)
{
    const struct member *left = left_pointer, *right = right_pointer;
    if (left->above != right->above)
        return (left->above > right->above) - (left->above < right->above);
    return compare_names(left->stat, right->stat);
}

/* Gives the members of one level their paths, and those their values. */
static void add_level(struct stacks *stacks, size_t count)
{
    qsort(stacks->members, count, sizeof *stacks->members, compare_members);
    for (size_t i = 0; i < count; i++) {
        const struct member *member = &stacks->members[i];
        if (i == 0 || compare_members(member - 1, member) != 0)
            stacks->paths[stacks->path_count++] =
                (struct path){.above = member->above, .stat = member->stat};
        stacks->path_of[member->node] = (uint32_t)(stacks->path_count - 1);
        add_value(stacks, member);
    }
}

/* Whether it is drawn below the process above it. */
static bool is_below(const struct stacks *stacks, uint32_t node)
{
    uint32_t parent = stacks->view->tree->parent[node];
    return parent != PT_NO_INDEX && (stacks->view->marks[parent] & PS_TREE_SHOWN);
}

/* `order` has every level of the tree in one piece, but what is shown may begin anywhere: a level
 * counts from the topmost that is shown. Returns the number of levels. */
static uint32_t find_levels(struct stacks *stacks)
{
    const struct pt_tree *tree = stacks->view->tree;
    uint32_t levels = 0;
    for (size_t i = 0; i < tree->node_count; i++) {
        uint32_t node = tree->order[i];
        if (!(stacks->view->marks[node] & PS_TREE_SHOWN))
            continue;
        stacks->level_of[node] =
            is_below(stacks, node) ? stacks->level_of[tree->parent[node]] + 1 : 0;
        if (stacks->level_of[node] >= levels)
            levels = stacks->level_of[node] + 1;
    }
    return levels;
}

static bool is_wanted(const struct stacks *stacks, uint32_t node)
{
    return (stacks->view->marks[node] & PS_TREE_SHOWN) &&
           stacks->level_of[node] <= stacks->settings->depth;
}

/* The nodes of `order` that are wanted, level by level (a counting sort), into `sorted`; `first`
 * has the begin of each level, and one more. */
static void sort_by_level(const struct stacks *stacks, uint32_t levels, uint32_t *first,
                          uint32_t *sorted)
{
    const struct pt_tree *tree = stacks->view->tree;
    for (size_t i = 0; i < tree->node_count; i++)
        if (is_wanted(stacks, tree->order[i]))
            first[stacks->level_of[tree->order[i]] + 1]++;
    for (uint32_t level = 0; level < levels; level++)
        first[level + 1] += first[level];
    for (size_t i = 0; i < tree->node_count; i++)
        if (is_wanted(stacks, tree->order[i]))
            sorted[first[stacks->level_of[tree->order[i]]]++] = tree->order[i];
    for (uint32_t level = levels; level > 0; level--)
        first[level] = first[level - 1];
    first[0] = 0;
}

static int find_paths(struct stacks *stacks)
{
    const struct pt_tree *tree = stacks->view->tree;
    uint32_t levels = find_levels(stacks);
    uint32_t *first = calloc((size_t)levels + 2, sizeof *first);
    uint32_t *sorted = calloc(tree->node_count + 1, sizeof *sorted);
    int error = -ENOMEM;
    if (first == NULL || sorted == NULL)
        goto out;
    sort_by_level(stacks, levels, first, sorted);
    for (uint32_t level = 0; level < levels; level++) {
        size_t count = 0;
        for (uint32_t i = first[level]; i < first[level + 1]; i++) {
            uint32_t node = sorted[i];
            stacks->members[count++] = (struct member){
                .above = is_below(stacks, node) ? stacks->path_of[tree->parent[node]] : PT_NO_INDEX,
                .node = node,
                .stat = &stacks->view->snapshot->processes[node].stat,
            };
        }
        add_level(stacks, count);
    }
    error = 0;
out:
    free(first);
    free(sorted);
    return error;
}

/* --- lines --- */

/* `;` and blanks part frames and values: in a name they become `_`. */
static int append_frame(struct pt_buffer *line, const struct pt_stat *stat)
{
    size_t begin = line->length;
    int error = pt_buffer_escape(line, stat->comm, stat->comm_length, pt_text_escape_flags());
    if (error == 0 && line->length == begin)
        error = pt_buffer_append_byte(line, '_');
    for (size_t i = begin; error == 0 && i < line->length; i++)
        if (line->data[i] == ';' || line->data[i] == ' ')
            line->data[i] = '_';
    return error;
}

/* `chain` has room for the deepest path. */
static int write_path(const struct stacks *stacks, uint32_t path, uint32_t *chain,
                      struct pt_buffer *line)
{
    size_t length = 0;
    int error = 0;
    for (uint32_t i = path; i != PT_NO_INDEX; i = stacks->paths[i].above)
        chain[length++] = i;
    pt_buffer_clear(line);
    while (length > 0 && error == 0) {
        error = append_frame(line, stacks->paths[chain[--length]].stat);
        if (error == 0 && length > 0)
            error = pt_buffer_append_byte(line, ';');
    }
    if (error == 0)
        fprintf(stacks->out, "%s %" PRIu64 "\n", pt_buffer_text(line), stacks->paths[path].sum);
    return error;
}

static int write_paths(const struct stacks *stacks)
{
    uint32_t *chain = malloc((stacks->path_count + 1) * sizeof *chain);
    struct pt_buffer line = {0};
    int error = chain == NULL ? -ENOMEM : 0;
    for (uint32_t i = 0; i < stacks->path_count && error == 0; i++)
        if (stacks->paths[i].any)
            error = write_path(stacks, i, chain, &line);
    pt_buffer_done(&line);
    free(chain);
    return error;
}

/* Processes whose stat was refused have neither name nor value. */
static size_t count_refused(const struct ps_tree_view *view)
{
    size_t count = 0;
    for (size_t i = 0; i < view->tree->count; i++)
        count += (view->marks[i] & PS_TREE_SHOWN) && !pt_tree_holds(view->tree, (uint32_t)i);
    return count;
}

static int complete(const struct stacks *stacks)
{
    const struct ps_tree_view *view = stacks->view;
    pt_sources sources = ps_tree_stacks_sources(stacks->settings);
    size_t count = 0;
    /* path_of is free until paths are made. */
    for (uint32_t i = 0; i < view->tree->count; i++)
        if ((view->marks[i] & PS_TREE_SHOWN) &&
            (view->snapshot->processes[i].asked & sources) != sources)
            stacks->path_of[count++] = i;
    return count > 0 ? pt_snapshot_add(view->snapshot, stacks->path_of, count, sources) : 0;
}

int ps_tree_stacks(const struct ps_tree_settings *settings, struct ps_tree_view *view, FILE *out)
{
    size_t count = view->tree->count + 1;
    struct stacks stacks = {
        .settings = settings,
        .view = view,
        .members = malloc(count * sizeof *stacks.members),
        .level_of = malloc(count * sizeof *stacks.level_of),
        .path_of = malloc(count * sizeof *stacks.path_of),
        .paths = malloc(count * sizeof *stacks.paths),
        .unreadable = count_refused(view),
        .out = out,
    };
    int error = -ENOMEM;
    if (stacks.members && stacks.level_of && stacks.path_of && stacks.paths)
        error = complete(&stacks);
    if (error == 0)
        error = find_paths(&stacks);
    if (error == 0)
        error = write_paths(&stacks);
    if (error == 0 && stacks.unreadable > 0)
        pt_warn("%zu process%s left out: not readable", stacks.unreadable,
                stacks.unreadable == 1 ? "" : "es");
    free(stacks.members);
    free(stacks.level_of);
    free(stacks.path_of);
    free(stacks.paths);
    return error;
}
