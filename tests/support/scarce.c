#include "scarce.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "arena.h"
#include "suite.h"

/* One loop. `round` 0: none. */
static struct {
    int round;
    int error;  /* of a refusal */
    int lowest; /* free descriptor before it */
    bool was_refused;
    struct rlimit limit; /* as it was */
} loop;

/* Requests until the one that is refused, from 1; 0 and less: none is. Any thread's. */
static atomic_int countdown;
static atomic_bool refused;

static bool is_refused(void)
{
    if (atomic_load(&countdown) <= 0 || atomic_fetch_sub(&countdown, 1) != 1)
        return false;
    atomic_store(&refused, true);
    errno = ENOMEM;
    return true;
}

static int lowest_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    close(fd);
    return fd;
}

/* Whether there is another round. */
static bool begin_round(int error)
{
    if (loop.round > 0 && !loop.was_refused) {
        ck_assert_int_eq(lowest_descriptor(), loop.lowest);
        loop.round = 0;
        return false;
    }
    if (loop.round == 0)
        loop.lowest = lowest_descriptor();
    ck_assert_int_eq(lowest_descriptor(), loop.lowest);
    loop.round++;
    loop.error = error;
    return true;
}

bool scarce_memory(void)
{
    if (!begin_round(-ENOMEM))
        return false;
    atomic_store(&refused, false);
    atomic_store(&countdown, loop.round);
    return true;
}

bool scarce_descriptors(void)
{
    struct rlimit limit;

    if (!begin_round(-EMFILE))
        return false;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    loop.limit = limit;
    limit.rlim_cur = (rlim_t)(loop.lowest + loop.round - 1);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return true;
}

bool scarce_anything(void)
{
    static bool is_second;

    if (!is_second && scarce_memory())
        return true;
    is_second = scarce_descriptors();
    return is_second;
}

int scarce_end(int error)
{
    if (loop.error == -ENOMEM) {
        atomic_store(&countdown, 0);
        loop.was_refused = atomic_load(&refused);
    } else {
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &loop.limit), 0);
        loop.was_refused = error != 0;
    }
    ck_assert_msg(error == 0 || error == loop.error, "error %d in round %d", error, loop.round);
    ck_assert_msg(error == 0 || loop.was_refused, "error %d without a refusal", error);
    return error;
}

/* The linker sends all requests of the library's here (--wrap). */

void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_realloc(void *bytes, size_t size);
void *__real_realloc(void *bytes, size_t size);
void *__wrap_pt_arena_alloc(struct pt_arena *arena, size_t size, size_t alignment);
void *__real_pt_arena_alloc(struct pt_arena *arena, size_t size, size_t alignment);
void *__wrap_pt_arena_array(struct pt_arena *arena, size_t count, size_t size, size_t alignment);
void *__real_pt_arena_array(struct pt_arena *arena, size_t count, size_t size, size_t alignment);
void *__wrap_pt_arena_memdup(struct pt_arena *arena, const void *bytes, size_t size,
                             size_t alignment);
void *__real_pt_arena_memdup(struct pt_arena *arena, const void *bytes, size_t size,
                             size_t alignment);
char *__wrap_pt_arena_strndup(struct pt_arena *arena, const char *bytes, size_t length);
char *__real_pt_arena_strndup(struct pt_arena *arena, const char *bytes, size_t length);

void *__wrap_malloc(size_t size)
{
    return is_refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *bytes, size_t size)
{
    return is_refused() ? NULL : __real_realloc(bytes, size);
}

void *__wrap_pt_arena_alloc(struct pt_arena *arena, size_t size, size_t alignment)
{
    return is_refused() ? NULL : __real_pt_arena_alloc(arena, size, alignment);
}

void *__wrap_pt_arena_array(struct pt_arena *arena, size_t count, size_t size, size_t alignment)
{
    return is_refused() ? NULL : __real_pt_arena_array(arena, count, size, alignment);
}

void *__wrap_pt_arena_memdup(struct pt_arena *arena, const void *bytes, size_t size,
                             size_t alignment)
{
    return is_refused() ? NULL : __real_pt_arena_memdup(arena, bytes, size, alignment);
}

char *__wrap_pt_arena_strndup(struct pt_arena *arena, const char *bytes, size_t length)
{
    return is_refused() ? NULL : __real_pt_arena_strndup(arena, bytes, length);
}
