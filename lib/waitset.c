#include "waitset.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "units.h"

#define LOOK_FIRST PT_MILLISECOND
#define LOOK_LAST (100 * PT_MILLISECOND)

/* si_code of a signal that the kernel itself sent (sigaction(2)). */
#ifndef SI_KERNEL
#define SI_KERNEL 0x80
#endif

struct entry {
    struct pt_handle *handle; /* NULL: a descriptor */
    int fd;                   /* in the epoll, if it is there */
    void *data;
    size_t index; /* its place in `entries` */
    bool polled;  /* it is in the epoll */
};

struct pt_waitset {
    const struct pt_procfs *procfs;
    sigset_t former_mask;
    int epoll;
    int signals;
    struct entry **entries;
    size_t count, capacity;
    size_t looked_at;      /* handles without a pidfd */
    size_t always_ready;   /* descriptors that epoll does not take */
    size_t next_ready;     /* which of all entries is asked next for one of these */
    size_t next_look;      /* where the present round of looks stands; `count`: it is over */
    int64_t look_interval; /* between rounds */
    int64_t look_at;       /* when the next round begins */
};

int64_t pt_monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * PT_SECOND + now.tv_nsec;
}

void pt_pause(int64_t nanoseconds)
{
    struct timespec time = {.tv_sec = (time_t)(nanoseconds / PT_SECOND),
                            .tv_nsec = (long)(nanoseconds % PT_SECOND)};

    nanosleep(&time, NULL);
}

bool pt_signals_ask_to_end(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;
    sigset_t pending;

    if (sigpending(&pending) != 0)
        return false;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (sigismember(&pending, signals[i]) == 1 && sigaction(signals[i], NULL, &action) == 0 &&
            action.sa_handler != SIG_IGN)
            return true;
    }
    return false;
}

/* What of SIGNALS is not ignored. */
static void choose_signals(const sigset_t *signals, sigset_t *ret_chosen)
{
    struct sigaction action;

    sigemptyset(ret_chosen);
    for (int signal = 1; signal <= PT_SIGRTMAX; signal++) {
        if (sigismember(signals, signal) != 1 || sigaction(signal, NULL, &action) != 0)
            continue;
        if (action.sa_handler != SIG_IGN)
            sigaddset(ret_chosen, signal);
    }
}

static int open_epoll(struct pt_waitset *waitset, const sigset_t *signals)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = NULL}};

    waitset->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (waitset->epoll < 0)
        return -errno;
    waitset->signals = signalfd(-1, signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (waitset->signals < 0)
        return -errno;
    if (epoll_ctl(waitset->epoll, EPOLL_CTL_ADD, waitset->signals, &event) != 0)
        return -errno;
    return 0;
}

int pt_waitset_new(struct pt_waitset **ret_waitset, const struct pt_procfs *procfs,
                   const sigset_t *signals)
{
    struct pt_waitset *waitset = calloc(1, sizeof *waitset);
    sigset_t chosen;
    int error;

    if (waitset == NULL)
        return -ENOMEM;
    waitset->procfs = procfs;
    waitset->epoll = waitset->signals = -1;
    waitset->look_interval = LOOK_FIRST;
    choose_signals(signals, &chosen);
    sigprocmask(SIG_BLOCK, &chosen, &waitset->former_mask);
    error = open_epoll(waitset, &chosen);
    if (error != 0) {
        pt_waitset_free(waitset);
        return error;
    }
    *ret_waitset = waitset;
    return 0;
}

void pt_waitset_free(struct pt_waitset *waitset)
{
    if (waitset == NULL)
        return;
    for (size_t i = 0; i < waitset->count; i++)
        free(waitset->entries[i]);
    free(waitset->entries);
    if (waitset->epoll >= 0)
        close(waitset->epoll);
    if (waitset->signals >= 0)
        close(waitset->signals);
    sigprocmask(SIG_SETMASK, &waitset->former_mask, NULL);
    free(waitset);
}

