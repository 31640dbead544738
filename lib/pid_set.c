#include "pid_set.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing, at most half full. */
#define SLOTS_FIRST 64

void pt_pid_set_done(struct pt_pid_set *set)
{
    free(set->slots);
    *set = (struct pt_pid_set){.slots = NULL};
}

void pt_pid_set_clear(struct pt_pid_set *set)
{
    if (set->count > 0)
        memset(set->slots, 0, set->slot_count * sizeof *set->slots);
    set->count = 0;
}

/* Where it is or belongs. */
static size_t slot_of(const struct pt_pid_set *set, pid_t pid)
{
    size_t mask = set->slot_count - 1;
    size_t slot = ((size_t)pid * UINT32_C(2654435761)) & mask;

    while (set->slots[slot] != 0 && set->slots[slot] != pid)
        slot = (slot + 1) & mask;
    return slot;
}

bool pt_pid_set_has(const struct pt_pid_set *set, pid_t pid)
{
    return set->count > 0 && set->slots[slot_of(set, pid)] == pid;
}

static int grow(struct pt_pid_set *set)
{
    struct pt_pid_set larger = {
        .slot_count = set->slot_count != 0 ? set->slot_count * 2 : SLOTS_FIRST,
        .count = set->count,
    };

    larger.slots = calloc(larger.slot_count, sizeof *larger.slots);
    if (larger.slots == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < set->slot_count; i++) {
        if (set->slots[i] != 0)
            larger.slots[slot_of(&larger, set->slots[i])] = set->slots[i];
    }
    free(set->slots);
    *set = larger;
    return 0;
}

int pt_pid_set_add(struct pt_pid_set *set, pid_t pid)
{
    if (pt_pid_set_has(set, pid))
        return 0;
    if (set->count * 2 >= set->slot_count && grow(set) != 0)
        return -ENOMEM;
    set->slots[slot_of(set, pid)] = pid;
    set->count++;
    return 0;
}
