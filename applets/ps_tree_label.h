/*
 * What stands for one process or thread in a drawn tree: its name, what was asked for beside it,
 * its marks and its colour.
 */
#ifndef PS_TREE_LABEL_H
#define PS_TREE_LABEL_H

#include "arena.h"
#include "ps_tree.h"
#include "ps_tree_line.h"
#include "ps_tree_rows.h"
#include "user_names.h"

enum ps_tree_mark {
    PS_TREE_NO_MARK,
    PS_TREE_ZOMBIE,
    PS_TREE_LEADER_EXITED, /* while other threads of it live */
};

enum ps_tree_mark ps_tree_mark_of(const struct pt_process *process);

/* How the process is coloured, as a number to tell processes apart by; 0: not at all. */
unsigned ps_tree_colour_of(const struct ps_tree_settings *settings, const struct ps_tree_view *view,
                           uint32_t node);

/* All zero bytes but for `settings` and `view`, which are borrowed, are ready for use. */
struct ps_tree_labels {
    const struct ps_tree_settings *settings;
    const struct ps_tree_view *view;
    unsigned escape; /* PT_ESCAPE_UTF8 or 0 */
    struct pt_user_names names;
    struct pt_buffer text; /* what is put together before its width is known */
    struct pt_arena arena; /* of one long argv at a time */
};

void ps_tree_labels_done(struct ps_tree_labels *labels);

/* The sources that labels need of what is shown, but threads. */
pt_sources ps_tree_label_sources(const struct ps_tree_settings *settings);

/* Adds the label of a row. TOP: it is the root of what is drawn, and has no parent beside which
 * changes would be shown. 0 or -errno. */
int ps_tree_label_put(struct ps_tree_labels *labels, struct ps_tree_line *line,
                      const struct ps_tree_row *row, bool top);

/*
 * Whether a name is printed bare: nothing in it could be taken for the drawing. Others stand in
 * quotes.
 */
bool ps_tree_name_is_plain(const char *name, size_t length);

#endif
