/* The cron daemons: what is known of each, as one table, and which of them run. */
#include "cron_graceful.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "units.h"

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
    int drain;        /* the signal upon which it finishes its jobs and ends */
    bool takes_term;  /* of those of one name: the one that has a handler for TERM */
    bool leaves_term; /* the one that has none */
};

static const struct cron_kind kinds[] = {
    {.label = "Debian cron",
     .names = "cron",
     .job_argv0 = "CRON",
     .services = "cron",
     .catch_up = by_clock_jumps},
    {.label = "cronie",
     .names = "crond",
     .job_argv0 = "CROND",
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
static const struct cron_kind other = {
    .label = "unknown cron", .services = "", .catch_up = unknown};

/* --- recognising --- */

static bool has_word(const char *words, const char *word, size_t length)
{
    while (words != NULL && *words != '\0') {
        size_t next = strcspn(words, " ");

        if (next == length && memcmp(words, word, length) == 0)
            return true;
        words += next + (words[next] == ' ');
    }
    return false;
}

static void base_name(const char **text, size_t *length)
{
    for (size_t i = *length; i-- > 0;) {
        if ((*text)[i] == '/') {
            *text += i + 1;
            *length -= i + 1;
            return;
        }
    }
}

/* Its file's name where that can be read, and comm. */
static bool is_called(const struct pt_process *process, const char *names)
{
    if (pt_process_has(process, PT_SOURCE_EXE)) {
        const char *name = process->more->exe_path.bytes;
        size_t length = process->more->exe_path.length;

        base_name(&name, &length);
        if (has_word(names, name, length))
            return true;
    }
    return has_word(names, process->stat.comm, process->stat.comm_length);
}

/* Whether argv[0], or argv[1] behind the program of many, is that word. */
static bool argv_names(const struct pt_process *process, const char *word)
{
    const char *text;
    size_t offset = 0, length;

    if (!pt_process_has(process, PT_SOURCE_CMDLINE))
        return false;
    for (int i = 0; i < 2; i++) {
        if (!pt_next_string(process->more->cmdline.bytes, process->more->cmdline.length, &offset,
                            &text, &length))
            return false;
        base_name(&text, &length);
        if (has_word(word, text, length))
            return true;
    }
    return false;
}

static bool catches(const struct pt_process *process, int signal)
{
    return pt_process_has(process, PT_SOURCE_STATUS) &&
           (process->more->status.caught >> (signal - 1) & 1) != 0;
}

/* By name alone: may it be one? */
static bool may_be(const struct pt_process *process)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (is_called(process, kinds[i].names))
            return true;
    }
    return false;
}

static bool runs_many(const struct pt_process *process)
{
    return pt_process_has(process, PT_SOURCE_EXE) && is_called(process, "busybox toybox");
}

static bool is_kind(const struct pt_process *process, const struct cron_kind *kind)
{
    if (!is_called(process, kind->names))
        return false;
    if (runs_many(process) != (kind->argv_word != NULL))
        return false;
    if (kind->argv_word != NULL && !argv_names(process, kind->argv_word))
        return false;
    if (kind->job_argv0 != NULL && argv_names(process, kind->job_argv0))
        return false;
    if (kind->takes_term || kind->leaves_term)
        return kind->takes_term == catches(process, SIGTERM);
    return true;
}

static const struct cron_kind *kind_of(const struct pt_process *process)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (is_kind(process, &kinds[i]))
            return &kinds[i];
    }
    return NULL;
}

/* --- choosing --- */

#define DETAILS                                                                                    \
    (PT_SOURCE_BIT(PT_SOURCE_STATUS) | PT_SOURCE_BIT(PT_SOURCE_CMDLINE) |                          \
     PT_SOURCE_BIT(PT_SOURCE_CGROUP) | PT_SOURCE_BIT(PT_SOURCE_EXE))

static bool is_named(const struct cron_settings *settings, const struct pt_process *process)
{
    for (size_t i = 0; i < settings->pid_count; i++) {
        if (settings->pids[i] == process->stat.pid)
            return true;
    }
    for (size_t i = 0; i < settings->name_count; i++) {
        if (is_called(process, settings->names[i]))
            return true;
    }
    return false;
}

