/*
 * What scripts read: --list, --json, --jsonl. (--folded is ps_tree_stacks.c.)
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ps_tree.h"
#include "ps_tree_stacks.h"
#include "table.h"

/* jq 1.6 keeps a bracket, a member's name and another bracket for each level, and refuses more than
 * 256 of them: 84 levels are the most that it reads. */
#define LEVELS_MAX 80

struct records {
    const struct ps_tree_settings *settings;
    struct ps_tree_view *view;
    const struct pt_field **fields; /* NULL-terminated; owned where settings have none */
    struct pt_field_context context;
    struct pt_user_names names;
    struct pt_arena scratch; /* of one record */
    uint32_t *depths;
    struct pt_totals *totals;
    FILE *out;
};

/* --- what is needed --- */

static bool is_needed(const struct records *records, bool (*needs)(const struct pt_field *))
{
    const struct pt_field *sort = records->settings->sort;
    for (const struct pt_field **field = records->fields; field && *field; field++)
        if (needs(*field))
            return true;
    return sort != NULL && needs(sort);
}

static pt_sources sources_of(const struct ps_tree_settings *settings,
                             const struct pt_field **fields)
{
    pt_sources sources = PT_SOURCE_BIT(PT_SOURCE_STAT);
    if (fields != NULL)
        sources |= pt_fields_sources(fields);
    if (settings->sort != NULL)
        sources |= pt_field_sources(settings->sort);
    return sources;
}

/* Those of -o, else everything cheap; none for a plain --list, which shows PIDs alone. */
static int choose_fields(struct records *records)
{
    records->fields = records->settings->fields;
    if (records->fields != NULL || records->settings->output == PS_TREE_LIST)
        return 0;
    return pt_fields_parse("default", &records->fields, NULL);
}

int ps_tree_records_sources(const struct ps_tree_settings *settings, pt_sources *ret_sources)
{
    struct records records = {.settings = settings};
    if (settings->output == PS_TREE_FOLDED) {
        *ret_sources = ps_tree_stacks_sources(settings);
        return 0;
    }
    int error = choose_fields(&records);
    if (error < 0)
        return error;
    *ret_sources = sources_of(settings, records.fields);
    if (records.fields != settings->fields)
        free(records.fields);
    return 0;
}

/* Marks what must be read: what is shown, and for sums what stands below it. */
static uint8_t *mark_needed(const struct records *records)
{
    const struct ps_tree_view *view = records->view;
    const struct pt_tree *tree = view->tree;
    uint8_t *marks = calloc(tree->count + 1, 1);
    if (marks == NULL)
        return NULL;
    for (size_t i = 0; i < view->selected_count; i++)
        marks[view->selected[i]] = 1;
    for (size_t i = 0; i < tree->count && records->settings->output == PS_TREE_JSON; i++)
        marks[i] = (view->marks[i] & PS_TREE_SHOWN) != 0;
    if (is_needed(records, pt_field_needs_totals))
        pt_tree_mark_descendants(tree, marks, 1, 1);
    return marks;
}

/* Adds the sources that the scan has not asked for. */
static int complete(const struct records *records)
{
    struct pt_snapshot *snapshot = records->view->snapshot;
    pt_sources sources = sources_of(records->settings, records->fields);
    uint8_t *marks = mark_needed(records);
    uint32_t *lacking = malloc((snapshot->count + 1) * sizeof *lacking);
    size_t count = 0;
    int error = -ENOMEM;
    if (marks == NULL || lacking == NULL)
        goto out;
    for (uint32_t i = 0; i < snapshot->count; i++)
        if (marks[i] && (snapshot->processes[i].asked & sources) != sources)
            lacking[count++] = i;
    error = count > 0 ? pt_snapshot_add(snapshot, lacking, count, sources) : 0;
out:
    free(marks);
    free(lacking);
    return error;
}

static int prepare(struct records *records)
{
    const struct ps_tree_view *view = records->view;
    int error = choose_fields(records);
    if (error == 0)
        error = complete(records);
    if (error == 0 && is_needed(records, pt_field_needs_depth))
        error = pt_tree_depths(view->tree, &records->depths);
    if (error == 0 && is_needed(records, pt_field_needs_totals))
        error = pt_tree_totals(view->tree, &records->totals);
    if (error < 0)
        return error;
    records->context = (struct pt_field_context){
        .snapshot = view->snapshot,
        .tree = view->tree,
        .depths = records->depths,
        .totals = records->totals,
        .marks = view->marks,
        .asked_as_root = PS_TREE_ROOT,
        .names = &records->names,
        .fields = records->fields,
    };
    if (records->settings->sort == NULL)
        return 0;
    return pt_field_sort(records->settings->sort, &records->context,
                         records->settings->sort_descending, records->view->selected,
                         records->view->selected_count);
}

/* A process that vanished while its record was completed is not shown: half a record never is. */
static bool is_gone(const struct records *records, uint32_t node)
{
    return pt_snapshot_is_gone(&records->view->snapshot->processes[node]);
}

/* --- --list --- */