/* The entry, in the epoll where that takes its descriptor; else `errno` says why. */
static struct entry *add(struct pt_waitset *waitset, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events};
    struct entry **entries =
        pt_grow(waitset->entries, waitset->count, &waitset->capacity, sizeof(struct entry *));
    struct entry *entry;

    if (entries == NULL)
        return NULL;
    waitset->entries = entries;
    entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    entry->fd = fd;
    entry->index = waitset->count;
    event.data.ptr = entry;
    entry->polled = fd >= 0 && epoll_ctl(waitset->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
    waitset->entries[waitset->count++] = entry;
    return entry;
}

static void drop(struct pt_waitset *waitset, struct entry *entry)
{
    struct entry *last = waitset->entries[--waitset->count];

    /* A handle may have lost its pidfd meanwhile. */
    if (entry->polled && (entry->handle == NULL || entry->handle->fd >= 0))
        epoll_ctl(waitset->epoll, EPOLL_CTL_DEL, entry->fd, NULL);
    if (!entry->polled)
        *(entry->handle != NULL ? &waitset->looked_at : &waitset->always_ready) -= 1;
    last->index = entry->index;
    waitset->entries[last->index] = last;
    free(entry);
}

int pt_waitset_add(struct pt_waitset *waitset, struct pt_handle *handle, void *data)
{
    struct entry *entry = add(waitset, handle->fd, EPOLLIN);

    if (entry == NULL)
        return -ENOMEM;
    entry->handle = handle;
    entry->data = data;
    /* Where the kernel will not (max_user_watches), a look does as well. */
    waitset->looked_at += !entry->polled;
    return 0;
}

void pt_waitset_remove(struct pt_waitset *waitset, struct pt_handle *handle)
{
    for (size_t i = 0; i < waitset->count; i++) {
        if (waitset->entries[i]->handle == handle) {
            drop(waitset, waitset->entries[i]);
            return;
        }
    }
}

int pt_waitset_watch(struct pt_waitset *waitset, int fd, bool writes, void *data)
{
    struct entry *entry = add(waitset, fd, writes ? EPOLLOUT : EPOLLIN);
    int error;

    if (entry == NULL)
        return -ENOMEM;
    error = entry->polled || errno == EPERM ? 0 : -errno; /* EPERM: a regular file */
    entry->data = data;
    waitset->always_ready += !entry->polled;
    if (error != 0)
        drop(waitset, entry);
    return error;
}

void pt_waitset_unwatch(struct pt_waitset *waitset, int fd)
{
    for (size_t i = 0; i < waitset->count; i++) {
        if (waitset->entries[i]->handle == NULL && waitset->entries[i]->fd == fd) {
            drop(waitset, waitset->entries[i]);
            return;
        }
    }
}

/* It leaves the epoll before its pidfd is closed: a child that has not yet reached its exec shares
 * that, and would keep it there. */
static void report_end(struct pt_waitset *waitset, struct entry *entry, struct pt_event *ret_event)
{
    *ret_event =
        (struct pt_event){.kind = PT_EVENT_ENDED, .handle = entry->handle, .data = entry->data};
    drop(waitset, entry);
    pt_handle_close(ret_event->handle);
    ret_event->handle->ended = true;
}

