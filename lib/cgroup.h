/*
 * Control groups: which one a process is in, and what its path says about who put it there.
 *
 * The first part is pure: it looks at the text of /proc/PID/cgroup and at nothing else. Results
 * point into what was given.
 */
#ifndef PT_CGROUP_H
#define PT_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "procfs.h"

/*
 * The path that tells most, out of the text of /proc/PID/cgroup: of the unified hierarchy; where
 * that is `/`, as where version 1 does the work, of systemd's own, else the first that is not `/`.
 * -ENOENT when there is no line at all (a kernel without control groups).
 */
int pt_cgroup_path(const char *text, size_t length, const char **ret_path, size_t *ret_length);

/*
 * The systemd unit that a path is in: `/system.slice/cron.service` is in cron.service, a login in
 * session-2.scope, everything that a user's own manager started in user@1000.service (ps's `unit`;
 * systemd's cg_path_get_unit: the first word behind the slices). False: none.
 */
bool pt_cgroup_unit(const char *path, size_t length, const char **ret_unit, size_t *ret_length);

/*
 * The innermost container that a path is in: the id of 64 hexadecimal digits that docker, podman,
 * containerd, CRI-O and so Kubernetes name groups by, whichever driver made them, or the name that
 * LXC gave. False: none. The monitors beside containers (conmon, lxc.monitor) are in none.
 */
bool pt_cgroup_container(const char *path, size_t length, const char **ret_id, size_t *ret_length);

/*
 * The second part reads the groups themselves, through the mounts that we see.
 */

/*
 * Whether the group of a process whose /proc/PID/cgroup says TEXT, or one above it, is frozen: by
 * version 1's freezer, where not even SIGKILL is acted on before it thaws, or by version 2 (5.2),
 * where nothing else is. 1; 0, also where no mount shows it; or -errno.
 */
int pt_cgroup_frozen(const struct pt_procfs *procfs, const char *text, size_t length);

/* A group that has a limit. Bytes. */
struct pt_memory_limit {
    const char *group;      /* its path in the hierarchy, as the kernel's root sees it */
    uint64_t limit;         /* memory.max, or version 1's memory.limit_in_bytes */
    uint64_t usage;         /* memory.current, memory.usage_in_bytes */
    uint64_t inactive_file; /* page cache that is given back first, of it and the groups below */
};

struct pt_memory_limits {
    struct pt_memory_limit *list; /* innermost first; in the arena */
    size_t count;
    const char *unseen; /* the group, when it or a file of it cannot be seen from here: then there
                           may be limits that nobody told us; else NULL. In the arena */
};

/*
 * The limits on memory of a process whose /proc/PID/cgroup says TEXT: of its group and all above,
 * as far as our mount of the hierarchy shows them (in a container that may be a subtree only). 0,
 * also where the kernel knows no such groups; -ENOMEM, or -errno when our mounts cannot be read.
 */
int pt_cgroup_memory(const struct pt_procfs *procfs, const char *text, size_t length,
                     struct pt_arena *arena, struct pt_memory_limits *ret_limits);

#endif
