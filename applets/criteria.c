#include "criteria.h"

#include <errno.h>
#include <unistd.h>

#include "report.h"

#define ROW(kind, name, metavar, values, help)                                                     \
    {                                                                                              \
        0, PT_TAKES_VALUE, PT_CRITERIA_ID(kind), name, metavar, values, help                       \
    }

const struct pt_option pt_criteria_rows[] = {
    ROW(PT_MATCH_PID, "pid", "PID", "<pid>", "the process PID"),
    ROW(PT_MATCH_EXE_NAME, "exe-name", "NAME", NULL,
        "name of the executable file; where it cannot be read, of the command"),
    ROW(PT_MATCH_EXE_PATH, "exe-path", "PATH", "<file>", "path of the executable file"),
    ROW(PT_MATCH_COMM, "comm", "NAME", NULL, "the kernel's name of the process"),
    ROW(PT_MATCH_CMDLINE, "cmdline", "REGEX", NULL,
        "extended regular expression found in the arguments, joined by blanks"),
    ROW(PT_MATCH_USER, "user", "USER", "<user>", "effective user"),
    ROW(PT_MATCH_GROUP, "group", "GROUP", "<group>", "effective group"),
    ROW(PT_MATCH_STATE, "state", "LETTERS", "R S D Z T t I", "in one of these states"),
    ROW(PT_MATCH_SESSION, "session", "SID", "<pid>", "session"),
    ROW(PT_MATCH_PGRP, "pgrp", "PGID", "<pid>", "process group"),
    ROW(PT_MATCH_CGROUP, "cgroup", "GLOB", NULL, "pattern that its control group's path matches"),
    ROW(PT_MATCH_OLDER, "older-than", "DURATION", NULL, "started longer ago than this"),
    ROW(PT_MATCH_NEWER, "newer-than", "DURATION", NULL, "started less long ago than this"),
    ROW(PT_MATCH_ENV, "env", "NAME[=VALUE]", NULL, "has this in its environment"),
    {0, PT_TAKES_NOTHING, PT_CRITERIA_INVERT, "invert", NULL, NULL,
     "those that the criteria do not match"},
    {0},
};

struct pt_match *pt_criteria_new(void)
{
    struct pt_match *match = pt_match_new();

    if (match == NULL || pt_match_exclude(match, getpid()) != 0)
        pt_die(PT_EXIT_IO, "out of memory");
    return match;
}

bool pt_criteria_take(struct pt_match *match, const struct pt_parser *parser, int id)
{
    struct pt_fault fault = {0};
    int error;

    if (id == PT_CRITERIA_INVERT) {
        pt_match_invert(match);
        return true;
    }
    if (id < PT_OPTION_CRITERIA || id > PT_CRITERIA_INVERT)
        return false;
    error =
        pt_match_add(match, (enum pt_match_kind)(id - PT_OPTION_CRITERIA), parser->value, &fault);
    if (error == -EINVAL)
        pt_option_fault(parser, &fault);
    if (error != 0)
        pt_die(PT_EXIT_IO, "out of memory");
    return true;
}
