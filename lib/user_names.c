#include "user_names.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "units.h"

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

/* The name in the account database, valid until the next look into it; NULL when there is none. */
typedef const char *lookup_function(uint32_t id);

static const char *look_up_user(uint32_t id)
{
    const struct passwd *entry = getpwuid(id);
    return entry ? entry->pw_name : NULL;
}

static const char *look_up_group(uint32_t id)
{
    const struct group *entry = getgrgid(id);
    return entry ? entry->gr_name : NULL;
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
    const char *text = function(id);
    if (text == NULL || *text == '\0') {
        snprintf(number, sizeof number, "%" PRIu32, id);
        text = number;
    }
    return new_name(arena, id, text);
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

/* -1 is no id, but "leave it" to chown(2) and its like. */
static int parse_id(const char *text, uint32_t *ret_id)
{
    uint64_t number;
    if (pt_parse_u64(text, 0, UINT32_MAX - 1, &number, NULL) < 0)
        return -ENOENT;
    *ret_id = (uint32_t)number;
    return 0;
}

int pt_user_id(const char *text, uid_t *ret_uid)
{
    const struct passwd *entry = getpwnam(text);
    if (entry == NULL)
        return parse_id(text, ret_uid);
    *ret_uid = entry->pw_uid;
    return 0;
}

int pt_group_id(const char *text, gid_t *ret_gid)
{
    const struct group *entry = getgrnam(text);
    if (entry == NULL)
        return parse_id(text, ret_gid);
    *ret_gid = entry->gr_gid;
    return 0;
}
