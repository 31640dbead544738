/*
 * Which supervisor runs a daemon, how it is asked to stop it, and what it answered.
 *
 * A supervisor is the daemon's parent (runit, daemontools, s6, supervisord), systemd when its
 * unit's MainPID is the daemon, else OpenRC or sysvinit where a pid file names the daemon. Whoever
 * can forge what we then run or write would act with our rights: as root everything that a
 * supervisor names must be root's and writable for nobody else; else the daemon is as unsupervised,
 * and `distrust` says why.
 */
#ifndef PT_SERVICE_H
#define PT_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "handle.h"
#include "snapshot.h"
#include "helper.h"

/* A row of the table of supervisors. */
struct pt_supervisor;

struct pt_service {
    const struct pt_supervisor *supervisor; /* NULL: none */
    const char *name;                       /* the unit, the service directory, GROUP:NAME */
    pid_t parent;                           /* the supervisor, where it is the daemon's parent */
    const char *path;                       /* of the program that is run; NULL: none is */
    char **argv;                            /* the command, ends with NULL */
    char **status_argv;                     /* that tells whether it is stopped; or NULL */
    int control;                            /* a FIFO that takes `d`; else -1 */
    bool own_cgroup;      /* a stop kills all that is in the daemon's cgroup, its jobs too */
    bool stopping;        /* a stop is under way already: nobody is asked again */
    const char *distrust; /* why somebody that looks like its supervisor is not asked; or NULL */
    pid_t helper;         /* that runs, or 0 */
    int64_t asked;        /* when, CLOCK_MONOTONIC */
};

#define PT_SERVICE_NONE                                                                            \
    {                                                                                              \
        .control = -1                                                                              \
    }

/*
 * Finds the supervisor of the record DAEMON, which has status, cgroup, exe and cmdline, among
 * those of SNAPSHOT. NAMES are the daemon's in /etc/init.d and /run, with blanks between. Strings
 * live in ARENA. 0, also where there is none; -ENOMEM. systemctl is run for it.
 */
int pt_service_find(struct pt_service *ret_service, struct pt_snapshot *snapshot,
                    struct pt_process *daemon, const char *names, struct pt_arena *arena);

/* Ends a helper that still runs, closes. Accepts what has none. */
void pt_service_done(struct pt_service *service);

/* "runit", "systemd"; "none". */
const char *pt_service_kind(const struct pt_service *service);

/* What is done to stop it, as a command line, appended. 0 or -ENOMEM. */
int pt_service_describe(const struct pt_service *service, struct pt_buffer *ret_text);

/* Asks for the stop, and does not wait for it. 0 or -errno. */
int pt_service_stop(struct pt_service *service);

/* Whether the supervisor has answered: the helper has ended, or there is none. With its status. */
bool pt_service_answered(struct pt_service *service, int *ret_status);

/* Asks the supervisor for the state: 1: stopped; 0: not; -ENOTSUP: it cannot be asked; -errno. */
int pt_service_is_stopped(const struct pt_service *service, const struct pt_procfs *procfs);

#endif
