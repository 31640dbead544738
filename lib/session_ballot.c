#include "session_ballot.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int pt_ballot_init(struct pt_ballot *ret_ballot, const struct pt_imports *imports,
                   struct pt_arena *arena)
{
    size_t count = PT_VALUE_COUNT + imports->count;
    struct pt_proposals *proposals =
        pt_arena_array(arena, count, sizeof *proposals, PT_ALIGN_OF(struct pt_proposals));

    if (proposals == NULL)
        return -ENOMEM;
    *ret_ballot = (struct pt_ballot){.arena = arena, .imports = imports, .proposals = proposals};
    return 0;
}

/* Room for one more element: the array moves to twice its size. What it leaves stays in the arena,
 * less than what it takes. */
static int grow(struct pt_arena *arena, void **list, size_t count, size_t *room, size_t size)
{
    size_t more = *room > 0 ? 2 * *room : 4;
    void *grown;

    if (count < *room)
        return 0;
    grown = pt_arena_array(arena, more, size, PT_ALIGN_OF(struct pt_dropped));
    if (grown == NULL)
        return -ENOMEM;
    if (count > 0)
        memcpy(grown, *list, count * size);
    *list = grown;
    *room = more;
    return 0;
}

static int vote(struct pt_ballot *ballot, struct pt_proposals *proposals, const char *text,
                size_t length)
{
    struct pt_proposal *proposal;
    void *list = proposals->list;

    for (size_t i = 0; i < proposals->count; i++) {
        proposal = &proposals->list[i];
        if (strlen(proposal->text) == length && memcmp(proposal->text, text, length) == 0) {
            proposal->votes++;
            return 0;
        }
    }
    if (proposals->count == PT_PROPOSALS_MAX)
        return 0;
    if (grow(ballot->arena, &list, proposals->count, &proposals->room, sizeof *proposal) != 0)
        return -ENOMEM;
    proposals->list = list;
    proposal = &proposals->list[proposals->count];
    proposal->votes = 1;
    proposal->text = pt_arena_strndup(ballot->arena, text, length);
    if (proposal->text == NULL)
        return -ENOMEM;
    proposals->count++;
    return 0;
}

int pt_ballot_drop(struct pt_ballot *ballot, const char *name, enum pt_drop why, const char *text,
                   size_t length)
{
    struct pt_dropped *dropped;
    void *list = ballot->dropped;

    if (length > PT_DROPPED_LENGTH)
        length = PT_DROPPED_LENGTH;
    for (size_t i = 0; i < ballot->dropped_count; i++) {
        dropped = &ballot->dropped[i];
        if (dropped->why == why && strcmp(dropped->name, name) == 0 && dropped->length == length &&
            memcmp(dropped->text, text, length) == 0)
            return 0;
    }
    if (ballot->dropped_count == PT_DROPPED_MAX)
        return 0;
    if (grow(ballot->arena, &list, ballot->dropped_count, &ballot->dropped_room, sizeof *dropped) !=
        0)
        return -ENOMEM;
    ballot->dropped = list;
    text = pt_arena_strndup(ballot->arena, text, length);
    if (text == NULL)
        return -ENOMEM;
    ballot->dropped[ballot->dropped_count++] = (struct pt_dropped){name, why, text, length};
    return 0;
}

/* The import of that name; the count of them for none. */
static size_t find_import(const struct pt_imports *imports, const char *name, size_t length)
{
    size_t i = 0;

    while (i < imports->count &&
           (strlen(imports->names[i]) != length || memcmp(imports->names[i], name, length) != 0))
        i++;
    return i;
}

static int take_value(struct pt_ballot *ballot, enum pt_value value, const char *text,
                      size_t length)
{
    struct pt_buffer accepted = {0};
    enum pt_drop why = pt_value_accept(value, text, length, &accepted);
    int error = accepted.error;

    /* What is set and empty is not set. */
    if (error == 0 && why == PT_DROP_NOT)
        error = vote(ballot, &ballot->proposals[value], accepted.data, accepted.length);
    else if (error == 0 && length > 0)
        error = pt_ballot_drop(ballot, pt_value_names[value], why, text, length);
    pt_buffer_done(&accepted);
    return error;
}

int pt_ballot_take(struct pt_ballot *ballot, const char *variable, size_t length)
{
    const char *equals = memchr(variable, '=', length);
    size_t name = equals != NULL ? (size_t)(equals - variable) : 0;
    const char *text = variable + name + 1;
    size_t size, import;
    enum pt_value value;

    if (name == 0)
        return 0;
    size = length - name - 1;
    value = pt_value_find(variable, name);
    if (value != PT_VALUE_COUNT)
        return take_value(ballot, value, text, size);
    import = find_import(ballot->imports, variable, name);
    if (import == ballot->imports->count || size == 0)
        return 0;
    if (pt_value_accept_word(text, size) != PT_DROP_NOT)
        return pt_ballot_drop(ballot, ballot->imports->names[import], PT_DROP_CHARACTERS, text,
                              size);
    return vote(ballot, &ballot->proposals[PT_VALUE_COUNT + import], text, size);
}

/* Insertion keeps those of equal votes in the order in which they came. */
static void sort(struct pt_proposals *proposals)
{
    for (size_t i = 1; i < proposals->count; i++) {
        struct pt_proposal moved = proposals->list[i];
        size_t to = i;

        for (; to > 0 && proposals->list[to - 1].votes < moved.votes; to--)
            proposals->list[to] = proposals->list[to - 1];
        proposals->list[to] = moved;
    }
}

void pt_ballot_count(struct pt_ballot *ballot)
{
    for (size_t i = 0; i < PT_VALUE_COUNT + ballot->imports->count; i++)
        sort(&ballot->proposals[i]);
}
