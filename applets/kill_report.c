/* What kill-graceful says: progress, -v, what went wrong, JSON, the exit status. */
#include "kill_graceful.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "buffer.h"
#include "json.h"
#include "report.h"
#include "stopping.h"
#include "units.h"

enum {
    STATUS_SURVIVED = 5,
    STATUS_REFUSED = 6, /* not permitted, or protected */
};

/* How many the progress line names. */
#define PROGRESS_NAMES 3

void kill_report_init(struct kill_report *report, const struct kill_set *set)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    *report = (struct kill_report){.set = set};
    report->start.monotonic = pt_monotonic();
    report->start.realtime = (int64_t)now.tv_sec * PT_SECOND + now.tv_nsec;
}

static const struct kill_settings *settings_of(const struct kill_report *report)
{
    return report->set->settings;
}

/* --- outcomes --- */

enum outcome {
    ENDED,
    KILLED,
    ALREADY_GONE,
    SURVIVED,
    NOT_PERMITTED,
    PROTECTED,
    SUSPENDED,
    RESUMED,
    SIGNALLED,
    PLANNED, /* -n: nothing was done */
};

static const char *const outcome_names[] = {
    "ended",     "killed",    "already-gone", "survived",  "not-permitted",
    "protected", "suspended", "resumed",      "signalled", NULL,
};

static enum outcome outcome_of(const struct kill_report *report, const struct pt_member *member)
{
    enum kill_mode mode = settings_of(report)->mode;

    if (settings_of(report)->output.dry_run)
        return PLANNED;
    if (mode == KILL_SUSPEND && pt_member_lives(member) && !member->refused)
        return member->closed || member->frozen ? SUSPENDED : SURVIVED;
    if (mode == KILL_RESUME && member->sent != NULL)
        return RESUMED;
    if (mode == KILL_SIGNAL_ONLY && member->sent != NULL)
        return SIGNALLED;
    switch (pt_member_outcome(member)) {
    case PT_OUTCOME_ENDED:
        return ENDED;
    case PT_OUTCOME_KILLED:
        return KILLED;
    case PT_OUTCOME_NOT_PERMITTED:
        return NOT_PERMITTED;
    case PT_OUTCOME_SURVIVED:
        break;
    }
    return SURVIVED;
}

/* A target that is no member. */
static enum outcome fate_outcome(enum kill_fate fate)
{
    switch (fate) {
    case KILL_PROTECTED:
        return PROTECTED;
    case KILL_NOT_PERMITTED:
    case KILL_UNTELLABLE:
        return NOT_PERMITTED;
    case KILL_MEANT:
    case KILL_GONE:
    case KILL_NO_MATCH:
        break;
    }
    return ALREADY_GONE;
}

/* --- while it goes on --- */

static int64_t since(const struct kill_report *report, int64_t moment)
{
    return moment - report->start.monotonic;
}

static const char *duration(int64_t nanoseconds, char buffer[PT_DURATION_SIZE])
{
    return pt_format_duration(nanoseconds, buffer);
}

void kill_report_freeze(const struct kill_report *report, const struct pt_freeze *freeze)
{
    const struct pt_members *members = &report->set->members;

    if (pt_report_verbosity() < 1)
        return;
    if (freeze->whole_scans)
        pt_say(1, "lists of children cannot be read here: whole scans are a best effort");
    if (freeze->complete) {
        pt_say(1, "the set is closed; passes: %zu", freeze->passes);
        return;
    }
    pt_say(1, "the set did not close within a second; passes: %zu", freeze->passes);
    for (size_t i = 0; i < members->count; i++) {
        const struct pt_member *member = members->list[i];
        const char state[] = {'s', 't', 'a', 't', 'e', ' ', member->state, '\0'};

        if (pt_member_lives(member) && member->asked && !member->closed && !member->left_running)
            pt_say(1, "%d (%s): did not stop: %s", (int)member->handle.pid, member->comm,
                   member->refused  ? "not permitted"
                   : member->frozen ? "frozen by its cgroup"
                                    : state);
    }
}

static bool was_sent(const struct pt_member *member, int signal, int64_t since)
{
    for (const struct pt_sent *sent = member->sent; sent != NULL; sent = sent->next) {
        if (sent->signal == signal && sent->at >= since)
            return true;
    }
    return false;
}

