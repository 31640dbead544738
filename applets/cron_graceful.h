/* What the files of cron-graceful share. */
#ifndef CRON_GRACEFUL_H
#define CRON_GRACEFUL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arena.h"
#include "handle.h"
#include "hold.h"
#include "json.h"
#include "options.h"
#include "pattern.h"
#include "process.h"
#include "procfs.h"
#include "supervisor.h"
#include "snapshot.h"
#include "spawn.h"
#include "tree.h"
#include "units.h"
#include "waitset.h"

/* What is run from PATH once cron is suspended. */
#define CRON_ADDITIONS "cron-graceful-additions"

/* Exit statuses of ours. */
enum {
    CRON_FAILED = 1,
    CRON_IMPOSSIBLE = 5, /* could not be suspended or stopped, or came back */
    CRON_TIMED_OUT = 124,
    CRON_RUN_FAILED = 125,
};

enum cron_on_timeout { CRON_RESUME, CRON_STOP, CRON_KILL_JOBS };

struct cron_settings {
    struct pt_pattern *except; /* job texts that are not waited for */
    size_t except_count;
    pid_t *pids; /* --daemon */
    size_t pid_count;
    const char **names; /* --exe-name */
    size_t name_count;
    struct pt_output_choice output;
    bool no_additions, end_container, detached;
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
    const char *label;         /* "Debian cron (12)" */
    struct pt_process process; /* as it was found, with status, exe, cmdline, cgroup */
    struct pt_handle handle;
    struct pt_verifier verifier;
    struct pt_hold hold;
    struct pt_service service;
    enum cron_term term;
    bool timers;         /* no process: systemd-cron's timers, which hang on a target */
    bool stranger;       /* not root's where we are root: no supervisor is asked */
    bool draining;       /* was sent its drain signal, and never suspended */
    bool told;           /* to end, by a signal that has reached it: nobody can take that back */
    bool loose;          /* it cannot be suspended: new jobs start until it is stopped */
    bool stopped;        /* has been ended by us */
    bool above_us;       /* an ancestor of ours */
    pid_t helper;        /* that asks its supervisor for the stop, not reaped; or 0 */
    int64_t held_at;     /* CLOCK_MONOTONIC; 0: never */
    int64_t missed_from; /* seconds since the epoch, of held_at */
    uint64_t over;       /* ticks after boot: what starts since then is its successor */
};

struct cron_job {
    struct cron_daemon *daemon;
    struct pt_handle handle;
    struct pt_handle inner; /* its shell, where it outlives that for the sake of a pipe */
    struct pt_verifier verifier;
    uint64_t starttime;
    pid_t shown;      /* the process whose command is shown */
    const char *text; /* what it runs, as it stands in the crontab */
    size_t length;
    bool excepted;  /* by --except */
    bool ours;      /* we run below it */
    bool at_reboot; /* began with the daemon */
    bool worker;    /* no job: it runs the jobs, and is waited for where the daemon drains */
    bool detached;  /* it has left its daemon, and is waited for with --detached only */
    pid_t holder;   /* who keeps its output open, which alone keeps it; 0: nobody */
    bool new;       /* not told of yet */
    int64_t since;  /* CLOCK_MONOTONIC of its start */
};

/* A process that was seen below a job. */
struct cron_member {
    struct cron_daemon *daemon;
    uint64_t starttime;
    pid_t pid;
};

/* A session of a job's, which what detaches itself may stay in. */
struct cron_session {
    struct cron_daemon *daemon;
    pid_t session;
    uint64_t seen; /* ticks after boot, when it was last a job's */
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
    struct cron_member *members; /* as of the last look */
    size_t member_count;
    struct cron_session *sessions;
    size_t session_count;
    struct pt_arena arena;
    int64_t deadline;  /* of --timeout */
    int64_t remind_at; /* next report */
    int64_t look_at;   /* next look for what jobs left behind; PT_INFINITE: none is due */
    int64_t looked_at;
    int interrupted; /* the signal that ended the wait; 0: none */
    bool timed_out;
    bool blind;                       /* processes of others are hidden from us */
    struct cron_daemon *ends_with_us; /* PID 1, which the kernel shall kill when we exit */
};

/* What the jobs are found in. */
struct cron_view {
    struct pt_snapshot snapshot;
    struct pt_tree tree;
    uint32_t *depths;
    uint32_t self; /* our own record */
};

/* --- cron_options.c --- */

extern const struct pt_options cron_options;

