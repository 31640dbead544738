/* What the files of cron-graceful share. */
#ifndef CRON_GRACEFUL_H
#define CRON_GRACEFUL_H

#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arena.h"
#include "handle.h"
#include "hold.h"
#include "json.h"
#include "process.h"
#include "procfs.h"
#include "service.h"
#include "snapshot.h"
#include "spawn.h"
#include "tree.h"
#include "waitset.h"

/* Exit statuses of ours. */
enum {
    CRON_FAILED = 1,
    CRON_IMPOSSIBLE = 5, /* could not be suspended or stopped, or came back */
    CRON_TIMED_OUT = 124,
    CRON_RUN_FAILED = 125,
};

enum cron_on_timeout { CRON_RESUME, CRON_STOP, CRON_KILL_JOBS };

struct cron_settings {
    regex_t *except; /* job texts that are not waited for */
    size_t except_count;
    pid_t *pids; /* --daemon */
    size_t pid_count;
    const char **names; /* --exe-name */
    size_t name_count;
    bool dry_run, json, no_additions, end_container;
    const char *additions;
    int64_t timeout, report;
    enum cron_on_timeout on_timeout;
    char **command; /* --run */
};

/* A row of the table of daemons; cron_daemons.c. */
struct cron_kind;

/* How the daemon takes SIGTERM. */
enum cron_term { CRON_TERM_DEFAULT, CRON_TERM_HANDLER, CRON_TERM_DRAINS };

struct cron_daemon {
    const struct cron_kind *kind;
    struct pt_process process; /* as it was found, with status, exe, cmdline, cgroup */
    struct pt_handle handle;
    struct pt_verifier verifier;
    struct pt_hold hold;
    struct pt_service service;
    enum cron_term term;
    bool stranger;       /* not root's where we are root: no supervisor is asked */
    bool draining;       /* was sent its drain signal, and never suspended */
    bool stopped;        /* has been ended by us */
    bool above_us;       /* an ancestor of ours */
    bool caught;         /* it may have been suspended while launching */
    int64_t held_at;     /* CLOCK_MONOTONIC; 0: never */
    int64_t missed_from; /* seconds since the epoch, of held_at */
};

struct cron_job {
    struct cron_daemon *daemon;
    struct pt_handle handle;
    struct pt_verifier verifier;
    uint64_t starttime;
    pid_t shown;      /* the process whose command is shown */
    const char *text; /* what it runs, as it stands in the crontab */
    size_t length;
    bool excepted;  /* by --except */
    bool ours;      /* we run below it */
    bool at_reboot; /* began with the daemon */
    bool worker;    /* no job: it runs the jobs, and is waited for where the daemon drains */
    bool new;       /* not told of yet */
    int64_t since;  /* CLOCK_MONOTONIC of its start */
};

/* The state of one run. Daemons and jobs do not move. */
struct cron {
    struct cron_settings settings;
    struct pt_procfs procfs;
    struct pt_waitset *waitset;
    struct pt_origin origin; /* for COMMAND */
    sigset_t signals;        /* that it waits for */
    pid_t self;
    struct cron_daemon **daemons;
    size_t daemon_count;
    struct cron_job **jobs;
    size_t job_count;
    struct pt_arena arena;
    int64_t deadline;  /* of --timeout */
    int64_t remind_at; /* next report */
    int interrupted;   /* the signal that ended the wait; 0: none */
    bool timed_out;
    struct cron_daemon *ends_with_us; /* PID 1, which the kernel shall kill when we exit */
};

/* --- cron_daemons.c --- */

/* What the scan needs to tell daemons and jobs. */
#define CRON_SOURCES (PT_SOURCE_BIT(PT_SOURCE_EXE))

/* Finds the daemons that are ours to suspend; says which are left alone, and why. 0, or an exit
 * status after having said why. */
int cron_find(struct cron *cron);

/* The daemon's usual name: "Debian cron", "cronie". */
const char *cron_kind_name(const struct cron_kind *kind);

/* "default", "handler", "drains". */
const char *cron_term_name(const struct cron_daemon *daemon);

/* The signal upon which it finishes its jobs and ends, or 0. */
int cron_drain_signal(const struct cron_daemon *daemon);

/* Whether a child with this name is not a job but runs the jobs, as bcron-exec does. */
bool cron_is_worker(const struct cron_kind *kind, const struct pt_process *process);

/* What it does itself when a job ends, and a stop therefore loses; or NULL. */
const char *cron_kind_loses(const struct cron_kind *kind);

/* What a daemon that was suspended for so long will do about what it missed. */
const char *cron_catch_up(const struct cron_kind *kind, int64_t suspended);

/* Whether one of that kind runs that was not there before: its record's pid, or 0, and the name of
 * its parent in *RET_PARENT, which lives in the cron's arena. */
pid_t cron_respawned(struct cron *cron, const struct cron_daemon *daemon, const char **ret_parent);

/* --- cron_jobs.c --- */

/* Adds the jobs that are not known yet: each direct child of a daemon. 0 or -errno. */
int cron_find_jobs(struct cron *cron);

/* The jobs that are waited for and have not ended; of one daemon, or of all (NULL). */
size_t cron_jobs_left(const struct cron *cron, const struct cron_daemon *daemon);

/* Youngest age of a child of the daemon, nanoseconds; PT_INFINITE: it has none. -errno. */
int cron_youngest_child(struct cron *cron, const struct cron_daemon *daemon, int64_t *ret_age);

/* Waits until DAEMON's jobs (NULL: all jobs) have ended, or its own end where it drains, a signal
 * comes or the time is over: `interrupted`, `timed_out`. 0 or -errno. */
int cron_wait_jobs(struct cron *cron, const struct cron_daemon *daemon);

/* Ends the jobs that are left, each with its whole subtree. 0 or -errno. */
int cron_kill_jobs(struct cron *cron);

/* ", not waited for: ..." or "". */
const char *cron_job_mark(const struct cron_job *job);

/* Waits for a child of ours until it ends, --timeout has passed (-ETIMEDOUT: it is killed), or a
 * signal comes (-EINTR: killed too). 0 with its exit status. */
int cron_wait_child(struct cron *cron, pid_t pid, int *ret_status);

/* Waits for COMMAND without end; signals are handed on to it. */
int cron_follow_child(struct cron *cron, pid_t pid, int *ret_status);

/* Waits until DAEMON has ended, MOMENT, or a signal. */
void cron_await_end(struct cron *cron, const struct cron_daemon *daemon, int64_t moment);

/* Tells of the jobs that have not been told of. */
void cron_show_jobs(const struct cron *cron);
void cron_write_jobs(const struct cron *cron, const struct cron_daemon *daemon,
                     struct pt_json *json);

/* --- cron_stop.c --- */

/* How it is stopped, appended: a command line, a signal. */
void cron_describe_stop(const struct cron_daemon *daemon, struct pt_buffer *text);

/* Suspends every daemon that does not drain by itself. 0 or an exit status. */
int cron_suspend(struct cron *cron);

/* Tells the daemons that drain to do so. 0 or an exit status. */
int cron_begin_drains(struct cron *cron);

/* Lets every daemon that is suspended run on, and says what that means. */
void cron_resume(struct cron *cron);

/* Stops every daemon, verified. 0 or an exit status, after having said why. */
int cron_stop(struct cron *cron);

/* Waits until MOMENT, or a signal: then true. */
bool cron_pause(struct cron *cron, int64_t moment);

#endif
