/*
 * Trees for people, in pstree's bytes (psmisc 23.6) where a name is plain.
 *
 * Deliberate deviations: what folds is alike in all that is shown or asked for (pstree leaves out
 * process groups and highlights); a name that could be taken for the drawing is quoted; a zombie,
 * an exited leader and a root whose parent is not visible are marked; a cut line ends in one `+`
 * (pstree writes one for each byte of a box-drawing character, beyond the last column) and is cut
 * between terminal sequences, whose bytes are no columns; -N puts what has no readable namespace
 * last, under [?].
 *
 * No recursion: what is open is a stack of frames, and every thousand levels the drawing starts
 * anew at the left edge.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ps_tree.h"
#include "ps_tree_columns.h"
#include "ps_tree_label.h"
#include "ps_tree_line.h"
#include "ps_tree_rows.h"
#include "text.h"

#define LEVELS ((size_t)1000)
#define FLUSH_SIZE ((size_t)64 << 10)

/* A row whose own rows are being drawn. */
struct frame {
    uint32_t next, end; /* its rows that are still to be drawn */
    uint32_t folded;    /* brackets that are open around them */
    size_t prefix;      /* bytes of the prefix that stand before them */
    size_t width;       /* columns of these */
};

struct drawing {
    const struct ps_tree_settings *settings;
    struct ps_tree_view *view;
    FILE *out;
    const struct ps_tree_symbols *symbols;
    bool one_per_line;
    struct ps_tree_line line;
    struct pt_buffer prefix; /* what stands before the rows of the innermost frame */
    struct frame *frames;    /* LEVELS of them */
    size_t depth;            /* how many are open */
    uint32_t *pending;       /* rows that start anew */
    size_t pending_count, pending_room;
    struct ps_tree_rows rows;
    struct ps_tree_labels labels;
    struct ps_tree_columns columns;
};

/* --- sources --- */

/* Adds the sources to the records that have not been asked for them; `of` has a byte a record. */
static int add_sources(struct ps_tree_view *view, const uint8_t *of, pt_sources sources)
{
    struct pt_snapshot *snapshot = view->snapshot;
    size_t count = 0;
    uint32_t *lacking = malloc((snapshot->count + 1) * sizeof *lacking);
    if (lacking == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < snapshot->count; i++)
        if (of[i] && pt_tree_holds(view->tree, i) &&
            (snapshot->processes[i].asked & sources) != sources)
            lacking[count++] = i;
    int error = count > 0 ? pt_snapshot_add(snapshot, lacking, count, sources) : 0;
    free(lacking);
    return error;
}

pt_sources ps_tree_draw_sources(const struct ps_tree_settings *settings)
{
    bool below;
    return ps_tree_label_sources(settings) | ps_tree_column_sources(settings, &below);
}

/* Threads are read where their names, tids or places matter. */
static int add_threads(const struct ps_tree_settings *settings, struct ps_tree_view *view,
                       uint8_t *of)
{
    if (settings->no_threads ||
        !(settings->thread_names || settings->pids || settings->numeric_sort))
        return 0;
    for (size_t i = 0; i < view->tree->count; i++)
        of[i] = (view->marks[i] & PS_TREE_SHOWN) && view->snapshot->processes[i].stat.threads > 1;
    return add_sources(view, of, PT_SOURCE_BIT(PT_SOURCE_THREADS));
}

/* Completes the records of what is shown. */
static int complete(const struct ps_tree_settings *settings, struct ps_tree_view *view)
{
    bool below;
    pt_sources sources = ps_tree_label_sources(settings) | ps_tree_column_sources(settings, &below);
    bool with_parents = settings->namespace_changes;
    uint8_t *of = calloc(view->tree->count + 1, 1);
    if (of == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < view->tree->count; i++)
        of[i] = (view->marks[i] & PS_TREE_SHOWN) != 0;
    for (size_t i = 0; i < view->root_count; i++) {
        uint32_t parent = view->tree->parent[view->roots[i]];
        of[view->roots[i]] = 1;
        if (with_parents && parent != PT_NO_INDEX)
            of[parent] = 1;
    }
    if (below)
        pt_tree_mark_descendants(view->tree, of, 1, 1);
    int error = sources != 0 ? add_sources(view, of, sources) : 0;
    if (error == 0)
        error = add_threads(settings, view, of);
    free(of);
    return error;
}

/* --- lines --- */

