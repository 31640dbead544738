/*
 * The command line of ps-tree.
 */
#ifndef PS_TREE_OPTIONS_H
#define PS_TREE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "ps_tree.h"
#include "ps_tree_select.h"

/* What the user asked for. */
struct ps_tree_arguments {
    struct ps_tree_settings settings;
    struct ps_tree_request request;
    const char *procfs; /* NULL: /proc */
    int64_t watch;      /* nanoseconds, 0: once */
    /* for the check of what excludes what */
    const char *output_option;  /* the one that chose settings.output */
    const char *scope_option;   /* the one that chose request.scope */
    const char *drawing_option; /* one that only drawings heed, NULL: none */
    bool depth_given, context_given;
    enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER, COLOR_AGE } color;
    bool color_by_age; /* whatever `color` is, which is never COLOR_AGE */
};

extern const struct pt_options ps_tree_options;

/* Understands the command line; a usage error ends the program. */
void ps_tree_read_options(struct ps_tree_arguments *arguments, int argc, char **argv);
void ps_tree_arguments_done(struct ps_tree_arguments *arguments);

#endif