static void write_pids(const struct records *records)
{
    const struct ps_tree_view *view = records->view;
    for (size_t i = 0; i < view->selected_count; i++) {
        if (is_gone(records, view->selected[i]))
            continue;
        fprintf(records->out, "%jd%c",
                (intmax_t)view->snapshot->processes[view->selected[i]].stat.pid,
                records->settings->nul ? '\0' : '\n');
    }
}

struct rows {
    struct records *records;
    struct pt_table table;
    struct pt_buffer *texts;
    const char **cells;
};

static int fill_row(struct rows *rows, uint32_t node)
{
    struct records *records = rows->records;
    struct pt_process whole;
    int error =
        pt_fields_read_whole(&records->context, node, records->fields, &records->scratch, &whole);
    for (size_t i = 0; i < rows->table.count && error == 0; i++) {
        pt_buffer_clear(&rows->texts[i]);
        error = pt_field_append(records->fields[i], &records->context, node, &rows->texts[i]);
        rows->cells[i] = pt_buffer_text(&rows->texts[i]);
    }
    records->context.whole = NULL;
    pt_arena_clear(&records->scratch);
    return error;
}

/* Twice over the rows, to measure and to print: none is stored. */
static int write_rows(struct rows *rows, bool print)
{
    const struct ps_tree_view *view = rows->records->view;
    for (size_t i = 0; i < view->selected_count; i++) {
        uint32_t node = view->selected[i];
        if (is_gone(rows->records, node))
            continue;
        int error = fill_row(rows, node);
        if (error < 0)
            return error;
        if (print)
            pt_table_print(&rows->table, rows->cells, rows->records->out);
        else
            pt_table_measure(&rows->table, rows->cells);
    }
    return 0;
}

static size_t count_fields(const struct pt_field *const *fields)
{
    size_t count = 0;
    while (fields[count] != NULL)
        count++;
    return count;
}

static int write_table(struct records *records)
{
    size_t count = count_fields(records->fields);
    struct rows rows = {
        .records = records,
        .table = {.columns = calloc(count + 1, sizeof *rows.table.columns), .count = count},
        .texts = calloc(count + 1, sizeof *rows.texts),
        .cells = calloc(count + 1, sizeof *rows.cells),
    };
    int error = -ENOMEM;
    if (rows.table.columns == NULL || rows.texts == NULL || rows.cells == NULL)
        goto out;
    for (size_t i = 0; i < count; i++) {
        rows.table.columns[i].header = pt_field_name(records->fields[i]);
        rows.table.columns[i].align =
            pt_field_is_number(records->fields[i]) ? PT_TABLE_RIGHT : PT_TABLE_LEFT;
    }
    if (!records->settings->no_header)
        pt_table_measure_header(&rows.table);
    error = write_rows(&rows, false);
    if (error < 0)
        goto out;
    if (!records->settings->no_header)
        pt_table_print_header(&rows.table, records->out);
    error = write_rows(&rows, true);
out:
    for (size_t i = 0; i < count && rows.texts != NULL; i++)
        pt_buffer_done(&rows.texts[i]);
    free(rows.table.columns);
    free(rows.texts);
    free(rows.cells);
    return error;
}

/* --- one record in JSON --- */

static int write_members(struct records *records, uint32_t node, struct pt_json *json)
{
    struct pt_process whole;
    int error =
        pt_fields_read_whole(&records->context, node, records->fields, &records->scratch, &whole);
    if (error < 0)
        return error;
    for (const struct pt_field **field = records->fields; *field != NULL; field++)
        pt_field_write(*field, &records->context, node, json);
    pt_fields_write_errors(&records->context, node, json);
    records->context.whole = NULL;
    pt_arena_clear(&records->scratch);
    return 0;
}

static int write_lines(struct records *records)
{
    const struct ps_tree_view *view = records->view;
    for (size_t i = 0; i < view->selected_count; i++) {
        struct pt_json json;
        if (is_gone(records, view->selected[i]))
            continue;
        pt_json_init(&json, records->out, PT_JSON_COMPACT);
        pt_json_begin_object(&json, NULL);
        int error = write_members(records, view->selected[i], &json);
        if (error < 0)
            return error;
        pt_json_end_object(&json);
    }
    return 0;
}

/* --- nested JSON --- */

/* One that `processes` itself holds: a root, or where nesting begins anew. */
struct start {
    uint32_t node;
    uint32_t level; /* below its root */
    bool begun_anew;
};

struct nesting {
    struct records *records;
    struct pt_json json;
    uint32_t *position; /* pt_tree_positions */
    struct start *starts;
    size_t start_count;
};

static bool is_shown(const struct nesting *nesting, uint32_t node)
{
    return nesting->records->view->marks[node] & PS_TREE_SHOWN;
}

static void begin_later(struct nesting *nesting, uint32_t node, uint32_t level, bool begun_anew)
{
    nesting->starts[nesting->start_count++] = (struct start){node, level, begun_anew};
}

/* The first of child[place ..end) that is shown; those that are gone are put off: their own
 * children are roots. */
