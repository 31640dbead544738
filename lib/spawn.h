/*
 * Running a command as our child.
 *
 * What we change in ourselves to do our work (signals blocked, dispositions, the limit of
 * descriptors) is none of the command's affair: pt_origin remembers it at the very start, and a
 * child gets it back just before its exec.
 */
#ifndef PT_SPAWN_H
#define PT_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

/* What we were started with. */
struct pt_origin {
    sigset_t mask;
    struct sigaction child; /* of SIGCHLD, the one disposition that we may have to change */
    struct rlimit descriptors;
};

/* Remembers it. Before anything is changed. */
void pt_origin_save(struct pt_origin *ret_origin);

/* SIGCHLD to its default, so that children wait to be reaped; raises the soft limit of descriptors
 * to the hard one, since each process is held by one. */
void pt_origin_prepare_children(void);
void pt_origin_raise_descriptors(void);

/* Puts it all back: in a child before its exec, or in us once we are done. */
void pt_origin_restore(const struct pt_origin *origin);

/* Orphans of our descendants become our children (prctl(2), 3.4). 0 or -errno. */
int pt_become_subreaper(void);

/*
 * execvp(3) as POSIX and glibc have it, and musl does not: what is no program to the kernel
 * (ENOEXEC: a script without #!) /bin/sh runs. Returns only when it failed: -errno.
 */
int pt_exec(char *const argv[]);

/* How starting a command failed, as env(1) and timeout(1) have it. */
#define PT_SPAWN_NOT_FOUND 127
#define PT_SPAWN_NOT_EXECUTABLE 126

/*
 * Forks and executes ARGV, found by PATH, with what ORIGIN remembers. Our process group, terminal
 * and descriptors stay. Returns 0 once the exec has happened; -errno of fork, or of the exec, with
 * *ret_status the exit status that says so (126 or 127; 0 when it did not come to an exec).
 */
int pt_spawn(char *const argv[], const struct pt_origin *origin, pid_t *ret_pid, int *ret_status);

#endif
