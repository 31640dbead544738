/*
 * Memory that is freed at once: records and strings of a snapshot live and die together. Nothing in
 * it moves. Not for use by two threads at a time: each has its own.
 */
#ifndef PT_ARENA_H
#define PT_ARENA_H

#include <stddef.h>

struct pt_arena_chunk;

/* All zero bytes are an empty arena. */
struct pt_arena {
    struct pt_arena_chunk *chunks; /* all of them, the one in use first */
    char *next;                    /* first free byte of that one */
    size_t left;                   /* free bytes of that one */
    size_t size;                   /* what the next chunk is to hold; 0: the first one */
};

/* The alignment that suits TYPE. */
#define PT_ALIGN_OF(type) _Alignof(type)

/* An empty arena; takes no memory yet. Chunks grow from 4 KiB to 256 KiB. */
void pt_arena_init(struct pt_arena *arena);

/* Frees everything that came from ARENA and leaves it empty, ready for use. */
void pt_arena_done(struct pt_arena *arena);

/* As pt_arena_done, but keeps a chunk of usual size: for a record that is read again and again. */
void pt_arena_clear(struct pt_arena *arena);

/* Takes over everything that came from OTHER, which is empty afterwards; nothing moves. */
void pt_arena_absorb(struct pt_arena *arena, struct pt_arena *other);

/* SIZE bytes, zeroed, at a multiple of ALIGNMENT, a power of two up to that of max_align_t. NULL
 * when there is no memory. SIZE 0 gives a pointer that must not be read through. */
void *pt_arena_alloc(struct pt_arena *arena, size_t size, size_t alignment);

/* COUNT zeroed elements of SIZE bytes each; NULL when there is no memory or the product overflows.
 */
void *pt_arena_array(struct pt_arena *arena, size_t count, size_t size, size_t alignment);

/* A copy of SIZE bytes, aligned as told; NULL when there is no memory. */
void *pt_arena_memdup(struct pt_arena *arena, const void *bytes, size_t size, size_t alignment);

/* A copy of LENGTH bytes (NULs among them stay) with a NUL behind; NULL when there is no memory. */
char *pt_arena_strndup(struct pt_arena *arena, const char *bytes, size_t length);

/* Room for one more behind the COUNT elements, of SIZE bytes each, of a LIST from malloc (NULL:
 * none yet): the list, which may have moved. NULL when there is no memory: LIST is as it was. */
void *pt_grow(void *list, size_t count, size_t *capacity, size_t size);

#endif
