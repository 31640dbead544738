/*
 * Criteria are kept in the order of what they cost, and decided in that order: what a cheap one
 * denies is never read further.
 */
#include "match.h"

#include <errno.h>
#include <stdlib.h>

struct pt_match {
    struct pt_criterion *kinds[PT_MATCH_KIND_COUNT];
    pid_t *excluded;
    size_t excluded_count;
    bool inverted;
};

struct pt_match *pt_match_new(void)
{
    return calloc(1, sizeof(struct pt_match));
}

void pt_match_free(struct pt_match *match)
{
    if (match == NULL)
        return;
    for (int kind = 0; kind < PT_MATCH_KIND_COUNT; kind++) {
        struct pt_criterion *next;
        for (struct pt_criterion *criterion = match->kinds[kind]; criterion; criterion = next) {
            next = criterion->next;
            pt_criterion_free(criterion);
        }
    }
    free(match->excluded);
    free(match);
}

/* --- criteria --- */

int pt_match_add(struct pt_match *match, enum pt_match_kind kind, const char *text,
                 struct pt_fault *ret_fault)
{
    struct pt_criterion *criterion;
    int error = pt_criterion_new(&criterion, kind, text, ret_fault);
    if (error < 0)
        return error;
    criterion->next = match->kinds[kind];
    match->kinds[kind] = criterion;
    return 0;
}

void pt_match_invert(struct pt_match *match)
{
    match->inverted = true;
}

static bool is_excluded(const struct pt_match *match, pid_t pid)
{
    for (size_t i = 0; i < match->excluded_count; i++)
        if (match->excluded[i] == pid)
            return true;
    return false;
}

int pt_match_exclude(struct pt_match *match, pid_t pid)
{
    if (is_excluded(match, pid))
        return 0;
    pid_t *excluded =
        realloc(match->excluded, (match->excluded_count + 1) * sizeof *match->excluded);
    if (excluded == NULL)
        return -ENOMEM;
    excluded[match->excluded_count++] = pid;
    match->excluded = excluded;
    return 0;
}

bool pt_match_is_empty(const struct pt_match *match)
{
    for (int kind = 0; kind < PT_MATCH_KIND_COUNT; kind++)
        if (match->kinds[kind] != NULL)
            return false;
    return true;
}

bool pt_match_has(const struct pt_match *match, enum pt_match_kind kind)
{
    return match->kinds[kind] != NULL;
}

bool pt_match_is_inverted(const struct pt_match *match)
{
    return match->inverted;
}

/* --- deciding --- */

/* Of one kind any will do; what needs a source counts only when nothing else says yes. */
static enum pt_verdict match_kind(const struct pt_match *match, enum pt_match_kind kind,
                                  struct pt_decision *decision)
{
    enum pt_verdict best = PT_NO;
    for (const struct pt_criterion *one = match->kinds[kind]; one != NULL; one = one->next) {
        enum pt_verdict verdict = pt_criterion_decide(one, decision);
        if (verdict == PT_YES)
            return PT_YES;
        if (verdict == PT_NEEDS || best == PT_NO)
            best = verdict;
    }
    return best;
}

static int64_t age_of(const struct pt_process *process, const struct pt_clocks *clocks,
                      uint64_t ticks)
{
    int64_t start = pt_ticks_to_nanoseconds(process->stat.starttime, ticks);
    return clocks->boottime > start ? clocks->boottime - start : 0;
}

enum pt_verdict pt_match_decide(const struct pt_match *match, const struct pt_process *process,
                                const struct pt_clocks *clocks, uint64_t ticks,
                                pt_sources *ret_needs)
{
    if (process->error[PT_SOURCE_STAT] == PT_GONE || is_excluded(match, process->stat.pid))
        return PT_NO;
    struct pt_decision decision = {.process = process, .age = age_of(process, clocks, ticks)};
    enum pt_verdict all = PT_YES;
    for (int kind = 0; kind < PT_MATCH_KIND_COUNT; kind++) {
        if (match->kinds[kind] == NULL)
            continue;
        enum pt_verdict verdict = match_kind(match, (enum pt_match_kind)kind, &decision);
        if (verdict == PT_NEEDS) {
            *ret_needs = decision.needs;
            return PT_NEEDS;
        }
        if (verdict == PT_NO)
            return pt_verdict_of(match->inverted);
        if (verdict == PT_UNREADABLE)
            all = PT_UNREADABLE;
    }
    if (all == PT_UNREADABLE)
        return PT_UNREADABLE;
    return pt_verdict_of(!match->inverted || pt_match_is_empty(match));
}

