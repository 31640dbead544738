/* Aligned columns: by display columns, without blanks at the end of a line. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "table.h"
#include "text.h"

enum { COLUMNS = 3 };

static const struct table {
    enum pt_table_align align[COLUMNS];
    bool header;
    const char *rows[5][COLUMNS]; /* until one without a first cell */
    const char *lines;
} tables[] = {
    {{PT_TABLE_RIGHT, PT_TABLE_LEFT, PT_TABLE_LEFT},
     true,
     {{"1", "root", "init"}, {"4711", "www-data", "apache2 -k start"}},
     " PID  USER      COMMAND\n"
     "   1  root      init\n"
     "4711  www-data  apache2 -k start\n"},
    {{PT_TABLE_RIGHT, PT_TABLE_LEFT, PT_TABLE_LEFT},
     false,
     {{"1", "root", "init"}, {"4711", "www-data", ""}, {"22", "", NULL}},
     "   1  root      init\n"
     "4711  www-data\n"
     "  22\n"},
    {{PT_TABLE_RIGHT, PT_TABLE_LEFT, PT_TABLE_LEFT},
     true,
     {{"", "", ""}, {"5", "", "x"}},
     "PID  USER  COMMAND\n"
     "\n"
     "  5        x\n"},
    {{PT_TABLE_LEFT, PT_TABLE_RIGHT, PT_TABLE_RIGHT},
     true,
     {{"1", "12.5", "1"}, {"4711", "3.0", "100000000"}},
     "PID   USER    COMMAND\n"
     "1     12.5          1\n"
     "4711   3.0  100000000\n"},
    {{PT_TABLE_RIGHT, PT_TABLE_LEFT, PT_TABLE_LEFT},
     false,
     {{"1", "caf\xc3\xa9", "a"},
      {"2", "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2", "b"},
      {"3", "e\xcc\x81", "c"}},
     "1  caf\xc3\xa9    a\n"
     "2  \xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2  b\n"
     "3  e\xcc\x81       c\n"},
    {{PT_TABLE_LEFT, PT_TABLE_LEFT, PT_TABLE_LEFT},
     true,
     {{NULL, NULL, NULL}},
     "PID  USER  COMMAND\n"},
};

static void write_table(const struct table *row, FILE *file)
{
    struct pt_table_column columns[COLUMNS] = {
        {"PID", row->align[0], 0}, {"USER", row->align[1], 0}, {"COMMAND", row->align[2], 0}};
    struct pt_table table = {columns, COLUMNS};

    if (row->header)
        pt_table_measure_header(&table);
    for (size_t i = 0; row->rows[i][0]; i++)
        pt_table_measure(&table, row->rows[i]);
    if (row->header)
        pt_table_print_header(&table, file);
    for (size_t i = 0; row->rows[i][0]; i++)
        pt_table_print(&table, row->rows[i], file);
}

START_TEST(aligned)
{
    setenv("LC_ALL", "C.UTF-8", 1);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char *text;
        size_t length;
        FILE *file = open_memstream(&text, &length);

        ck_assert_ptr_nonnull(file);
        write_table(&tables[i], file);
        ck_assert_int_eq(fclose(file), 0);
        ck_assert_str_eq(text, tables[i].lines);
        free(text);
    }
}
END_TEST

/* What was not measured shifts the rest and is never cut. */
START_TEST(wider_than_measured)
{
    struct pt_table_column columns[] = {{"A", PT_TABLE_LEFT, 0}, {"B", PT_TABLE_RIGHT, 3}};
    struct pt_table table = {columns, 2};
    char *text;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(file);
    pt_table_print(&table, (const char *const[]){"wide", "1"}, file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_str_eq(text, "wide    1\n");
    free(text);
}
END_TEST

int main(void)
{
    return RUN_SUITE("table", aligned, wider_than_measured);
}
