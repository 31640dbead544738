#include "session_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "become.h"
#include "buffer.h"
#include "report.h"
#include "session_environment.h"
#include "session_flow.h"
#include "spawn.h"
#include "units.h"
#include "waitset.h"

/* Handed on to the command. */
static const int passed_on[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

/* The child's descriptor for the errno of a failed exec: closed by a successful one. */
#define TELLTALE 3

/* When the time is over, or the command ended by a signal that we passed on, so long for what was
 * written before: our own reader may be slow. */
#define REST (PT_SECOND / 2)

/* How becoming failed, before exec: sent through the telltale. */
struct failure {
    int error;
    char step[64]; /* "" when it was exec itself */
};

struct running {
    const struct pt_session_command *command;
    bool becomes; /* another user: all passes through us */
    pid_t pid;
    int telltale; /* our end */
    struct pt_origin origin;
    struct pt_waitset *waitset;
    void (*old_pipe)(int);   /* what SIGPIPE did to us */
    struct pt_flow flows[3]; /* as its descriptors 0, 1, 2 */
    int64_t deadline;
    bool told; /* to end */
    bool ended;
    int status; /* as wait(2) has it */
};

/* --- in the child --- */

static _Noreturn void give_up(int error, const char *step)
{
    struct failure failure = {.error = error};

    strncpy(failure.step, step, sizeof failure.step - 1);
    while (write(TELLTALE, &failure, sizeof failure) < 0 && errno == EINTR)
        continue;
    _exit(PT_EXIT_FAILED);
}

/* Puts the child's ends, and no others, where they belong. They are all above the telltale. */
static int arrange(struct running *running)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int ends[3];

    for (int i = 0; i < 3; i++)
        ends[i] = running->flows[i].child >= 0 ? running->flows[i].child : i == 0 ? null : -1;
    if (!running->becomes && !running->command->without_input)
        ends[0] = -1; /* as it is */
    if (null < 0)
        return -errno;
    for (int i = 0; i < 3; i++) {
        if (ends[i] >= 0 && dup2(ends[i], i) < 0)
            return -errno;
    }
    return pt_become_close_others(TELLTALE + 1);
}

static void take_on(const struct pt_session_command *command)
{
    const char *step = "";
    int error = pt_become(&command->session->user, &step);

    if (error != 0)
        give_up(error, step);
    pt_become_go_home(&command->session->user);
}

static _Noreturn void be_the_command(struct running *running, int telltale, char **environment)
{
    const struct pt_session_command *command = running->command;
    int error;

    /* First, so that all else can be told. */
    if (telltale != TELLTALE && dup3(telltale, TELLTALE, O_CLOEXEC) < 0)
        _exit(PT_EXIT_FAILED);
    error = arrange(running);
    if (error != 0)
        give_up(error, "descriptors");
    if (running->becomes)
        take_on(command);
    else
        pt_origin_restore(&running->origin);
    environ = environment; /* whose PATH counts, too */
    error = ENOENT;
    if (command->argv != NULL)
        error = -pt_exec(command->argv);
    if (error == ENOENT && command->instead != NULL)
        _exit(command->instead(command));
    give_up(error, "");
}

/* --- in the parent --- */

/* What is ignored (nohup) the set leaves alone. */
static int make_waitset(struct running *running)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        sigaddset(&set, passed_on[i]);
    pt_origin_save(&running->origin);
    pt_origin_prepare_children();
    return pt_waitset_new(&running->waitset, NULL, &set);
}

/* What we were started without the command has not either: an O_PATH descriptor takes its place,
 * and is closed by exec (main). */
static bool is_there(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && (flags & O_PATH) == 0;
}

/* A terminal, and what the command shall not read, is /dev/null to it. */
static bool feeds_input(const struct running *running)
{
    struct stat input;
    const dev_t null = makedev(1, 3);

    return !running->command->without_input && is_there(STDIN_FILENO) && !isatty(STDIN_FILENO) &&
           fstat(STDIN_FILENO, &input) == 0 && !(S_ISCHR(input.st_mode) && input.st_rdev == null);
}

