#include "ps_tree_columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --totals is two fields more. Resident memory counts what is shared in each process that has it,
 * so that its sum is the most that it can be. */
static const char *const total_fields[][2] = {
    [PS_TREE_TOTAL_RSS] = {"total_rss", "total_processes"},
    [PS_TREE_TOTAL_PSS] = {"total_pss", "total_processes"},
};
static const char rss_header[] = "total_rss(max)";

bool ps_tree_has_columns(const struct ps_tree_settings *settings)
{
    return settings->fields != NULL || settings->total != PS_TREE_NO_TOTAL;
}

/* All fields, -o's first; NULL: no memory. The caller frees the array. */
static const struct pt_field **list_fields(const struct ps_tree_settings *settings)
{
    size_t count = 0;
    while (settings->fields != NULL && settings->fields[count] != NULL)
        count++;
    const struct pt_field **fields = calloc(count + 3, sizeof(const struct pt_field *));
    if (fields == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        fields[i] = settings->fields[i];
    for (size_t i = 0; i < 2 && settings->total != PS_TREE_NO_TOTAL; i++) {
        const char *name = total_fields[settings->total][i];
        fields[count++] = pt_field_find(name, strlen(name));
    }
    return fields;
}

static bool any_needs(const struct pt_field *const *fields,
                      bool (*needs)(const struct pt_field *field))
{
    for (; *fields != NULL; fields++)
        if (needs(*fields))
            return true;
    return false;
}

pt_sources ps_tree_column_sources(const struct ps_tree_settings *settings, bool *ret_below)
{
    pt_sources sources = 0;
    *ret_below = settings->total != PS_TREE_NO_TOTAL;
    if (settings->fields != NULL) {
        sources = pt_fields_sources(settings->fields);
        *ret_below |= any_needs(settings->fields, pt_field_needs_totals);
    }
    if (settings->total == PS_TREE_TOTAL_PSS)
        sources |= PT_SOURCE_BIT(PT_SOURCE_SMAPS_ROLLUP);
    else if (settings->total == PS_TREE_TOTAL_RSS)
        sources |= PT_SOURCE_BIT(PT_SOURCE_STATM);
    return sources;
}

static int fill(struct ps_tree_columns *columns, uint32_t node)
{
    struct pt_process whole;
    int error =
        pt_fields_read_whole(&columns->context, node, columns->fields, &columns->arena, &whole);
    for (size_t i = 0; columns->fields[i] != NULL && error == 0; i++) {
        pt_buffer_clear(&columns->texts[i]);
        error = pt_field_append(columns->fields[i], &columns->context, node, &columns->texts[i]);
        columns->cells[i] = pt_buffer_text(&columns->texts[i]);
    }
    columns->context.whole = NULL;
    pt_arena_clear(&columns->arena);
    return error;
}

static int make_columns(struct ps_tree_columns *columns, const struct ps_tree_settings *settings)
{
    size_t count = 0;
    while (columns->fields[count] != NULL)
        count++;
    columns->table.columns = calloc(count + 1, sizeof *columns->table.columns);
    columns->texts = calloc(count + 1, sizeof *columns->texts);
    columns->cells = calloc(count + 1, sizeof *columns->cells);
    if (!columns->table.columns || !columns->texts || !columns->cells)
        return -ENOMEM;
    columns->table.count = count + 1;
    for (size_t i = 0; i < count; i++) {
        struct pt_table_column *column = &columns->table.columns[i];
        column->header = pt_field_name(columns->fields[i]);
        column->align = pt_field_is_number(columns->fields[i]) ? PT_TABLE_RIGHT : PT_TABLE_LEFT;
    }
    if (settings->total == PS_TREE_TOTAL_RSS)
        columns->table.columns[count - 2].header = rss_header;
    columns->table.columns[count].header = "tree";
    return 0;
}

static int measure(struct ps_tree_columns *columns, const struct ps_tree_settings *settings,
                   const struct ps_tree_view *view)
{
    int error = 0;
    for (uint32_t i = 0; i < view->tree->count && error == 0; i++) {
        if (!(view->marks[i] & PS_TREE_SHOWN) || !pt_tree_holds(view->tree, i))
            continue;
        error = fill(columns, i);
        if (error == 0)
            pt_table_measure(&columns->table, columns->cells);
    }
    if (!settings->no_header)
        pt_table_measure_header(&columns->table);
    return error;
}

int ps_tree_columns_init(struct ps_tree_columns *columns, const struct ps_tree_settings *settings,
                         const struct ps_tree_view *view)
{
    *columns = (struct ps_tree_columns){.fields = list_fields(settings)};
    pt_arena_init(&columns->arena);
    if (columns->fields == NULL)
        return -ENOMEM;
    int error = 0;
    if (any_needs(columns->fields, pt_field_needs_depth))
        error = pt_tree_depths(view->tree, &columns->depths);
    if (error == 0 && any_needs(columns->fields, pt_field_needs_totals))
        error = pt_tree_totals(view->tree, &columns->totals);
    if (error == 0)
        error = make_columns(columns, settings);
    if (error < 0)
        return error;
    columns->context = (struct pt_field_context){
        .snapshot = view->snapshot,
        .tree = view->tree,
        .depths = columns->depths,
        .totals = columns->totals,
        .marks = view->marks,
        .asked_as_root = PS_TREE_ROOT,
        .names = &columns->names,
        .fields = columns->fields,
    };
    return measure(columns, settings, view);
}

void ps_tree_columns_done(struct ps_tree_columns *columns)
{
    for (size_t i = 0; columns->texts != NULL && columns->fields[i] != NULL; i++)
        pt_buffer_done(&columns->texts[i]);
    free(columns->fields);
    free(columns->table.columns);
    free(columns->texts);
    free(columns->cells);
    free(columns->depths);
    free(columns->totals);
    pt_user_names_done(&columns->names);
    pt_arena_done(&columns->arena);
    *columns = (struct ps_tree_columns){0};
}

size_t ps_tree_columns_width(const struct ps_tree_columns *columns)
{
    size_t width = 0;
    for (size_t i = 0; i + 1 < columns->table.count; i++)
        width += columns->table.columns[i].width + 2;
    return width;
}

void ps_tree_columns_print_header(const struct ps_tree_columns *columns, FILE *out)
{
    pt_table_print_header(&columns->table, out);
}

int ps_tree_columns_print(struct ps_tree_columns *columns, uint32_t node, const char *tree,
                          FILE *out)
{
    size_t last = columns->table.count - 1;
    int error = 0;
    for (size_t i = 0; i < last; i++)
        columns->cells[i] = NULL;
    if (node != PT_NO_INDEX)
        error = fill(columns, node);
    columns->cells[last] = tree;
    if (error == 0)
        pt_table_print(&columns->table, columns->cells, out);
    columns->cells[last] = NULL;
    return error;
}
