/*
 * Criteria: which processes are meant. The one matcher of all applets.
 *
 * Criteria of one kind OR, different kinds AND; `invert` turns the whole. A decision is yes, no, or
 * *which sources would decide*: nothing is read that cheaper sources already decide. A process of
 * which a needed source could not be read is no match, inverted or not, and is counted.
 */
#ifndef PT_MATCH_H
#define PT_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "criterion.h"
#include "process.h"
#include "snapshot.h"
#include "units.h"

struct pt_match;

struct pt_match *pt_match_new(void);
void pt_match_free(struct pt_match *match);

/*
 * Adds one criterion from what the user typed; `text` must outlive the match. -EINVAL with the
 * fault filled (unknown user, bad regex …), or -ENOMEM.
 */
int pt_match_add(struct pt_match *match, enum pt_match_kind kind, const char *text,
                 struct pt_fault *ret_fault);

/* Turns the whole. */
void pt_match_invert(struct pt_match *match);

/* Leaves out a process whatever else holds: ourselves, an ancestor. -ENOMEM. */
int pt_match_exclude(struct pt_match *match, pid_t pid);

/* True when no criterion was added; then everything that is not excluded matches. */
bool pt_match_is_empty(const struct pt_match *match);
/* True when a criterion of this kind is there. */
bool pt_match_has(const struct pt_match *match, enum pt_match_kind kind);
bool pt_match_is_inverted(const struct pt_match *match);

/* Decides by what the record holds. `clocks` are those of the moment it was read. */
enum pt_verdict pt_match_decide(const struct pt_match *match, const struct pt_process *process,
                                const struct pt_clocks *clocks, uint64_t ticks,
                                pt_sources *ret_needs);

/*
 * Decides about one process, adding to the record what it takes (under watch, into `arena`).
 * PT_NO also when it is gone meanwhile; -errno as pt_process_add's but ESRCH.
 */
int pt_match_process(const struct pt_match *match, const struct pt_procfs *procfs,
                     struct pt_process *process, struct pt_arena *arena,
                     enum pt_verdict *ret_verdict);

struct pt_selection {
    uint32_t *indexes; /* ascending by pid; behind them those that are unreadable */
    size_t count;
    size_t unreadable; /* could not be decided, so left out */
};

/*
 * Selects among the snapshot's records (those that `among` marks, or all when it is NULL),
 * completing them source by source. argv and environ beyond what records keep are read for one
 * process and dropped again.
 */
int pt_match_select(const struct pt_match *match, struct pt_snapshot *snapshot,
                    const uint8_t *among, struct pt_selection *ret_selection);
void pt_selection_done(struct pt_selection *selection);

#endif
