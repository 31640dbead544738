/*
 * Closing a set of processes that fork while it is being closed.
 *
 * Repeating scans until nothing new is found proves nothing: a scan is not atomic, and a process
 * that hands over to a successor every 2 ms is missed by several in a row. What works: stop each
 * member, read the children of the *known members only*, stop and add what is new, and repeat. A
 * pass visits every member, and is closed when all of this holds for it:
 *
 *   every thread of every member was seen stopped (or gone), and then its children were read;
 *   no member was found to have ended since the pass before;
 *   each had the same threads and the same children as in the pass before;
 *   no list held a pid that was no member, not even of one who was dead when we came to open it.
 *
 * Two closed passes in a row prove that a tree is closed, as long as nobody else continues it:
 *
 *   1. In the first one each member was seen stopped with all its threads: a thread that was made
 *      while the others were being looked at would have been new beside the pass before. So from
 *      its end on no member runs. (A fork in flight when SIGSTOP comes either completes before the
 *      thread is seen stopped, or fails: copy_process in kernel/fork.c gives up when a signal is
 *      pending.)
 *   2. The lists were read after their threads had stopped. So in the second pass a member gains
 *      children by nothing but inheritance, as a subreaper does. None of them died in it, so
 *      nothing moves from one member's list to another's; in the first pass it might have, from a
 *      parent that died before it was visited to a reaper that had been read already.
 *   3. Suppose that a descendant of a member runs and is none. The uppermost of those above it that
 *      are none either is then, all through the second pass, in the list of one and the same
 *      subreaper among the members: itself or its successor, for a process leaves its children to
 *      the reaper before it leaves the list (exit_notify and release_task in kernel/exit.c), and
 *      they are put at its end.
 *   4. The kernel skips entries of a list only when one that it has just listed is removed
 *      (get_children_pid in fs/proc/array.c). No member was, since none ended and the parents that
 *      could reap one are stopped; so that was no member, and its pid was seen. So the pass saw a
 *      pid that was new, and was not closed.
 *
 * One closed pass proves it not: what a member forked and orphaned after the subreaper was read and
 * before that member was seen stopped is in no list that was read (2.). What hangs below a reaper
 * outside the tree is not found at all.
 *
 * Where what is meant is told by criteria, the lists of the reapers outside the set are read too:
 * PID 1, and every ancestor of a member, which may be a subreaper. Such a list changes while it is
 * read, and is read until it says the same twice.
 *
 * Kernels without `children` files (CONFIG_PROC_CHILDREN, 3.5 and 4.2): whole scans under the same
 * rule, five closed in a row, of which each has read everybody that it had listed: whoever was gone
 * by then may have been a descendant. A best effort, as it takes longer than some live. The same by
 * criteria where others' processes are hidden (hidepid).
 *
 * Nobody can keep us here: after a second it is given up, and members that did not stop have
 * `closed` false.
 */
#ifndef PT_FREEZE_H
#define PT_FREEZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "members.h"
#include "reapers.h"
#include "undisturbed.h"

/* How long a set is tried to be closed, nanoseconds; a large one, some passes at least. */
#define PT_FREEZE_PATIENCE INT64_C(1000000000)

enum pt_growth {
    PT_GROWTH_NONE,     /* the members are all there is */
    PT_GROWTH_TREE,     /* whatever descends from a member joins */
    PT_GROWTH_CRITERIA, /* what `admit` says yes to joins, below members and reapers */
};

struct pt_freeze {
    struct pt_members *members; /* borrowed */
    enum pt_growth growth;
    /* Asked about what is new: its role; 0: not meant. With PT_GROWTH_TREE it is sure to be a child
     * of a member. */
    struct pt_verifier admit;
    /* Called for each that joined, with its index; or NULL. Nothing may be printed in it. */
    void (*joined)(uint32_t index, void *data);
    void *data;

    /* The rest is pt_freeze_init's and what the last pass found. */
    struct pt_verifier newcomer; /* what is asked in fact, `admit` last */
    bool whole_scans;            /* there are no `children` files, or some are kept from us */
    int signal;                  /* that is to follow */
    bool everyone;               /* stop the foreground job of a terminal too */
    bool complete;               /* the last freeze was closed, not given up */
    bool restless;               /* in its last two passes somebody ran, came or went */
    bool interrupted;            /* it was given up because SIGINT, SIGTERM or SIGHUP is pending */
    size_t passes;               /* that the last freeze took */
    struct pt_reapers reapers;   /* outside the set */
    struct pt_undisturbed undisturbed; /* until pt_freeze_continue */
};

/* Borrows MEMBERS. `admit`, `joined` and `data` are then the caller's to fill. */
void pt_freeze_init(struct pt_freeze *freeze, struct pt_members *members, enum pt_growth growth);

/* Continues what is still stopped, and frees. The members stay. Accepts an empty one. */
void pt_freeze_done(struct pt_freeze *freeze);

/*
 * Stops the set and closes it, as far as that goes. SIGNAL is what shall follow, 0: nothing. Before
 * SIGSTOP and SIGKILL everybody is stopped; before any other the foreground job of a terminal is
 * left running, since its shell would take the terminal back, and whoever is in the middle of fork
 * is let finish that (forking.h). Nothing disturbs us until pt_freeze_continue (undisturbed.h). 0,
 * or -errno with whatever was stopped still stopped.
 */
int pt_freeze_close(struct pt_freeze *freeze, int signal);

/* Whether the last freeze was given up while a tree could still grow, so that there may be more of
 * it than the members: not for want of those alone who sleep in the kernel (state D), since they do
 * not fork. One that hangs below a running ancestor of ours grows as that likes. */
bool pt_freeze_is_outgrown(const struct pt_freeze *freeze);

/* Continues every member that we stopped and that was not stopped before. */
void pt_freeze_continue(struct pt_freeze *freeze);

/* Ends a freeze whose targets shall stay stopped; who was only held is continued. */
void pt_freeze_keep(struct pt_freeze *freeze);

/* Looks for what is new below the members, and REAPERS, below those too, without stopping anybody.
 * 0 or -errno. */
int pt_freeze_discover(struct pt_freeze *freeze, bool reapers);

#endif
