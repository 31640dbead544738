#include "ps_tree_label.h"

#include <string.h>

#include "text.h"
#include "units.h"

#define BOLD "\033[1m"
#define PLAIN "\033[0m"

/* --- what a process looks like --- */

enum ps_tree_mark ps_tree_mark_of(const struct pt_process *process)
{
    if (strchr("ZXx", process->stat.state) == NULL)
        return PS_TREE_NO_MARK;
    return pt_process_has_ended(process) ? PS_TREE_ZOMBIE : PS_TREE_LEADER_EXITED;
}

enum { HIGHLIGHTED = 1, YOUNG = 2, MIDDLE = 4, OLD = 6, AGES = 6 };

unsigned ps_tree_colour_of(const struct ps_tree_settings *settings, const struct ps_tree_view *view,
                           uint32_t node)
{
    if (!settings->colour)
        return 0;
    unsigned colour = view->marks[node] & PS_TREE_HIGHLIGHTED ? HIGHLIGHTED : 0;
    if (!settings->colour_by_age)
        return colour;
    int64_t age = pt_snapshot_age(view->snapshot, &view->snapshot->processes[node]);
    if (age < 60 * PT_SECOND)
        return colour | YOUNG;
    return colour | (age < 3600 * PT_SECOND ? MIDDLE : OLD);
}

static void put_colour(struct ps_tree_line *line, unsigned colour)
{
    static const char *const ages[] = {NULL, "\033[32m", "\033[33m", "\033[31m"};
    if (colour & AGES)
        ps_tree_line_put_symbol(line, ages[(colour & AGES) / YOUNG], 0);
    if (colour & HIGHLIGHTED)
        ps_tree_line_put_symbol(line, BOLD, 0);
}

/* --- names --- */

/* `(` and `)` may stand around the whole, once, as systemd names its `(sd-pam)`. */
static bool has_harmless_parentheses(const char *name, size_t length)
{
    size_t begin = 0, end = length;
    if (length >= 2 && name[0] == '(' && name[length - 1] == ')') {
        begin++;
        end--;
    }
    for (size_t i = begin; i < end; i++)
        if (name[i] == '(' || name[i] == ')')
            return false;
    return true;
}

static bool holds_pair(const char *name, size_t length, const char *pair)
{
    for (size_t i = 1; i < length; i++)
        if (name[i - 1] == pair[0] && name[i] == pair[1])
            return true;
    return false;
}

static bool holds_box_drawing(const char *name, size_t length)
{
    uint32_t code;
    for (size_t i = 0; i < length;) {
        i += pt_utf8_decode(name + i, length - i, &code);
        if (code >= 0x2500 && code <= 0x257f)
            return true;
    }
    return false;
}

bool ps_tree_name_is_plain(const char *name, size_t length)
{
    static const char continued[] = "^ppid=";
    if (length == 0 || name[0] == ' ' || name[length - 1] == ' ')
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] != '\0' && strchr("\"\\[]{}<>|*?`", name[i]) != NULL)
            return false;
    if (length >= strlen(continued) && memcmp(name, continued, strlen(continued)) == 0)
        return false;
    return has_harmless_parentheses(name, length) && !holds_pair(name, length, "--") &&
           !holds_pair(name, length, "-+") && !holds_pair(name, length, "  ") &&
           !holds_box_drawing(name, length);
}

/* Most names are letters and a few signs, and need no further look. */
static bool is_simple(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char byte = name[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
                      (byte >= 'A' && byte <= 'Z');
        if (!letter && byte != '_' && byte != '.' && byte != '/' && byte != ':')
            return false;
    }
    return length > 0;
}

static void put_text(struct ps_tree_labels *labels, struct ps_tree_line *line, const char *bytes,
                     size_t length, bool quoted)
{
    unsigned flags = labels->escape | (quoted ? PT_ESCAPE_QUOTE : 0);
    pt_buffer_clear(&labels->text);
    if (quoted)
        pt_buffer_append_byte(&labels->text, '"');
    pt_buffer_escape(&labels->text, bytes, length, flags);
    if (quoted)
        pt_buffer_append_byte(&labels->text, '"');
    ps_tree_line_put_text(line, pt_buffer_text(&labels->text), labels->text.length);
}

static void put_name(struct ps_tree_labels *labels, struct ps_tree_line *line, const char *name,
                     size_t length)
{
    if (is_simple(name, length))
        ps_tree_line_put(line, name, length);
    else
        put_text(labels, line, name, length, !ps_tree_name_is_plain(name, length));
}

/* --- what stands in parentheses, with -a behind commas --- */

struct details {
    struct ps_tree_line *line;
    bool commas_only;
    bool any;
};

static void begin_detail(struct details *details)
{
    bool comma = details->commas_only || details->any;
    ps_tree_line_put(details->line, comma ? "," : "(", 1);
    details->any = true;
}

static void put_detail(struct details *details, const char *text)
{
    begin_detail(details);
    ps_tree_line_put_text(details->line, text, strlen(text));
}

