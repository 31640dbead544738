#include "fields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "error_names.h"

/* --- names --- */

static bool is_word(const char *word, size_t word_length, const char *name, size_t length)
{
    return word_length == length && memcmp(word, name, length) == 0;
}

static bool is_among(const char *list, const char *name, size_t length)
{
    while (list != NULL && *list != '\0') {
        size_t word = strcspn(list, ",");
        if (is_word(list, word, name, length))
            return true;
        list += word + (list[word] == ',');
    }
    return false;
}

const struct pt_field *pt_field_find(const char *name, size_t length)
{
    for (size_t i = 0; i < pt_field_count; i++) {
        const struct pt_field *field = &pt_field_rows[i];
        if (is_word(field->name, strlen(field->name), name, length) ||
            is_among(field->aliases, name, length))
            return field;
    }
    return NULL;
}

const char *pt_field_name_at(size_t index)
{
    return index < pt_field_count ? pt_field_rows[index].name : NULL;
}

static bool holds(const struct pt_field *const *fields, size_t count, const struct pt_field *field)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i] == field)
            return true;
    return false;
}

/* Adds every field that has none of the flags `unless`. */
static void add_all(const struct pt_field **fields, size_t *count, unsigned unless)
{
    for (size_t i = 0; i < pt_field_count; i++)
        if (!(pt_field_rows[i].flags & unless) && !holds(fields, *count, &pt_field_rows[i]))
            fields[(*count)++] = &pt_field_rows[i];
}

static int add_word(const struct pt_field **fields, size_t *count, const char *word, size_t length)
{
    const struct pt_field *field = pt_field_find(word, length);
    if (is_word("all", 3, word, length))
        add_all(fields, count, PT_FIELD_NAMED);
    else if (is_word("default", 7, word, length))
        add_all(fields, count, PT_FIELD_NAMED | PT_FIELD_DEAR);
    else if (field == NULL)
        return -EINVAL;
    else if (!holds(fields, *count, field))
        fields[(*count)++] = field;
    return 0;
}

int pt_fields_parse(const char *text, const struct pt_field ***ret_fields, struct pt_fault *fault)
{
    const struct pt_field **fields = calloc(pt_field_count + 1, sizeof(const struct pt_field *));
    size_t count = 0, offset = 0;
    if (fields == NULL)
        return -ENOMEM;
    for (;;) {
        size_t length = strcspn(text + offset, ",");
        if (add_word(fields, &count, text + offset, length) < 0) {
            free(fields);
            return pt_fault_set(fault, offset,
                                length == 0 ? "a field is missing" : "no such field");
        }
        offset += length;
        if (text[offset] == '\0')
            break;
        offset++;
    }
    *ret_fields = fields;
    return 0;
}

void pt_fields_add(const struct pt_field **fields, const struct pt_field *const *more)
{
    size_t count = 0;
    while (fields[count] != NULL)
        count++;
    for (; *more != NULL; more++)
        if (!holds(fields, count, *more))
            fields[count++] = *more;
}

/* --- what a field is --- */

const char *pt_field_name(const struct pt_field *field)
{
    return field->name;
}

pt_sources pt_field_sources(const struct pt_field *field)
{
    return PT_SOURCE_BIT(field->source) | field->more;
}

pt_sources pt_fields_sources(const struct pt_field *const *fields)
{
    pt_sources sources = 0;
    for (; *fields != NULL; fields++)
        sources |= pt_field_sources(*fields);
    return sources;
}

bool pt_field_is_number(const struct pt_field *field)
{
    return field->kind == PT_VALUE_SIGNED || field->kind == PT_VALUE_UNSIGNED ||
           field->kind == PT_VALUE_DECIMAL;
}

bool pt_field_needs_depth(const struct pt_field *field)
{
    return field->flags & PT_FIELD_DEPTH;
}

bool pt_field_needs_totals(const struct pt_field *field)
{
    return field->flags & PT_FIELD_TOTALS;
}

/* --- argv and environ beyond what is kept --- */

static pt_sources cut_sources(const struct pt_process *process)
{
    pt_sources cut = 0;
    if (pt_process_has(process, PT_SOURCE_CMDLINE) && process->more->cmdline_cut)
        cut |= PT_SOURCE_BIT(PT_SOURCE_CMDLINE);
    if (pt_process_has(process, PT_SOURCE_ENVIRON) && process->more->environ_cut)
        cut |= PT_SOURCE_BIT(PT_SOURCE_ENVIRON);
    return cut;
}

static pt_sources strings_shown(const struct pt_field *const *fields)
{
    pt_sources shown = 0;
    for (; *fields != NULL; fields++)
        if ((*fields)->kind == PT_VALUE_STRINGS)
            shown |= pt_field_sources(*fields);
    return shown;
}