/* Reads and checks the command line; usage errors end us. */
void cron_read_options(struct cron_settings *settings, int argc, char **argv);
void cron_settings_done(struct cron_settings *settings);

/* --- cron_plan.c --- */

/* -n: prints what would be done. The exit status. */
int cron_show_plan(const struct cron *cron);

/* Writes the report where it is asked for. STATUS. */
int cron_report(const struct cron *cron, int status);

/* --- cron_kinds.c --- */

/* What is needed to recognise one. */
#define CRON_DETAILS                                                                               \
    (PT_SOURCE_BIT(PT_SOURCE_STATUS) | PT_SOURCE_BIT(PT_SOURCE_CMDLINE) |                          \
     PT_SOURCE_BIT(PT_SOURCE_CGROUP) | PT_SOURCE_BIT(PT_SOURCE_EXE))

/* What --daemon and --exe-name name and the table does not, and systemd-cron's timers. */
extern const struct cron_kind cron_kind_other, cron_kind_timers;

/* The kind that a record with CRON_DETAILS is of; NULL: it is no daemon. */
const struct cron_kind *cron_kind_of(const struct pt_process *process);

/* By name alone, of a record with exe: may it be one? */
bool cron_may_be(const struct pt_process *process);

/* Whether its file, or comm, has one of the NAMES, with blanks between. */
bool cron_is_called(const struct pt_process *process, const char *names);

/* Whether it is the process between a daemon of that kind (NULL: any) and its job. */
bool cron_runs_job(const struct cron_kind *kind, const struct pt_process *process);

/* Whether it has a handler for SIGNAL. */
bool cron_catches(const struct pt_process *process, int signal);

/* Its usual name: "Debian cron", "cronie"; its names in /etc/init.d and /run. */
const char *cron_kind_label(const struct cron_kind *kind);
const char *cron_kind_services(const struct cron_kind *kind);

/* The signal upon which it finishes its jobs and ends, or 0. */
int cron_kind_drain(const struct cron_kind *kind);

/* Whether a child with this name is not a job but runs the jobs, as bcron-exec does; by its file
 * alone, which nobody can choose as he can choose comm. */
bool cron_is_worker(const struct cron_kind *kind, const struct pt_process *process);
bool cron_is_worker_file(const struct cron_kind *kind, const struct pt_process *process);

/* Whether each of its jobs has a session of its own. */
bool cron_has_job_sessions(const struct cron_kind *kind);

/* Whether the process above a job reads its output to the end, whoever holds that open. */
bool cron_reads_output(const struct cron_kind *kind);

/* What it does itself when a job ends, and a stop therefore loses; or NULL. */
const char *cron_kind_loses(const struct cron_kind *kind);

/* What a daemon that was suspended for so long will do about what it missed. */
const char *cron_catch_up(const struct cron_kind *kind, int64_t suspended);

/* "default", "handler", "drains". */
const char *cron_term_name(const struct cron_daemon *daemon);

/* --- cron_daemons.c --- */

/* Finds the daemons that are ours to suspend, and who supervises them; says which are left alone,
 * and why. 0 or -errno. */
int cron_find(struct cron *cron);

/* Adds systemd-cron's timers, as TEMPLATE has them. 0 or -ENOMEM. */
int cron_add_timers(struct cron *cron, const struct cron_daemon *template);

/* Closes what a daemon has. */
void cron_daemon_done(struct cron_daemon *daemon);

/* Whether one of that kind runs that was not there before: its pid, or 0; its parent's, and that
 * one's name, which lives in the cron's arena. */
pid_t cron_respawned(struct cron *cron, const struct cron_daemon *daemon, pid_t *ret_parent,
                     const char **ret_name);

/* --- cron_timers.c --- */

/* Finds systemd-cron's timers, where systemd runs and they are active: one more daemon. 0, -EINTR
 * or -errno. */
int cron_find_timers(struct cron *cron);

/* Stops them, as a suspension; starts them again. 0 or -errno. */
int cron_stop_timers(struct cron *cron, struct cron_daemon *daemon);
int cron_start_timers(struct cron *cron, struct cron_daemon *daemon);

/* Asks for the main processes of the units that they started: CALL is called for each. 0, or what
 * it said, or -errno. */
int cron_each_unit(struct cron *cron, const struct cron_daemon *daemon,
                   int (*call)(struct cron *cron, pid_t pid, void *data), void *data);

/* --- cron_jobs.c --- */

/* Adds the jobs that are not known yet: each direct child of a daemon, and what has detached itself
 * from one. 0 or -errno. */
int cron_find_jobs(struct cron *cron);

