/*
 * kill-graceful's own types: what the user asked for, who is meant, and what became of them.
 */
#ifndef KILL_GRACEFUL_H
#define KILL_GRACEFUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arena.h"
#include "ending.h"
#include "freeze.h"
#include "match.h"
#include "members.h"
#include "options.h"
#include "pid_set.h"
#include "procfs.h"
#include "schedule.h"
#include "waitset.h"

enum kill_mode {
    KILL_END,        /* signal by the schedule, wait */
    KILL_WAIT,       /* send nothing */
    KILL_SUSPEND,    /* SIGSTOP, seen to have taken effect */
    KILL_RESUME,     /* SIGCONT */
    KILL_SIGNAL_ONLY /* send, do not wait */
};

struct kill_settings {
    enum kill_mode mode;
    struct pt_match *match; /* empty: no criteria */
    char **operands;        /* TARGETs as typed */
    size_t operand_count;
    const char **pidfiles;
    size_t pidfile_count;
    struct pt_schedule schedule;
    bool tree, descendants;
    bool no_freeze, force, ignore_missing;
    struct pt_output_choice output;
    /* run mode */
    char **command; /* NULL: not asked for */
    bool has_after;
    int64_t after; /* nanoseconds, PT_INFINITE: until COMMAND ends */
    bool leave, preserve_status;
    bool polite_signal_given; /* -s, -9 or --retry: a signal to us does not change the first one */
};

/* --- who is meant: kill_targets.c --- */

struct kill_set;

/* Why a named target is not among the members. */
enum kill_fate {
    KILL_MEANT, /* it is */
    KILL_GONE,
    KILL_NO_MATCH, /* the criteria say no */
    KILL_PROTECTED,
    KILL_NOT_PERMITTED, /* it cannot be looked at, so not be proven to be the one */
    KILL_UNTELLABLE     /* an inode, where pidfds have none */
};

/* A TARGET or what a pidfile names. */
struct kill_target {
    const char *text; /* as typed */
    pid_t pid;
    uint64_t starttime; /* as typed after @ */
    uint64_t inode;     /* as typed after : */
    bool has_starttime, has_inode;
    enum kill_fate fate;
    const char *why;  /* it is protected; why it is gone, NULL: the process is */
    const char *comm; /* of a protected one; the set's memory */
    struct pt_verifier verifier;
    struct kill_set *set;
};

/* A protected process that criteria, --tree or --descendants took in. */
struct kill_left_out {
    struct kill_left_out *next; /* the one found before it */
    pid_t pid;
    const char *why, *comm;
};

/* Everything that is meant, and how it is asked for. */
struct kill_set {
    const struct kill_settings *settings;
    const struct pt_procfs *procfs;
    struct pt_members members;
    struct pt_freeze freeze;
    struct kill_target *targets;
    size_t target_count;
    pid_t *ancestors; /* ourselves first */
    size_t ancestor_count;
    uint64_t pid_namespace;       /* ours; 0: not to be told */
    uint64_t since;               /* COMMAND's; who started before this tick is none of its */
    struct pt_verifier criteria;  /* asks the criteria alone */
    struct pt_pid_set unreadable; /* could not be judged by the criteria */
    struct pt_bytes *argv;        /* of each member, when JSON shall show it; bytes NULL: unknown */
    size_t argv_capacity;
    struct kill_left_out *left_out; /* with -v only: the last one found */
    struct pt_pid_set left_out_pids;
    struct pt_arena arena;
};

/* Reads what TARGETs and pidfiles say; a usage error ends the program. */
void kill_set_init(struct kill_set *set, const struct kill_settings *settings,
                   const struct pt_procfs *procfs);
void kill_set_done(struct kill_set *set);

/* Nominates and proves everybody who is meant; members are TARGETs, or roots. 0 or -errno. */
int kill_set_find(struct kill_set *set);

/* Whether processes may join while we are at it. */
enum pt_growth kill_growth(const struct kill_settings *settings);

/* Why PROCESS is never signalled without --force, as "it is …", or NULL. */
const char *kill_protection(const struct kill_set *set, const struct pt_process *process);

/* --- what is said of it: kill_report.c --- */

/* The moment that seconds in the report count from. */
struct kill_clock {
    int64_t monotonic, realtime; /* nanoseconds */
};

struct kill_report {
    const struct kill_set *set;
    struct kill_clock start;
    bool outgrown;  /* more of the tree may be left than we know */
    bool timed_out; /* --wait's time passed */
    /* run mode */
    bool with_command;
    pid_t command_pid;
    int command_status;     /* as waitpid(2) has it */
    bool command_has_ended; /* that says something */
};

void kill_report_init(struct kill_report *report, const struct kill_set *set);

/* Progress and -v, as the ending goes on: for struct pt_ending, whose data is the report. */
void kill_report_stepped(const struct pt_ending *ending, int signal, void *data);
void kill_report_left(const struct pt_ending *ending, const struct pt_member *member, void *data);
void kill_report_progress(const struct pt_ending *ending, void *data);

/* After a freeze, with -v: who kept the set from being closed. */
void kill_report_freeze(const struct kill_report *report, const struct pt_freeze *freeze);

/* What -n shows, on stdout. The exit status. */
int kill_report_plan(const struct kill_report *report);

/* Says what went wrong, writes the JSON where it is asked for, and gives the exit status. */
int kill_report_end(const struct kill_report *report);

/* --- run mode: kill_run.c --- */

int kill_run(const struct kill_settings *settings, const struct pt_procfs *procfs);

#endif
