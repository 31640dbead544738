/*
 * --folded: the tree as stacks for flame graphs.
 */
#ifndef PS_TREE_STACKS_H
#define PS_TREE_STACKS_H

#include <stdio.h>

#include "ps_tree.h"

/* What a process's own value is read from. */
pt_sources ps_tree_stacks_sources(const struct ps_tree_settings *settings);

/* Writes a line a distinct path of names. 0 or -errno. */
int ps_tree_stacks(const struct ps_tree_settings *settings, struct ps_tree_view *view, FILE *out);

#endif