static void note_errors(struct pt_process *process, pt_sources sources, int error)
{
    for (unsigned source = 0; source < PT_SOURCE_COUNT; source++)
        if (sources & PT_SOURCE_BIT(source))
            process->error[source] = (uint8_t)error;
}

int pt_fields_read_whole(struct pt_field_context *context, uint32_t node,
                         const struct pt_field *const *fields, struct pt_arena *arena,
                         struct pt_process *ret_whole)
{
    const struct pt_snapshot *snapshot = context->snapshot;
    pt_sources sources = cut_sources(&snapshot->processes[node]) & strings_shown(fields);

    context->whole = NULL;
    if (sources == 0)
        return 0;
    *ret_whole = snapshot->processes[node];
    /* The snapshot's own stays as it is: what is read here is dropped with the arena. */
    ret_whole->more = pt_arena_memdup(arena, ret_whole->more, sizeof *ret_whole->more,
                                      PT_ALIGN_OF(struct pt_process_more));
    if (ret_whole->more == NULL)
        return -ENOMEM;
    int error = pt_process_add_watched(snapshot->procfs, ret_whole, sources | PT_READ_WHOLE, arena);
    if (error == -ESRCH) {
        /* It ended meanwhile: the rest of the record is still what it was. */
        *ret_whole = snapshot->processes[node];
        note_errors(ret_whole, sources, ESRCH);
    } else if (error < 0) {
        return error;
    }
    context->whole = ret_whole;
    context->whole_node = node;
    return 0;
}

/* --- text --- */

/* What was appended from `begin` on: nothing becomes a mark, and what reads as one no mark. */
static void mark(struct pt_buffer *text, size_t begin)
{
    char byte = text->length == begin + 1 ? text->data[begin] : '\0';
    if (text->length == begin) {
        pt_buffer_append_byte(text, '-');
    } else if (byte == '-' || byte == '?') {
        pt_buffer_truncate(text, begin);
        pt_buffer_append_format(text, "\\x%02x", (unsigned char)byte);
    }
}

static void append_bytes(struct pt_bytes bytes, struct pt_buffer *text)
{
    size_t begin = text->length;
    pt_buffer_escape(text, bytes.bytes, bytes.length, pt_text_escape_flags());
    mark(text, begin);
}

/* Joined by blanks, as ps shows arguments. */
static void append_strings(struct pt_bytes block, struct pt_buffer *text)
{
    size_t begin = text->length, offset = 0;
    struct pt_bytes string;
    const char *separator = "";
    while (pt_next_string(block.bytes, block.length, &offset, &string.bytes, &string.length)) {
        pt_buffer_append_text(text, separator);
        pt_buffer_escape(text, string.bytes, string.length, pt_text_escape_flags());
        separator = " ";
    }
    mark(text, begin);
}

static void append_time(int64_t seconds, struct pt_buffer *text)
{
    char time[PT_TIME_SIZE];
    if (pt_format_time(seconds, time) < 0)
        pt_buffer_append_format(text, "%" PRId64, seconds);
    else
        pt_buffer_append_text(text, time);
}

static void append_namespaces(const uint64_t *inodes, struct pt_buffer *text)
{
    const char *separator = "";
    for (size_t i = 0; i < PT_NS_COUNT; i++) {
        if (inodes[i] == 0)
            continue;
        pt_buffer_append_format(text, "%s%s:%" PRIu64, separator, pt_namespace_names[i], inodes[i]);
        separator = ",";
    }
}

static const char *reason_of(const struct pt_value *value, char buffer[PT_ERROR_NAME_SIZE])
{
    return value->state == PT_VALUE_PARTIAL ? "partial" : pt_error_name(value->error, buffer);
}

static bool has_failed(const struct pt_value *value)
{
    return value->state == PT_VALUE_UNKNOWN || value->state == PT_VALUE_PARTIAL;
}

static void append_errors(const struct pt_field_context *context, uint32_t node,
                          struct pt_buffer *text)
{
    const char *separator = "";
    for (const struct pt_field *const *field = context->fields; field && *field; field++) {
        char name[PT_ERROR_NAME_SIZE];
        struct pt_value value;
        pt_field_get(*field, context, node, &value);
        if (!has_failed(&value))
            continue;
        pt_buffer_append_format(text, "%s%s:%s", separator, (*field)->name,
                                reason_of(&value, name));
        separator = ",";
    }
    if (*separator == '\0')
        pt_buffer_append_byte(text, '-');
}

