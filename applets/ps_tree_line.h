/*
 * A line of a drawn tree while it is put together: its columns are counted, and what is wider than
 * the terminal is cut.
 */
#ifndef PS_TREE_LINE_H
#define PS_TREE_LINE_H

#include <stddef.h>

#include "buffer.h"
#include "ps_tree.h"

/* The lines so far, and the one that is being written. */
struct ps_tree_line {
    struct pt_buffer text;
    size_t start; /* of the line, in text */
    size_t width; /* columns that it has so far */
    size_t limit; /* columns of the terminal, the last one only for a cut; 0: any number */
};

/* What stands between names. Each is two or three columns wide. */
struct ps_tree_symbols {
    const char *blank, *vertical, *branch, *last; /* two */
    const char *only, *first;                     /* three: an only child, the first of several */
};

const struct ps_tree_symbols *ps_tree_symbols(enum ps_tree_charset charset);

/* What takes one column a byte. */
void ps_tree_line_put(struct ps_tree_line *line, const char *bytes, size_t length);

/* Text that has been escaped, as wide as it is. */
void ps_tree_line_put_text(struct ps_tree_line *line, const char *text, size_t length);

/* One of the symbols, or an escape sequence of the terminal, WIDTH columns wide. */
void ps_tree_line_put_symbol(struct ps_tree_line *line, const char *symbol, size_t width);

void ps_tree_line_put_number(struct ps_tree_line *line, uint64_t number);

/* Cuts what is too wide, so that a `+` stands in the last column. The line stays unended. */
void ps_tree_line_cut(struct ps_tree_line *line);

/* Cuts the line, ends it, and begins the next one. */
void ps_tree_line_end(struct ps_tree_line *line);

#endif
