#include "session_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "become.h"
#include "buffer.h"
#include "report.h"
#include "session_environment.h"
#include "session_flow.h"
#include "units.h"

/* Handed on to the command. */
static const int passed_on[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

/* The child's descriptor for the errno of a failed exec: closed by a successful one. */
#define TELLTALE 3

/* How becoming failed, before exec: sent through the telltale. */
struct failure {
    int error;
    char step[64]; /* "" when it was exec itself */
};

struct running {
    const struct pt_session_command *command;
    bool becomes; /* another user: all passes through us */
    pid_t pid;
    int signals;  /* signalfd */
    int telltale; /* our end */
    sigset_t old_mask;
    void (*old_pipe)(int);   /* what SIGPIPE did to us */
    struct pt_flow flows[3]; /* as its descriptors 0, 1, 2 */
    int64_t deadline;
    bool ended;
    int status; /* as wait(2) has it */
};

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * PT_SECOND + time.tv_nsec;
}

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
static int arrange(struct running *running, int telltale)
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
    if (telltale != TELLTALE && dup3(telltale, TELLTALE, O_CLOEXEC) < 0)
        return -errno;
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
    int error = arrange(running, telltale);

    if (error != 0)
        give_up(error, "descriptors");
    if (running->becomes)
        take_on(command);
    else
        sigprocmask(SIG_SETMASK, &running->old_mask, NULL);
    environ = environment; /* whose PATH counts, too */
    error = ENOENT;
    if (command->argv != NULL) {
        execvp(command->argv[0], command->argv);
        error = errno;
    }
    if (error == ENOENT && command->instead != NULL)
        _exit(command->instead(command));
    give_up(error, "");
}

/* --- in the parent --- */

static int block_signals(struct running *running)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++) {
        struct sigaction action;

        /* What is ignored (nohup) stays so. */
        if (sigaction(passed_on[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&set, passed_on[i]);
    }
    if (sigprocmask(SIG_BLOCK, &set, &running->old_mask) != 0)
        return -errno;
    running->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return running->signals < 0 ? -errno : 0;
}

/* A terminal, and what the command shall not read, is /dev/null to it. */
static bool feeds_input(const struct running *running)
{
    struct stat input;
    const dev_t null = makedev(1, 3);

    return !running->command->without_input && !isatty(STDIN_FILENO) &&
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
        error = pt_flow_open_input(&running->flows[0], STDIN_FILENO);
    if (error == 0)
        error = pt_flow_open_output(&running->flows[1], STDOUT_FILENO, escaped);
    if (error == 0)
        error = pt_flow_open_output(&running->flows[2], STDERR_FILENO, escaped);
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

static void take_signal(struct running *running, const struct signalfd_siginfo *info)
{
    int number = (int)info->ssi_signo;

    if (number == SIGCHLD) {
        if (waitpid(running->pid, &running->status, WNOHANG) == running->pid)
            running->ended = true;
        return;
    }
    /* What the terminal sends reaches a command in our process group by itself. */
    if (running->becomes || info->ssi_code != SI_KERNEL)
        kill(running->pid, number);
}

static void take_signals(struct running *running)
{
    struct signalfd_siginfo info;

    while (!running->ended && read(running->signals, &info, sizeof info) == sizeof info)
        take_signal(running, &info);
}

/* How long poll(2) may wait; 0 when the time is over. */
static int patience(const struct running *running)
{
    int64_t left;

    if (running->deadline == PT_INFINITE)
        return -1;
    left = running->deadline - now();
    if (left <= 0)
        return 0;
    left = left / PT_MILLISECOND + 1;
    return left < 1000000 ? (int)left : 1000000;
}

/* Until it has ended: true; or the time is over. */
static bool attend(struct running *running)
{
    while (!running->ended) {
        struct pollfd pollers[4] = {{.fd = running->signals, .events = POLLIN}};
        int wait = patience(running);

        for (int i = 0; i < 3; i++)
            pollers[1 + i] = pt_flow_poll(&running->flows[i]);
        if (poll(pollers, 4, wait) > 0) {
            for (int i = 0; i < 3; i++)
                pt_flow_move(&running->flows[i], pollers[1 + i].revents);
        }
        take_signals(running);
        if (!running->ended && wait == 0)
            return false;
    }
    return true;
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

/* It is not waited for: its user may hold it, traced or stopped. */
static int give_it_up(const struct running *running)
{
    char text[PT_DURATION_SIZE];

    kill(running->pid, SIGKILL);
    pt_warn("%s: not done within %s", running->command->name,
            pt_format_duration(running->command->timeout, text));
    return PT_EXIT_TIMED_OUT;
}

static int run(struct running *running, char **environment)
{
    int error = block_signals(running), status;

    if (error == 0)
        error = open_flows(running);
    if (error == 0)
        error = start(running, environment);
    if (error != 0) {
        pt_warn("%s: %s", running->command->name, strerror(-error));
        return PT_EXIT_FAILED;
    }
    /* A reader that is gone is the command's to notice: its pipe will break. */
    running->old_pipe = signal(SIGPIPE, SIG_IGN);
    running->deadline = pt_deadline(now(), running->command->timeout);
    status = attend(running) ? -1 : give_it_up(running);
    for (int i = 1; i < 3; i++)
        pt_flow_finish(&running->flows[i]);
    signal(SIGPIPE, running->old_pipe);
    return status >= 0 ? status : final_status(running);
}

int pt_session_run(const struct pt_session_command *command)
{
    struct running running = {.command = command,
                              .becomes = !pt_user_is_us(command->session->uid),
                              .signals = -1,
                              .telltale = -1};
    char **environment = pt_session_environment(command->session);
    int status = PT_EXIT_FAILED;

    if (environment == NULL)
        pt_warn("out of memory");
    else
        status = run(&running, environment);
    for (int i = 0; i < 3; i++)
        pt_flow_done(&running.flows[i]);
    if (running.signals >= 0) {
        close(running.signals);
        sigprocmask(SIG_SETMASK, &running.old_mask, NULL);
    }
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
    execvp(argv[0], argv);
    return cannot_run(argv[0], errno);
}