/* With columns the lines go through the table, else they are written in large pieces. */
static int end_line(struct drawing *drawing, uint32_t node)
{
    struct pt_buffer *text = &drawing->line.text;
    int error = 0;
    if (!ps_tree_has_columns(drawing->settings)) {
        ps_tree_line_end(&drawing->line);
        if (text->length < FLUSH_SIZE)
            return text->error;
        fwrite(text->data, 1, text->length, drawing->out);
    } else {
        ps_tree_line_cut(&drawing->line);
        error = text->error;
        if (error == 0)
            error =
                ps_tree_columns_print(&drawing->columns, node, pt_buffer_text(text), drawing->out);
    }
    if (error == 0)
        error = text->error;
    pt_buffer_clear(text);
    drawing->line.start = drawing->line.width = 0;
    return error;
}

static int end_row(struct drawing *drawing, const struct ps_tree_row *row)
{
    return end_line(drawing, row->thread == PS_TREE_PROCESS ? row->node : PT_NO_INDEX);
}

static void put_closing(struct drawing *drawing, uint32_t count)
{
    for (; count > 0; count--)
        ps_tree_line_put(&drawing->line, "]", 1);
}

/* --- rows --- */

/* The rows of a row that has been put start anew, after the drawing at hand. */
static int postpone(struct drawing *drawing, uint32_t first, uint32_t count)
{
    size_t wanted = drawing->pending_count + count;
    if (wanted > drawing->pending_room) {
        size_t room = wanted + drawing->pending_room;
        uint32_t *pending = realloc(drawing->pending, room * sizeof *pending);
        if (pending == NULL)
            return -ENOMEM;
        drawing->pending = pending;
        drawing->pending_room = room;
    }
    for (uint32_t i = 0; i < count; i++)
        drawing->pending[drawing->pending_count++] = first + i;
    return 0;
}

/* Opens the frame of a row that has been put, LAST of its siblings; its own rows will stand INDENT
 * columns to the right of it. */
static void open_frame(struct drawing *drawing, const struct ps_tree_row *row, size_t indent,
                       bool last, uint32_t folded)
{
    uint32_t first = drawing->rows.first[row->node];
    struct frame *frame = &drawing->frames[drawing->depth];
    *frame = (struct frame){.next = first,
                            .end = first + drawing->rows.length[row->node],
                            .folded = folded,
                            .width = indent};
    if (drawing->depth > 0) {
        const struct frame *above = frame - 1;
        pt_buffer_truncate(&drawing->prefix, above->prefix);
        pt_buffer_append_text(&drawing->prefix,
                              last ? drawing->symbols->blank : drawing->symbols->vertical);
        frame->width += above->width + 2;
    } else {
        pt_buffer_clear(&drawing->prefix);
    }
    pt_buffer_append_fill(&drawing->prefix, ' ', indent);
    frame->prefix = drawing->prefix.length;
    drawing->depth++;
}

/* Puts a row's label, and opens what is below it or ends its line. */
static int put_row(struct drawing *drawing, const struct ps_tree_row *row, bool top, bool last,
                   uint32_t folded)
{
    struct ps_tree_line *line = &drawing->line;
    size_t begin = drawing->depth > 0 ? line->width : 0;
    int error = ps_tree_label_put(&drawing->labels, line, row, top);
    if (error < 0)
        return error;
    uint32_t below = row->thread == PS_TREE_PROCESS ? drawing->rows.length[row->node] : 0;
    size_t indent = drawing->one_per_line ? 2 : line->width - begin + 1;
    folded += row->count > 1;
    if (!drawing->one_per_line && below > 0 && line->limit > 0 && line->width + 1 >= line->limit) {
        /* It will be cut: where pstree has no more room it draws nothing below either. */
        ps_tree_line_put_symbol(line, drawing->symbols->first, 3);
        return end_row(drawing, row);
    }
    if (below > 0 && drawing->depth + 1 == LEVELS) {
        error = postpone(drawing, drawing->rows.first[row->node], below);
        below = 0;
    }
    if (below == 0)
        put_closing(drawing, folded);
    if ((below == 0 || drawing->one_per_line) && error == 0)
        error = end_row(drawing, row);
    if (below > 0)
        open_frame(drawing, row, indent, last, folded);
    return error;
}

/* Draws the next row of the innermost frame. */
static int draw_next(struct drawing *drawing)
{
    struct frame *frame = &drawing->frames[drawing->depth - 1];
    const struct ps_tree_symbols *symbols = drawing->symbols;
    const struct ps_tree_row *row = &drawing->rows.rows[frame->next++];
    bool last = frame->next == frame->end;
    if (drawing->line.width > 0) {
        ps_tree_line_put_symbol(&drawing->line, last ? symbols->only : symbols->first, 3);
    } else {
        pt_buffer_append(&drawing->line.text, drawing->prefix.data, frame->prefix);
        drawing->line.width = frame->width;
        ps_tree_line_put_symbol(&drawing->line, last ? symbols->last : symbols->branch, 2);
    }
    return put_row(drawing, row, false, last, frame->folded);
}