int pt_match_process(const struct pt_match *match, const struct pt_procfs *procfs,
                     struct pt_process *process, struct pt_arena *arena,
                     enum pt_verdict *ret_verdict)
{
    struct pt_clocks clocks;
    int error = pt_procfs_clocks(procfs, &clocks);
    if (error < 0)
        return error;
    pt_sources needs = 0;
    enum pt_verdict verdict;
    while ((verdict = pt_match_decide(match, process, &clocks, procfs->ticks, &needs)) ==
           PT_NEEDS) {
        error = pt_process_add_watched(procfs, process, needs, arena);
        if (error == -ESRCH) {
            verdict = PT_NO;
            break;
        }
        if (error < 0)
            return error;
    }
    *ret_verdict = verdict;
    return 0;
}

/* --- selecting --- */

/*
 * One that needs argv or environ beyond what its record keeps: read whole into a scratch arena,
 * decided and dropped.
 */
static int decide_whole(const struct pt_match *match, const struct pt_snapshot *snapshot,
                        const struct pt_process *process, pt_sources needs,
                        enum pt_verdict *ret_verdict)
{
    struct pt_arena scratch;
    struct pt_process whole;
    pt_arena_init(&scratch);
    int error =
        pt_process_read_watched(snapshot->procfs, process->stat.pid, needs, &scratch, &whole);
    if (error == -ESRCH || (error == 0 && whole.stat.starttime != process->stat.starttime)) {
        *ret_verdict = PT_NO;
        error = 0;
    } else if (error == 0) {
        error = pt_match_process(match, snapshot->procfs, &whole, &scratch, ret_verdict);
    }
    pt_arena_done(&scratch);
    return error;
}

struct selecting {
    const struct pt_match *match;
    struct pt_snapshot *snapshot;
    uint32_t *open;    /* indexes not decided yet */
    pt_sources *needs; /* of each of them */
    size_t open_count;
    uint8_t *verdict; /* of each record */
    uint32_t *batch;
};

/* Decides what can be decided, and keeps the rest open with what it needs. */
static int decide_open(struct selecting *selecting)
{
    struct pt_snapshot *snapshot = selecting->snapshot;
    size_t left = 0;
    for (size_t i = 0; i < selecting->open_count; i++) {
        uint32_t index = selecting->open[i];
        pt_sources needs = 0;
        enum pt_verdict verdict =
            pt_match_decide(selecting->match, &snapshot->processes[index], &snapshot->clocks,
                            snapshot->procfs->ticks, &needs);
        if (verdict == PT_NEEDS && (needs & PT_READ_WHOLE)) {
            int error = decide_whole(selecting->match, snapshot, &snapshot->processes[index], needs,
                                     &verdict);
            if (error < 0)
                return error;
        }
        if (verdict == PT_NEEDS) {
            selecting->open[left] = index;
            selecting->needs[left++] = needs;
        }
        selecting->verdict[index] = (uint8_t)verdict;
    }
    selecting->open_count = left;
    return 0;
}

/* Adds, to all that need the same sources as the first one does, those sources. */
static int complete_open(struct selecting *selecting)
{
    pt_sources needs = selecting->needs[0];
    size_t count = 0;
    for (size_t i = 0; i < selecting->open_count; i++)
        if (selecting->needs[i] == needs)
            selecting->batch[count++] = selecting->open[i];
    return pt_snapshot_add(selecting->snapshot, selecting->batch, count, needs);
}

static int collect(const struct selecting *selecting, struct pt_selection *ret_selection)
{
    size_t count = selecting->snapshot->count;
    struct pt_selection selection = {.indexes = malloc((count + 1) * sizeof(uint32_t))};
    if (selection.indexes == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        if (selecting->verdict[i] == PT_YES)
            selection.indexes[selection.count++] = i;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (selecting->verdict[i] == PT_UNREADABLE)
            selection.indexes[selection.count + selection.unreadable++] = i;
    }
    *ret_selection = selection;
    return 0;
}

int pt_match_select(const struct pt_match *match, struct pt_snapshot *snapshot,
                    const uint8_t *among, struct pt_selection *ret_selection)
{
    size_t count = snapshot->count;
    struct selecting selecting = {
        .match = match,
        .snapshot = snapshot,
        .open = malloc((count + 1) * sizeof *selecting.open),
        .needs = malloc((count + 1) * sizeof *selecting.needs),
        .batch = malloc((count + 1) * sizeof *selecting.batch),
        .verdict = calloc(count + 1, 1), /* PT_NO */
    };
    int error = -ENOMEM;
    if (!selecting.open || !selecting.needs || !selecting.batch || !selecting.verdict)
        goto out;
    for (uint32_t i = 0; i < count; i++) {
        if (among == NULL || among[i])
            selecting.open[selecting.open_count++] = i;
    }
    error = decide_open(&selecting);
    while (error == 0 && selecting.open_count > 0) {
        error = complete_open(&selecting);
        if (error == 0)
            error = decide_open(&selecting);
    }
    if (error == 0)
        error = collect(&selecting, ret_selection);
out:
    free(selecting.open);
    free(selecting.needs);
    free(selecting.batch);
    free(selecting.verdict);
    return error;
}

void pt_selection_done(struct pt_selection *selection)
{
    free(selection->indexes);
    *selection = (struct pt_selection){0};
}
