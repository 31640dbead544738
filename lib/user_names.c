#include "user_names.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A group's entry holds all its members: a large one needs much room, and no more than this. */
#define ENTRY_FIRST ((size_t)1024)
#define ENTRY_LIMIT ((size_t)4 << 20)

struct pt_user_name {
    struct pt_user_name *next;
    uint32_t id;
    char text[];
};

void pt_user_names_done(struct pt_user_names *names)
{
    pt_arena_done(&names->arena);
    *names = (struct pt_user_names){0};
}

/* The name in the account database, found in `buffer`; NULL when there is none. `ret_error` is
 * ERANGE when the buffer is too small. */
typedef const char *lookup_function(uint32_t id, char *buffer, size_t size, int *ret_error);

static const char *look_up_user(uint32_t id, char *buffer, size_t size, int *ret_error)
{
    struct passwd entry, *found = NULL;
    *ret_error = getpwuid_r(id, &entry, buffer, size, &found);
    return found ? found->pw_name : NULL;
}

static const char *look_up_group(uint32_t id, char *buffer, size_t size, int *ret_error)
{
    struct group entry, *found = NULL;
    *ret_error = getgrgid_r(id, &entry, buffer, size, &found);
    return found ? found->gr_name : NULL;
}

static struct pt_user_name *new_name(struct pt_arena *arena, uint32_t id, const char *text)
{
    size_t length = strlen(text);
    struct pt_user_name *name =
        pt_arena_alloc(arena, sizeof *name + length + 1, PT_ALIGN_OF(struct pt_user_name));
    if (name == NULL)
        return NULL;
    name->id = id;
    memcpy(name->text, text, length);
    return name;
}

static struct pt_user_name *look_up(struct pt_arena *arena, uint32_t id, lookup_function *function)
{
    char number[16];
    const char *text = NULL;
    char *buffer = NULL;
    int error = ERANGE;
    for (size_t size = ENTRY_FIRST; error == ERANGE && size <= ENTRY_LIMIT; size *= 4) {
        char *grown = realloc(buffer, size);
        if (grown == NULL)
            break;
        buffer = grown;
        text = function(id, buffer, size, &error);
    }
    if (text == NULL || *text == '\0') {
        snprintf(number, sizeof number, "%" PRIu32, id);
        text = number;
    }
    struct pt_user_name *name = new_name(arena, id, text);
    free(buffer);
    return name;
}

static const char *find(struct pt_user_name **buckets, struct pt_arena *arena, uint32_t id,
                        lookup_function *function)
{
    struct pt_user_name **bucket = &buckets[id % PT_USER_NAMES_BUCKETS];
    for (const struct pt_user_name *name = *bucket; name != NULL; name = name->next)
        if (name->id == id)
            return name->text;
    struct pt_user_name *name = look_up(arena, id, function);
    if (name == NULL)
        return NULL;
    name->next = *bucket;
    *bucket = name;
    return name->text;
}

const char *pt_user_name(struct pt_user_names *names, uid_t uid)
{
    return find(names->users, &names->arena, uid, look_up_user);
}

const char *pt_group_name(struct pt_user_names *names, gid_t gid)
{
    return find(names->groups, &names->arena, gid, look_up_group);
}
