/*
 * One criterion: what the user typed, and whether a record meets it.
 */
#ifndef PT_CRITERION_H
#define PT_CRITERION_H

#include <stdbool.h>
#include <stdint.h>

#include "pattern.h"
#include "process.h"
#include "units.h"

/* In the order of what they cost to decide. */
enum pt_match_kind {
    PT_MATCH_PID,      /* a number */
    PT_MATCH_PARENT,   /* a number */
    PT_MATCH_COMM,     /* exact; over 15 bytes: see criterion.c */
    PT_MATCH_STATE,    /* letters, any of them */
    PT_MATCH_SESSION,  /* a number */
    PT_MATCH_PGRP,     /* a number */
    PT_MATCH_OLDER,    /* a duration */
    PT_MATCH_NEWER,    /* a duration */
    PT_MATCH_USER,     /* a name or number: the effective user, as ps and pgrep */
    PT_MATCH_GROUP,    /* a name or number: the effective group */
    PT_MATCH_CGROUP,   /* a glob over the cgroup's path */
    PT_MATCH_EXE_NAME, /* exact, as pt_process_exe_name */
    PT_MATCH_EXE_PATH, /* exact, as pt_process_exe_path */
    PT_MATCH_CMDLINE,  /* POSIX ERE over argv joined by spaces */
    PT_MATCH_ENV,      /* NAME or NAME=VALUE */
    PT_MATCH_KIND_COUNT
};

enum pt_verdict {
    PT_NO,
    PT_YES,
    PT_NEEDS,      /* the sources to add before asking again are said with it */
    PT_UNREADABLE, /* a source that would decide could not be read: no match */
};

static inline enum pt_verdict pt_verdict_of(bool yes)
{
    return yes ? PT_YES : PT_NO;
}

struct pt_criterion {
    struct pt_criterion *next; /* of the same kind */
    enum pt_match_kind kind;
    const char *text;          /* borrowed from the user's arguments */
    uint64_t number;           /* pid, id, or nanoseconds */
    struct pt_pattern pattern; /* PT_MATCH_CMDLINE and PT_MATCH_CGROUP only */
};

/* What is decided about, and what that lacks. */
struct pt_decision {
    const struct pt_process *process;
    int64_t age;      /* nanoseconds */
    pt_sources needs; /* out, with PT_NEEDS */
};

/*
 * Parses `text`, which must outlive it. -EINVAL with the fault filled (unknown user, bad regex …),
 * or -ENOMEM.
 */
int pt_criterion_new(struct pt_criterion **ret_criterion, enum pt_match_kind kind, const char *text,
                     struct pt_fault *ret_fault);
void pt_criterion_free(struct pt_criterion *criterion);

/* Decides by what the record holds. */
enum pt_verdict pt_criterion_decide(const struct pt_criterion *criterion,
                                    struct pt_decision *decision);

#endif
