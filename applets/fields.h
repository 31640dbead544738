/*
 * Every field that can be shown or sorted by, once: its name, ps's and psutil's names for it, the
 * sources it is read from, and one getter (field_values.h); text and JSON come out of the same
 * value. No getter knows which output asked.
 */
#ifndef FIELDS_H
#define FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "field_values.h"
#include "json.h"
#include "text.h"
#include "units.h"

/* The field of that name or alias (`length` bytes), or NULL. */
const struct pt_field *pt_field_find(const char *name, size_t length);

/* Parses `FIELD,...` into a NULL-terminated array that the caller frees; each field counts once.
 * `default` stands for everything cheap, `all` for everything but inode. -EINVAL with the fault,
 * -ENOMEM. */
int pt_fields_parse(const char *text, const struct pt_field ***ret_fields, struct pt_fault *fault);

/* Adds those of MORE that FIELDS lacks: what pt_fields_parse makes has room for all there are. */
void pt_fields_add(const struct pt_field **fields, const struct pt_field *const *more);

const char *pt_field_name(const struct pt_field *field);
pt_sources pt_field_sources(const struct pt_field *field);
pt_sources pt_fields_sources(const struct pt_field *const *fields);
bool pt_field_is_number(const struct pt_field *field); /* aligned right */
bool pt_field_needs_depth(const struct pt_field *field);
bool pt_field_needs_totals(const struct pt_field *field);

/* The name of field number `index`, from 0, of all there are; NULL behind the last. */
const char *pt_field_name_at(size_t index);

/*
 * argv and environ are kept up to 4 KiB. Where this node's were cut and `fields` (NULL-terminated)
 * hold them, reads them whole into `arena` and `ret_whole`, and makes the context show that; else
 * makes it show the snapshot's record. What cannot be read whole is unknown, never cut. 0 or
 * -errno (-ENOMEM, -EMFILE …). The caller clears the arena when the node has been shown.
 */
int pt_fields_read_whole(struct pt_field_context *context, uint32_t node,
                         const struct pt_field *const *fields, struct pt_arena *arena,
                         struct pt_process *ret_whole);

/* Appends the text for people, escaped; `?` is unknown, `-` empty or not applicable. 0 or
 * -ENOMEM. */
int pt_field_append(const struct pt_field *field, const struct pt_field_context *context,
                    uint32_t node, struct pt_buffer *text);

/* Writes the member (and its _b64 or _iso siblings) into the open object. `errors` writes nothing
 * here: it comes last, by pt_fields_write_errors. */
void pt_field_write(const struct pt_field *field, const struct pt_field_context *context,
                    uint32_t node, struct pt_json *json);

/* Writes the member `errors`, where one of `fields` could not be read. */
void pt_fields_write_errors(const struct pt_field_context *context, uint32_t node,
                            struct pt_json *json);

/* Orders two nodes by this field: <0, 0, >0. What is unknown or not applicable comes first. */
int pt_field_compare(const struct pt_field *field, const struct pt_field_context *context,
                     uint32_t left, uint32_t right);

/* Sorts nodes by this field; equal ones keep their order. -ENOMEM. */
int pt_field_sort(const struct pt_field *field, const struct pt_field_context *context,
                  bool descending, uint32_t *nodes, size_t count);

#endif