/* Whether that is a shell's name, or path. */
bool cron_is_shell(struct pt_bytes path);

/* Adds the process NODE as a job, filled by what TEMPLATE has. 0 or -errno. */
int cron_add_job(struct cron *cron, struct cron_view *view, uint32_t node,
                 const struct cron_job *template);

/* The jobs that are waited for and have not ended; of one daemon, or of all (NULL). */
size_t cron_jobs_left(const struct cron *cron, const struct cron_daemon *daemon);
bool cron_is_awaited(const struct cron *cron, const struct cron_job *job);

/* Whether what has detached itself from DAEMON's jobs is waited for too. */
bool cron_awaits_detached(const struct cron *cron, const struct cron_daemon *daemon);

/* Youngest age of a child of the daemon, nanoseconds; PT_INFINITE: it has none. -errno. */
int cron_youngest_child(struct cron *cron, const struct cron_daemon *daemon, int64_t *ret_age);

/* ", not waited for: ..." or "". */
const char *cron_job_mark(const struct cron *cron, const struct cron_job *job);

/* Tells of the jobs that have not been told of. */
void cron_show_jobs(const struct cron *cron);
void cron_write_jobs(const struct cron *cron, const struct cron_daemon *daemon,
                     struct pt_json *json);

/* How long it has run, whole seconds. */
const char *cron_job_age(const struct cron_job *job, char text[PT_DURATION_SIZE]);

/* --- cron_detached.c --- */

/* Adds what has left the daemons' jobs, and remembers who is below them now. 0 or -errno. */
int cron_find_detached(struct cron *cron, struct cron_view *view);

/* Whether the process above a job waits for nothing but the end of the job's output, which JOB's
 * `holder` keeps open. 0 or -errno. */
int cron_find_holder(struct cron *cron, struct cron_view *view, struct cron_job *job);

/* --- cron_wait.c --- */

/* Waits until DAEMON's jobs (NULL: all jobs) have ended, or its own end where it drains, a signal
 * comes or the time is over: `interrupted`, `timed_out`. 0 or -errno. */
int cron_wait_jobs(struct cron *cron, const struct cron_daemon *daemon);

/* Waits until DAEMON has ended, MOMENT, or a signal. */
void cron_await_end(struct cron *cron, const struct cron_daemon *daemon, int64_t moment);

/* Waits until MOMENT, or a signal: then true. */
bool cron_pause(struct cron *cron, int64_t moment);

/* Waits for a child of ours until it ends, MOMENT (-ETIMEDOUT: it is killed), or a signal comes
 * (-EINTR: killed too). 0 with its exit status. */
int cron_wait_child(struct cron *cron, pid_t pid, int64_t moment, int *ret_status);

/* Waits for COMMAND without end; signals are handed on to it. */
int cron_follow_child(struct cron *cron, pid_t pid, int *ret_status);

/* When a helper that is started now must have ended. */
int64_t cron_helper_deadline(const struct cron *cron);

/* Has START start a helper that writes to a descriptor, and waits for its end. 0 with what it wrote
 * appended; -EINTR, -ETIMEDOUT, -errno. */
int cron_ask(struct cron *cron, int (*start)(const void *data, int output, pid_t *ret_pid),
             const void *data, struct pt_buffer *ret_answer);

/* --- cron_kill.c --- */

/* Ends the jobs that are left, each with its whole subtree. 0 or -errno. */
int cron_kill_jobs(struct cron *cron);

/* --- cron_suspend.c --- */

/* Suspends every daemon that is not yet, and does not drain by itself. 0 or an exit status. */
int cron_suspend(struct cron *cron);

/* Suspends one again that has been let go; its jobs are waited for, and it is let go. 0 or -errno.
 */
int cron_suspend_again(struct cron *cron, struct cron_daemon *daemon);

/* Asks the supervisors that are not certain whether the daemons are theirs. */
void cron_confirm_services(struct cron *cron);

/* Tells the daemons that drain to do so. 0 or an exit status. */
int cron_begin_drains(struct cron *cron);

/* Lets every daemon that is suspended run on, and says what that means. */
void cron_resume(struct cron *cron);

/* --- cron_stop.c --- */

/* How it is stopped, appended: a command line, a signal. */
void cron_describe_stop(const struct cron_daemon *daemon, struct pt_buffer *text);

/* Stops every daemon, verified. 0 or an exit status, after having said why. */
int cron_stop(struct cron *cron);

/* Starts the stop by its supervisor. 0 or -errno. */
int cron_ask_to_stop(struct cron_daemon *daemon);

#endif
