#include "ps_tree_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One of several siblings, processes and threads of their parent, while they are put in order. */
struct ps_tree_entry {
    uint64_t order; /* the first eight bytes of the name, then the owner */
    const char *name;
    uint32_t length;
    uint32_t node;
    uint32_t thread; /* as in a row */
    uint32_t count;  /* of processes or threads that it stands for */
    pid_t pid;
};

int ps_tree_rows_init(struct ps_tree_rows *rows, const struct ps_tree_settings *settings,
                      const struct ps_tree_view *view)
{
    size_t count = view->tree->count + 1;
    *rows = (struct ps_tree_rows){
        .settings = settings,
        .view = view,
        .first = malloc(count * sizeof(uint32_t)),
        .length = calloc(count, sizeof(uint32_t)),
        .queue = malloc(count * sizeof(uint32_t)),
        .hashes = malloc(count * sizeof(uint64_t)),
    };
    ps_tree_fold_init(&rows->fold);
    if (!rows->first || !rows->length || !rows->queue || !rows->hashes)
        return -ENOMEM;
    return 0;
}

void ps_tree_rows_done(struct ps_tree_rows *rows)
{
    free(rows->rows);
    free(rows->first);
    free(rows->length);
    free(rows->queue);
    free(rows->hashes);
    free(rows->chosen);
    free(rows->entries);
    free(rows->scratch);
    *rows = (struct ps_tree_rows){0};
}

bool ps_tree_is_one_per_line(const struct ps_tree_settings *settings)
{
    return settings->arguments || settings->labels || settings->fields != NULL ||
           settings->total != PS_TREE_NO_TOTAL;
}

uint64_t ps_tree_namespace(const struct ps_tree_settings *settings, const struct ps_tree_view *view,
                           uint32_t node)
{
    const struct pt_process *process = &view->snapshot->processes[node];
    if (!pt_process_has(process, PT_SOURCE_NAMESPACES))
        return 0;
    return process->more->namespaces[settings->sort_namespace];
}

static int make_room(void **array, size_t *room, size_t wanted, size_t size)
{
    if (wanted <= *room)
        return 0;
    size_t grown = *room + *room / 2 + 64;
    if (grown < wanted)
        grown = wanted;
    void *moved = realloc(*array, grown * size);
    if (moved == NULL)
        return -ENOMEM;
    *array = moved;
    *room = grown;
    return 0;
}

void ps_tree_row_name(const struct ps_tree_view *view, const struct ps_tree_settings *settings,
                      const struct ps_tree_row *row, const char **ret_name, size_t *ret_length)
{
    const struct pt_process *process = &view->snapshot->processes[row->node];
    *ret_name = process->stat.comm;
    *ret_length = process->stat.comm_length;
    if (row->thread == PS_TREE_PROCESS || row->thread == PS_TREE_ANY_THREAD ||
        !settings->thread_names)
        return;
    const struct pt_thread *thread = &process->more->threads[row->thread - 1];
    *ret_name = thread->comm;
    *ret_length = thread->comm_length;
}

/* --- who folds --- */

static bool folds(const struct ps_tree_rows *rows, const struct ps_tree_entry *entry)
{
    const struct ps_tree_settings *settings = rows->settings;
    if (rows->survey || settings->not_compact || settings->pids)
        return false;
    return entry->thread != PS_TREE_PROCESS || !ps_tree_is_one_per_line(settings);
}

static bool hashes_processes(const struct ps_tree_rows *rows)
{
    struct ps_tree_entry process = {.thread = PS_TREE_PROCESS};
    return folds(rows, &process);
}

/* How the row or sibling prints. Only for what folds. */
static uint64_t hash_of(const struct ps_tree_rows *rows, uint32_t node, uint32_t thread,
                        const char *name, size_t length)
{
    if (thread == PS_TREE_PROCESS)
        return rows->hashes[node];
    struct ps_tree_hash hash;
    ps_tree_hash_begin(&hash, &rows->fold);
    ps_tree_hash_bytes(&hash, name, length);
    return ps_tree_hash_end(&hash);
}