/* Who has ended by it already was sent it too. */
void kill_report_stepped(const struct pt_ending *ending, int signal, void *data)
{
    const struct kill_report *report = data;
    const struct pt_members *members = &report->set->members;
    char name[PT_SIGNAL_SIZE];

    if (pt_report_verbosity() < 1 || signal == 0)
        return;
    if (ending->freezes)
        kill_report_freeze(report, ending->freeze);
    pt_format_signal(signal, name);
    for (size_t i = 0; i < members->count; i++) {
        const struct pt_member *member = members->list[i];

        if (member->role != PT_ROLE_TARGET)
            continue;
        if (member->refused && pt_member_lives(member))
            pt_say(1, "%d (%s): %s: not permitted", (int)member->handle.pid, member->comm, name);
        else if (was_sent(member, signal, ending->began))
            pt_say(1, "%d (%s): sent %s", (int)member->handle.pid, member->comm, name);
    }
}

void kill_report_left(const struct pt_ending *ending, const struct pt_member *member, void *data)
{
    const struct kill_report *report = data;
    char buffer[PT_DURATION_SIZE];

    (void)ending;
    pt_say(1, "%d (%s): ended after %s", (int)member->handle.pid, member->comm,
           duration(since(report, member->ended), buffer));
}

void kill_report_progress(const struct pt_ending *ending, void *data)
{
    const struct kill_report *report = data;
    const struct pt_members *members = &report->set->members;
    char left[PT_DURATION_SIZE], name[PT_SIGNAL_SIZE];
    struct pt_buffer names;
    size_t named = 0;

    pt_buffer_init(&names);
    for (size_t i = 0; i < members->count && named < PROGRESS_NAMES; i++) {
        const struct pt_member *member = members->list[i];

        if (!member->awaited)
            continue;
        pt_buffer_append_format(&names, "%s%d (%s)", named == 0 ? "" : ", ",
                                (int)member->handle.pid, member->comm);
        named++;
    }
    if (ending->living > named)
        pt_buffer_append_text(&names, ", ...");
    if (ending->deadline == PT_INFINITE) {
        pt_progress("%zu remain: %s", ending->living, pt_buffer_text(&names));
    } else {
        int64_t time = ending->deadline - pt_monotonic();

        duration(time < 0 ? 0 : (time + PT_SECOND / 2) / PT_SECOND * PT_SECOND, left);
        if (ending->next_signal != 0)
            pt_progress("%zu remain, %s until %s: %s", ending->living, left,
                        pt_format_signal(ending->next_signal, name), pt_buffer_text(&names));
        else
            pt_progress("%zu remain, %s left: %s", ending->living, left, pt_buffer_text(&names));
    }
    pt_buffer_done(&names);
}

/* --- what went wrong --- */

/* "state D in nfs_wait": what keeps it. */
static void describe_state(const struct kill_report *report, const struct pt_member *member,
                           struct pt_buffer *text)
{
    struct pt_process process;
    struct pt_arena arena;

    pt_arena_init(&arena);
    if (pt_process_read(report->set->procfs, member->handle.pid, PT_SOURCE_BIT(PT_SOURCE_WCHAN),
                        &arena, &process) == 0) {
        pt_buffer_append_format(text, "state %c", process.stat.state);
        if (process.stat.state == 'D' && pt_process_has(&process, PT_SOURCE_WCHAN) &&
            process.more->wchan.length > 0) {
            pt_buffer_append_text(text, " in ");
            pt_buffer_append(text, process.more->wchan.bytes, process.more->wchan.length);
        }
    }
    if (pt_member_is_frozen(report->set->procfs, member))
        pt_buffer_append_text(text, ", frozen by its cgroup");
    pt_arena_done(&arena);
}

static void complain(const struct kill_report *report, const struct pt_member *member)
{
    int pid = (int)member->handle.pid;
    struct pt_buffer text;

    switch (outcome_of(report, member)) {
    case KILLED:
        pt_say(0, "%d (%s): ended by force", pid, member->comm);
        break;
    case SUSPENDED:
        pt_say(1, "%d (%s): stopped", pid, member->comm);
        break;
    case NOT_PERMITTED:
        pt_say(0, "%d (%s): not permitted", pid, member->comm);
        break;
    case SURVIVED:
        pt_buffer_init(&text);
        describe_state(report, member, &text);
        pt_say(0, "%d (%s): %s: %s", pid, member->comm,
               settings_of(report)->mode == KILL_SUSPEND ? "did not stop"
               : settings_of(report)->mode == KILL_WAIT  ? "has not ended"
                                                         : "survived",
               pt_buffer_text(&text));
        pt_buffer_done(&text);
        break;
    default:
        break;
    }
}

