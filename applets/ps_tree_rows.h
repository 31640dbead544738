/*
 * The rows of a drawing: which siblings stand below one another, in which order, and which of them
 * print alike and are one row.
 */
#ifndef PS_TREE_ROWS_H
#define PS_TREE_ROWS_H

#include "ps_tree.h"
#include "ps_tree_fold.h"

/* The value of `thread` where a row is no certain thread. */
#define PS_TREE_PROCESS 0u
#define PS_TREE_ANY_THREAD UINT32_MAX

struct ps_tree_row {
    uint32_t node;
    uint32_t thread; /* PS_TREE_PROCESS; PS_TREE_ANY_THREAD of the node; else its place among
                        more->threads, and 1 */
    uint32_t count;  /* how many print alike */
};

struct ps_tree_entry;

struct ps_tree_rows {
    const struct ps_tree_settings *settings;
    const struct ps_tree_view *view;
    bool survey; /* every process its own row, no threads, whatever the settings say */
    struct ps_tree_row *rows;
    size_t count, room;
    uint32_t *first;  /* of each node: its first row */
    uint32_t *length; /* and how many it has */
    uint32_t *queue;  /* the nodes of the tree, parents first */
    uint64_t *hashes; /* of each node: how its subtree prints */
    uint8_t *chosen;  /* of each node: threads are shown; NULL: of all */
    struct ps_tree_fold fold;
    struct ps_tree_entry *entries; /* of the siblings at hand */
    size_t entry_room;
    size_t nameless;   /* threads that have a row each by their number alone */
    uint32_t *scratch; /* as the siblings at hand need it */
    size_t scratch_room;
};

/* 0 or -ENOMEM. In each case ps_tree_rows_done may follow. */
int ps_tree_rows_init(struct ps_tree_rows *rows, const struct ps_tree_settings *settings,
                      const struct ps_tree_view *view);
void ps_tree_rows_done(struct ps_tree_rows *rows);

/*
 * Makes the rows of everything below ROOT; those of the tree before are forgotten. With -N only
 * what is in its parent's namespace. Reads the owners of siblings that are ordered by them. 0 or
 * -errno.
 */
int ps_tree_rows_build(struct ps_tree_rows *rows, uint32_t root);

/* The name of the row's process or thread, as the kernel has it; a thread's without -t is that of
 * its process. */
void ps_tree_row_name(const struct ps_tree_view *view, const struct ps_tree_settings *settings,
                      const struct ps_tree_row *row, const char **ret_name, size_t *ret_length);

/* A process whose line stands by itself: -a, -Z, -o, --totals. */
bool ps_tree_is_one_per_line(const struct ps_tree_settings *settings);

/* The namespace that -N sorts by; 0 where it cannot be read. */
uint64_t ps_tree_namespace(const struct ps_tree_settings *settings, const struct ps_tree_view *view,
                           uint32_t node);

#endif
