/*
 * systemd-cron: no daemon, but timers that hang on cron.target. Stopping the target stops them
 * (PartOf=), and the units that they have started, cron-*.service, go on: those are the jobs.
 *
 * The kernel gives nothing back when we die: after our SIGKILL the target stays stopped.
 */
#include "cron_graceful.h"

#include <errno.h>
#include <string.h>

#include "helper.h"
#include "report.h"
#include "service.h"
#include "units.h"

#define TARGET "cron.target"
#define UNITS "cron-*.service"

/* A helper's words, and what runs it. */
struct words {
    const char *path;
    char **argv;
};

static int start_words(const void *data, int output, pid_t *ret_pid)
{
    const struct words *words = data;
    const struct pt_helper helper = {.path = words->path, .argv = words->argv, .output = output};

    return pt_helper_start(&helper, ret_pid);
}

static bool is_active(const struct pt_buffer *answer)
{
    return strstr(pt_buffer_text(answer), "ActiveState=active\n") != NULL;
}

int cron_find_timers(struct cron *cron)
{
    struct cron_daemon daemon = {.timers = true,
                                 .process = {.stat = {.comm = ""}},
                                 .handle = PT_HANDLE_NONE,
                                 .hold = PT_HOLD_NONE,
                                 .service = PT_SERVICE_NONE};
    struct pt_buffer answer;
    struct words words;
    int error;

    /* Who names a daemon means that one alone. */
    if (cron->settings.pid_count + cron->settings.name_count > 0)
        return 0;
    for (size_t i = 0; i < cron->daemon_count; i++) {
        if (cron->daemons[i]->timers)
            return 0;
    }
    error = pt_service_find_target(&daemon.service, TARGET, &cron->arena);
    if (error == -EACCES) {
        pt_warn("systemctl may be changed by others than root, or not be run: systemd-cron is not "
                "looked for");
        return 0;
    }
    if (error != 0)
        return error == -ENOENT ? 0 : error;
    words = (struct words){daemon.service.path, daemon.service.state_argv};
    pt_buffer_init(&answer);
    error = cron_ask(cron, start_words, &words, &answer);
    if (error == 0 && is_active(&answer))
        error = cron_add_timers(cron, &daemon);
    pt_buffer_done(&answer);
    return error;
}

/* systemctl VERB -- cron.target, to its end: the words of the stop, but for the verb. */
static int tell(struct cron *cron, const struct cron_daemon *daemon, char *verb)
{
    char *const *stop = daemon->service.argv;
    char *argv[] = {stop[0], verb, stop[2], stop[3], NULL};
    const struct words words = {daemon->service.path, argv};
    int error, status = 0;
    pid_t pid;

    error = start_words(&words, 2, &pid);
    if (error == 0)
        error = cron_wait_child(cron, pid, cron_helper_deadline(cron), &status);
    return error == 0 && status != 0 ? -EIO : error;
}

int cron_stop_timers(struct cron *cron, struct cron_daemon *daemon)
{
    return tell(cron, daemon, daemon->service.argv[1]);
}

int cron_start_timers(struct cron *cron, struct cron_daemon *daemon)
{
    char verb[] = "start";

    cron->deadline = PT_INFINITE; /* over or not: this must be done */
    return tell(cron, daemon, verb);
}

int cron_each_unit(struct cron *cron, const struct cron_daemon *daemon,
                   int (*call)(struct cron *cron, pid_t pid, void *data), void *data)
{
    char property[] = "MainPID", units[] = UNITS;
    char *const *show = daemon->service.state_argv;
    char *argv[] = {show[0], show[1], show[2], property, show[4], units, NULL};
    const struct words words = {daemon->service.path, argv};
    struct pt_buffer answer;
    const char *text;
    int error;

    pt_buffer_init(&answer);
    error = cron_ask(cron, start_words, &words, &answer);
    /* `MainPID=123`, a line each, empty ones between. */
    text = pt_buffer_text(&answer);
    while (error == 0 && (text = strstr(text, "MainPID=")) != NULL) {
        pid_t pid;

        text += strlen("MainPID=");
        if (pt_parse_pid_n(text, strcspn(text, "\n"), &pid, NULL) == 0)
            error = call(cron, pid, data);
    }
    pt_buffer_done(&answer);
    return error;
}