static void append_known(const struct pt_field *field, const struct pt_value *value,
                         struct pt_buffer *text)
{
    switch (field->kind) {
    case PT_VALUE_SIGNED:
        pt_buffer_append_format(text, "%" PRId64, value->is.number);
        break;
    case PT_VALUE_UNSIGNED:
        pt_buffer_append_format(text, "%" PRIu64, value->is.amount);
        break;
    case PT_VALUE_DECIMAL:
        pt_buffer_append_format(text, "%.2f", value->is.decimal);
        break;
    case PT_VALUE_BOOLEAN:
        pt_buffer_append_text(text, value->is.truth ? "true" : "false");
        break;
    case PT_VALUE_TIME:
        append_time(value->is.number, text);
        break;
    case PT_VALUE_BYTES:
        append_bytes(value->is.bytes, text);
        break;
    case PT_VALUE_STRINGS:
        append_strings(value->is.bytes, text);
        break;
    case PT_VALUE_PIDS:
        for (size_t i = 0; i < value->is.pids.count; i++)
            pt_buffer_append_format(text, "%s%jd", i > 0 ? "," : "",
                                    (intmax_t)value->is.pids.pid[i]);
        break;
    case PT_VALUE_NAMESPACES:
        append_namespaces(value->is.namespaces, text);
        break;
    case PT_VALUE_ERRORS:
        break;
    }
}

int pt_field_append(const struct pt_field *field, const struct pt_field_context *context,
                    uint32_t node, struct pt_buffer *text)
{
    struct pt_value value;
    if (field->kind == PT_VALUE_ERRORS) {
        append_errors(context, node, text);
        return text->error;
    }
    pt_field_get(field, context, node, &value);
    if (value.state == PT_VALUE_UNKNOWN)
        pt_buffer_append_byte(text, '?');
    else if (value.state == PT_VALUE_NONE)
        pt_buffer_append_byte(text, '-');
    else
        append_known(field, &value, text);
    if (value.state == PT_VALUE_PARTIAL)
        pt_buffer_append_byte(text, '+');
    return text->error;
}

/* --- JSON --- */

static void write_pids(struct pt_json *json, const char *name, const struct pt_value *value)
{
    pt_json_begin_array(json, name);
    for (size_t i = 0; i < value->is.pids.count; i++)
        pt_json_i64(json, NULL, value->is.pids.pid[i]);
    pt_json_end_array(json);
}

static void write_namespaces(struct pt_json *json, const char *name, const uint64_t *inodes)
{
    pt_json_begin_object(json, name);
    for (size_t i = 0; i < PT_NS_COUNT; i++)
        if (inodes[i] != 0)
            pt_json_u64(json, pt_namespace_names[i], inodes[i]);
    pt_json_end_object(json);
}

void pt_fields_write_errors(const struct pt_field_context *context, uint32_t node,
                            struct pt_json *json)
{
    bool any = false;
    for (const struct pt_field *const *field = context->fields; field && *field; field++) {
        char name[PT_ERROR_NAME_SIZE];
        struct pt_value value;
        pt_field_get(*field, context, node, &value);
        if (!has_failed(&value))
            continue;
        if (!any)
            pt_json_begin_object(json, "errors");
        any = true;
        pt_json_text(json, (*field)->name, reason_of(&value, name));
    }
    if (any)
        pt_json_end_object(json);
}

static void write_known(const struct pt_field *field, const struct pt_value *value,
                        struct pt_json *json)
{
    switch (field->kind) {
    case PT_VALUE_SIGNED:
        pt_json_i64(json, field->name, value->is.number);
        break;
    case PT_VALUE_UNSIGNED:
        pt_json_u64(json, field->name, value->is.amount);
        break;
    case PT_VALUE_DECIMAL:
        pt_json_double(json, field->name, value->is.decimal, 2);
        break;
    case PT_VALUE_BOOLEAN:
        pt_json_bool(json, field->name, value->is.truth);
        break;
    case PT_VALUE_TIME:
        pt_json_time(json, field->name, value->is.number);
        break;
    case PT_VALUE_BYTES:
        pt_json_string(json, field->name, value->is.bytes.bytes, value->is.bytes.length);
        break;
    case PT_VALUE_STRINGS:
        pt_json_strings(json, field->name, value->is.bytes.bytes, value->is.bytes.length);
        break;
    case PT_VALUE_PIDS:
        write_pids(json, field->name, value);
        break;
    case PT_VALUE_NAMESPACES:
        write_namespaces(json, field->name, value->is.namespaces);
        break;
    case PT_VALUE_ERRORS:
        break;
    }
}