/* Draws a row at the left edge and everything below it that is less than LEVELS away. */
static int draw_from(struct drawing *drawing, const struct ps_tree_row *row, bool top)
{
    int error = put_row(drawing, row, top, true, 0);
    while (drawing->depth > 0 && error == 0) {
        const struct frame *frame = &drawing->frames[drawing->depth - 1];
        if (frame->next == frame->end)
            drawing->depth--;
        else
            error = draw_next(drawing);
    }
    return error < 0 ? error : drawing->prefix.error;
}

static void put_parent(struct drawing *drawing, char sign, const struct ps_tree_row *row)
{
    const struct pt_stat *stat = &drawing->view->snapshot->processes[row->node].stat;
    pid_t ppid = row->thread == PS_TREE_PROCESS ? stat->ppid : stat->pid;
    ps_tree_line_put(&drawing->line, &sign, 1);
    ps_tree_line_put(&drawing->line, "ppid=", 5);
    ps_tree_line_put_number(&drawing->line, (uint64_t)ppid);
    ps_tree_line_put(&drawing->line, " ", 1);
}

/* A root because its parent was not seen, or cannot be its parent. */
static bool lacks_parent(const struct ps_tree_view *view, uint32_t node)
{
    uint8_t why = view->tree->why[node];
    return !(view->marks[node] & PS_TREE_ROOT) &&
           (why == PT_ROOT_HIDDEN || why == PT_ROOT_STALE || why == PT_ROOT_CYCLE);
}

static int draw_tree(struct drawing *drawing, uint32_t root)
{
    struct ps_tree_row row = {.node = root, .thread = PS_TREE_PROCESS, .count = 1};
    int error = ps_tree_rows_build(&drawing->rows, root);
    if (error < 0)
        return error;
    if (lacks_parent(drawing->view, root))
        put_parent(drawing, '?', &row);
    drawing->pending_count = 0;
    error = draw_from(drawing, &row, true);
    for (size_t i = 0; i < drawing->pending_count && error == 0; i++) {
        const struct ps_tree_row *next = &drawing->rows.rows[drawing->pending[i]];
        put_parent(drawing, '^', next);
        error = draw_from(drawing, next, false);
    }
    return error;
}

/* --- -N --- */

/* A tree within one namespace. */
struct domain {
    uint64_t inode;
    size_t first; /* where in the drawing of all the namespace comes first; what has none is last */
    size_t place; /* where this one comes */
    uint32_t root;
};

static int compare_inodes(const void *left, const void *right)
{
    const struct domain *a = left, *b = right;
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static int compare_places(const void *left, const void *right)
{
    const struct domain *a = left, *b = right;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

struct domains {
    struct domain *list;
    size_t count, capacity;
};

static void order_domains(struct domain *domains, size_t count)
{
    qsort(domains, count, sizeof *domains, compare_inodes);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && domains[i].inode == domains[i - 1].inode)
            domains[i].first = domains[i - 1].first;
        else
            domains[i].first = domains[i].inode == 0 ? SIZE_MAX : domains[i].place;
    }
    qsort(domains, count, sizeof *domains, compare_places);
}

static int add_domain(struct domains *domains, uint64_t inode, uint32_t root)
{
    struct domain *list = pt_grow(domains->list, domains->count, &domains->capacity, sizeof *list);
    if (list == NULL)
        return -ENOMEM;
    list[domains->count] = (struct domain){.inode = inode, .place = domains->count, .root = root};
    domains->list = list;
    domains->count++;
    return 0;
}

/* Walks one tree as if all were drawn, row by row, and adds what is in another namespace than its
 * parent. `stack` has room for a row of each process. */
static int find_domains(struct drawing *drawing, uint32_t root, uint32_t *stack,
                        struct domains *domains)
{
    int error = 0;
    size_t height = 0;
    stack[height++] = root;
    while (height > 0 && error == 0) {
        uint32_t node = stack[--height], parent = drawing->view->tree->parent[node];
        uint64_t inode = ps_tree_namespace(drawing->settings, drawing->view, node);
        if (node == root || ps_tree_namespace(drawing->settings, drawing->view, parent) != inode)
            error = add_domain(domains, inode, node);
        for (uint32_t i = drawing->rows.length[node]; i-- > 0;)
            stack[height++] = drawing->rows.rows[drawing->rows.first[node] + i].node;
    }
    return error;
}

