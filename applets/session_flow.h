/* One direction between us and a command that runs as another user: a pipe, so that no descriptor
 * of our terminal or files is in its hands, and our copying. Nothing here waits: pt_flow_wait says
 * for what the one wait is to look out. */
#ifndef SESSION_FLOW_H
#define SESSION_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "waitset.h"

struct pt_flow {
    int child;    /* the command's end; -1: none */
    int ours;     /* our end; -1: it is over */
    int from, to; /* what is copied whereto: `ours` and a descriptor of ours */
    bool escaped;
    bool last;             /* nothing more comes */
    bool ending;           /* the command has ended, and left */
    size_t left;           /* so many bytes in the pipe */
    struct pt_buffer line; /* read, and not yet escaped */
    struct pt_buffer held; /* to be written */
    struct pt_waitset *waitset;
    int watched; /* in the set; -1: none */
    int failure; /* errno of a write that failed, but for want of a reader; 0: none */
};

void pt_flow_init(struct pt_flow *flow);
void pt_flow_done(struct pt_flow *flow);

/* From or to a descriptor of ours, by WAITSET, which is borrowed. 0 or -errno. */
int pt_flow_open_input(struct pt_flow *flow, int from, struct pt_waitset *waitset);
int pt_flow_open_output(struct pt_flow *flow, int to, bool escaped, struct pt_waitset *waitset);

/* After the fork: the command's end is the command's alone. */
void pt_flow_close_child(struct pt_flow *flow);

/* Has the set wait for what comes next. Its event's data is the flow. 0 or -errno. */
int pt_flow_wait(struct pt_flow *flow);

/* It came: one read, or one write. */
void pt_flow_move(struct pt_flow *flow);

/* The command has ended: reads what it left in the pipe, and not what a child of its goes on to
 * write. True once that is written too; else there is something to wait for. */
bool pt_flow_finish(struct pt_flow *flow);

#endif
