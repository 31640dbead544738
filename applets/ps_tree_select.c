#include "ps_tree_select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "user_names.h"

bool ps_tree_is_selective(const struct ps_tree_request *request)
{
    return request->has_criteria || request->scope != PS_TREE_EVERYTHING || request->first;
}

/* --- operands --- */

static int parse_generations(const char *text, uint64_t *ret_generations, struct pt_fault *fault)
{
    size_t offset = strlen("self");
    if (text[offset] == '\0') {
        *ret_generations = 0;
        return 0;
    }
    int error = pt_parse_u64(text + offset + 1, 0, INT32_MAX, ret_generations, fault);
    if (error < 0)
        fault->offset += offset + 1;
    return error;
}

int ps_tree_parse_operand(const char *text, struct ps_tree_operand *ret_operand,
                          struct pt_fault *fault)
{
    struct ps_tree_operand operand = {.text = text};
    int error = 0;
    if (text[0] >= '0' && text[0] <= '9') {
        operand.kind = PS_TREE_OPERAND_PID;
        error = pt_parse_pid(text, &operand.pid, fault);
    } else if (strncmp(text, "self", 4) == 0 && (text[4] == '\0' || text[4] == '~')) {
        operand.kind = PS_TREE_OPERAND_SELF;
        error = parse_generations(text, &operand.generations, fault);
    } else {
        operand.kind = PS_TREE_OPERAND_USER;
        if (pt_user_id(text, &operand.uid) < 0)
            return pt_fault_set(fault, 0, "no such user");
    }
    if (error == 0)
        *ret_operand = operand;
    return error;
}

/* --- roots --- */

struct selecting {
    const struct ps_tree_request *request;
    const struct ps_tree_settings *settings;
    struct pt_snapshot *snapshot;
    const struct pt_tree *tree;
    uint8_t *marks;
    uint8_t *among;   /* what criteria may choose from */
    uint32_t *chosen; /* the roots that were asked for, or all */
    size_t chosen_count;
    uint32_t *roots; /* what will be drawn */
    size_t root_count;
    uint32_t *selected;
    size_t selected_count;
    bool by_user;
};

/* Bits of ours among the marks. */
enum {
    CHOSEN = 64,  /* is one of `chosen` */
    WITHIN = 128, /* is one, or below one */
};

static void choose(struct selecting *selecting, uint32_t node)
{
    if (selecting->marks[node] & CHOSEN)
        return;
    selecting->chosen[selecting->chosen_count++] = node;
    selecting->marks[node] |= CHOSEN | WITHIN;
}

static int choose_pid(struct selecting *selecting, const char *text, pid_t pid)
{
    uint32_t node = pt_snapshot_index(selecting->snapshot, pid);
    if (node == PT_NO_INDEX) {
        pt_warn("%s: no such process", text);
        return PT_EXIT_NOTHING;
    }
    if (!pt_tree_holds(selecting->tree, node)) {
        bool refused = selecting->snapshot->processes[node].error[PT_SOURCE_STAT] != 0;
        pt_warn("%s: %s", text, refused ? "may not be read" : "a kernel thread: see -k");
        return PT_EXIT_NOTHING;
    }
    choose(selecting, node);
    return PT_EXIT_OK;
}

/* The shell that called us, and N above it. */
static int choose_self(struct selecting *selecting, const struct ps_tree_operand *operand)
{
    uint32_t node = pt_snapshot_index(selecting->snapshot, selecting->snapshot->procfs->self);
    for (uint64_t i = 0; node != PT_NO_INDEX && i <= operand->generations; i++)
        node = selecting->tree->parent[node];
    if (node == PT_NO_INDEX) {
        pt_warn("%s: no such ancestor is visible", operand->text);
        return PT_EXIT_NOTHING;
    }
    choose(selecting, node);
    return PT_EXIT_OK;
}

static bool belongs_to(const struct selecting *selecting, uint32_t node, uid_t uid)
{
    uid_t euid;
    return pt_process_euid(&selecting->snapshot->processes[node], &euid) && euid == uid;
}

/* Every process of the user that has none of theirs above it. */
static int choose_user(struct selecting *selecting, const struct ps_tree_operand *operand)
{
    const struct pt_tree *tree = selecting->tree;
    bool any = false;
    uint8_t *theirs = calloc(tree->count + 1, 1);
    if (theirs == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < tree->node_count; i++)
        theirs[tree->order[i]] = belongs_to(selecting, tree->order[i], operand->uid);
    pt_tree_mark_descendants(tree, theirs, 1, 2);
    for (uint32_t i = 0; i < tree->count; i++) {
        if (theirs[i] != 1)
            continue;
        choose(selecting, i);
        any = true;
    }
    free(theirs);
    selecting->by_user = true;
    if (!any) {
        pt_warn("%s: no process of this user%s", operand->text,
                selecting->snapshot->refused > 0 ? " may be read" : "");
        return PT_EXIT_NOTHING;
    }
    return PT_EXIT_OK;
}