static void complain_about_target(const struct kill_target *target, bool nothing_else)
{
    switch (target->fate) {
    case KILL_PROTECTED:
        pt_say(0, "%s (%s): protected: it is %s", target->text, target->comm, target->why);
        break;
    case KILL_NOT_PERMITTED:
        pt_say(0, "%s: not permitted to read its record", target->text);
        break;
    case KILL_UNTELLABLE:
        pt_say(0, "%s: inodes do not tell processes apart here (they do on Linux 6.9 with pidfds)",
               target->text);
        break;
    case KILL_GONE:
        pt_say(nothing_else ? 0 : 1, "%s: %s", target->text,
               target->why != NULL ? target->why : "no such process");
        break;
    case KILL_NO_MATCH:
        pt_say(nothing_else ? 0 : 1, "%s: does not meet the criteria", target->text);
        break;
    case KILL_MEANT: /* and its descendants alone, of which there are none */
        if (nothing_else)
            pt_say(0, "%s: nothing is below it", target->text);
        break;
    }
}

/* --- the exit status --- */

static int status_of(const struct kill_report *report)
{
    const struct kill_set *set = report->set;
    bool any = false, survived = report->outgrown, refused = false;

    for (size_t i = 0; i < set->target_count; i++) {
        if (set->targets[i].fate != KILL_MEANT)
            refused |= fate_outcome(set->targets[i].fate) != ALREADY_GONE;
    }
    for (size_t i = 0; i < set->members.count; i++) {
        const struct pt_member *member = set->members.list[i];
        enum outcome outcome;

        if (member->role != PT_ROLE_TARGET)
            continue;
        outcome = outcome_of(report, member);
        any = true;
        survived |= outcome == SURVIVED;
        refused |= outcome == NOT_PERMITTED;
    }
    if (refused && !settings_of(report)->output.dry_run)
        return STATUS_REFUSED;
    if (survived)
        return settings_of(report)->mode == KILL_WAIT ? PT_EXIT_TIMED_OUT : STATUS_SURVIVED;
    return any || settings_of(report)->ignore_missing ? PT_EXIT_OK : PT_EXIT_NOTHING;
}

/* --- JSON --- */

static double seconds(int64_t nanoseconds)
{
    return (double)nanoseconds / (double)PT_SECOND;
}

static void write_id(struct pt_json *json, const struct pt_handle *handle)
{
    char id[64];

    snprintf(id, sizeof id, "%d@%" PRIu64, (int)handle->pid, handle->starttime);
    pt_json_text(json, "id", id);
    pt_json_i64(json, "pid", handle->pid);
}

static void write_signals(struct pt_json *json, const struct kill_report *report,
                          const struct pt_member *member)
{
    pt_json_begin_array(json, "signals");
    for (const struct pt_sent *sent = member->sent; sent != NULL; sent = sent->next) {
        char name[PT_SIGNAL_SIZE];

        pt_json_begin_object(json, NULL);
        pt_json_text(json, "signal", pt_format_signal(sent->signal, name));
        pt_json_time(json, "time", (report->start.realtime + since(report, sent->at)) / PT_SECOND);
        pt_json_double(json, "seconds", seconds(since(report, sent->at)), 6);
        pt_json_end_object(json);
    }
    pt_json_end_array(json);
}

static void write_member(struct pt_json *json, const struct kill_report *report, size_t index)
{
    const struct kill_set *set = report->set;
    const struct pt_member *member = set->members.list[index];
    int64_t began = member->sent != NULL ? member->sent->at : member->added;

    pt_json_begin_object(json, NULL);
    write_id(json, &member->handle);
    pt_json_string(json, "comm", member->comm, member->comm_length);
    if (index < set->argv_capacity && set->argv[index].bytes != NULL)
        pt_json_strings(json, "argv", set->argv[index].bytes, set->argv[index].length);
    else
        pt_json_null(json, "argv");
    write_signals(json, report, member);
    pt_json_text(json, "outcome", outcome_names[outcome_of(report, member)]);
    if (member->ended != 0)
        pt_json_double(json, "seconds", seconds(member->ended - began), 6);
    else
        pt_json_null(json, "seconds");
    pt_json_end_object(json);
}

static void write_target(struct pt_json *json, const struct kill_target *target)
{
    pt_json_begin_object(json, NULL);
    pt_json_text(json, "id", target->text);
    if (target->pid != 0)
        pt_json_i64(json, "pid", target->pid);
    else
        pt_json_null(json, "pid");
    pt_json_text(json, "comm", target->comm);
    pt_json_null(json, "argv");
    pt_json_begin_array(json, "signals");
    pt_json_end_array(json);
    pt_json_text(json, "outcome", outcome_names[fate_outcome(target->fate)]);
    pt_json_null(json, "seconds");
    pt_json_end_object(json);
}

