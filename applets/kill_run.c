/*
 * Run mode: a timeout(1) that leaves nothing behind.
 *
 * We are the child subreaper of COMMAND, so every descendant, however it detached itself, comes
 * back to us. COMMAND stays in our process group and on our terminal, so that Ctrl-C, Ctrl-Z with
 * fg and bg, reading and full-screen programs work as if it ran alone: what the terminal sends
 * (si_code SI_KERNEL) it sends to both of us, and it is COMMAND's affair; what a process sends is
 * for us.
 */
#include "kill_graceful.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "kernel.h"
#include "report.h"
#include "spawn.h"
#include "units.h"

struct run {
    const struct kill_settings *settings;
    struct kill_set set;
    struct kill_report report;
    struct pt_waitset *waitset;
    struct pt_schedule schedule; /* with the first signal that we end by */
    struct pt_origin origin;
    struct pt_verifier anyone;
    struct pt_handle command;
    int status;     /* of COMMAND, as waitpid(2) has it */
    bool has_ended; /* COMMAND */
    bool timed_out;
    bool ending; /* we are at it: whoever stops now was stopped by us */
    int told;    /* the signal that told us to end, or 0 */
};

/* --- signals --- */

/* Raised by our own faults, or by default no end. */
static bool is_left_alone(int signal)
{
    static const int signals[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                  SIGTRAP, SIGSYS,  SIGTTIN, SIGTTOU, SIGURG, SIGWINCH};

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (signals[i] == signal)
            return true;
    }
    return false;
}

static void choose_signals(sigset_t *ret_signals)
{
    sigfillset(ret_signals);
    for (int signal = 1; signal < PT_SIGRTMIN; signal++) {
        if (is_left_alone(signal))
            sigdelset(ret_signals, signal);
    }
}

static void pass_on(struct run *run, const struct pt_event *event)
{
    union sigval value = {.sival_int = event->value};

    /* Our own is SIGPIPE, of what we say ourselves. */
    if (run->has_ended || (!event->from_terminal && event->sender == getpid()))
        return;
    /* A pidfd carries no value. COMMAND is not reaped yet, so its pid is its own. */
    if (event->queued)
        sigqueue(run->command.pid, event->signal, value);
    else
        pt_handle_signal(&run->command, &run->anyone, event->signal);
}

/* --- children --- */

static bool is_stopped(const struct run *run)
{
    struct pt_process process;
    struct pt_arena arena;
    bool stopped;

    pt_arena_init(&arena);
    stopped = pt_process_read(run->set.procfs, run->command.pid, PT_SOURCE_BIT(PT_SOURCE_STAT),
                              &arena, &process) == 0 &&
              process.stat.state == 'T';
    pt_arena_done(&arena);
    return stopped;
}

/*
 * COMMAND has stopped, by Ctrl-Z most likely: our shell waits for us, so we stop too. A report that
 * is stale, because fg came meanwhile, would stop us twice: so look. By SIGTSTP, which the kernel
 * drops where no shell is there to continue us (get_signal in kernel/signal.c: an orphaned process
 * group, PID 1): a COMMAND that stops itself must not keep us from seeing its time run out.
 */
static void stop_with_command(const struct run *run)
{
    struct sigaction action = {.sa_handler = SIG_DFL}, former_action;
    sigset_t set, former_set;

    if (!is_stopped(run))
        return;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    sigaction(SIGTSTP, &action, &former_action);
    kill(getpid(), SIGTSTP); /* one with the terminal's, which may be pending */
    sigprocmask(SIG_UNBLOCK, &set, &former_set);
    sigprocmask(SIG_SETMASK, &former_set, NULL);
    sigaction(SIGTSTP, &former_action, NULL);
}

/* We were continued; fg and bg continue COMMAND with us, others may mean us alone. */
static void continue_command(struct run *run)
{
    if (!run->ending && !run->has_ended && is_stopped(run))
        pt_handle_signal(&run->command, &run->anyone, SIGCONT);
}

