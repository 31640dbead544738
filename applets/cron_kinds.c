/* The cron daemons: what is known of each, as one table. */
#include "cron_graceful.h"

#include <signal.h>
#include <string.h>

/* What a daemon that was suspended makes up for, as its sources have it. */
struct catch_up {
    int64_t longest; /* suspended for no longer than this */
    const char *text;
};

#define MINUTES (60 * PT_SECOND)

/* A row ends with PT_INFINITE. */
static const struct catch_up by_clock_jumps[] = {
    {5 * MINUTES, "runs every missed minute, 10 s apart"},
    {180 * MINUTES, "runs missed wildcard jobs once and fixed-time jobs all"},
    {PT_INFINITE, "runs nothing of what was missed"},
};
static const struct catch_up within_an_hour[] = {
    {60 * MINUTES, "runs each missed line once"},
    {PT_INFINITE, "runs nothing of what was missed"},
};
static const struct catch_up each_once[] = {{PT_INFINITE, "runs each missed line once"}};
static const struct catch_up unknown[] = {{PT_INFINITE, "may run what was missed"}};

struct cron_kind {
    const char *label;
    const char *names;     /* of its file, or comm, with blanks between */
    const char *argv_word; /* where that file is many programs: what argv names */
    const char *worker;    /* its child that runs the jobs */
    const char *job_argv0; /* how a child of its that outlived it can be told from it */
    const char *loses;     /* what it does itself when a job ends */
    const char *services;  /* its names in /etc/init.d and /run */
    const struct catch_up *catch_up;
    int drain;         /* the signal upon which it finishes its jobs and ends */
    bool job_sessions; /* each job's shell leads a session */
    bool reads_output; /* who is above the job reads its output to the end */
    bool takes_term;   /* of those of one name: the one that has a handler for TERM */
    bool leaves_term;  /* the one that has none */
};

static const struct cron_kind kinds[] = {
    {.label = "Debian cron",
     .names = "cron",
     .job_argv0 = "CRON",
     .job_sessions = true,
     .services = "cron",
     .catch_up = by_clock_jumps},
    {.label = "cronie",
     .names = "crond",
     .job_argv0 = "CROND",
     .job_sessions = true,
     .reads_output = true,
     .takes_term = true,
     .services = "cronie crond",
     .catch_up = by_clock_jumps},
    {.label = "dcron",
     .names = "crond",
     .leaves_term = true,
     .loses = "mail and stamps",
     .services = "dcron crond",
     .catch_up = within_an_hour},
    {.label = "busybox crond",
     .names = "busybox toybox",
     .argv_word = "crond",
     .loses = "mail (MAILTO)",
     .services = "busybox-cron crond",
     .catch_up = within_an_hour},
    {.label = "bcron",
     .names = "bcron-sched",
     .worker = "bcron-exec",
     .drain = SIGTERM,
     .services = "bcron bcron-sched",
     .catch_up = each_once},
    {.label = "fcron",
     .names = "fcron",
     .job_sessions = true,
     .drain = SIGTERM,
     .services = "fcron",
     .catch_up = unknown},
    {.label = "anacron",
     .names = "anacron",
     .drain = SIGUSR1,
     .services = "anacron",
     .catch_up = unknown},
    {.label = "supercronic",
     .names = "supercronic",
     .worker = "supercronic",
     .drain = SIGTERM,
     .services = "supercronic",
     .catch_up = unknown},
    {.label = "yacron",
     .names = "yacron",
     .drain = SIGTERM,
     .services = "yacron",
     .catch_up = unknown},
};

/* What --daemon and --exe-name name and the table does not. */
const struct cron_kind cron_kind_other = {
    .label = "unknown cron", .services = "", .catch_up = unknown};

/* Timers, and no process. */
const struct cron_kind cron_kind_timers = {
    .label = "systemd-cron", .services = "", .catch_up = unknown};

/* --- recognising --- */

