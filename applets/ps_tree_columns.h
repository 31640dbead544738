/*
 * The columns before a drawn tree: -o and --totals.
 */
#ifndef PS_TREE_COLUMNS_H
#define PS_TREE_COLUMNS_H

#include "arena.h"
#include "fields.h"
#include "ps_tree.h"
#include "table.h"
#include "user_names.h"

struct ps_tree_columns {
    struct pt_field_context context;
    const struct pt_field **fields; /* NULL-terminated */
    struct pt_table table;          /* a column a field, and the tree */
    struct pt_buffer *texts;        /* of each field */
    const char **cells;
    uint32_t *depths;
    struct pt_totals *totals;
    struct pt_user_names names;
    struct pt_arena arena; /* of what is read for one line */
};

/* Whether there are any. */
bool ps_tree_has_columns(const struct ps_tree_settings *settings);

/* The sources that they need, and whether of all that is below what is shown too. */
pt_sources ps_tree_column_sources(const struct ps_tree_settings *settings, bool *ret_below);

/* Measures what will be shown. 0 or -errno; ps_tree_columns_done may follow in each case, and
 * accepts a zeroed one. */
int ps_tree_columns_init(struct ps_tree_columns *columns, const struct ps_tree_settings *settings,
                         const struct ps_tree_view *view);
void ps_tree_columns_done(struct ps_tree_columns *columns);

/* Display columns before the tree. */
size_t ps_tree_columns_width(const struct ps_tree_columns *columns);

void ps_tree_columns_print_header(const struct ps_tree_columns *columns, FILE *out);

/* Writes the line of a process; of a thread, which has no fields, where NODE is PT_NO_INDEX. */
int ps_tree_columns_print(struct ps_tree_columns *columns, uint32_t node, const char *tree,
                          FILE *out);

#endif
