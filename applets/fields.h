/*
 * Every field that can be shown or sorted by, once: its name, ps's and psutil's names for it, the
 * sources it is read from, and one getter; text and JSON come out of the same value. No getter
 * knows which output asked.
 */
#ifndef FIELDS_H
#define FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "process.h"
#include "snapshot.h"
#include "text.h"
#include "tree.h"
#include "units.h"

struct pt_field; /* one row; opaque but for the functions below */

/* What a field may be made of. Members that no chosen field needs may be NULL. */
struct pt_field_context {
    const struct pt_snapshot *snapshot;
    const struct pt_tree *tree;
    const uint32_t *depths;          /* of each node: pt_tree_depths */
    const struct pt_totals *totals;  /* of each node: pt_tree_totals */
    const uint8_t *asked_as_root;    /* of each node, non-zero: root_reason is null */
    struct pt_user_names *names;     /* uid and gid to names, looked up once each */
};

/* The field of that name or alias (`length` bytes), or NULL. */
const struct pt_field *pt_field_find(const char *name, size_t length);

/* Parses `FIELD,...` (also `all`) into a NULL-terminated array that the caller frees. -EINVAL with
 * the fault, -ENOMEM. */
int pt_fields_parse(const char *text, const struct pt_field ***ret_fields, struct pt_fault *fault);

/* Those of the default JSON record: everything cheap. Static. */
const struct pt_field *const *pt_fields_default(void);

const char *pt_field_name(const struct pt_field *field);
pt_sources pt_field_sources(const struct pt_field *field);
pt_sources pt_fields_sources(const struct pt_field *const *fields);
bool pt_field_is_number(const struct pt_field *field); /* aligned right */
bool pt_field_needs_depth(const struct pt_field *field);
bool pt_field_needs_totals(const struct pt_field *field);

/* Appends the text for people, escaped; `?` is unknown, `-` empty or not applicable. */
int pt_field_append(const struct pt_field *field, const struct pt_field_context *context,
                    uint32_t node, struct pt_buffer *text);

/* Writes the member (and its _b64 or _iso siblings) into the open object. */
int pt_field_write(const struct pt_field *field, const struct pt_field_context *context,
                   uint32_t node, struct pt_json *json);

/* Orders two nodes by this field, ties by pid: <0, 0, >0. */
int pt_field_compare(const struct pt_field *field, const struct pt_field_context *context,
                     uint32_t left, uint32_t right);

#endif