static uint64_t entry_hash(const struct ps_tree_rows *rows, const struct ps_tree_entry *entry)
{
    return hash_of(rows, entry->node, entry->thread, entry->name, entry->length);
}

static uint64_t row_hash(const struct ps_tree_rows *rows, const struct ps_tree_row *row)
{
    const char *name = NULL;
    size_t length = 0;
    if (row->thread != PS_TREE_PROCESS)
        ps_tree_row_name(rows->view, rows->settings, row, &name, &length);
    return hash_of(rows, row->node, row->thread, name, length);
}

/* --- siblings --- */

/* Byte I of what the name sorts by: threads with their braces. 0 behind its end. */
static unsigned char name_byte(const struct ps_tree_entry *entry, size_t i)
{
    bool thread = entry->thread != PS_TREE_PROCESS;
    if (thread && i == 0)
        return '{';
    i -= thread;
    if (i < entry->length)
        return (unsigned char)entry->name[i];
    return thread && i == entry->length ? '}' : 0;
}

static void add_entry(struct ps_tree_rows *rows, size_t *count, struct ps_tree_entry entry)
{
    for (size_t i = 0; i < sizeof entry.order; i++)
        entry.order = entry.order << 8 | name_byte(&entry, i);
    rows->entries[(*count)++] = entry;
}

static bool belongs(const struct ps_tree_rows *rows, uint32_t parent, uint32_t child)
{
    if (!(rows->view->marks[child] & PS_TREE_SHOWN))
        return false;
    if (rows->settings->sort_namespace < 0 || rows->survey)
        return true;
    return ps_tree_namespace(rows->settings, rows->view, parent) ==
           ps_tree_namespace(rows->settings, rows->view, child);
}

static int add_children(struct ps_tree_rows *rows, uint32_t parent, size_t *count)
{
    size_t children;
    const uint32_t *child = pt_tree_children(rows->view->tree, parent, &children);
    int error = make_room((void **)&rows->entries, &rows->entry_room, *count + children,
                          sizeof *rows->entries);
    for (size_t i = 0; i < children && error == 0; i++) {
        const struct pt_stat *stat = &rows->view->snapshot->processes[child[i]].stat;
        if (!belongs(rows, parent, child[i]))
            continue;
        add_entry(rows, count,
                  (struct ps_tree_entry){.name = stat->comm,
                                         .length = stat->comm_length,
                                         .node = child[i],
                                         .thread = PS_TREE_PROCESS,
                                         .count = 1,
                                         .pid = stat->pid});
    }
    return error;
}

/* Whether as many rows as stat has threads are few enough; records may claim more than there can
 * be. */
static bool may_stand_apart(struct ps_tree_rows *rows, size_t threads)
{
    if (threads > PT_THREADS_MAX - rows->nameless)
        return false;
    rows->nameless += threads;
    return true;
}

/*
 * Threads by their names or tids where these matter; else stat's number of them will do, under the
 * name of the process, and `task` is not read.
 */
static int add_threads(struct ps_tree_rows *rows, uint32_t node, size_t *count)
{
    const struct pt_process *process = &rows->view->snapshot->processes[node];
    if (process->stat.threads < 2 || rows->settings->no_threads || rows->survey ||
        (rows->chosen && !rows->chosen[node]))
        return 0;
    bool known = pt_process_has(process, PT_SOURCE_THREADS);
    size_t threads = known ? process->more->thread_count : process->stat.threads - 1;
    struct ps_tree_entry any = {.name = process->stat.comm,
                                .length = process->stat.comm_length,
                                .node = node,
                                .thread = PS_TREE_ANY_THREAD,
                                .count = 1,
                                .pid = process->stat.pid};
    if (!known && (folds(rows, &any) || !may_stand_apart(rows, threads))) {
        any.count = (uint32_t)threads;
        threads = 1;
    }
    int error = make_room((void **)&rows->entries, &rows->entry_room, *count + threads,
                          sizeof *rows->entries);
    for (size_t i = 0; i < threads && error == 0; i++) {
        struct ps_tree_entry entry = any;
        if (known) {
            const struct pt_thread *thread = &process->more->threads[i];
            if (thread->tid == process->stat.pid)
                continue;
            entry.thread = (uint32_t)i + 1;
            entry.pid = thread->tid;
            if (rows->settings->thread_names) {
                entry.name = thread->comm;
                entry.length = thread->comm_length;
            }
        }
        add_entry(rows, count, entry);
    }
    return error;
}