static int draw_domains(struct drawing *drawing, const struct domain *domains, size_t count)
{
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        if (i == 0 || domains[i].inode != domains[i - 1].inode) {
            ps_tree_line_put(&drawing->line, "[", 1);
            if (domains[i].inode == 0)
                ps_tree_line_put(&drawing->line, "?", 1);
            else
                ps_tree_line_put_number(&drawing->line, domains[i].inode);
            ps_tree_line_put(&drawing->line, "]", 1);
            error = end_line(drawing, PT_NO_INDEX);
        }
        if (error == 0)
            error = draw_tree(drawing, domains[i].root);
    }
    return error;
}

static int draw_by_namespace(struct drawing *drawing)
{
    const struct ps_tree_view *view = drawing->view;
    struct domains domains = {0}; /* more than processes, where a root stands in another's tree */
    uint32_t *stack = malloc((view->tree->count + 1) * sizeof *stack);
    int error = stack != NULL ? 0 : -ENOMEM;
    drawing->rows.survey = true;
    for (size_t i = 0; i < view->root_count && error == 0; i++) {
        error = ps_tree_rows_build(&drawing->rows, view->roots[i]);
        if (error == 0)
            error = find_domains(drawing, view->roots[i], stack, &domains);
    }
    drawing->rows.survey = false;
    if (error == 0 && domains.count > 0) {
        order_domains(domains.list, domains.count);
        error = draw_domains(drawing, domains.list, domains.count);
    }
    free(domains.list);
    free(stack);
    return error;
}

/* --- all --- */

static int draw_trees(struct drawing *drawing)
{
    const struct ps_tree_view *view = drawing->view;
    int error = 0;
    if (drawing->settings->sort_namespace >= 0)
        return draw_by_namespace(drawing);
    for (size_t i = 0; i < view->root_count && error == 0; i++) {
        if (view->by_user && i > 0)
            error = end_line(drawing, PT_NO_INDEX);
        if (error == 0)
            error = draw_tree(drawing, view->roots[i]);
    }
    return error;
}

/* Ancestors that only show the way to what was asked for or found are shown without their threads:
 * with -s, and around matches. */
static int choose_threads(struct drawing *drawing)
{
    const struct ps_tree_view *view = drawing->view;
    uint8_t mark = view->with_criteria ? PS_TREE_MATCHED : PS_TREE_ROOT;
    bool any = false;
    if (!drawing->settings->parents && !view->with_criteria)
        return 0;
    uint8_t *chosen = calloc(view->tree->count + 1, 1);
    if (chosen == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < view->tree->count; i++) {
        chosen[i] = (view->marks[i] & mark) != 0;
        any |= chosen[i];
    }
    pt_tree_mark_descendants(view->tree, chosen, 1, 1);
    if (!any)
        memset(chosen, 1, view->tree->count);
    drawing->rows.chosen = chosen;
    return 0;
}

static int prepare(struct drawing *drawing)
{
    const struct ps_tree_settings *settings = drawing->settings;
    int error = complete(settings, drawing->view);
    if (error == 0)
        error = ps_tree_rows_init(&drawing->rows, settings, drawing->view);
    if (error == 0)
        error = choose_threads(drawing);
    if (error < 0)
        return error;
    drawing->frames = malloc(LEVELS * sizeof *drawing->frames);
    if (drawing->frames == NULL)
        return -ENOMEM;
    drawing->line.limit = settings->columns;
    if (!ps_tree_has_columns(settings))
        return 0;
    error = ps_tree_columns_init(&drawing->columns, settings, drawing->view);
    if (error < 0)
        return error;
    size_t width = ps_tree_columns_width(&drawing->columns);
    if (settings->columns > 0)
        drawing->line.limit = settings->columns > width ? settings->columns - width : 1;
    if (!settings->no_header)
        ps_tree_columns_print_header(&drawing->columns, drawing->out);
    return 0;
}

int ps_tree_draw(const struct ps_tree_settings *settings, struct ps_tree_view *view, FILE *out)
{
    struct drawing drawing = {
        .settings = settings,
        .view = view,
        .out = out,
        .symbols = ps_tree_symbols(settings->charset),
        .one_per_line = ps_tree_is_one_per_line(settings),
        .labels = {.settings = settings, .view = view, .escape = pt_text_escape_flags()},
    };
    int error = prepare(&drawing);
    if (error == 0)
        error = draw_trees(&drawing);
    if (error == 0 && drawing.line.text.length > 0)
        fwrite(drawing.line.text.data, 1, drawing.line.text.length, out);
    pt_buffer_done(&drawing.line.text);
    pt_buffer_done(&drawing.prefix);
    free(drawing.frames);
    free(drawing.pending);
    ps_tree_rows_done(&drawing.rows);
    ps_tree_labels_done(&drawing.labels);
    ps_tree_columns_done(&drawing.columns);
    return error;
}