static void reap(struct run *run)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG | (run->ending ? 0 : WUNTRACED))) > 0) {
        if (pid != run->command.pid)
            continue;
        if (WIFSTOPPED(status)) {
            stop_with_command(run);
            continue;
        }
        run->status = status;
        run->has_ended = true;
    }
}

/* --- while COMMAND runs, and while we end what is left --- */

static bool handle_signal(struct run *run, const struct pt_event *event)
{
    switch (event->signal) {
    case SIGCHLD:
        reap(run);
        return false;
    case SIGCONT:
        continue_command(run);
        return false;
    case SIGTSTP:
    case SIGQUIT:
        if (!event->from_terminal)
            pass_on(run, event);
        return false;
    case SIGINT:
        if (event->from_terminal)
            return false;
        break;
    case SIGTERM:
    case SIGHUP:
        break;
    default:
        pass_on(run, event);
        return false;
    }
    if (run->told == 0 && !run->ending)
        run->told = event->signal;
    return !run->ending;
}

/* Until COMMAND has ended, its time has run out, or a signal says so. */
static int await_command(struct run *run)
{
    int64_t deadline = pt_deadline(pt_monotonic(), run->settings->after);

    while (!run->has_ended) {
        struct pt_event event;
        int error = pt_waitset_next(run->waitset, deadline, &event);

        if (error != 0)
            return error;
        if (event.kind == PT_EVENT_TIME) {
            run->timed_out = true;
            return 0;
        }
        if (event.kind == PT_EVENT_SIGNAL && handle_signal(run, &event))
            return 0;
    }
    return 0;
}

/* For the ending: it is never interrupted. */
static bool signalled(const struct pt_event *event, void *data)
{
    struct run *run = data;

    handle_signal(run, event);
    return false;
}

static void stepped(const struct pt_ending *ending, int signal, void *data)
{
    struct run *run = data;

    kill_report_stepped(ending, signal, &run->report);
}

static void left(const struct pt_ending *ending, const struct pt_member *member, void *data)
{
    struct run *run = data;

    kill_report_left(ending, member, &run->report);
}

static void progress(const struct pt_ending *ending, void *data)
{
    struct run *run = data;

    kill_report_progress(ending, &run->report);
}

/* The schedule, but its first signal is the one that told us: INT is another kind of end than TERM
 * for PostgreSQL. */
static int make_schedule(struct run *run)
{
    const struct pt_schedule *asked = &run->settings->schedule;

    if (run->told == 0 || run->settings->polite_signal_given) {
        run->schedule = *asked;
        return 0;
    }
    pt_schedule_init(&run->schedule);
    for (size_t i = 0; i < asked->count; i++) {
        int signal = i == 0 ? run->told : asked->steps[i].signal;

        if (pt_schedule_add(&run->schedule, signal, asked->steps[i].wait) != 0)
            return -ENOMEM;
    }
    return 0;
}

static int end_rest(struct run *run)
{
    struct pt_ending ending = {
        .freeze = &run->set.freeze,
        .waitset = run->waitset,
        .schedule = &run->schedule,
        .freezes = !run->settings->no_freeze,
        .continues = true,
        .inherits = true,
        .waits = true,
        .tick = isatty(STDERR_FILENO) ? PT_SECOND : 0,
        .stepped = stepped,
        .progress = progress,
        .left = left,
        .signalled = signalled,
        .data = run,
    };
    int error = make_schedule(run);

    run->ending = true;
    if (error == 0)
        error = pt_ending_run(&ending);
    pt_progress_done();
    run->report.outgrown = ending.outgrown;
    reap(run);
    if (run->schedule.steps != run->settings->schedule.steps)
        pt_schedule_done(&run->schedule);
    return error;
}

/* --- how we end --- */

/* Ends us as SIGNAL would, without a core: COMMAND had its own. 128+N where that cannot be. */
static int end_by_signal(int signal, int status)
{
    struct rlimit none = {0, 0};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t set;

    status = pt_report_end(status);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a core_pattern with a pipe knows no limit */
    sigaction(signal, &action, NULL);
    kill(getpid(), signal);
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return status;
}