/* --- order --- */

static int compare_pids(const void *left, const void *right)
{
    const struct ps_tree_entry *a = left, *b = right;
    return (a->pid > b->pid) - (a->pid < b->pid);
}

static int compare_owners(const void *left, const void *right)
{
    const struct ps_tree_entry *a = left, *b = right;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return compare_pids(left, right);
}

static int compare_only_names(const struct ps_tree_entry *a, const struct ps_tree_entry *b)
{
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    for (size_t i = sizeof a->order;; i++) {
        unsigned char in_a = name_byte(a, i), in_b = name_byte(b, i);
        if (in_a != in_b)
            return in_a < in_b ? -1 : 1;
        if (in_a == 0)
            return 0;
    }
}

static int compare_names(const void *left, const void *right)
{
    int order = compare_only_names(left, right);
    return order != 0 ? order : compare_pids(left, right);
}

/* Often enough they are in order as they come. */
static void sort(struct ps_tree_entry *entries, size_t count,
                 int (*compare)(const void *, const void *))
{
    for (size_t i = 1; i < count; i++) {
        if (compare(&entries[i - 1], &entries[i]) > 0) {
            qsort(entries, count, sizeof *entries, compare);
            return;
        }
    }
}

/* Siblings of one name that are several rows: ordered by their owners, which are read for that. */
static int sort_by_owner(struct ps_tree_rows *rows, struct ps_tree_entry *entries, size_t count)
{
    struct pt_snapshot *snapshot = rows->view->snapshot;
    size_t unread = 0;
    int error =
        make_room((void **)&rows->scratch, &rows->scratch_room, count, sizeof *rows->scratch);
    if (error < 0)
        return error;
    for (size_t i = 0; i < count; i++)
        if (!(snapshot->processes[entries[i].node].asked & PT_SOURCE_BIT(PT_SOURCE_OWNER)) &&
            (unread == 0 || rows->scratch[unread - 1] != entries[i].node))
            rows->scratch[unread++] = entries[i].node;
    error = pt_snapshot_add(snapshot, rows->scratch, unread, PT_SOURCE_BIT(PT_SOURCE_OWNER));
    if (error < 0)
        return error;
    for (size_t i = 0; i < count; i++) {
        uid_t uid = 0;
        pt_process_euid(&snapshot->processes[entries[i].node], &uid);
        entries[i].order = uid;
    }
    sort(entries, count, compare_owners);
    return 0;
}

/* --- rows --- */

static void add_row(struct ps_tree_rows *rows, const struct ps_tree_entry *entry)
{
    struct ps_tree_row *row = &rows->rows[rows->count++];
    *row =
        (struct ps_tree_row){.node = entry->node, .thread = entry->thread, .count = entry->count};
}

static bool print_alike(const struct ps_tree_rows *rows, const struct ps_tree_entry *entries,
                        size_t count)
{
    if (!folds(rows, &entries[0]))
        return false;
    uint64_t hash = entry_hash(rows, &entries[0]);
    for (size_t i = 1; i < count; i++)
        if (!folds(rows, &entries[i]) || entry_hash(rows, &entries[i]) != hash)
            return false;
    return true;
}

/* Rows in the order of their first members, found by hash. The table is at most half full. */
static int add_folded(struct ps_tree_rows *rows, const struct ps_tree_entry *entries, size_t count)
{
    size_t base = rows->count, size = 4;
    while (size < 2 * count)
        size *= 2;
    int error =
        make_room((void **)&rows->scratch, &rows->scratch_room, size, sizeof *rows->scratch);
    if (error < 0)
        return error;
    memset(rows->scratch, 0, size * sizeof *rows->scratch);
    for (size_t i = 0; i < count; i++) {
        if (!folds(rows, &entries[i])) {
            add_row(rows, &entries[i]);
            continue;
        }
        uint64_t hash = entry_hash(rows, &entries[i]);
        size_t slot = (size_t)hash & (size - 1);
        while (rows->scratch[slot] != 0 &&
               row_hash(rows, &rows->rows[base + rows->scratch[slot] - 1]) != hash)
            slot = (slot + 1) & (size - 1);
        if (rows->scratch[slot] != 0) {
            rows->rows[base + rows->scratch[slot] - 1].count++;
            continue;
        }
        add_row(rows, &entries[i]);
        rows->scratch[slot] = (uint32_t)(rows->count - base);
    }
    return 0;
}