static bool take_signal(struct pt_waitset *waitset, struct pt_event *ret_event)
{
    struct signalfd_siginfo info;

    if (read(waitset->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    *ret_event = (struct pt_event){
        .kind = PT_EVENT_SIGNAL,
        .signal = (int)info.ssi_signo,
        .from_terminal = info.ssi_code == SI_KERNEL,
        .sender = (pid_t)info.ssi_pid,
        .value = info.ssi_int,
        .queued = info.ssi_code == SI_QUEUE,
    };
    return true;
}

/* Looks at the rest of this round's entries. 1: one has ended; 0: none. */
static int take_looked_at(struct pt_waitset *waitset, struct pt_event *ret_event)
{
    while (waitset->next_look < waitset->count) {
        struct entry *entry = waitset->entries[waitset->next_look];

        if (entry->handle != NULL && !entry->polled &&
            pt_handle_has_ended(entry->handle, waitset->procfs) == 1) {
            report_end(waitset, entry, ret_event);
            return 1;
        }
        waitset->next_look++;
    }
    return 0;
}

/* A round that is due begins; what it costs is a fifth of the time at most, however many it looks
 * at. */
static bool look(struct pt_waitset *waitset, struct pt_event *ret_event)
{
    int64_t began = pt_monotonic(), took;

    if (waitset->looked_at == 0)
        return false;
    if (waitset->next_look >= waitset->count) {
        if (began < waitset->look_at)
            return false;
        waitset->next_look = 0;
    }
    if (take_looked_at(waitset, ret_event) == 1) {
        waitset->look_interval = LOOK_FIRST;
        return true;
    }
    took = pt_monotonic() - began;
    waitset->look_at =
        began + took + (took * 4 > waitset->look_interval ? took * 4 : waitset->look_interval);
    if (waitset->look_interval < LOOK_LAST)
        waitset->look_interval *= 2;
    return false;
}

/* For epoll_wait: rounded up, so that the moment has come when it returns. */
static int milliseconds_until(int64_t moment)
{
    int64_t left;

    if (moment == PT_INFINITE)
        return -1;
    left = moment - pt_monotonic();
    if (left <= 0)
        return 0;
    left = (left + PT_MILLISECOND - 1) / PT_MILLISECOND;
    return left < INT_MAX ? (int)left : INT_MAX;
}

/* Descriptors that always can, in turn. */
static struct entry *next_ready(struct pt_waitset *waitset)
{
    for (size_t i = 0; i < waitset->count; i++) {
        struct entry *entry = waitset->entries[waitset->next_ready++ % waitset->count];

        if (entry->handle == NULL && !entry->polled)
            return entry;
    }
    return NULL;
}

/* Until WAKE at the most. 1 with the entry that something happened to, or NULL when nothing has; 0:
 * look for signals again. */
static int wait_for_entry(struct pt_waitset *waitset, int64_t wake, struct entry **ret_entry)
{
    struct epoll_event event;
    int count;

    if (waitset->always_ready > 0)
        wake = 0;
    count = epoll_wait(waitset->epoll, &event, 1, milliseconds_until(wake));
    if (count < 0)
        return errno == EINTR ? 0 : -errno;
    if (count == 1 && event.data.ptr == NULL)
        return 0;
    *ret_entry = count == 1 ? event.data.ptr : NULL;
    if (count == 0 && waitset->always_ready > 0)
        *ret_entry = next_ready(waitset);
    return 1;
}

int pt_waitset_next(struct pt_waitset *waitset, int64_t moment, struct pt_event *ret_event)
{
    for (;;) {
        struct entry *entry = NULL;
        int64_t wake = moment;
        int result;

        if (take_signal(waitset, ret_event) || look(waitset, ret_event))
            return 0;
        if (waitset->looked_at > 0 && waitset->look_at < wake)
            wake = waitset->look_at;
        result = wait_for_entry(waitset, wake, &entry);
        if (result < 0)
            return result;
        if (result == 0)
            continue;
        if (entry != NULL && entry->handle != NULL) {
            report_end(waitset, entry, ret_event);
            return 0;
        }
        if (moment != PT_INFINITE && pt_monotonic() >= moment) {
            *ret_event = (struct pt_event){.kind = PT_EVENT_TIME};
            return 0;
        }
        if (entry != NULL) {
            *ret_event =
                (struct pt_event){.kind = PT_EVENT_READY, .data = entry->data, .fd = entry->fd};
            return 0;
        }
    }
}