static int own_status(const struct run *run)
{
    if (!run->has_ended)
        return PT_EXIT_FAILED;
    if (WIFSIGNALED(run->status))
        return end_by_signal(WTERMSIG(run->status), PT_EXIT_SIGNALLED + WTERMSIG(run->status));
    return WEXITSTATUS(run->status);
}

static int exit_status(const struct run *run)
{
    if (run->told != 0 && (!run->has_ended || WIFSIGNALED(run->status)))
        return end_by_signal(run->told, PT_EXIT_SIGNALLED + run->told);
    if (run->timed_out && !run->settings->preserve_status)
        return PT_EXIT_TIMED_OUT;
    return own_status(run);
}

/* --- the phases --- */

static int be_passed(const struct pt_verifier *verifier, const struct pt_handle *handle,
                     struct pt_process *now, struct pt_arena *arena)
{
    (void)verifier;
    (void)handle;
    (void)now;
    (void)arena;
    return PT_ROLE_PASSED;
}

/*
 * Children that we had before an exec made us what we are: in bash, `> >(tee log)` leaves one. They
 * and what they had started by then are none of COMMAND's, so not ours to end, and are known by
 * being older than it; the tick in which they started has to be over. As PID 1 all are ours.
 */
static bool has_inherited(const struct run *run)
{
    if (getpid() == 1 || waitpid(-1, NULL, WNOHANG) < 0)
        return false;
    pt_pause(PT_SECOND / (int64_t)run->set.procfs->ticks);
    return true;
}

static int start(struct run *run)
{
    const char *name = run->settings->command[0];
    int status, error = pt_become_subreaper();
    struct pt_stat stat;
    bool inherited;
    pid_t pid;

    if (error != 0)
        return error;
    inherited = has_inherited(run);
    error = pt_spawn(run->settings->command, &run->origin, &pid, &status);
    if (error != 0) {
        pt_warn("%s: %s", name, strerror(-error));
        return status != 0 ? status : PT_EXIT_FAILED;
    }
    run->command.pid = pid;
    /* It is our child and not reaped: this is it, though it may have ended. */
    error = pt_handle_open(&run->command, &run->anyone, pid);
    if (error == -ESRCH)
        run->command.ended = true;
    if (inherited && pt_thread_stat(run->set.procfs, pid, 0, &stat) == 0)
        run->set.since = stat.starttime;
    run->report.command_pid = pid;
    return 0;
}

static int run_command(struct run *run)
{
    const struct pt_verifier ourselves = {.procfs = run->set.procfs, .verify = be_passed};
    uint32_t index;
    int error = start(run);

    if (error != 0)
        return error;
    error = await_command(run);
    if (error == 0 && !(run->settings->leave && run->has_ended)) {
        error = kill_set_find(&run->set);
        if (error == 0)
            error = pt_members_add(&run->set.members, getpid(), &ourselves, PT_NO_MEMBER, &index);
        error = error < 0 ? error : end_rest(run);
    }
    pt_handle_close(&run->command);
    if (error != 0)
        return error;
    run->report.timed_out = run->timed_out;
    run->report.command_status = run->status;
    run->report.command_has_ended = run->has_ended;
    kill_report_end(&run->report);
    return exit_status(run);
}

int kill_run(const struct kill_settings *settings, const struct pt_procfs *procfs)
{
    struct run run = {
        .settings = settings, .anyone = {.procfs = procfs}, .command = PT_HANDLE_NONE};
    sigset_t signals;
    int result;

    pt_origin_save(&run.origin);
    pt_origin_prepare_children();
    pt_origin_raise_descriptors();
    choose_signals(&signals);
    result = pt_waitset_new(&run.waitset, procfs, &signals);
    if (result != 0)
        return result;
    kill_set_init(&run.set, settings, procfs);
    kill_report_init(&run.report, &run.set);
    run.report.with_command = true;
    result = run_command(&run);
    kill_set_done(&run.set);
    pt_waitset_free(run.waitset);
    return result;
}
