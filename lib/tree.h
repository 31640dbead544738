/*
 * The process tree over a snapshot: 32-bit indexes, no pointers, no recursion.
 *
 * Children of i are the slice child[first[i]] .. child[first[i + 1]], ascending by pid, which
 * callers may borrow and sort. `order` holds every node, parents first, so that depth and nesting
 * are plain loops over it and totals and fold hashes are loops backwards.
 */
#ifndef PT_TREE_H
#define PT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"

/* Why a node has no parent. */
enum pt_root_reason {
    PT_ROOT_NOT,    /* it has one */
    PT_ROOT_INIT,   /* PID 1 */
    PT_ROOT_PPID0,  /* its parent is outside this PID namespace, or there is none */
    PT_ROOT_HIDDEN, /* its parent is not visible (hidepid, refused) */
    PT_ROOT_KERNEL, /* a user process below a kernel thread, which is left out */
    PT_ROOT_CYCLE,  /* it is its own ancestor, as only a torn scan can say */
    PT_ROOT_STALE,  /* the process with its ppid is younger: the PID was reused */
    PT_ROOT_ABSENT, /* not in the tree at all: gone, refused, or a kernel thread not asked for */
};

struct pt_tree {
    const struct pt_snapshot *snapshot; /* borrowed */
    size_t count;                       /* of snapshot records, so of parent, why, first (+ 1) */
    uint32_t *parent;                   /* PT_NO_INDEX for roots and what is absent */
    uint32_t *first;
    uint32_t *child;
    uint32_t *order; /* nodes, parents first, roots ascending by pid before all others */
    size_t node_count;
    size_t root_count; /* order[0 .. root_count) are the roots */
    uint8_t *why;      /* enum pt_root_reason */
};

/* Builds the indexes; O(n). -ENOMEM. */
int pt_tree_build(struct pt_tree *ret_tree, const struct pt_snapshot *snapshot,
                  bool kernel_threads);
void pt_tree_done(struct pt_tree *tree);

static inline bool pt_tree_holds(const struct pt_tree *tree, uint32_t node)
{
    return tree->why[node] != PT_ROOT_ABSENT;
}

/* The children of a node. */
static inline uint32_t *pt_tree_children(const struct pt_tree *tree, uint32_t node,
                                         size_t *ret_count)
{
    *ret_count = tree->first[node + 1] - tree->first[node];
    return tree->child + tree->first[node];
}

/*
 * A walk in drawing order (a node, then each child's subtree) with no stack but the parent links.
 * `position` says where in `child` each node stands: filled by pt_tree_positions, anew after the
 * children were sorted, into an array that the caller frees. -ENOMEM.
 */
int pt_tree_positions(const struct pt_tree *tree, uint32_t **ret_position);

/* What follows `node` in the subtree of `top`; PT_NO_INDEX at its end. */
uint32_t pt_tree_next(const struct pt_tree *tree, const uint32_t *position, uint32_t top,
                      uint32_t node);

/* Depth of every node below its root (roots 0), into an array that the caller frees. -ENOMEM. */
int pt_tree_depths(const struct pt_tree *tree, uint32_t **ret_depths);

/* True when `ancestor` is `node` or above it. */
bool pt_tree_is_within(const struct pt_tree *tree, uint32_t node, uint32_t ancestor);

/*
 * `marks` holds a byte a node. Sets the bits `to` in all descendants, or all ancestors, of nodes
 * that have one of the bits `from`; one loop over `order`.
 */
void pt_tree_mark_descendants(const struct pt_tree *tree, uint8_t *marks, uint8_t from, uint8_t to);
void pt_tree_mark_ancestors(const struct pt_tree *tree, uint8_t *marks, uint8_t from, uint8_t to);

/* Sums of a subtree. */
struct pt_totals {
    uint64_t rss; /* bytes; shared pages count once a process */
    uint64_t pss; /* bytes */
    uint32_t processes;
    bool pss_partial; /* some could not be read */
};

/* Totals of every node's subtree, bottom-up, into an array that the caller frees. -ENOMEM. */
int pt_tree_totals(const struct pt_tree *tree, struct pt_totals **ret_totals);

#endif
