#include "session_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session_live.h"
#include "waitset.h"

/* What a child leaves to us for reading its answer. */
#define MARGIN INT64_C(500000000)

/* How long we wait for the end of those that were killed. */
#define GRACE INT64_C(500000000)

/* One child and what it has said so far. All zero: none. */
struct talk {
    pid_t pid; /* 0: none */
    int fd;    /* -1: over */
    bool whole, reaped;
    struct pt_buffer said;
};

/* --- in the child --- */

static void say(int fd, const struct pt_buffer *answer)
{
    size_t at = 0;

    while (answer->error == 0 && at < answer->length) {
        ssize_t written = write(fd, answer->data + at, answer->length - at);

        if (written < 0 && errno != EINTR)
            return;
        at += written > 0 ? (size_t)written : 0;
    }
}

/* Keeps but the pipe, at descriptor 0. */
static int keep_only(int fd)
{
    if (fd != 0 && dup2(fd, 0) < 0)
        return -errno;
    return pt_become_close_others(1);
}

static _Noreturn void be_the_probe(const struct pt_probe *probe, int fd, int64_t deadline)
{
    struct pt_buffer answer = {0};
    const char *step;
    int error = keep_only(fd);

    if (error == 0 && !pt_user_is_us(probe->user->uid))
        error = pt_become(probe->user, &step);
    if (error == 0)
        pt_look(probe, deadline, &answer);
    else
        pt_answer_end(&answer, PT_REFUSED_NOT_BECOME, false, false);
    say(0, &answer);
    _exit(0);
}

/* --- in the parent --- */

static int start(const struct pt_probe *probe, int64_t deadline, struct talk *talk)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    talk->pid = fork();
    if (talk->pid == 0)
        be_the_probe(probe, ends[1], deadline - MARGIN);
    close(ends[1]);
    if (talk->pid < 0) {
        talk->pid = 0;
        close(ends[0]);
        return -EAGAIN;
    }
    talk->fd = ends[0];
    fcntl(talk->fd, F_SETFL, O_NONBLOCK);
    return 0;
}

static void hang_up(struct talk *talk, struct pt_waitset *waitset)
{
    pt_waitset_unwatch(waitset, talk->fd);
    close(talk->fd);
    talk->fd = -1;
}

static void listen_to(struct talk *talk, struct pt_waitset *waitset)
{
    for (;;) {
        ssize_t length;

        if (talk->said.length > PT_ANSWER_LIMIT || pt_buffer_reserve(&talk->said, 4096) != 0)
            break;
        length = read(talk->fd, talk->said.data + talk->said.length, 4096);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && errno == EAGAIN)
            return;
        if (length <= 0) {
            talk->whole = length == 0;
            break;
        }
        talk->said.length += (size_t)length;
    }
    hang_up(talk, waitset);
}

static int listen_to_all(struct pt_waitset *waitset, struct talk *talks, size_t count,
                         int64_t deadline)
{
    size_t open = 0;
    int error = 0;

    for (size_t i = 0; error == 0 && i < count; i++) {
        if (talks[i].fd < 0)
            continue;
        error = pt_waitset_watch(waitset, talks[i].fd, false, &talks[i]);
        open++;
    }
    while (error == 0 && open > 0) {
        struct pt_event event;
        struct talk *talk;

        error = pt_waitset_next(waitset, deadline, &event);
        if (error != 0 || event.kind == PT_EVENT_TIME)
            return error;
        if (event.kind != PT_EVENT_READY)
            continue;
        talk = event.data;
        listen_to(talk, waitset);
        open -= talk->fd < 0;
    }
    return error;
}

static void end(struct talk *talk, struct pt_waitset *waitset)
{
    if (talk->fd >= 0)
        hang_up(talk, waitset);
    if (talk->pid != 0)
        kill(talk->pid, SIGKILL);
}

static bool has_living(struct talk *talks, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        if (talks[i].pid == 0 || talks[i].reaped)
            continue;
        talks[i].reaped = waitpid(talks[i].pid, NULL, WNOHANG) != 0;
        any |= !talks[i].reaped;
    }
    return any;
}

/* Who searches again and again would be left with a zombie of each. One that is held in a file
 * system of its user's outlives SIGKILL, and is left to itself. */
static void reap_all(struct talk *talks, size_t count, struct pt_waitset *waitset)
{
    int64_t deadline = pt_monotonic() + GRACE;
    struct pt_event event = {.kind = PT_EVENT_SIGNAL};

    while (has_living(talks, count) && event.kind != PT_EVENT_TIME) {
        if (pt_waitset_next(waitset, deadline, &event) != 0)
            return;
    }
}

static int understand(struct pt_probe *probe, const struct talk *talk)
{
    enum pt_refusal refusal = talk->pid != 0 ? PT_REFUSED_NO_ANSWER : PT_REFUSED_NOT_ASKED;
    int error = talk->whole ? pt_answer_parse(pt_buffer_text(&talk->said), talk->said.length,
                                              probe->ballot, &probe->answer)
                            : -EPROTO;

    if (error == 0 && !pt_answer_is_sound(&probe->answer, probe->notifications))
        error = -EPROTO;
    if (error != -EPROTO)
        return error;
    probe->answer = (struct pt_answer){.refusal = refusal};
    return 0;
}

/* Fills the answers; what cannot be started is not asked. */
static int ask_all(struct pt_waitset *waitset, struct pt_probe *probes, struct talk *talks,
                   size_t count, int64_t deadline)
{
    int error;

    for (size_t i = 0; i < count; i++) {
        talks[i].fd = -1;
        start(&probes[i], deadline, &talks[i]);
    }
    error = listen_to_all(waitset, talks, count, deadline);
    for (size_t i = 0; i < count; i++)
        end(&talks[i], waitset);
    reap_all(talks, count, waitset);
    for (size_t i = 0; i < count; i++) {
        if (error == 0)
            error = understand(&probes[i], &talks[i]);
        pt_buffer_done(&talks[i].said);
    }
    return error;
}

int pt_probe_all(struct pt_probe *probes, size_t count, int64_t deadline)
{
    struct talk *talks = calloc(count + 1, sizeof *talks);
    int64_t patience = pt_monotonic() + PT_PROBE_PATIENCE;
    struct pt_waitset *waitset = NULL;
    int error = -ENOMEM;
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (talks != NULL)
        error = pt_waitset_new(&waitset, NULL, &child);
    if (error == 0)
        error = ask_all(waitset, probes, talks, count, deadline < patience ? deadline : patience);
    pt_waitset_free(waitset);
    free(talks);
    return error;
}

int pt_probe_connect_bus(const char *address, uid_t uid, int64_t deadline)
{
    const struct pt_live live = {.uid = uid, .deadline = deadline};
    struct pt_bus_entry entry;
    enum pt_drop why;
    int fd;

    if (!pt_bus_next(&address, address + strlen(address), &entry, &why) || why != PT_DROP_NOT ||
        pt_live_bus(&live, &entry, &fd) != PT_DROP_NOT)
        return -ECONNREFUSED;
    return fd;
}
