/*
 * The table of fields, and what one of them is for one process. fields.h makes text and JSON of it.
 */
#ifndef FIELD_VALUES_H
#define FIELD_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process.h"
#include "snapshot.h"
#include "tree.h"
#include "user_names.h"

struct pt_field;

/* What a field may be made of. Members that no chosen field needs may be NULL; a zeroed one does
 * for what is read from the record alone. */
struct pt_field_context {
    const struct pt_snapshot *snapshot;
    const struct pt_tree *tree;
    const uint32_t *depths;         /* of each node: pt_tree_depths */
    const struct pt_totals *totals; /* of each node: pt_tree_totals */
    const uint8_t *marks;           /* of each node; those with one of the bits `asked_as_root` */
    uint8_t asked_as_root;          /* were chosen as roots: root_reason is null */
    bool begun_anew;                /* nested output starts again at this node: `depth` */
    struct pt_user_names *names;    /* of users and groups, looked up once each */
    const struct pt_field *const *fields; /* whose failures the field `errors` tells; or NULL */
    /* A record that stands for the snapshot's while its node is shown: pt_fields_read_whole. */
    const struct pt_process *whole;
    uint32_t whole_node;
};

enum pt_value_kind {
    PT_VALUE_SIGNED,
    PT_VALUE_UNSIGNED,
    PT_VALUE_DECIMAL, /* shown with two digits behind the point */
    PT_VALUE_BOOLEAN,
    PT_VALUE_TIME,       /* seconds since the epoch */
    PT_VALUE_BYTES,      /* text of a process, or ours */
    PT_VALUE_STRINGS,    /* argv, environ */
    PT_VALUE_PIDS,       /* of each namespace, outermost first */
    PT_VALUE_NAMESPACES, /* inode of each */
    PT_VALUE_ERRORS,     /* why other fields are unknown */
};

/* How sure we are of it. */
enum pt_value_state {
    PT_VALUE_KNOWN,
    PT_VALUE_NONE,    /* there is no such thing here: `-`, null */
    PT_VALUE_UNKNOWN, /* `?`, null, and the reason in `errors` */
    PT_VALUE_PARTIAL, /* a sum that lacks what could not be read: `N+`, N and the reason */
};

/* Not to be copied: `bytes` may point to `text`. */
struct pt_value {
    enum pt_value_state state;
    int error; /* why it is unknown or partial */
    union {
        int64_t number;  /* SIGNED, TIME */
        uint64_t amount; /* UNSIGNED */
        double decimal;
        bool truth;
        struct pt_bytes bytes; /* BYTES, STRINGS */
        struct {
            const pid_t *pid;
            size_t count;
        } pids;
        const uint64_t *namespaces;
    } is;
    char text[64]; /* for what is put together here */
};

/* What a field looks at. */
struct pt_subject {
    const struct pt_field_context *context;
    const struct pt_process *process;
    uint32_t node;
};

/* Bits of pt_field.flags. */
enum {
    PT_FIELD_DEAR = 1,     /* only when asked for, or with `all` */
    PT_FIELD_NAMED = 2,    /* only when asked for by name */
    PT_FIELD_DEPTH = 4,    /* needs context->depths */
    PT_FIELD_TOTALS = 8,   /* needs context->totals */
    PT_FIELD_REFUSED = 16, /* known, or may be, where stat was refused */
};

struct pt_field {
    const char *name;
    const char *aliases; /* "vsz" or "args,cmdline", or NULL */
    enum pt_value_kind kind;
    unsigned flags;
    enum pt_source source; /* without which it is unknown */
    pt_sources more;       /* further ones that it looks at */
    void (*get)(const struct pt_subject *subject, int detail, struct pt_value *ret_value);
    int detail; /* tells members of a family of getters apart */
};

extern const struct pt_field pt_field_rows[];
extern const size_t pt_field_count;

/* The field's value for a node; ret_value is filled whole. */
void pt_field_get(const struct pt_field *field, const struct pt_field_context *context,
                  uint32_t node, struct pt_value *ret_value);

#endif
