/*
 * ps-tree's middle phase: from a snapshot and its tree to what is to be shown.
 */
#ifndef PS_TREE_SELECT_H
#define PS_TREE_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "match.h"
#include "ps_tree.h"

/* Relative to the chosen roots. */
enum ps_tree_scope {
    PS_TREE_EVERYTHING,
    PS_TREE_CHILDREN,
    PS_TREE_GRANDCHILDREN,
    PS_TREE_DESCENDANTS
};

/* What is drawn around a match. */
enum ps_tree_context {
    PS_TREE_CONTEXT_ANCESTORS,
    PS_TREE_CONTEXT_DESCENDANTS,
    PS_TREE_CONTEXT_BOTH,
    PS_TREE_CONTEXT_NONE
};

/* One operand: PID, USER, self or self~N. */
struct ps_tree_operand {
    const char *text;
    enum { PS_TREE_OPERAND_PID, PS_TREE_OPERAND_USER, PS_TREE_OPERAND_SELF } kind;
    pid_t pid;
    uid_t uid;
    uint64_t generations; /* self~N */
};

struct ps_tree_request {
    struct ps_tree_operand *operands;
    size_t operand_count;
    struct pt_match *match;
    bool has_criteria;
    bool ignore_ancestors;
    enum ps_tree_scope scope;
    enum ps_tree_context context;
    bool first;
    bool highlight_self;
    pid_t highlight_pid; /* 0: none */
};

/* Whether only some processes are meant, by criteria, scope or --first. */
bool ps_tree_is_selective(const struct ps_tree_request *request);

/* Understands one operand. -EINVAL with the fault. */
int ps_tree_parse_operand(const char *text, struct ps_tree_operand *ret_operand,
                          struct pt_fault *fault);

/*
 * Fills the view's marks, roots and selection; ps_tree_view_done frees them. Messages about missing
 * PIDs and unreadable processes are said here. Returns the exit status: PT_EXIT_OK, with an empty
 * selection where nothing matched, PT_EXIT_NOTHING for an operand that is not there, or -errno.
 */
int ps_tree_select(const struct ps_tree_request *request, const struct ps_tree_settings *settings,
                   struct pt_snapshot *snapshot, const struct pt_tree *tree,
                   struct ps_tree_view *ret_view);
void ps_tree_view_done(struct ps_tree_view *view);

#endif