void pt_field_write(const struct pt_field *field, const struct pt_field_context *context,
                    uint32_t node, struct pt_json *json)
{
    struct pt_value value;
    if (field->kind == PT_VALUE_ERRORS)
        return;
    pt_field_get(field, context, node, &value);
    if (value.state == PT_VALUE_KNOWN || value.state == PT_VALUE_PARTIAL)
        write_known(field, &value, json);
    else
        pt_json_null(json, field->name);
}

/* --- order --- */

static int compare_bytes(struct pt_bytes left, struct pt_bytes right)
{
    size_t shorter = left.length < right.length ? left.length : right.length;
    int order = shorter > 0 ? memcmp(left.bytes, right.bytes, shorter) : 0;
    return order != 0 ? order : (left.length > right.length) - (left.length < right.length);
}

#define ORDER(left, right) (((left) > (right)) - ((left) < (right)))

static int compare_pids(const struct pt_value *left, const struct pt_value *right)
{
    for (size_t i = 0; i < left->is.pids.count && i < right->is.pids.count; i++)
        if (left->is.pids.pid[i] != right->is.pids.pid[i])
            return ORDER(left->is.pids.pid[i], right->is.pids.pid[i]);
    return ORDER(left->is.pids.count, right->is.pids.count);
}

static int compare_namespaces(const uint64_t *left, const uint64_t *right)
{
    for (size_t i = 0; i < PT_NS_COUNT; i++)
        if (left[i] != right[i])
            return ORDER(left[i], right[i]);
    return 0;
}

static int compare_known(const struct pt_field *field, const struct pt_value *left,
                         const struct pt_value *right)
{
    switch (field->kind) {
    case PT_VALUE_SIGNED:
    case PT_VALUE_TIME:
        return ORDER(left->is.number, right->is.number);
    case PT_VALUE_UNSIGNED:
        return ORDER(left->is.amount, right->is.amount);
    case PT_VALUE_DECIMAL:
        return ORDER(left->is.decimal, right->is.decimal);
    case PT_VALUE_BOOLEAN:
        return ORDER(left->is.truth, right->is.truth);
    case PT_VALUE_BYTES:
    case PT_VALUE_STRINGS:
        return compare_bytes(left->is.bytes, right->is.bytes);
    case PT_VALUE_PIDS:
        return compare_pids(left, right);
    case PT_VALUE_NAMESPACES:
        return compare_namespaces(left->is.namespaces, right->is.namespaces);
    case PT_VALUE_ERRORS:
        break;
    }
    return 0;
}

/* Unknown, not applicable, known. */
static int rank(const struct pt_value *value)
{
    return value->state == PT_VALUE_UNKNOWN ? 0 : value->state == PT_VALUE_NONE ? 1 : 2;
}

int pt_field_compare(const struct pt_field *field, const struct pt_field_context *context,
                     uint32_t left, uint32_t right)
{
    struct pt_value values[2];
    pt_field_get(field, context, left, &values[0]);
    pt_field_get(field, context, right, &values[1]);
    int ranks[2] = {rank(&values[0]), rank(&values[1])};
    if (ranks[0] != ranks[1] || ranks[0] < 2)
        return ORDER(ranks[0], ranks[1]);
    return compare_known(field, &values[0], &values[1]);
}

/* Merges from[begin, middle) and from[middle, end) into `to`. */
struct sorting {
    const struct pt_field *field;
    const struct pt_field_context *context;
    bool descending;
};

static void merge(const struct sorting *sorting, const uint32_t *from, uint32_t *to, size_t begin,
                  size_t middle, size_t end)
{
    size_t left = begin, right = middle;
    for (size_t i = begin; i < end; i++) {
        bool take_left = right == end;
        if (left < middle && right < end) {
            int order = pt_field_compare(sorting->field, sorting->context, from[left], from[right]);
            take_left = sorting->descending ? order >= 0 : order <= 0;
        }
        to[i] = take_left ? from[left++] : from[right++];
    }
}

/* A merge sort from the bottom up: stable, and it takes a context, which qsort does not. */
int pt_field_sort(const struct pt_field *field, const struct pt_field_context *context,
                  bool descending, uint32_t *nodes, size_t count)
{
    const struct sorting sorting = {field, context, descending};
    uint32_t *scratch = malloc((count + 1) * sizeof *scratch), *from = nodes, *to = scratch;
    if (scratch == NULL)
        return -ENOMEM;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            size_t middle = begin + width < count ? begin + width : count;
            size_t end = begin + 2 * width < count ? begin + 2 * width : count;
            merge(&sorting, from, to, begin, middle, end);
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != nodes)
        memcpy(nodes, from, count * sizeof *nodes);
    free(scratch);
    return 0;
}
