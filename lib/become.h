/*
 * Becoming another user, completely, inside a child. runuser(1) and setpriv(1) leave some of this
 * to their caller: the terminal, through which a child types commands for root (TIOCSTI), and the
 * session keyring, in which it reads root's keys.
 *
 * What stays the caller's, since only a manager of services could choose better: its cgroup with
 * the limits of that, its security label (SELinux, AppArmor), namespaces and seccomp filters,
 * no_new_privs and the bounding set (sudo inside is to work where it works for the caller), nice
 * and the scheduling policy, CPU affinity, oom_score_adj, the login uid of audit, and those
 * resource limits that runuser(1) leaves as well.
 */
#ifndef PT_BECOME_H
#define PT_BECOME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "arena.h"

/* Who is to be become. Strings and groups live in an arena. */
struct pt_user {
    uid_t uid;
    gid_t gid;
    const char *name;  /* its number where nobody knows the name */
    const char *home;  /* absolute */
    const char *shell; /* absolute */
    const gid_t *groups;
    size_t group_count;
    bool known; /* found in the user database; else ids and home came from elsewhere */
};

/*
 * Looks up a user by id, with all groups, in the system's databases, which this reads as whoever we
 * are. 0; -ENOENT: not known (a static binary sees what /etc/passwd and /etc/group hold, no NSS
 * modules); -ENOMEM or -errno.
 */
int pt_user_find(uid_t uid, struct pt_arena *arena, struct pt_user *ret_user);

/* Whether we are that user already, really and effectively: then there is nothing to become. */
bool pt_user_is_us(uid_t uid);

/*
 * Turns this process into USER: process session, limits, capabilities, groups, ids, keyring,
 * signals, umask, in this order; each verified where it can be. Descriptors are the caller's affair
 * (pt_become_close_others), and so is the environment. For a child that has one thread and will
 * exec or exit; after a failure it may only _exit. 0, or -errno with *RET_STEP saying what failed.
 */
int pt_become(const struct pt_user *user, const char **ret_step);

/* Goes to the user's home if that is hers, else to `/`. As the user. */
void pt_become_go_home(const struct pt_user *user);

/* Closes every descriptor from FIRST on. Before becoming somebody: /proc/self is root's in a
 * process that changed its ids. 0 or -errno. */
int pt_become_close_others(int first);

#endif