/* A process group of another namespace, 0, is shown as nothing, as pstree has it. */
static void put_ids(const struct ps_tree_labels *labels, const struct ps_tree_row *row,
                    const struct pt_process *process, struct details *details)
{
    pid_t pid = process->stat.pid;
    if (row->thread == PS_TREE_ANY_THREAD)
        pid = 0;
    else if (row->thread != PS_TREE_PROCESS)
        pid = process->more->threads[row->thread - 1].tid;
    if (labels->settings->pids) {
        begin_detail(details);
        if (pid > 0)
            ps_tree_line_put_number(details->line, (uint64_t)pid);
        else
            ps_tree_line_put(details->line, "?", 1);
    }
    if (labels->settings->pgids) {
        begin_detail(details);
        if (process->stat.pgrp > 0)
            ps_tree_line_put_number(details->line, (uint64_t)process->stat.pgrp);
    }
}

/* Trees begin as if root were above them, those of a USER as if USER were. */
static int put_user(struct ps_tree_labels *labels, uint32_t node, bool top, struct details *details)
{
    const struct pt_snapshot *snapshot = labels->view->snapshot;
    uid_t uid, before = 0;
    if (!pt_process_euid(&snapshot->processes[node], &uid)) {
        put_detail(details, "?");
        return 0;
    }
    if (top && labels->view->by_user)
        return 0;
    if (!top)
        pt_process_euid(&snapshot->processes[labels->view->tree->parent[node]], &before);
    if (uid == before)
        return 0;
    const char *name = pt_user_name(&labels->names, uid);
    if (name == NULL)
        return -ENOMEM;
    begin_detail(details);
    put_text(labels, details->line, name, strlen(name), false);
    return 0;
}

static void put_namespaces(const struct ps_tree_labels *labels, uint32_t node, bool top,
                           struct details *details)
{
    const struct pt_process *processes = labels->view->snapshot->processes;
    uint32_t parent = labels->view->tree->parent[node];
    if (parent == PT_NO_INDEX || (top && labels->settings->sort_namespace >= 0) ||
        !pt_process_has(&processes[node], PT_SOURCE_NAMESPACES) ||
        !pt_process_has(&processes[parent], PT_SOURCE_NAMESPACES))
        return;
    const uint64_t *own = processes[node].more->namespaces;
    const uint64_t *above = processes[parent].more->namespaces;
    for (size_t i = 0; i < PT_NS_COUNT; i++)
        if (own[i] != 0 && above[i] != 0 && own[i] != above[i])
            put_detail(details, pt_namespace_names[i]);
}

static void put_label(struct ps_tree_labels *labels, const struct pt_process *process,
                      struct details *details)
{
    bool known = pt_process_has(process, PT_SOURCE_LABEL);
    begin_detail(details);
    if (pt_process_lacks(process, PT_SOURCE_LABEL) || (known && process->more->label.length == 0))
        ps_tree_line_put(details->line, "-", 1);
    else if (!known)
        ps_tree_line_put(details->line, "?", 1);
    else
        put_text(labels, details->line, process->more->label.bytes, process->more->label.length,
                 false);
}

static int put_details(struct ps_tree_labels *labels, struct ps_tree_line *line,
                       const struct ps_tree_row *row, bool top)
{
    const struct ps_tree_settings *settings = labels->settings;
    const struct pt_process *process = &labels->view->snapshot->processes[row->node];
    struct details details = {.line = line, .commas_only = settings->arguments};
    bool thread = row->thread != PS_TREE_PROCESS;
    int error = 0;
    put_ids(labels, row, process, &details);
    if (settings->uid_changes && !thread)
        error = put_user(labels, row->node, top, &details);
    if (settings->namespace_changes && !thread)
        put_namespaces(labels, row->node, top, &details);
    if (settings->labels && !thread)
        put_label(labels, process, &details);
    if (details.any && !details.commas_only)
        ps_tree_line_put(line, ")", 1);
    return error;
}

/* --- the path and the arguments --- */

static void put_path(struct ps_tree_labels *labels, struct ps_tree_line *line,
                     const struct pt_process *process)
{
    if (pt_process_has(process, PT_SOURCE_EXE)) {
        ps_tree_line_put(line, " ", 1);
        put_name(labels, line, process->more->exe.bytes, process->more->exe.length);
    } else if (!pt_process_lacks(process, PT_SOURCE_EXE)) {
        ps_tree_line_put(line, " ?", 2);
    }
}

/* Whether argv[0] says no more than the name does: one word, whose base name is it. */
static bool repeats_name(const char *word, size_t length, const struct pt_stat *stat)
{
    enum { COMM_LENGTH = 15 };
    if (memchr(word, ' ', length) != NULL)
        return false;
    struct pt_bytes base = pt_base_name((struct pt_bytes){word, length});
    if (base.length > 0 && base.bytes[0] == '-') { /* a login shell's */
        base.bytes++;
        base.length--;
    }
    size_t name = stat->comm_length < COMM_LENGTH ? stat->comm_length : COMM_LENGTH;
    size_t said = base.length < COMM_LENGTH ? base.length : COMM_LENGTH;
    return said == name && memcmp(base.bytes, stat->comm, said) == 0;
}

