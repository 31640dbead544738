/* What is shown: the plan of -n, and the report as JSON. */
#include "cron_graceful.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "service.h"

static const char *means_name(const struct cron *cron, const struct cron_daemon *daemon)
{
    static const char *const names[] = {
        [PT_HELD_NOT] = "impossible", [PT_HELD_PTRACE] = "ptrace", [PT_HELD_SIGSTOP] = "SIGSTOP"};
    bool root;

    if (daemon->timers)
        return "their stop";
    root = daemon->process.more->status.uid[PT_EFFECTIVE] == 0;
    if (daemon->process.more->status.tracer != 0)
        return names[PT_HELD_NOT];
    return names[pt_hold_foresee(&cron->procfs, daemon->process.stat.pid, geteuid() == 0 || !root)];
}

static void print_line(struct pt_buffer *line)
{
    pt_put_escaped(pt_buffer_text(line), line->length, stdout);
    putchar('\n');
    pt_buffer_clear(line);
}

static void print_jobs(const struct cron *cron, const struct cron_daemon *daemon,
                       struct pt_buffer *line)
{
    for (size_t i = 0; i < cron->job_count; i++) {
        const struct cron_job *job = cron->jobs[i];

        if (job->daemon != daemon || job->worker)
            continue;
        pt_buffer_append_format(line, "  job %d: ", (int)job->handle.pid);
        pt_buffer_append(line, job->text, job->length);
        pt_buffer_append_text(line, cron_job_mark(cron, job));
        print_line(line);
    }
}

static void print_plan(const struct cron *cron)
{
    struct pt_buffer line;

    pt_buffer_init(&line);
    for (size_t i = 0; i < cron->daemon_count; i++) {
        const struct cron_daemon *daemon = cron->daemons[i];

        pt_buffer_append_format(&line, "%s: supervisor: %s; stop: ", daemon->label,
                                pt_service_kind(&daemon->service));
        cron_describe_stop(daemon, &line);
        pt_buffer_append_format(&line, "; suspend by: %s; TERM: %s", means_name(cron, daemon),
                                cron_term_name(daemon));
        print_line(&line);
        print_jobs(cron, daemon, &line);
    }
    pt_buffer_done(&line);
}

static void write_daemon(const struct cron *cron, const struct cron_daemon *daemon,
                         struct pt_json *json)
{
    struct pt_buffer stop;

    pt_buffer_init(&stop);
    cron_describe_stop(daemon, &stop);
    pt_json_begin_object(json, NULL);
    pt_json_i64(json, "pid", daemon->process.stat.pid);
    pt_json_u64(json, "starttime", daemon->process.stat.starttime);
    pt_json_text(json, "kind", cron_kind_label(daemon->kind));
    pt_json_text(json, "supervisor", pt_service_kind(&daemon->service));
    pt_json_text(json, "service", daemon->service.name);
    pt_json_string(json, "stop", pt_buffer_text(&stop), stop.length);
    if (cron->settings.output.dry_run)
        pt_json_text(json, "suspend_by", means_name(cron, daemon));
    pt_json_text(json, "term", cron_term_name(daemon));
    pt_json_bool(json, "stopped", daemon->stopped);
    if (daemon->held_at != 0)
        pt_json_time(json, "missed_from", daemon->missed_from);
    cron_write_jobs(cron, daemon, json);
    pt_json_end_object(json);
    pt_buffer_done(&stop);
}

int cron_report(const struct cron *cron, int status)
{
    struct pt_json json;

    if (!cron->settings.output.json)
        return status;
    pt_json_init(&json, stdout, PT_JSON_PRETTY);
    pt_json_begin_object(&json, NULL);
    pt_json_i64(&json, "schema", 1);
    pt_json_bool(&json, "dry_run", cron->settings.output.dry_run);
    pt_json_begin_array(&json, "daemons");
    for (size_t i = 0; i < cron->daemon_count; i++)
        write_daemon(cron, cron->daemons[i], &json);
    pt_json_end_array(&json);
    pt_json_bool(&json, "timed_out", cron->timed_out);
    pt_json_i64(&json, "status", status);
    pt_json_end_object(&json);
    return status;
}

int cron_show_plan(const struct cron *cron)
{
    if (!cron->settings.output.json)
        print_plan(cron);
    for (size_t i = 0; i < cron->daemon_count; i++) {
        const struct cron_daemon *daemon = cron->daemons[i];

        /* Who drains is not suspended. */
        if (daemon->term != CRON_TERM_DRAINS && strcmp(means_name(cron, daemon), "impossible") == 0)
            return CRON_IMPOSSIBLE;
    }
    return cron_jobs_left(cron, NULL) > 0 ? CRON_FAILED : 0;
}