static int choose_operand(struct selecting *selecting, const struct ps_tree_operand *operand)
{
    switch (operand->kind) {
    case PS_TREE_OPERAND_PID:
        return choose_pid(selecting, operand->text, operand->pid);
    case PS_TREE_OPERAND_SELF:
        return choose_self(selecting, operand);
    case PS_TREE_OPERAND_USER:
        return choose_user(selecting, operand);
    }
    return PT_EXIT_OK;
}

/* What find_all of python-proc counted from: PID 1 when it is visible, else every root. */
static void choose_default(struct selecting *selecting)
{
    const struct pt_tree *tree = selecting->tree;
    uint32_t init = pt_snapshot_index(selecting->snapshot, 1);
    bool from_init = selecting->request->scope != PS_TREE_EVERYTHING && init != PT_NO_INDEX &&
                     pt_tree_holds(tree, init);
    if (from_init)
        choose(selecting, init);
    for (size_t i = 0; i < tree->root_count && !from_init; i++)
        choose(selecting, tree->order[i]);
}

static int choose_roots(struct selecting *selecting)
{
    const struct ps_tree_request *request = selecting->request;
    for (size_t i = 0; i < request->operand_count; i++) {
        int status = choose_operand(selecting, &request->operands[i]);
        if (status != PT_EXIT_OK)
            return status;
    }
    for (size_t i = 0; i < selecting->chosen_count; i++)
        selecting->marks[selecting->chosen[i]] |= PS_TREE_ROOT;
    if (request->operand_count == 0)
        choose_default(selecting);
    pt_tree_mark_descendants(selecting->tree, selecting->marks, WITHIN, WITHIN);
    return PT_EXIT_OK;
}

/* --- scope and criteria --- */

/* A process whose stat was refused is in no tree, but records and criteria know it. */
static bool is_refused(const struct selecting *selecting, uint32_t node)
{
    uint8_t error = selecting->snapshot->processes[node].error[PT_SOURCE_STAT];
    return error != 0 && error != PT_GONE;
}

/* The node N generations above, or PT_NO_INDEX. */
static uint32_t ancestor(const struct pt_tree *tree, uint32_t node, int generations)
{
    while (generations-- > 0 && node != PT_NO_INDEX)
        node = tree->parent[node];
    return node;
}

static bool is_in_scope(const struct selecting *selecting, uint32_t node)
{
    static const struct {
        int generations;
        uint8_t mark;
    } above[] = {
        [PS_TREE_EVERYTHING] = {0, WITHIN},
        [PS_TREE_CHILDREN] = {1, CHOSEN},
        [PS_TREE_GRANDCHILDREN] = {2, CHOSEN},
        [PS_TREE_DESCENDANTS] = {1, WITHIN},
    };
    const struct ps_tree_request *request = selecting->request;
    if (is_refused(selecting, node))
        return request->scope == PS_TREE_EVERYTHING && request->operand_count == 0;
    uint32_t top = ancestor(selecting->tree, node, above[request->scope].generations);
    return top != PT_NO_INDEX && (selecting->marks[top] & above[request->scope].mark);
}

static int exclude_self(const struct selecting *selecting)
{
    const struct ps_tree_request *request = selecting->request;
    pid_t self = selecting->snapshot->procfs->self;
    int error = self != 0 ? pt_match_exclude(request->match, self) : 0;
    uint32_t node = pt_snapshot_index(selecting->snapshot, self);
    while (request->ignore_ancestors && error == 0 && node != PT_NO_INDEX) {
        error = pt_match_exclude(request->match, selecting->snapshot->processes[node].stat.pid);
        node = selecting->tree->parent[node];
    }
    return error;
}

/* Fills `selected` with what matches. */
static int select_matches(struct selecting *selecting)
{
    struct pt_selection selection = {0};
    for (uint32_t i = 0; i < selecting->tree->count; i++)
        selecting->among[i] = is_in_scope(selecting, i);
    int error = selecting->request->has_criteria ? exclude_self(selecting) : 0;
    if (error == 0)
        error = pt_match_select(selecting->request->match, selecting->snapshot, selecting->among,
                                &selection);
    if (error != 0)
        return error;
    if (selection.unreadable > 0)
        pt_warn("%zu process%s left out: what would decide may not be read", selection.unreadable,
                selection.unreadable == 1 ? "" : "es");
    if (selecting->request->first && selection.count > 1)
        selection.count = 1;
    for (size_t i = 0; i < selection.count; i++)
        selecting->marks[selection.indexes[i]] |= PS_TREE_MATCHED;
    memcpy(selecting->selected, selection.indexes, selection.count * sizeof(uint32_t));
    selecting->selected_count = selection.count;
    pt_selection_done(&selection);
    return PT_EXIT_OK;
}

/* --- what is shown --- */

