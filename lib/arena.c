#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct pt_arena_chunk {
    struct pt_arena_chunk *older;
    alignas(max_align_t) char bytes[];
};

static const size_t smallest_chunk = 4096 - 64; /* with malloc's own, within a page */
static const size_t largest_chunk = 256 * 1024 - 64;
static const size_t smallest_list = 16; /* elements */

void pt_arena_init(struct pt_arena *arena)
{
    *arena = (struct pt_arena){0};
}

static void free_chunks(struct pt_arena_chunk *chunk)
{
    while (chunk) {
        struct pt_arena_chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
}

void pt_arena_done(struct pt_arena *arena)
{
    free_chunks(arena->chunks);
    pt_arena_init(arena);
}

void pt_arena_clear(struct pt_arena *arena)
{
    struct pt_arena_chunk *kept = arena->chunks;
    size_t room;

    if (!kept)
        return;
    room = (size_t)(arena->next - kept->bytes) + arena->left;
    if (room > largest_chunk) {
        pt_arena_done(arena);
        return;
    }
    free_chunks(kept->older);
    kept->older = NULL;
    arena->next = kept->bytes;
    arena->left = room;
}

void pt_arena_absorb(struct pt_arena *arena, struct pt_arena *other)
{
    struct pt_arena_chunk *last = other->chunks;

    if (!arena->chunks) {
        *arena = *other;
    } else if (last) {
        while (last->older)
            last = last->older;
        last->older = arena->chunks->older;
        arena->chunks->older = other->chunks;
    }
    pt_arena_init(other);
}

static struct pt_arena_chunk *new_chunk(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct pt_arena_chunk))
        return NULL;
    return malloc(sizeof(struct pt_arena_chunk) + size);
}

/* What would take most of a chunk gets one to itself, behind the one in use, whose rest stays of
 * use: or a few long strings would waste more than they take. */
static void *take_alone(struct pt_arena *arena, size_t size)
{
    struct pt_arena_chunk *chunk = new_chunk(size);

    if (!chunk)
        return NULL;
    chunk->older = arena->chunks->older;
    arena->chunks->older = chunk;
    return chunk->bytes;
}

static void *take_from_new_chunk(struct pt_arena *arena, size_t size)
{
    size_t room = arena->size ? arena->size : smallest_chunk;
    struct pt_arena_chunk *chunk;

    if (arena->chunks && size > room / 4)
        return take_alone(arena, size);
    if (room < size)
        room = size;
    chunk = new_chunk(room);
    if (!chunk)
        return NULL;
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    arena->next = chunk->bytes + size;
    arena->left = room - size;
    arena->size = room < largest_chunk / 2 ? room * 2 : largest_chunk;
    return chunk->bytes;
}

/* SIZE bytes as they are. */
static void *take(struct pt_arena *arena, size_t size, size_t alignment)
{
    size_t padding = (size_t) - (uintptr_t)arena->next & (alignment - 1);
    char *bytes;

    if (!arena->chunks || padding > arena->left || size > arena->left - padding)
        return take_from_new_chunk(arena, size);
    bytes = arena->next + padding;
    arena->next = bytes + size;
    arena->left -= padding + size;
    return bytes;
}

void *pt_arena_alloc(struct pt_arena *arena, size_t size, size_t alignment)
{
    void *bytes = take(arena, size, alignment);

    return bytes ? memset(bytes, 0, size) : NULL;
}

void *pt_arena_array(struct pt_arena *arena, size_t count, size_t size, size_t alignment)
{
    if (size > 0 && count > SIZE_MAX / size)
        return NULL;
    return pt_arena_alloc(arena, count * size, alignment);
}

void *pt_arena_memdup(struct pt_arena *arena, const void *bytes, size_t size, size_t alignment)
{
    void *copy = take(arena, size, alignment);

    if (copy && size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *pt_arena_strndup(struct pt_arena *arena, const char *bytes, size_t length)
{
    char *copy = length < SIZE_MAX ? take(arena, length + 1, 1) : NULL;

    if (!copy)
        return NULL;
    if (length > 0)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

void *pt_grow(void *list, size_t count, size_t *capacity, size_t size)
{
    size_t more = *capacity > 0 ? *capacity * 2 : smallest_list;
    void *grown;

    if (count < *capacity)
        return list;
    if (more <= *capacity || more > SIZE_MAX / size)
        return NULL;
    grown = realloc(list, more * size);
    if (grown)
        *capacity = more;
    return grown;
}
