#include "table.h"

#include <string.h>

#include "text.h"

static size_t width_of(const char *cell)
{
    return cell ? pt_text_width(cell, strlen(cell)) : 0;
}

static void take_width(struct pt_table_column *column, const char *cell)
{
    size_t width = width_of(cell);

    if (width > column->width)
        column->width = width;
}

void pt_table_measure(struct pt_table *table, const char *const *cells)
{
    for (size_t i = 0; i < table->count; i++)
        take_width(&table->columns[i], cells[i]);
}

void pt_table_measure_header(struct pt_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        take_width(&table->columns[i], table->columns[i].header);
}

static void write_blanks(FILE *file, size_t count)
{
    for (; count > 0; count--)
        putc(' ', file);
}

/* Writes CELL in its column. Blanks are owed, in *PENDING, until something stands behind them. */
static void print_cell(const struct pt_table_column *column, const char *cell, size_t *pending,
                       FILE *file)
{
    size_t width = width_of(cell);
    size_t blanks = column->width > width ? column->width - width : 0;

    if (column->align == PT_TABLE_RIGHT)
        *pending += blanks;
    if (cell && *cell) {
        write_blanks(file, *pending);
        *pending = 0;
        fputs(cell, file);
    }
    if (column->align == PT_TABLE_LEFT)
        *pending += blanks;
}

/* The headers where CELLS is NULL. */
static void print_line(const struct pt_table *table, const char *const *cells, FILE *file)
{
    size_t pending = 0;

    for (size_t i = 0; i < table->count; i++) {
        const struct pt_table_column *column = &table->columns[i];
        print_cell(column, cells ? cells[i] : column->header, &pending, file);
        pending += 2;
    }
    putc('\n', file);
}

void pt_table_print(const struct pt_table *table, const char *const *cells, FILE *file)
{
    print_line(table, cells, file);
}

void pt_table_print_header(const struct pt_table *table, FILE *file)
{
    print_line(table, NULL, file);
}
