/*
 * The one wait: for processes to end, for signals, for descriptors, and for a moment.
 *
 * Signals are blocked for the life of the set and read from a signalfd, processes are waited for
 * through their pidfds, all in one epoll(7): woken at once, never by an interval. Handles without
 * a pidfd are looked at after a time that grows from 1 to 100 ms and begins anew with each event.
 *
 * A signal that was ignored when the set was made is left out: blocking would revive it, and
 * nohup(1) means it.
 */
#ifndef PT_WAITSET_H
#define PT_WAITSET_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "handle.h"

/* CLOCK_MONOTONIC in nanoseconds: what deadlines count in. */
int64_t pt_monotonic(void);

/* Sleeps so long, or until a signal is handled. */
void pt_pause(int64_t nanoseconds);

/* Whether SIGINT, SIGTERM or SIGHUP is blocked, has come and is not ignored. */
bool pt_signals_ask_to_end(void);

struct pt_waitset;

enum pt_event_kind {
    PT_EVENT_TIME,   /* the moment has come */
    PT_EVENT_ENDED,  /* `handle` has ended, is marked so, and has left the set */
    PT_EVENT_SIGNAL, /* `signal` has come */
    PT_EVENT_READY,  /* `fd` can be read or written, or is broken */
};

struct pt_event {
    enum pt_event_kind kind;
    struct pt_handle *handle;
    void *data; /* as given with the handle or the descriptor */
    int fd;
    int signal;
    bool from_terminal; /* sent by the kernel (SI_KERNEL): Ctrl-C and the like, a hang-up */
    pid_t sender;       /* else who sent it; 0: not in our PID namespace */
    int value;          /* as sigqueue(3) sent it */
    bool queued;        /* by sigqueue(3): `value` counts */
};

/* Blocks SIGNALS and makes an empty set. -errno. PROCFS is borrowed. */
int pt_waitset_new(struct pt_waitset **ret_waitset, const struct pt_procfs *procfs,
                   const sigset_t *signals);

/* Gives the signal mask back as it was; handles stay the caller's. Accepts NULL. */
void pt_waitset_free(struct pt_waitset *waitset);

/* Waits for HANDLE too, which must stay where it is until it has ended or is removed. 0 or -errno.
 */
int pt_waitset_add(struct pt_waitset *waitset, struct pt_handle *handle, void *data);
void pt_waitset_remove(struct pt_waitset *waitset, struct pt_handle *handle);

/*
 * Waits for FD too, once at a time, until it can be read, or with WRITES be written: the event
 * comes again as long as that is so. What epoll(7) does not take, a regular file, always can. 0 or
 * -errno. Take it out before it is closed: a child that has not yet reached its exec shares it, and
 * would keep it in the set.
 */
int pt_waitset_watch(struct pt_waitset *waitset, int fd, bool writes, void *data);
void pt_waitset_unwatch(struct pt_waitset *waitset, int fd);

/* Waits until MOMENT (PT_INFINITE: without end) for the next event. Signals come before ends, both
 * before the moment, and that before descriptors: whoever floods one holds up nothing else. 0 or
 * -errno. */
int pt_waitset_next(struct pt_waitset *waitset, int64_t moment, struct pt_event *ret_event);

#endif
