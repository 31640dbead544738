/*
 * Aligned columns for people. Two passes over the rows, so that nothing is stored: measure each,
 * then print each. Cells are escaped text already; widths are display columns. A line never ends in
 * the blanks of our padding. Failed writes stick to the FILE: ask ferror(3) once, at the end.
 */
#ifndef PT_TABLE_H
#define PT_TABLE_H

#include <stddef.h>
#include <stdio.h>

enum pt_table_align {
    PT_TABLE_LEFT,
    PT_TABLE_RIGHT, /* numbers */
};

struct pt_table_column {
    const char *header;
    enum pt_table_align align;
    size_t width; /* display columns of the widest cell measured so far; begins at 0 */
};

/* Borrows its columns, whose array the caller owns; there is no _done. A last column that is
 * aligned to the left needs no measuring and may hold a drawn tree. */
struct pt_table {
    struct pt_table_column *columns;
    size_t count;
};

/* Takes one row, COUNT cells, into the widths. A NULL cell is empty. */
void pt_table_measure(struct pt_table *table, const char *const *cells);

/* Takes the headers into the widths; where a header is to be printed, before any row is. */
void pt_table_measure_header(struct pt_table *table);

/* Writes one row as a line, two spaces between columns. A cell wider than its column shifts the
 * rest. */
void pt_table_print(const struct pt_table *table, const char *const *cells, FILE *file);

/* Writes the headers as a line. */
void pt_table_print_header(const struct pt_table *table, FILE *file);

#endif
