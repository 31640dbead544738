/* A set of pids. */
#ifndef PT_PID_SET_H
#define PT_PID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pt_pid_set {
    pid_t *slots; /* 0: free */
    size_t slot_count, count;
};

/* Frees; accepts an empty one. */
void pt_pid_set_done(struct pt_pid_set *set);

/* Empties it and keeps the room. */
void pt_pid_set_clear(struct pt_pid_set *set);

bool pt_pid_set_has(const struct pt_pid_set *set, pid_t pid);

/* 0 or -ENOMEM. */
int pt_pid_set_add(struct pt_pid_set *set, pid_t pid);

#endif
