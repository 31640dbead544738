/*
 * Names of users and groups, each looked up once: a lookup may ask a server, and a snapshot shows
 * the same few ids thousands of times.
 */
#ifndef PT_USER_NAMES_H
#define PT_USER_NAMES_H

#include <sys/types.h>

#include "arena.h"

#define PT_USER_NAMES_BUCKETS 32

struct pt_user_name;

/* All zero bytes are an empty one. Not for use by two threads at a time. */
struct pt_user_names {
    struct pt_user_name *users[PT_USER_NAMES_BUCKETS];
    struct pt_user_name *groups[PT_USER_NAMES_BUCKETS];
    struct pt_arena arena;
};

/* Frees every name; accepts an empty one. */
void pt_user_names_done(struct pt_user_names *names);

/* The name of a user or group, its number in decimal where it has none; valid until
 * pt_user_names_done. NULL: no memory. */
const char *pt_user_name(struct pt_user_names *names, uid_t uid);
const char *pt_group_name(struct pt_user_names *names, gid_t gid);

/* The user or group that TEXT names, or the number that it is. A name wins over a number, as in ps
 * and chown: an account may be called 1000. 0 or -ENOENT. */
int pt_user_id(const char *text, uid_t *ret_uid);
int pt_group_id(const char *text, gid_t *ret_gid);

#endif