/* Siblings among which rows may be alike: all, or those of one name. */
static int add_run(struct ps_tree_rows *rows, struct ps_tree_entry *entries, size_t count)
{
    if (count == 1 || print_alike(rows, entries, count)) {
        add_row(rows, &entries[0]);
        if (count > 1)
            rows->rows[rows->count - 1].count = (uint32_t)count;
        return 0;
    }
    bool threads_alone = true;
    for (size_t i = 0; i < count; i++)
        threads_alone &= entries[i].thread != PS_TREE_PROCESS;
    if (!rows->settings->numeric_sort && !threads_alone) {
        int error = sort_by_owner(rows, entries, count);
        if (error < 0)
            return error;
    }
    return add_folded(rows, entries, count);
}

static void hash_node(struct ps_tree_rows *rows, uint32_t node)
{
    struct ps_tree_hash hash;
    ps_tree_hash_begin(&hash, &rows->fold);
    ps_tree_hash_process(&hash, rows->settings, rows->view, node);
    for (size_t i = rows->first[node]; i < rows->count; i++) {
        ps_tree_hash_word(&hash, row_hash(rows, &rows->rows[i]));
        ps_tree_hash_word(&hash, (uint64_t)rows->rows[i].count << 1 |
                                     (rows->rows[i].thread != PS_TREE_PROCESS));
    }
    rows->hashes[node] = ps_tree_hash_end(&hash);
}

static int add_rows_of(struct ps_tree_rows *rows, uint32_t node)
{
    size_t count = 0;
    int error = add_children(rows, node, &count);
    if (error == 0)
        error = add_threads(rows, node, &count);
    if (error == 0)
        error =
            make_room((void **)&rows->rows, &rows->room, rows->count + count, sizeof *rows->rows);
    if (error < 0)
        return error;
    bool numeric = rows->settings->numeric_sort;
    sort(rows->entries, count, numeric ? compare_pids : compare_names);
    for (size_t i = 0, end; i < count && error == 0; i = end) {
        for (end = i + 1; end < count; end++)
            if (!numeric && compare_only_names(&rows->entries[i], &rows->entries[end]) != 0)
                break;
        error = add_run(rows, rows->entries + i, end - i);
    }
    return error;
}

/* Fills the queue level by level, as far as the depth goes. Returns how many of it have rows. */
static size_t line_up(struct ps_tree_rows *rows, uint32_t root, size_t *ret_count)
{
    size_t begin = 0, end = 1;
    rows->queue[0] = root;
    for (uint32_t level = 0; level < rows->settings->depth && begin < end; level++) {
        size_t next = end;
        for (size_t i = begin; i < end; i++) {
            size_t children;
            const uint32_t *child = pt_tree_children(rows->view->tree, rows->queue[i], &children);
            for (size_t k = 0; k < children; k++)
                if (belongs(rows, rows->queue[i], child[k]))
                    rows->queue[next++] = child[k];
        }
        begin = end;
        end = next;
    }
    *ret_count = end;
    return begin;
}

int ps_tree_rows_build(struct ps_tree_rows *rows, uint32_t root)
{
    size_t count, with_rows = line_up(rows, root, &count);
    bool hashed = hashes_processes(rows);
    int error = 0;
    rows->count = rows->nameless = 0;
    for (size_t i = count; i-- > 0 && error == 0;) {
        uint32_t node = rows->queue[i];
        rows->first[node] = (uint32_t)rows->count;
        if (i < with_rows)
            error = add_rows_of(rows, node);
        rows->length[node] = (uint32_t)rows->count - rows->first[node];
        if (hashed)
            hash_node(rows, node);
    }
    return error;
}