/* Marks the records that may be daemons and completes them. */
static int nominate(const struct cron *cron, struct pt_snapshot *snapshot, uint32_t **ret_indexes,
                    size_t *ret_count)
{
    const struct cron_settings *settings = &cron->settings;
    bool by_user = settings->pid_count + settings->name_count > 0;
    uint32_t *indexes = calloc(snapshot->count + 1, sizeof *indexes);
    size_t count = 0;
    int error;

    if (indexes == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < snapshot->count; i++) {
        const struct pt_process *process = &snapshot->processes[i];

        if (pt_process_is_kernel_thread(process) || pt_process_has_ended(process))
            continue;
        if (by_user ? is_named(settings, process) : may_be(process))
            indexes[count++] = i;
    }
    error = pt_snapshot_add(snapshot, indexes, count, DETAILS);
    if (error != 0) {
        free(indexes);
        return error;
    }
    *ret_indexes = indexes;
    *ret_count = count;
    return 0;
}

/* The process between a daemon and its job, which bears the daemon's name and another argv[0]. */
static bool runs_job(const struct pt_process *process)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].job_argv0 != NULL && is_called(process, kinds[i].names) &&
            argv_names(process, kinds[i].job_argv0))
            return true;
    }
    return false;
}

/* A fresh child of a daemon, and of what runs its job, looks exactly like a daemon. */
static bool is_child_of_match(const struct pt_snapshot *snapshot, const struct pt_process *process)
{
    const struct pt_process *parent = pt_snapshot_find(snapshot, process->stat.ppid);

    return parent != NULL && parent->more != NULL && (kind_of(parent) != NULL || runs_job(parent));
}

static bool has_uids(const struct pt_process *process, uid_t uid)
{
    const uid_t *uids = process->more->status.uid;

    return uids[PT_REAL] == uid && uids[PT_EFFECTIVE] == uid && uids[PT_SAVED] == uid &&
           uids[PT_FILESYSTEM] == uid;
}

/* Why a match is none of ours to touch, or NULL. */
static const char *why_not(const struct cron *cron, const struct pt_process *process)
{
    if (!pt_process_has(process, PT_SOURCE_STATUS))
        return "it cannot be read";
    if (process->more->status.nspid_count > 1)
        return "it is in another PID namespace";
    if (has_uids(process, geteuid()) || cron->settings.pid_count > 0)
        return NULL;
    if (geteuid() != 0 && has_uids(process, 0))
        return NULL;
    return geteuid() == 0 ? "it is not root's" : "it is neither root's nor ours";
}

static int add_daemon(struct cron *cron, const struct pt_process *process,
                      const struct cron_kind *kind)
{
    struct cron_daemon *daemon =
        pt_arena_alloc(&cron->arena, sizeof *daemon, PT_ALIGN_OF(struct cron_daemon));
    struct cron_daemon **daemons =
        realloc(cron->daemons, (cron->daemon_count + 1) * sizeof(struct cron_daemon *));

    if (daemons != NULL)
        cron->daemons = daemons;
    if (daemon == NULL || daemons == NULL)
        return -ENOMEM;
    *daemon = (struct cron_daemon){.kind = kind,
                                   .process = *process,
                                   .handle = PT_HANDLE_NONE,
                                   .hold = PT_HOLD_NONE,
                                   .service = PT_SERVICE_NONE};
    daemon->stranger = !has_uids(process, geteuid()) && !has_uids(process, 0);
    daemon->term = catches(process, SIGTERM) ? CRON_TERM_HANDLER : CRON_TERM_DEFAULT;
    if (kind->drain != 0)
        daemon->term = CRON_TERM_DRAINS;
    cron->daemons[cron->daemon_count++] = daemon;
    return 0;
}

/* Whether the process that was found is still it: a child that was about to exec was no daemon. */
static int verify_daemon(const struct pt_verifier *verifier, const struct pt_handle *handle,
                         struct pt_process *now, struct pt_arena *arena)
{
    const struct cron_daemon *daemon = verifier->data;
    int error;

    (void)handle;
    if (now->stat.starttime != daemon->process.stat.starttime)
        return 0;
    if (daemon->kind == &other)
        return 1;
    error = pt_process_add_watched(verifier->procfs, now, DETAILS, arena);
    if (error != 0)
        return error == -ESRCH ? 0 : error;
    return kind_of(now) == daemon->kind;
}

static int hold_of(struct cron *cron, struct cron_daemon *daemon)
{
    daemon->verifier =
        (struct pt_verifier){.procfs = &cron->procfs, .verify = verify_daemon, .data = daemon};
    return pt_handle_open(&daemon->handle, &daemon->verifier, daemon->process.stat.pid);
}