static void write_command(struct pt_json *json, const struct kill_report *report)
{
    const struct kill_settings *settings = settings_of(report);
    int status = report->command_status;
    char name[PT_SIGNAL_SIZE];
    struct pt_buffer argv;

    pt_json_begin_object(json, "command");
    pt_json_i64(json, "pid", report->command_pid);
    pt_buffer_init(&argv);
    for (size_t i = 0; settings->command[i] != NULL; i++)
        pt_buffer_append(&argv, settings->command[i], strlen(settings->command[i]) + 1);
    pt_json_strings(json, "argv", pt_buffer_text(&argv), argv.length);
    pt_buffer_done(&argv);
    if (report->command_has_ended && WIFEXITED(status))
        pt_json_i64(json, "exit", WEXITSTATUS(status));
    else
        pt_json_null(json, "exit");
    if (report->command_has_ended && WIFSIGNALED(status))
        pt_json_text(json, "signal", pt_format_signal(WTERMSIG(status), name));
    else
        pt_json_null(json, "signal");
    pt_json_bool(json, "timed_out", report->timed_out);
    pt_json_end_object(json);
}

static void write_json(const struct kill_report *report)
{
    const struct kill_set *set = report->set;
    struct pt_json json;

    pt_json_init(&json, stdout, PT_JSON_PRETTY);
    pt_json_begin_object(&json, NULL);
    pt_json_i64(&json, "schema", 1);
    pt_json_begin_array(&json, "processes");
    for (size_t i = 0; i < set->target_count; i++) {
        if (set->targets[i].fate != KILL_MEANT && set->targets[i].fate != KILL_NO_MATCH)
            write_target(&json, &set->targets[i]);
    }
    for (size_t i = 0; i < set->members.count; i++) {
        if (set->members.list[i]->role == PT_ROLE_TARGET)
            write_member(&json, report, i);
    }
    pt_json_end_array(&json);
    pt_json_bool(&json, "outgrown", report->outgrown);
    if (report->with_command)
        write_command(&json, report);
    pt_json_end_object(&json);
}

/* --- the end --- */

static const char *plan_of(const struct kill_settings *settings, struct pt_buffer *text)
{
    const struct pt_schedule *schedule = &settings->schedule;
    char name[PT_SIGNAL_SIZE], time[PT_DURATION_SIZE];

    if (settings->mode == KILL_SUSPEND)
        return "STOP";
    if (settings->mode == KILL_WAIT)
        return "wait";
    for (size_t i = 0; i < schedule->count; i++) {
        const struct pt_schedule_step *step = &schedule->steps[i];

        if (i > 0 && step[-1].wait == PT_INFINITE)
            break; /* it never comes to more */
        if (i > 0)
            pt_buffer_append_format(text, ", after %s ", duration(step[-1].wait, time));
        if (i == schedule->repeat)
            pt_buffer_append_text(text, "forever: ");
        pt_buffer_append_text(text,
                              step->signal != 0 ? pt_format_signal(step->signal, name) : "wait");
    }
    return pt_buffer_text(text);
}

int kill_report_plan(const struct kill_report *report)
{
    const struct kill_set *set = report->set;
    struct pt_buffer plan;
    const char *steps;

    if (settings_of(report)->output.json || pt_report_verbosity() < 0)
        return kill_report_end(report);
    pt_buffer_init(&plan);
    steps = plan_of(settings_of(report), &plan);
    for (size_t i = 0; i < set->members.count; i++) {
        const struct pt_member *member = set->members.list[i];

        if (member->role != PT_ROLE_TARGET)
            continue;
        printf("%d (", (int)member->handle.pid);
        pt_put_escaped(member->comm, member->comm_length, stdout);
        printf("): %s\n", steps);
    }
    pt_buffer_done(&plan);
    return kill_report_end(report);
}

int kill_report_end(const struct kill_report *report)
{
    const struct kill_set *set = report->set;
    int status = status_of(report);

    pt_progress_done();
    for (size_t i = 0; i < set->target_count; i++)
        complain_about_target(&set->targets[i], status == PT_EXIT_NOTHING);
    for (size_t i = 0; i < set->members.count; i++) {
        if (set->members.list[i]->role == PT_ROLE_TARGET)
            complain(report, set->members.list[i]);
    }
    for (const struct kill_left_out *one = set->left_out; one != NULL; one = one->next)
        pt_say(1, "%d (%s): left out: it is %s", (int)one->pid, one->comm, one->why);
    if (report->outgrown)
        pt_say(0, "the tree grew faster than it could be stopped: some of it may be left");
    if (set->unreadable.count > 0)
        pt_say(0, "%zu process%s could not be judged: what the criteria need cannot be read",
               set->unreadable.count, set->unreadable.count == 1 ? "" : "es");
    if (status == PT_EXIT_NOTHING && set->target_count == 0 && !report->with_command)
        pt_say(0, "no process matches");
    if (settings_of(report)->output.json)
        write_json(report);
    return status;
}
