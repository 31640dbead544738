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

#endif
