/*
 * ps-tree's own types: what the user asked for, and what is to be shown. ps_tree_options.c fills
 * the former, ps_tree_select.c the latter; ps_tree_draw.c and ps_tree_records.c show them.
 */
#ifndef PS_TREE_H
#define PS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fields.h"
#include "snapshot.h"
#include "tree.h"

enum ps_tree_output {
    PS_TREE_DRAWN,
    PS_TREE_LIST,
    PS_TREE_JSON,
    PS_TREE_JSONL,
    PS_TREE_FOLDED, /* --folded: a line a path, for flame graphs */
};

/* The characters a tree is drawn with: what the locale says on a terminal and else ASCII; pstree's
 * -A, -U and -G. */
enum ps_tree_charset { PS_TREE_LOCALE, PS_TREE_ASCII, PS_TREE_UTF8, PS_TREE_VT100 };

enum ps_tree_total { PS_TREE_NO_TOTAL, PS_TREE_TOTAL_RSS, PS_TREE_TOTAL_PSS };
enum ps_tree_weight { PS_TREE_WEIGHT_PSS, PS_TREE_WEIGHT_RSS, PS_TREE_WEIGHT_CPU };

struct ps_tree_settings {
    enum ps_tree_output output;
    /* the drawing, in the order of pstree's letters */
    enum ps_tree_charset charset;
    bool arguments;         /* -a */
    bool colour_by_age;     /* -C age, --color=age */
    bool colour;            /* on a terminal, or --color=always */
    bool not_compact;       /* -c */
    bool pgids;             /* -g */
    bool whole_lines;       /* -l: nothing is cut */
    bool numeric_sort;      /* -n */
    bool pids;              /* -p */
    bool parents;           /* -s: with the ancestors of the chosen roots */
    bool namespace_changes; /* -S */
    bool thread_names;      /* -t: threads by their full names */
    bool no_threads;        /* -T */
    bool uid_changes;       /* -u */
    bool labels;            /* -Z */
    bool paths;             /* -P: exe's path after the name */
    bool kernel_threads;    /* -k */
    int sort_namespace;     /* -N: enum pt_namespace, or -1 */
    uint32_t depth;         /* -L, UINT32_MAX: all */
    enum ps_tree_total total;
    size_t columns; /* of the terminal; 0: nothing is cut */
    /* -o, and the outputs for scripts */
    const struct pt_field *
        *fields; /* in order, NULL-terminated; NULL: the default of each output */
    bool no_header;
    bool nul;                    /* -0 */
    const struct pt_field *sort; /* --sort, NULL: by pid */
    bool sort_descending;
    enum ps_tree_weight weight;
};

/* Bits of a node's mark. */
enum {
    PS_TREE_SHOWN = 1,       /* is part of the output */
    PS_TREE_MATCHED = 2,     /* meets the criteria (JSON's "match") */
    PS_TREE_HIGHLIGHTED = 4, /* in bold: matches in their context, -h, -H, new under --watch */
    PS_TREE_ROOT = 8,        /* asked for as a root: not marked ?ppid=N, root_reason null */
};

/* What is to be shown. Owned by ps_tree.c. */
struct ps_tree_view {
    struct pt_snapshot *snapshot; /* sources may be added to its records */
    const struct pt_tree *tree;   /* the slices of children may be sorted */
    uint8_t *marks;               /* of each node, PS_TREE_SHOWN … */
    uint32_t *roots;              /* what is drawn, one tree each, in this order */
    size_t root_count;
    bool by_user;       /* trees of a USER: an empty line between them, as pstree */
    bool with_criteria; /* records hold "match" */
    uint32_t *selected; /* for --list and --jsonl: nodes, ascending by pid */
    size_t selected_count;
};

/* What a drawing of all processes needs of each of them. */
pt_sources ps_tree_draw_sources(const struct ps_tree_settings *settings);

/* Draws the trees; what the records lack is read. 0 or -errno. In ps_tree_draw.c. */
int ps_tree_draw(const struct ps_tree_settings *settings, struct ps_tree_view *view, FILE *out);

/* Writes the records: --list, --json, --jsonl, --folded. 0 or -errno. In ps_tree_records.c. */
int ps_tree_records(const struct ps_tree_settings *settings, struct ps_tree_view *view, FILE *out);

/* What ps_tree_records will show of each process: where all are shown the scan asks for it at once,
 * else it is added to the chosen ones later. 0 or -ENOMEM. */
int ps_tree_records_sources(const struct ps_tree_settings *settings, pt_sources *ret_sources);

#endif
