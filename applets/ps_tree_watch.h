/*
 * --watch: the same picture again and again, with what is new in it highlighted.
 */
#ifndef PS_TREE_WATCH_H
#define PS_TREE_WATCH_H

#include <stdint.h>
#include <stdio.h>

#include "ps_tree.h"

/* The processes of the picture before. */
struct ps_tree_history;

/* Highlights what is shown and was not there in the picture before, and remembers this one. 0 or
 * -ENOMEM. */
int ps_tree_history_mark(struct ps_tree_history *history, struct ps_tree_view *view);

/* Draws one picture into `out`; its exit status, which ends the watch unless something was drawn,
 * or nothing matched or is left of what was there. */
typedef int ps_tree_picture(struct ps_tree_history *history, FILE *out, void *data);

/* Draws every `interval` nanoseconds until a signal ends it: then 0, else the picture's status. */
int ps_tree_watch(int64_t interval, ps_tree_picture *picture, void *data);

#endif