static uint32_t next_shown(struct nesting *nesting, uint32_t place, uint32_t end, uint32_t level)
{
    const struct pt_tree *tree = nesting->records->view->tree;
    for (; place < end; place++) {
        uint32_t node = tree->child[place];
        if (!is_shown(nesting, node))
            continue;
        if (!is_gone(nesting->records, node))
            return node;
        begin_later(nesting, node, level, false);
    }
    return PT_NO_INDEX;
}

static uint32_t first_child(struct nesting *nesting, uint32_t node, uint32_t level)
{
    const struct pt_tree *tree = nesting->records->view->tree;
    if (level >= nesting->records->settings->depth || !pt_tree_holds(tree, node))
        return PT_NO_INDEX;
    return next_shown(nesting, tree->first[node], tree->first[node + 1], level + 1);
}

static uint32_t next_sibling(struct nesting *nesting, uint32_t node, uint32_t level)
{
    const struct pt_tree *tree = nesting->records->view->tree;
    uint32_t end = tree->first[tree->parent[node] + 1];
    return next_shown(nesting, nesting->position[node] + 1, end, level);
}

static void put_off_children(struct nesting *nesting, uint32_t node, uint32_t level,
                             bool begun_anew)
{
    uint32_t child = first_child(nesting, node, level);
    for (; child != PT_NO_INDEX; child = next_sibling(nesting, child, level + 1))
        begin_later(nesting, child, level + 1, begun_anew);
}

static int open_record(struct nesting *nesting, uint32_t node, bool begun_anew)
{
    struct records *records = nesting->records;
    pt_json_begin_object(&nesting->json, NULL);
    records->context.begun_anew = begun_anew;
    int error = write_members(records, node, &nesting->json);
    records->context.begun_anew = false;
    if (records->view->with_criteria)
        pt_json_bool(&nesting->json, "match", records->view->marks[node] & PS_TREE_MATCHED);
    pt_json_begin_array(&nesting->json, "children");
    return error;
}

static void close_record(struct nesting *nesting)
{
    pt_json_end_array(&nesting->json);
    pt_json_end_object(&nesting->json);
}

/* A tree from its start, LEVELS_MAX levels at the most, by the parent links. */
static int write_tree(struct nesting *nesting, const struct start *start)
{
    const struct pt_tree *tree = nesting->records->view->tree;
    uint32_t node = start->node, level = start->level;
    int error = open_record(nesting, node, start->begun_anew);
    while (error == 0) {
        uint32_t next = PT_NO_INDEX;
        if (level - start->level + 1 < LEVELS_MAX)
            next = first_child(nesting, node, level);
        else
            put_off_children(nesting, node, level, true);
        if (next != PT_NO_INDEX)
            level++;
        while (next == PT_NO_INDEX) {
            close_record(nesting);
            if (node == start->node)
                return 0;
            next = next_sibling(nesting, node, level);
            if (next == PT_NO_INDEX) {
                node = tree->parent[node];
                level--;
            }
        }
        node = next;
        error = open_record(nesting, node, false);
    }
    return error;
}

static int write_document(struct nesting *nesting)
{
    int error = 0;
    pt_json_init(&nesting->json, nesting->records->out, PT_JSON_COMPACT);
    pt_json_begin_object(&nesting->json, NULL);
    pt_json_u64(&nesting->json, "schema", 1);
    pt_json_begin_array(&nesting->json, "processes");
    for (size_t i = 0; i < nesting->start_count && error == 0; i++) {
        struct start start = nesting->starts[i];
        if (is_gone(nesting->records, start.node))
            put_off_children(nesting, start.node, start.level, false);
        else
            error = write_tree(nesting, &start);
    }
    pt_json_end_array(&nesting->json);
    pt_json_end_object(&nesting->json);
    return error;
}

static int write_nested(struct records *records)
{
    const struct ps_tree_view *view = records->view;
    struct nesting nesting = {.records = records};
    int error = pt_tree_positions(view->tree, &nesting.position);
    if (error < 0)
        return error;
    /* Each node begins at most once. */
    nesting.starts = malloc((view->tree->count + 1) * sizeof *nesting.starts);
    if (nesting.starts == NULL) {
        error = -ENOMEM;
    } else {
        for (size_t i = 0; i < view->root_count; i++)
            begin_later(&nesting, view->roots[i], 0, false);
        error = write_document(&nesting);
    }
    free(nesting.position);
    free(nesting.starts);
    return error;
}

/* --- all --- */

static int write_output(struct records *records)
{
    switch (records->settings->output) {
    case PS_TREE_JSON:
        return write_nested(records);
    case PS_TREE_JSONL:
        return write_lines(records);
    default:
        if (records->fields != NULL)
            return write_table(records);
        write_pids(records);
        return 0;
    }
}

int ps_tree_records(const struct ps_tree_settings *settings, struct ps_tree_view *view, FILE *out)
{
    struct records records = {.settings = settings, .view = view, .out = out};
    if (settings->output == PS_TREE_FOLDED)
        return ps_tree_stacks(settings, view, out);
    int error = prepare(&records);
    if (error == 0)
        error = write_output(&records);
    if (records.fields != settings->fields)
        free(records.fields);
    pt_user_names_done(&records.names);
    pt_arena_done(&records.scratch);
    free(records.depths);
    free(records.totals);
    return error;
}
