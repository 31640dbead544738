/*
 * Closing a set of processes that fork while it is being closed.
 *
 * Repeating scans until nothing new is found proves nothing: a scan is not atomic, and a process
 * that hands over to a successor every 2 ms is missed by several in a row. What works: stop each
 * member, read the children of the *known members only*, stop and add what is new, and repeat until
 * one whole pass saw every thread of every member stopped or gone, no member newly gone since the
 * pass before, and no pid in any list of children that was not a member before, be it that of a
 * process that was dead when we came to open it. A stopped thread cannot fork; a fork in flight
 * when SIGSTOP comes completes before the thread is seen stopped (copy_process in kernel/fork.c
 * gives up when a signal is pending); and a member that died before it stopped has handed its
 * children to the nearest subreaper, whose list the next pass reads.
 *
 * Where what is meant is told by criteria, the lists of the reapers outside the set are read too:
 * PID 1, and every ancestor of a member, which may be a subreaper. Such a list changes while it is
 * read, and is read until it says the same twice.
 *
 * Kernels without `children` files (CONFIG_PROC_CHILDREN, 3.5 and 4.2): whole scans under the same
 * rule, five closed in a row; a best effort.
 *
 * Nobody can keep us here: after a second it is given up, and members that did not stop have
 * `closed` false.
 */
#ifndef PT_FREEZE_H
#define PT_FREEZE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "members.h"

/* How long a set is tried to be closed, nanoseconds. */
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
    bool whole_scans;            /* there are no `children` files */
    bool everyone;               /* stop the foreground job of a terminal too */
    bool complete;               /* the last freeze was closed, not given up */
    bool interrupted;            /* it was given up because SIGINT, SIGTERM or SIGHUP is pending */
    bool active;                 /* signals are blocked until pt_freeze_continue */
    size_t passes;               /* that the last freeze took */
    pid_t *reapers;              /* outside the set */
    size_t reaper_count, reaper_capacity;
    sigset_t former_mask;
};

/* Borrows MEMBERS. `admit`, `joined` and `data` are then the caller's to fill. */
void pt_freeze_init(struct pt_freeze *freeze, struct pt_members *members, enum pt_growth growth);

/* Continues what is still stopped, and frees. The members stay. Accepts an empty one. */
void pt_freeze_done(struct pt_freeze *freeze);

/*
 * Stops the set and closes it, as far as that goes within PT_FREEZE_PATIENCE; EVERYONE: with the
 * foreground job of a terminal, which otherwise is left running, since its shell would take the
 * terminal back. All signals are blocked until pt_freeze_continue, so that none can end us in
 * between. 0, or -errno with whatever was stopped still stopped.
 */
int pt_freeze_close(struct pt_freeze *freeze, bool everyone);

/* Continues every member that we stopped and that was not stopped before. */
void pt_freeze_continue(struct pt_freeze *freeze);

/* Ends a freeze whose targets shall stay stopped; who was only held is continued. */
void pt_freeze_keep(struct pt_freeze *freeze);

/* Looks for what is new below the members, and REAPERS, below those too, without stopping anybody.
 * 0 or -errno. */
int pt_freeze_discover(struct pt_freeze *freeze, bool reapers);

#endif