static bool has_word(const char *words, struct pt_bytes word)
{
    while (words != NULL && *words != '\0') {
        size_t next = strcspn(words, " ");

        if (next == word.length && memcmp(words, word.bytes, next) == 0)
            return true;
        words += next + (words[next] == ' ');
    }
    return false;
}

/* Its file's name where that can be read, and comm. */
bool cron_is_called(const struct pt_process *process, const char *names)
{
    return (pt_process_has(process, PT_SOURCE_EXE) &&
            has_word(names, pt_base_name(process->more->exe_path))) ||
           has_word(names, (struct pt_bytes){process->stat.comm, process->stat.comm_length});
}

bool cron_catches(const struct pt_process *process, int signal)
{
    return pt_process_has(process, PT_SOURCE_STATUS) &&
           (process->more->status.caught >> (signal - 1) & 1) != 0;
}

/* A shell's script may be called cron, and is none. */
static bool is_script(const struct pt_process *process)
{
    return pt_process_has(process, PT_SOURCE_EXE) && cron_is_shell(pt_process_exe_path(process));
}

/* By name alone: may it be one? */
bool cron_may_be(const struct pt_process *process)
{
    if (is_script(process))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (cron_is_called(process, kinds[i].names))
            return true;
    }
    return false;
}

static bool runs_many(const struct pt_process *process)
{
    return pt_process_has(process, PT_SOURCE_EXE) && cron_is_called(process, "busybox toybox");
}

static bool is_kind(const struct pt_process *process, const struct cron_kind *kind)
{
    if (!cron_is_called(process, kind->names) || is_script(process))
        return false;
    if (runs_many(process) != (kind->argv_word != NULL))
        return false;
    if (kind->argv_word != NULL && !pt_process_argv_names(process, kind->argv_word))
        return false;
    if (kind->job_argv0 != NULL && pt_process_argv_names(process, kind->job_argv0))
        return false;
    if (kind->takes_term || kind->leaves_term)
        return kind->takes_term == cron_catches(process, SIGTERM);
    return true;
}

const struct cron_kind *cron_kind_of(const struct pt_process *process)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (is_kind(process, &kinds[i]))
            return &kinds[i];
    }
    return NULL;
}

/* The process between a daemon and its job, which bears the daemon's name and another argv[0]. */
bool cron_runs_job(const struct cron_kind *kind, const struct pt_process *process)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if ((kind == NULL || kind == &kinds[i]) && kinds[i].job_argv0 != NULL &&
            cron_is_called(process, kinds[i].names) &&
            pt_process_argv_names(process, kinds[i].job_argv0))
            return true;
    }
    return false;
}

/* --- what is known of it --- */

const char *cron_kind_label(const struct cron_kind *kind)
{
    return kind->label;
}

const char *cron_kind_services(const struct cron_kind *kind)
{
    return kind->services;
}

int cron_kind_drain(const struct cron_kind *kind)
{
    return kind->drain;
}

const char *cron_term_name(const struct cron_daemon *daemon)
{
    static const char *const names[] = {
        [CRON_TERM_DEFAULT] = "default",
        [CRON_TERM_HANDLER] = "handler",
        [CRON_TERM_DRAINS] = "drains",
    };

    return names[daemon->term];
}

bool cron_is_worker(const struct cron_kind *kind, const struct pt_process *process)
{
    return kind->worker != NULL && cron_is_called(process, kind->worker);
}

bool cron_has_job_sessions(const struct cron_kind *kind)
{
    return kind->job_sessions;
}

bool cron_reads_output(const struct cron_kind *kind)
{
    return kind->reads_output;
}

bool cron_is_worker_file(const struct cron_kind *kind, const struct pt_process *process)
{
    return kind->worker != NULL && pt_process_has(process, PT_SOURCE_EXE) &&
           has_word(kind->worker, pt_base_name(process->more->exe_path));
}

const char *cron_kind_loses(const struct cron_kind *kind)
{
    return kind->loses;
}

const char *cron_catch_up(const struct cron_kind *kind, int64_t suspended)
{
    const struct catch_up *rule = kind->catch_up;

    while (suspended > rule->longest)
        rule++;
    return rule->text;
}