static int open_flows(struct running *running)
{
    bool escaped = running->command->escaped;
    int error = 0;

    for (int i = 0; i < 3; i++)
        pt_flow_init(&running->flows[i]);
    if (!running->becomes)
        return 0;
    if (feeds_input(running))
        error = pt_flow_open_input(&running->flows[0], STDIN_FILENO, running->waitset);
    if (error == 0 && is_there(STDOUT_FILENO))
        error = pt_flow_open_output(&running->flows[1], STDOUT_FILENO, escaped, running->waitset);
    if (error == 0 && is_there(STDERR_FILENO))
        error = pt_flow_open_output(&running->flows[2], STDERR_FILENO, escaped, running->waitset);
    return error;
}

static int start(struct running *running, char **environment)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    running->telltale = ends[0];
    running->pid = fork();
    if (running->pid == 0)
        be_the_command(running, ends[1], environment);
    if (running->pid < 0) {
        close(ends[1]);
        return -EAGAIN;
    }
    close(ends[1]);
    for (int i = 0; i < 3; i++)
        pt_flow_close_child(&running->flows[i]);
    return 0;
}

static void take_signal(struct running *running, const struct pt_event *event)
{
    if (event->signal == SIGCHLD) {
        if (waitpid(running->pid, &running->status, WNOHANG) == running->pid)
            running->ended = true;
        return;
    }
    running->told |= event->signal != SIGUSR1 && event->signal != SIGUSR2;
    /* What the terminal sends is for a whole process group: ours has it; a command that became
     * another user has one of its own, once it has come so far. */
    if (event->from_terminal && (!running->becomes || kill(-running->pid, event->signal) == 0))
        return;
    kill(running->pid, event->signal);
}

/* The next event, after each flow has said what it waits for. */
static int next_event(struct running *running, int64_t deadline, struct pt_event *ret_event)
{
    int error = 0;

    for (int i = 0; error == 0 && i < 3; i++)
        error = pt_flow_wait(&running->flows[i]);
    if (error == 0)
        error = pt_waitset_next(running->waitset, deadline, ret_event);
    if (error == 0 && ret_event->kind == PT_EVENT_READY)
        pt_flow_move(ret_event->data);
    return error;
}

/* Until it has ended: 0; -ETIMEDOUT: the time is over; or -errno. */
static int attend(struct running *running)
{
    while (!running->ended) {
        struct pt_event event;
        int error = next_event(running, running->deadline, &event);

        if (error != 0)
            return error;
        if (event.kind == PT_EVENT_SIGNAL)
            take_signal(running, &event);
        else if (event.kind == PT_EVENT_TIME)
            return -ETIMEDOUT;
    }
    return 0;
}

/* What it left in the pipes goes out, as fast as it is taken from us: a signal ends that. 0 or the
 * signal's exit status, else as attend(). */
static int copy_rest(struct running *running, int64_t deadline)
{
    pt_flow_done(&running->flows[0]);
    for (;;) {
        bool out = pt_flow_finish(&running->flows[1]), err = pt_flow_finish(&running->flows[2]);
        struct pt_event event;
        int error = 0;

        if (out && err)
            return 0;
        error = next_event(running, deadline, &event);
        if (error != 0)
            return error;
        if (event.kind == PT_EVENT_TIME)
            return -ETIMEDOUT;
        if (event.kind == PT_EVENT_SIGNAL && event.signal != SIGCHLD)
            return PT_EXIT_SIGNALLED + event.signal;
    }
}

/* What exec, or becoming, said; true when it was something. */
static bool read_failure(const struct running *running, struct failure *ret_failure)
{
    ssize_t length;

    do
        length = read(running->telltale, ret_failure, sizeof *ret_failure);
    while (length < 0 && errno == EINTR);
    return length == (ssize_t)sizeof *ret_failure;
}