static void put_strings(struct ps_tree_labels *labels, struct ps_tree_line *line,
                        const struct pt_process *process)
{
    const struct pt_bytes *cmdline = &process->more->cmdline;
    const char *word;
    size_t length, offset = 0;
    for (size_t i = 0; pt_next_string(cmdline->bytes, cmdline->length, &offset, &word, &length);
         i++) {
        if (i == 0 && repeats_name(word, length, &process->stat))
            continue;
        bool quoted =
            length == 0 ||
            (i > 0 && (memchr(word, ' ', length) != NULL || memchr(word, '"', length) != NULL));
        ps_tree_line_put(line, " ", 1);
        put_text(labels, line, word, length, quoted);
    }
}

/* argv is kept up to 4 KiB; more is read for this one line, where the terminal is that wide. */
static int put_arguments(struct ps_tree_labels *labels, struct ps_tree_line *line, uint32_t node)
{
    const struct pt_snapshot *snapshot = labels->view->snapshot;
    const struct pt_process *process = &snapshot->processes[node];
    struct pt_process whole;
    bool fits = line->limit > 0 && line->limit < PT_STRINGS_KEPT / 4;
    if (pt_process_has(process, PT_SOURCE_CMDLINE) && process->more->cmdline_cut && !fits) {
        pt_arena_clear(&labels->arena);
        whole = *process;
        int error = pt_process_add_watched(snapshot->procfs, &whole,
                                           PT_SOURCE_BIT(PT_SOURCE_CMDLINE) | PT_READ_WHOLE,
                                           &labels->arena);
        if (error < 0 && error != -ESRCH)
            return error;
        if (error == 0)
            process = &whole;
    }
    if (pt_process_has(process, PT_SOURCE_CMDLINE) && (!process->more->cmdline_cut || fits))
        put_strings(labels, line, process);
    else if (!pt_process_lacks(process, PT_SOURCE_CMDLINE))
        ps_tree_line_put(line, " ?", 2);
    return 0;
}

/* --- all of it --- */

void ps_tree_labels_done(struct ps_tree_labels *labels)
{
    pt_user_names_done(&labels->names);
    pt_buffer_done(&labels->text);
    pt_arena_done(&labels->arena);
}

pt_sources ps_tree_label_sources(const struct ps_tree_settings *settings)
{
    pt_sources sources = 0;
    if (settings->uid_changes)
        sources |= PT_SOURCE_BIT(PT_SOURCE_OWNER);
    if (settings->namespace_changes || settings->sort_namespace >= 0)
        sources |= PT_SOURCE_BIT(PT_SOURCE_NAMESPACES);
    if (settings->labels)
        sources |= PT_SOURCE_BIT(PT_SOURCE_LABEL);
    if (settings->paths)
        sources |= PT_SOURCE_BIT(PT_SOURCE_EXE);
    if (settings->arguments)
        sources |= PT_SOURCE_BIT(PT_SOURCE_CMDLINE);
    return sources;
}

static int put_process(struct ps_tree_labels *labels, struct ps_tree_line *line,
                       const struct ps_tree_row *row, bool top)
{
    static const char *const marks[] = {
        [PS_TREE_ZOMBIE] = " <zombie>",
        [PS_TREE_LEADER_EXITED] = " <leader-exited>",
    };
    const struct pt_process *process = &labels->view->snapshot->processes[row->node];
    enum ps_tree_mark mark = ps_tree_mark_of(process);
    put_name(labels, line, process->stat.comm, process->stat.comm_length);
    int error = put_details(labels, line, row, top);
    if (labels->settings->paths)
        put_path(labels, line, process);
    if (mark != PS_TREE_NO_MARK)
        ps_tree_line_put(line, marks[mark], strlen(marks[mark]));
    if (labels->settings->arguments && error == 0)
        error = put_arguments(labels, line, row->node);
    return error;
}

static int put_thread(struct ps_tree_labels *labels, struct ps_tree_line *line,
                      const struct ps_tree_row *row)
{
    const char *name;
    size_t length;
    ps_tree_row_name(labels->view, labels->settings, row, &name, &length);
    ps_tree_line_put(line, "{", 1);
    put_name(labels, line, name, length);
    ps_tree_line_put(line, "}", 1);
    return put_details(labels, line, row, false);
}

int ps_tree_label_put(struct ps_tree_labels *labels, struct ps_tree_line *line,
                      const struct ps_tree_row *row, bool top)
{
    bool thread = row->thread != PS_TREE_PROCESS;
    unsigned colour = ps_tree_colour_of(labels->settings, labels->view, row->node);
    if (thread)
        colour &= AGES;
    if (row->count > 1) {
        ps_tree_line_put_number(line, row->count);
        ps_tree_line_put(line, "*[", 2);
    }
    put_colour(line, colour);
    int error = thread ? put_thread(labels, line, row) : put_process(labels, line, row, top);
    if (colour != 0)
        ps_tree_line_put_symbol(line, PLAIN, 0);
    return error;
}
