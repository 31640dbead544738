/* One direction between us and a command that runs as another user: a pipe, so that no descriptor
 * of our terminal or files is in its hands, and our copying. */
#ifndef SESSION_FLOW_H
#define SESSION_FLOW_H

#include <poll.h>
#include <stdbool.h>

#include "buffer.h"

struct pt_flow {
    int child;  /* the command's end; -1: none */
    int ours;   /* our end; -1: closed */
    int other;  /* our descriptor from or to which is copied */
    bool input; /* towards the command */
    bool escaped;
    struct pt_buffer held; /* on its way */
};

void pt_flow_init(struct pt_flow *flow);
void pt_flow_done(struct pt_flow *flow);

/* 0 or -errno. */
int pt_flow_open_input(struct pt_flow *flow, int from);
int pt_flow_open_output(struct pt_flow *flow, int to, bool escaped);

/* After the fork: the command's end is the command's alone. */
void pt_flow_close_child(struct pt_flow *flow);

/* What to wait for, and what to do when it came. */
struct pollfd pt_flow_poll(const struct pt_flow *flow);
void pt_flow_move(struct pt_flow *flow, short events);

/* The command has ended: copies what it left in the pipe. */
void pt_flow_finish(struct pt_flow *flow);

#endif
