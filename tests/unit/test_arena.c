/* Memory that is freed at once: alignment, zeroes, nothing overlaps, little is wasted. */
#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "suite.h"

static void check_aligned(const void *bytes, size_t alignment)
{
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq((uintptr_t)bytes % alignment, 0);
}

START_TEST(alignments)
{
    struct pt_arena arena;

    pt_arena_init(&arena);
    for (size_t i = 0; i < 5000; i++) {
        size_t wanted = (size_t)1 << i % 5, most = PT_ALIGN_OF(max_align_t);
        size_t alignment = wanted < most ? wanted : most;
        unsigned char *bytes = pt_arena_alloc(&arena, 1 + i % 77, alignment);
        check_aligned(bytes, alignment);
        for (size_t j = 0; j < 1 + i % 77; j++)
            ck_assert_uint_eq(bytes[j], 0);
        memset(bytes, 0xff, 1 + i % 77);
        ck_assert_str_eq(pt_arena_strndup(&arena, "odd", 3), "odd");
    }
    pt_arena_done(&arena);
}
END_TEST

static size_t size_of_block(size_t i)
{
    static const size_t sizes[] = {0, 1, 7, 8, 150, 1000, 4032, 5000, 70000, 300000};

    return sizes[i % 7 == 0 ? i / 7 % 10 : i % 5];
}

/* Each block is filled with its own number, and all are looked at in the end. */
START_TEST(nothing_overlaps)
{
    enum { COUNT = 700 };
    unsigned char **blocks = calloc(COUNT, sizeof *blocks);
    unsigned char *expected = malloc(300000);
    struct pt_arena arena = {0};

    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = pt_arena_alloc(&arena, size_of_block(i), 8);
        ck_assert_ptr_nonnull(blocks[i]);
        memset(blocks[i], (int)(i % 251), size_of_block(i));
    }
    for (size_t i = 0; i < COUNT; i++) {
        memset(expected, (int)(i % 251), size_of_block(i));
        ck_assert_mem_eq(blocks[i], expected, size_of_block(i));
    }
    pt_arena_done(&arena);
    free(expected);
    free(blocks);
}
END_TEST

START_TEST(copies)
{
    static const char bytes[] = "a\0b";
    struct pt_arena arena = {0};
    char *text = pt_arena_strndup(&arena, bytes, 3);
    uint64_t number = 0x0102030405060708;
    const uint64_t *copy;

    ck_assert_mem_eq(text, bytes, 4);
    ck_assert_str_eq(pt_arena_strndup(&arena, NULL, 0), "");
    copy = pt_arena_memdup(&arena, &number, sizeof number, PT_ALIGN_OF(uint64_t));
    check_aligned(copy, PT_ALIGN_OF(uint64_t));
    ck_assert_uint_eq(*copy, number);
    ck_assert_ptr_nonnull(pt_arena_memdup(&arena, NULL, 0, 1));
    pt_arena_done(&arena);
}
END_TEST

START_TEST(what_cannot_be_had)
{
    struct pt_arena arena = {0};

    ck_assert_ptr_null(pt_arena_alloc(&arena, SIZE_MAX, 1));
    ck_assert_ptr_null(pt_arena_alloc(&arena, SIZE_MAX - 8, 16));
    ck_assert_ptr_null(pt_arena_strndup(&arena, "", SIZE_MAX));
    ck_assert_ptr_null(pt_arena_array(&arena, SIZE_MAX / 8 + 2, 8, 8));
    ck_assert_ptr_nonnull(pt_arena_array(&arena, 10, 8, 8));
    ck_assert_ptr_null(pt_arena_alloc(&arena, SIZE_MAX - 8, 16));
    ck_assert_ptr_nonnull(pt_arena_array(&arena, 0, 0, 1));
    ck_assert_str_eq(pt_arena_strndup(&arena, "still", 5), "still");
    pt_arena_done(&arena);
}
END_TEST

/* A record that is read again and again comes to lie where it lay; a huge one is not kept. */
START_TEST(clear_keeps_one_chunk)
{
    struct pt_arena arena = {0};
    char *first;

    pt_arena_clear(&arena);
    ck_assert_ptr_null(arena.chunks);
    first = pt_arena_alloc(&arena, 100, 8);
    memset(first, 1, 100);
    pt_arena_alloc(&arena, 2000, 8);
    pt_arena_clear(&arena);
    ck_assert_ptr_eq(pt_arena_alloc(&arena, 100, 8), first);
    ck_assert_int_eq(first[99], 0);
    pt_arena_done(&arena);

    pt_arena_alloc(&arena, (size_t)8 << 20, 1);
    pt_arena_clear(&arena);
    ck_assert_ptr_null(arena.chunks);
    pt_arena_done(&arena);
}
END_TEST

/* Adds what a new chunk holds to *TAKEN, when the step from LEFT on, of SIZE bytes, took one. */
static void count_chunk(const struct pt_arena *arena, size_t left, size_t size, size_t *taken)
{
    if (arena->left >= left)
        *taken += arena->left + size;
}

/* 50,000 records as a snapshot takes them: one in a hundred on top, and the chunk in use. */
START_TEST(little_is_wasted)
{
    struct pt_arena arena = {0};
    size_t asked = 0, taken = 0;

    for (size_t i = 0; i < 50000; i++) {
        size_t left = arena.left, length = 8 + i % 8;
        ck_assert_ptr_nonnull(pt_arena_alloc(&arena, 136, 8));
        count_chunk(&arena, left, 136, &taken);
        left = arena.left;
        ck_assert_ptr_nonnull(pt_arena_strndup(&arena, "sixteen letters.", length));
        count_chunk(&arena, left, length + 1, &taken);
        asked += 136 + length + 1;
    }
    ck_assert_uint_ge(taken, asked);
    ck_assert_uint_le(taken, asked + asked / 40 + ((size_t)256 << 10));
    pt_arena_done(&arena);
}
END_TEST

START_TEST(lists_grow)
{
    size_t *list = NULL, capacity = 0;

    for (size_t i = 0; i < 1000; i++) {
        size_t *grown = pt_grow(list, i, &capacity, sizeof *list);

        ck_assert_ptr_nonnull(grown);
        ck_assert_uint_gt(capacity, i);
        ck_assert_uint_le(capacity, i > 8 ? 2 * i : 16);
        list = grown;
        list[i] = i;
    }
    for (size_t i = 0; i < 1000; i++)
        ck_assert_uint_eq(list[i], i);
    free(list);
}
END_TEST

/* No product overflows. */
START_TEST(lists_that_cannot_grow)
{
    static const struct {
        size_t capacity, size;
    } rows[] = {{(size_t)1 << 20, SIZE_MAX >> 20}, {SIZE_MAX / 2 + 1, 1}, {SIZE_MAX / 8, 8}};
    char list[1];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t capacity = rows[i].capacity;

        ck_assert_ptr_null(pt_grow(list, capacity, &capacity, rows[i].size));
        ck_assert_uint_eq(capacity, rows[i].capacity);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("arena", alignments, nothing_overlaps, copies, what_cannot_be_had,
                     clear_keeps_one_chunk, little_is_wasted, lists_grow, lists_that_cannot_grow);
}