static int cannot_run(const char *name, int error)
{
    pt_warn("%s: %s", name, strerror(error));
    return error == ENOENT ? PT_EXIT_NOT_FOUND : PT_EXIT_CANNOT_RUN;
}

static int final_status(struct running *running)
{
    struct failure failure;

    if (read_failure(running, &failure)) {
        failure.step[sizeof failure.step - 1] = '\0';
        if (failure.step[0] == '\0')
            return cannot_run(running->command->name, failure.error);
        pt_warn("becoming %s: %s: %s", running->command->session->user.name, failure.step,
                strerror(failure.error < 0 ? -failure.error : failure.error));
        return PT_EXIT_FAILED;
    }
    if (WIFSIGNALED(running->status))
        return PT_EXIT_SIGNALLED + WTERMSIG(running->status);
    return WEXITSTATUS(running->status);
}

static int say_failure(const struct running *running, int error)
{
    char text[PT_DURATION_SIZE];

    if (error == -ETIMEDOUT) {
        pt_warn("%s: not done within %s", running->command->name,
                pt_format_duration(running->command->timeout, text));
        return PT_EXIT_TIMED_OUT;
    }
    pt_warn("%s: %s", running->command->name, strerror(-error));
    return PT_EXIT_FAILED;
}

/* What is given up is not waited for: its user may hold it, traced or stopped. */
static int attend_to_the_end(struct running *running)
{
    int error = attend(running), rest;
    bool obeyed = running->ended && running->told && WIFSIGNALED(running->status);

    if (!running->ended)
        kill(running->pid, SIGKILL);
    if (!running->ended || obeyed)
        running->deadline = pt_monotonic() + REST;
    rest = copy_rest(running, running->deadline);
    if (obeyed && rest == -ETIMEDOUT)
        rest = 0;
    if (error == 0 && rest > 0)
        return rest;
    if (error == 0)
        error = rest;
    return error != 0 ? say_failure(running, error) : final_status(running);
}

/* What the command believes written and is not: a failure of ours where it had none. */
static int judge_output(const struct running *running, int status)
{
    int failure = running->flows[1].failure;

    if (failure == 0)
        return status;
    pt_warn("standard output: %s", strerror(failure));
    return status == PT_EXIT_OK ? PT_EXIT_FAILED : status;
}

static int run(struct running *running, char **environment)
{
    int error = make_waitset(running), status;

    if (error == 0)
        error = open_flows(running);
    if (error == 0)
        error = start(running, environment);
    if (error != 0)
        return say_failure(running, error);
    /* A reader that is gone is the command's to notice: its pipe will break. */
    running->old_pipe = signal(SIGPIPE, SIG_IGN);
    running->deadline = pt_deadline(pt_monotonic(), running->command->timeout);
    status = judge_output(running, attend_to_the_end(running));
    signal(SIGPIPE, running->old_pipe);
    return status;
}

int pt_session_run(const struct pt_session_command *command)
{
    struct running running = {
        .command = command, .becomes = !pt_user_is_us(command->session->uid), .telltale = -1};
    char **environment = pt_session_environment(command->session);
    int status = PT_EXIT_FAILED;

    if (environment == NULL)
        pt_warn("out of memory");
    else
        status = run(&running, environment);
    for (int i = 0; i < 3; i++)
        pt_flow_done(&running.flows[i]);
    if (running.waitset != NULL)
        pt_origin_restore(&running.origin);
    pt_waitset_free(running.waitset);
    if (running.telltale >= 0)
        close(running.telltale);
    pt_session_environment_free(environment);
    return status;
}

int pt_session_exec(const struct pt_candidate *session, char **argv)
{
    char **environment = pt_session_environment(session);

    if (environment == NULL) {
        pt_warn("out of memory");
        return PT_EXIT_FAILED;
    }
    environ = environment;
    return cannot_run(argv[0], -pt_exec(argv));
}
