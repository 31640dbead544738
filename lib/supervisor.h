/*
 * Which supervisor runs a daemon, and how it is asked to stop it.
 *
 * A supervisor is the daemon's parent (runit, daemontools, s6, supervisord), systemd when its
 * unit's MainPID is the daemon, else OpenRC or sysvinit where a pid file names the daemon. Whoever
 * can forge what we then run or write would act with our rights: as root everything that a
 * supervisor names must be root's and writable for nobody else; else the daemon is as unsupervised,
 * and `distrust` says why.
 *
 * Nobody is asked here; service.h does that.
 */
#ifndef PT_SUPERVISOR_H
#define PT_SUPERVISOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "arena.h"
#include "snapshot.h"

/* What its answer about a service's state looks like. */
enum pt_service_answer {
    PT_ANSWER_NONE,        /* it has none to give */
    PT_ANSWER_SYSTEMD,     /* lines NAME=VALUE */
    PT_ANSWER_SUPERVISORD, /* a line: name, state, more */
};

struct pt_service {
    const char *kind;  /* "runit", "systemd"; NULL: there is no supervisor */
    const char *name;  /* the unit, the service directory, GROUP:NAME */
    pid_t parent;      /* the supervisor, where it is the daemon's parent */
    const char *path;  /* of the program that is run; NULL: none is */
    char **argv;       /* the command that stops it, ends with NULL */
    char **state_argv; /* the one that asks for its state; or NULL */
    enum pt_service_answer answer;
    int control;          /* a FIFO that takes `d`; else -1 */
    bool doubtful;        /* it must say first that this is its daemon */
    bool own_cgroup;      /* a stop kills all that is in the daemon's cgroup, its jobs too */
    bool stopping;        /* a stop is under way already: nobody is asked again */
    const char *distrust; /* why somebody that looks like its supervisor is not asked; or NULL */
};

#define PT_SERVICE_NONE                                                                            \
    {                                                                                              \
        .control = -1                                                                              \
    }

/*
 * Finds the supervisor of the record DAEMON, which has status, cgroup, exe and cmdline, among
 * those of SNAPSHOT. NAMES are the daemon's in /etc/init.d and /run, with blanks between. Strings
 * live in ARENA. 0, also where there is none; -ENOMEM.
 */
int pt_service_find(struct pt_service *ret_service, struct pt_snapshot *snapshot,
                    struct pt_process *daemon, const char *names, struct pt_arena *arena);

/* systemd and the unit NAME, whoever runs in it. 0; -ENOENT: systemd does not run here, or there is
 * no systemctl; -EACCES: none that we may run and only root may change; -ENOMEM. */
int pt_service_find_target(struct pt_service *ret_service, const char *name,
                           struct pt_arena *arena);

#endif