/* Its handle and its supervisor; one that has ended since is dropped. */
static int complete(struct cron *cron, struct pt_snapshot *snapshot)
{
    size_t kept = 0;

    for (size_t i = 0; i < cron->daemon_count; i++) {
        struct cron_daemon *daemon = cron->daemons[i];
        int error = hold_of(cron, daemon);

        if (error == 0 || error == -ESRCH)
            continue;
        if (error < 0)
            return error;
        cron->daemons[kept++] = daemon;
        if (daemon->stranger)
            continue;
        error = pt_service_find(&daemon->service, snapshot, &daemon->process,
                                daemon->kind->services, &cron->arena);
        if (error != 0)
            return error;
        if (daemon->service.distrust != NULL)
            pt_warn("%s (%d) is taken for unsupervised: %s", daemon->kind->label,
                    (int)daemon->process.stat.pid, daemon->service.distrust);
    }
    cron->daemon_count = kept;
    return 0;
}

static int choose(struct cron *cron, const struct pt_snapshot *snapshot, const uint32_t *indexes,
                  size_t count)
{
    bool by_user = cron->settings.pid_count + cron->settings.name_count > 0;

    for (size_t i = 0; i < count; i++) {
        const struct pt_process *process = &snapshot->processes[indexes[i]];
        const struct cron_kind *kind = kind_of(process);
        const char *why;
        int error;

        if (pt_snapshot_is_gone(process) || (kind == NULL && !by_user))
            continue;
        if (cron->settings.pid_count == 0 && is_child_of_match(snapshot, process))
            continue;
        why = why_not(cron, process);
        if (why != NULL) {
            pt_say(0, "%s (%d) is left alone: %s", kind != NULL ? kind->label : other.label,
                   (int)process->stat.pid, why);
            continue;
        }
        error = add_daemon(cron, process, kind != NULL ? kind : &other);
        if (error != 0)
            return error;
    }
    return 0;
}

int cron_find(struct cron *cron)
{
    struct pt_snapshot snapshot;
    uint32_t *indexes = NULL;
    size_t count = 0;
    int error = pt_snapshot_scan(&snapshot, &cron->procfs, CRON_SOURCES);

    if (error != 0)
        return error;
    error = nominate(cron, &snapshot, &indexes, &count);
    if (error == 0)
        error = choose(cron, &snapshot, indexes, count);
    free(indexes);
    if (error == 0)
        error = complete(cron, &snapshot);
    /* The daemons' records live as long as we do. */
    pt_arena_absorb(&cron->arena, &snapshot.arena);
    pt_snapshot_done(&snapshot);
    return error;
}

/* --- what is known of it --- */

const char *cron_kind_name(const struct cron_kind *kind)
{
    return kind->label;
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

int cron_drain_signal(const struct cron_daemon *daemon)
{
    return daemon->kind->drain;
}

bool cron_is_worker(const struct cron_kind *kind, const struct pt_process *process)
{
    return kind->worker != NULL && is_called(process, kind->worker);
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

/* One that we found at the beginning is nobody's successor. */
static bool is_known(const struct cron *cron, const struct pt_process *process)
{
    for (size_t i = 0; i < cron->daemon_count; i++) {
        if (cron->daemons[i]->process.stat.pid == process->stat.pid &&
            cron->daemons[i]->process.stat.starttime == process->stat.starttime)
            return true;
    }
    return false;
}

pid_t cron_respawned(struct cron *cron, const struct cron_daemon *daemon, const char **ret_parent)
{
    struct pt_snapshot snapshot;
    uint32_t *indexes = NULL;
    size_t count = 0;
    pid_t found = 0;

    if (pt_snapshot_scan(&snapshot, &cron->procfs, CRON_SOURCES) != 0)
        return 0;
    if (nominate(cron, &snapshot, &indexes, &count) != 0)
        count = 0;
    for (size_t i = 0; i < count && found == 0; i++) {
        const struct pt_process *process = &snapshot.processes[indexes[i]];
        const struct pt_process *parent;

        /* A child of the one that ended, left by it, is older than its end but has its name. */
        if (kind_of(process) != daemon->kind || process->stat.ppid != daemon->process.stat.ppid ||
            process->stat.starttime <= daemon->process.stat.starttime || is_known(cron, process))
            continue;
        parent = pt_snapshot_find(&snapshot, process->stat.ppid);
        *ret_parent = pt_arena_strndup(&cron->arena, parent != NULL ? parent->stat.comm : "?",
                                       parent != NULL ? parent->stat.comm_length : 1);
        found = process->stat.pid;
    }
    free(indexes);
    pt_snapshot_done(&snapshot);
    return found;
}
