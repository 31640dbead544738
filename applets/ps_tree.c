/*
 * ps-tree: see and find processes as a tree.
 *
 * Descends from psmisc's pstree and python-proc's proc.core and proc.tree. Deliberate deviations
 * from pstree: every visible root is shown and not PID 1's tree alone; no name can imitate the
 * drawing or reach a terminal unescaped; nothing is cut where stdout is no terminal; a missing PID
 * is an error with nothing on stdout; folding compares all that is shown.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "applet.h"
#include "ps_tree.h"
#include "ps_tree_options.h"
#include "ps_tree_select.h"
#include "ps_tree_watch.h"
#include "report.h"

/* What every process is read with; the rest is added to those that are shown. */
static int scan_sources(const struct ps_tree_arguments *arguments, pt_sources *ret_sources)
{
    const struct ps_tree_request *request = &arguments->request;
    pt_sources sources = PT_SOURCE_BIT(PT_SOURCE_STAT);
    for (size_t i = 0; i < request->operand_count; i++)
        if (request->operands[i].kind == PS_TREE_OPERAND_USER)
            sources |= PT_SOURCE_BIT(PT_SOURCE_STATUS) | PT_SOURCE_BIT(PT_SOURCE_OWNER);
    *ret_sources = sources;
    bool all = request->operand_count == 0 && !request->has_criteria && !request->first &&
               request->scope == PS_TREE_EVERYTHING;
    if (!all)
        return 0;
    if (arguments->settings.output == PS_TREE_DRAWN) {
        *ret_sources |= ps_tree_draw_sources(&arguments->settings);
        return 0;
    }
    return ps_tree_records_sources(&arguments->settings, ret_sources);
}

static int show(const struct ps_tree_arguments *arguments, struct ps_tree_view *view,
                struct ps_tree_history *history, FILE *out)
{
    struct ps_tree_settings settings = arguments->settings;
    if (settings.output != PS_TREE_DRAWN && view->selected_count == 0)
        return PT_EXIT_NOTHING;
    if (settings.output != PS_TREE_DRAWN)
        return ps_tree_records(&settings, view, out);
    settings.columns = settings.whole_lines ? 0 : pt_terminal_columns(STDOUT_FILENO);
    if (view->snapshot->refused > 0)
        pt_warn("%zu process%s not shown: not permitted", view->snapshot->refused,
                view->snapshot->refused == 1 ? "" : "es");
    if (history != NULL) {
        int error = ps_tree_history_mark(history, view);
        if (error < 0)
            return error;
    }
    /* Those that match may all be refused ones, which are in no tree. */
    if (view->root_count == 0)
        return PT_EXIT_NOTHING;
    return ps_tree_draw(&settings, view, out);
}

/* One picture. Returns the exit status. */
static int run_once(const struct ps_tree_arguments *arguments, const struct pt_procfs *procfs,
                    struct ps_tree_history *history, FILE *out)
{
    struct pt_snapshot snapshot = {0};
    struct pt_tree tree = {0};
    struct ps_tree_view view = {0};
    pt_sources sources;
    int status = scan_sources(arguments, &sources);
    if (status == 0)
        status = pt_snapshot_scan(&snapshot, procfs, sources);
    if (status == 0)
        status = pt_snapshot_settle(&snapshot);
    if (status == 0)
        status = pt_tree_build(&tree, &snapshot, arguments->settings.kernel_threads);
    if (status == 0)
        status = ps_tree_select(&arguments->request, &arguments->settings, &snapshot, &tree, &view);
    if (status == 0)
        status = show(arguments, &view, history, out);
    ps_tree_view_done(&view);
    pt_tree_done(&tree);
    pt_snapshot_done(&snapshot);
    if (status >= 0)
        return status;
    pt_warn("%s: %s", procfs->root.name, strerror(-status));
    return status == -ENOMEM ? PT_EXIT_IO : PT_EXIT_NO_PROC;
}

struct watched {
    const struct ps_tree_arguments *arguments;
    const struct pt_procfs *procfs;
};

static int draw_again(struct ps_tree_history *history, FILE *out, void *data)
{
    const struct watched *watched = data;
    return run_once(watched->arguments, watched->procfs, history, out);
}

static int run(int argc, char **argv)
{
    struct ps_tree_arguments arguments;
    struct pt_procfs procfs = {.root = PT_DIR_CLOSED};
    int status;

    ps_tree_read_options(&arguments, argc, argv);
    status = pt_procfs_open(&procfs, arguments.procfs);
    if (status < 0) {
        pt_warn("%s: %s", arguments.procfs ? arguments.procfs : "/proc",
                status == -EINVAL ? "not a procfs" : strerror(-status));
        status = PT_EXIT_NO_PROC;
    } else if (arguments.watch != 0) {
        struct watched watched = {&arguments, &procfs};
        status = ps_tree_watch(arguments.watch, draw_again, &watched);
    } else {
        status = run_once(&arguments, &procfs, NULL, stdout);
    }
    pt_procfs_close(&procfs);
    ps_tree_arguments_done(&arguments);
    return status;
}

const struct pt_applet pt_applet_ps_tree = {&ps_tree_options, run};