/* The matches and what stands around them, within the chosen roots. */
static void show_matches(struct selecting *selecting)
{
    const struct pt_tree *tree = selecting->tree;
    enum ps_tree_context context = selecting->request->context;
    uint8_t *marks = selecting->marks;
    bool up = context == PS_TREE_CONTEXT_ANCESTORS || context == PS_TREE_CONTEXT_BOTH;
    bool down = context == PS_TREE_CONTEXT_DESCENDANTS || context == PS_TREE_CONTEXT_BOTH;
    /* Down first: the ancestors' other children are nobody's context. */
    if (down)
        pt_tree_mark_descendants(tree, marks, PS_TREE_MATCHED, PS_TREE_SHOWN);
    if (up)
        pt_tree_mark_ancestors(tree, marks, PS_TREE_MATCHED, PS_TREE_SHOWN);
    for (uint32_t i = 0; i < tree->count; i++) {
        if (marks[i] & PS_TREE_MATCHED)
            marks[i] |= PS_TREE_SHOWN | PS_TREE_HIGHLIGHTED;
        else if (!(marks[i] & WITHIN) && !selecting->settings->parents)
            marks[i] &= (uint8_t)~PS_TREE_SHOWN;
    }
}

static void show_chosen(struct selecting *selecting)
{
    const struct pt_tree *tree = selecting->tree;
    for (uint32_t i = 0; i < tree->count; i++)
        if (is_in_scope(selecting, i))
            selecting->marks[i] |= PS_TREE_SHOWN;
    if (selecting->settings->parents)
        pt_tree_mark_ancestors(tree, selecting->marks, PS_TREE_ROOT, PS_TREE_SHOWN);
}

static bool is_top(const struct selecting *selecting, uint32_t node)
{
    uint32_t parent = selecting->tree->parent[node];
    return (selecting->marks[node] & PS_TREE_SHOWN) &&
           (parent == PT_NO_INDEX || !(selecting->marks[parent] & PS_TREE_SHOWN));
}

/*
 * Roots stand by pid, but the ones that were asked for as they were asked; of those, records hold
 * one that stands inside another only there.
 */
static void find_roots(struct selecting *selecting, bool selected)
{
    bool drawn = selecting->settings->output == PS_TREE_DRAWN;
    bool as_asked = drawn && !selected && !selecting->settings->parents;
    if (as_asked && selecting->request->operand_count > 0) {
        selecting->root_count = selecting->chosen_count;
        memcpy(selecting->roots, selecting->chosen, selecting->chosen_count * sizeof(uint32_t));
        return;
    }
    for (uint32_t i = 0; i < selecting->tree->count; i++)
        if (is_top(selecting, i) && (pt_tree_holds(selecting->tree, i) || !drawn))
            selecting->roots[selecting->root_count++] = i;
}

static void highlight(struct selecting *selecting, pid_t pid)
{
    uint32_t node = pt_snapshot_index(selecting->snapshot, pid);
    for (; node != PT_NO_INDEX; node = selecting->tree->parent[node])
        selecting->marks[node] |= PS_TREE_HIGHLIGHTED;
}

static int select_all(struct selecting *selecting)
{
    const struct ps_tree_request *request = selecting->request;
    int status = choose_roots(selecting);
    if (status != PT_EXIT_OK)
        return status;
    bool selected = ps_tree_is_selective(request);
    if (selected) {
        status = select_matches(selecting);
        if (status != PT_EXIT_OK)
            return status;
        show_matches(selecting);
    } else {
        show_chosen(selecting);
        for (uint32_t i = 0; i < selecting->tree->count; i++)
            if (selecting->marks[i] & PS_TREE_SHOWN)
                selecting->selected[selecting->selected_count++] = i;
    }
    find_roots(selecting, selected);
    if (request->highlight_self)
        highlight(selecting, selecting->snapshot->procfs->self);
    if (request->highlight_pid != 0)
        highlight(selecting, request->highlight_pid);
    return PT_EXIT_OK;
}

int ps_tree_select(const struct ps_tree_request *request, const struct ps_tree_settings *settings,
                   struct pt_snapshot *snapshot, const struct pt_tree *tree,
                   struct ps_tree_view *ret_view)
{
    size_t count = snapshot->count + 1;
    struct selecting selecting = {
        .request = request,
        .settings = settings,
        .snapshot = snapshot,
        .tree = tree,
        .marks = calloc(count, 1),
        .among = calloc(count, 1),
        .chosen = malloc(count * sizeof(uint32_t)),
        .roots = malloc(count * sizeof(uint32_t)),
        .selected = malloc(count * sizeof(uint32_t)),
    };
    int status = -ENOMEM;
    if (selecting.marks && selecting.among && selecting.chosen && selecting.roots &&
        selecting.selected)
        status = select_all(&selecting);
    *ret_view = (struct ps_tree_view){
        .snapshot = snapshot,
        .tree = tree,
        .marks = selecting.marks,
        .roots = selecting.roots,
        .root_count = selecting.root_count,
        .by_user = selecting.by_user,
        .with_criteria = ps_tree_is_selective(request),
        .selected = selecting.selected,
        .selected_count = selecting.selected_count,
    };
    free(selecting.among);
    free(selecting.chosen);
    if (status != PT_EXIT_OK)
        ps_tree_view_done(ret_view);
    return status;
}

void ps_tree_view_done(struct ps_tree_view *view)
{
    free(view->marks);
    free(view->roots);
    free(view->selected);
    *view = (struct ps_tree_view){0};
}
