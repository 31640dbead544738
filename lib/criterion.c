#include "criterion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user_names.h"

/* TASK_COMM_LEN less its NUL (include/linux/sched.h): longer names of user processes are cut. */
#define COMM_MAX 15

/* --- what the user typed --- */

static int parse_number(const char *text, uint64_t *ret_number, struct pt_fault *fault)
{
    return pt_parse_u64(text, 0, INT32_MAX, ret_number, fault);
}

static int parse_user(const char *text, uint64_t *ret_uid, struct pt_fault *fault)
{
    uid_t uid;
    if (pt_user_id(text, &uid) < 0)
        return pt_fault_set(fault, 0, "no such user");
    *ret_uid = uid;
    return 0;
}

static int parse_group(const char *text, uint64_t *ret_gid, struct pt_fault *fault)
{
    gid_t gid;
    if (pt_group_id(text, &gid) < 0)
        return pt_fault_set(fault, 0, "no such group");
    *ret_gid = gid;
    return 0;
}

static int parse_age(const char *text, uint64_t *ret_age, struct pt_fault *fault)
{
    int64_t age;
    int error = pt_parse_duration(text, &age, fault);
    if (error == 0)
        *ret_age = (uint64_t)age;
    return error;
}

/* The letters of proc(5), today's and those of older kernels. */
static int parse_states(const char *text, struct pt_fault *fault)
{
    size_t valid = strspn(text, "RSDZTtWXxKPI");
    if (text[0] == '\0')
        return pt_fault_set(fault, 0, "no state letter");
    return text[valid] == '\0' ? 0 : pt_fault_set(fault, valid, "not a process state");
}

static int parse_name(const char *text, struct pt_fault *fault)
{
    return text[0] == '\0' ? pt_fault_set(fault, 0, "empty") : 0;
}

/* NAME or NAME=VALUE. */
static int parse_variable(const char *text, struct pt_fault *fault)
{
    return text[0] == '=' ? pt_fault_set(fault, 0, "no name before =") : parse_name(text, fault);
}

/* A path is not empty. */
static int parse_glob(const char *text, struct pt_pattern *ret_pattern, struct pt_fault *fault)
{
    int error = parse_name(text, fault);
    return error < 0 ? error : pt_pattern_glob(ret_pattern, text, fault);
}

static int parse_text(struct pt_criterion *criterion, const char *text, struct pt_fault *fault)
{
    switch (criterion->kind) {
    case PT_MATCH_PID:
    case PT_MATCH_PARENT:
    case PT_MATCH_SESSION:
    case PT_MATCH_PGRP:
        return parse_number(text, &criterion->number, fault);
    case PT_MATCH_USER:
        return parse_user(text, &criterion->number, fault);
    case PT_MATCH_GROUP:
        return parse_group(text, &criterion->number, fault);
    case PT_MATCH_OLDER:
    case PT_MATCH_NEWER:
        return parse_age(text, &criterion->number, fault);
    case PT_MATCH_STATE:
        return parse_states(text, fault);
    case PT_MATCH_CMDLINE:
        return pt_pattern_regex(&criterion->pattern, text, fault);
    case PT_MATCH_CGROUP:
        return parse_glob(text, &criterion->pattern, fault);
    case PT_MATCH_ENV:
        return parse_variable(text, fault);
    default:
        return parse_name(text, fault);
    }
}

int pt_criterion_new(struct pt_criterion **ret_criterion, enum pt_match_kind kind, const char *text,
                     struct pt_fault *ret_fault)
{
    struct pt_criterion *criterion = calloc(1, sizeof *criterion);
    if (criterion == NULL)
        return -ENOMEM;
    criterion->kind = kind;
    criterion->text = text;
    int error = parse_text(criterion, text, ret_fault);
    if (error < 0)
        free(criterion);
    else
        *ret_criterion = criterion;
    return error;
}

void pt_criterion_free(struct pt_criterion *criterion)
{
    if (criterion == NULL)
        return;
    pt_pattern_done(&criterion->pattern);
    free(criterion);
}

/* --- deciding --- */

static enum pt_verdict need(struct pt_decision *decision, pt_sources sources)
{
    decision->needs = sources;
    return PT_NEEDS;
}

/* PT_YES when the source was read; else what to answer. */
static enum pt_verdict require(struct pt_decision *decision, enum pt_source source)
{
    if (!(decision->process->asked & PT_SOURCE_BIT(source)))
        return need(decision, PT_SOURCE_BIT(source));
    return pt_process_has(decision->process, source) ? PT_YES : PT_UNREADABLE;
}

/* What exe-name and exe-path are made of: exe, and argv[0] where exe cannot be read. */
static enum pt_verdict require_exe(struct pt_decision *decision)
{
    enum pt_verdict exe = require(decision, PT_SOURCE_EXE);
    return exe == PT_UNREADABLE ? require(decision, PT_SOURCE_CMDLINE) : exe;
}

/*
 * A user process shows only the first 15 bytes of a longer name; which longer name it was, its
 * executable or argv[0] must tell. Kernel threads show up to 63 bytes (since 4.18's workqueues).
 */
static enum pt_verdict match_comm(struct pt_decision *decision, const char *name)
{
    const struct pt_stat *stat = &decision->process->stat;
    struct pt_bytes comm = {stat->comm, stat->comm_length};
    size_t length = strlen(name);
    if (length <= COMM_MAX || pt_process_is_kernel_thread(decision->process))
        return pt_verdict_of(pt_bytes_are(comm, name));
    if (comm.length != COMM_MAX || memcmp(comm.bytes, name, COMM_MAX) != 0)
        return PT_NO;
    enum pt_verdict readable = require_exe(decision);
    if (readable != PT_YES)
        return readable;
    if (pt_bytes_are(pt_process_exe_name(decision->process), name))
        return PT_YES;
    readable = require(decision, PT_SOURCE_CMDLINE);
    if (readable != PT_YES)
        return readable;
    return pt_verdict_of(pt_bytes_are(pt_base_name(pt_process_argv0(decision->process)), name));
}

static enum pt_verdict match_user(struct pt_decision *decision, uint64_t uid)
{
    const pt_sources sources = PT_SOURCE_BIT(PT_SOURCE_STATUS) | PT_SOURCE_BIT(PT_SOURCE_OWNER);
    uid_t euid;
    if (!(decision->process->asked & PT_SOURCE_BIT(PT_SOURCE_STATUS)))
        return need(decision, sources);
    if (!pt_process_euid(decision->process, &euid))
        return PT_UNREADABLE;
    return pt_verdict_of(euid == uid);
}

static enum pt_verdict match_group(struct pt_decision *decision, uint64_t gid)
{
    enum pt_verdict readable = require(decision, PT_SOURCE_STATUS);
    if (readable != PT_YES)
        return readable;
    return pt_verdict_of(decision->process->more->status.gid[PT_EFFECTIVE] == gid);
}

/* The path of any of its hierarchies; `*` matches `/` too, since paths nest as they like. */
static enum pt_verdict match_cgroup(struct pt_decision *decision, const struct pt_pattern *glob)
{
    enum pt_verdict readable = require(decision, PT_SOURCE_CGROUP);
    if (readable != PT_YES)
        return readable;
    struct pt_bytes text = decision->process->more->cgroup;
    while (text.length > 0) {
        const char *newline = memchr(text.bytes, '\n', text.length);
        size_t length = newline ? (size_t)(newline - text.bytes) : text.length;
        const char *end = text.bytes + length;
        const char *colon = memchr(text.bytes, ':', length);
        if (colon != NULL)
            colon = memchr(colon + 1, ':', (size_t)(end - colon) - 1);
        if (colon != NULL && pt_pattern_matches(glob, colon + 1, (size_t)(end - colon) - 1))
            return PT_YES;
        text.bytes += length + (newline != NULL);
        text.length -= length + (newline != NULL);
    }
    return PT_NO;
}

static enum pt_verdict match_exe_name(struct pt_decision *decision, const char *name)
{
    enum pt_verdict readable = require_exe(decision);
    if (readable != PT_YES)
        return readable;
    return pt_verdict_of(pt_bytes_are(pt_process_exe_name(decision->process), name));
}

static enum pt_verdict match_exe_path(struct pt_decision *decision, const char *path)
{
    enum pt_verdict readable = require_exe(decision);
    if (readable != PT_YES)
        return readable;
    struct pt_bytes found = pt_process_exe_path(decision->process);
    if (found.bytes == NULL && !pt_process_lacks_program(decision->process))
        return PT_UNREADABLE;
    return pt_verdict_of(pt_bytes_are(found, path));
}

/* Its arguments joined by spaces. */
static void join_argv(struct pt_bytes cmdline, struct pt_buffer *ret_text)
{
    if (cmdline.length > 0 && cmdline.bytes[cmdline.length - 1] == '\0')
        cmdline.length--;
    pt_buffer_append(ret_text, cmdline.bytes, cmdline.length);
    for (size_t i = 0; i < ret_text->length; i++)
        if (ret_text->data[i] == '\0')
            ret_text->data[i] = ' ';
}

static enum pt_verdict match_cmdline(struct pt_decision *decision, const struct pt_pattern *pattern)
{
    enum pt_verdict readable = require(decision, PT_SOURCE_CMDLINE);
    if (readable != PT_YES)
        return readable;
    if (decision->process->more->cmdline_cut)
        return need(decision, PT_SOURCE_BIT(PT_SOURCE_CMDLINE) | PT_READ_WHOLE);
    struct pt_buffer text = {0};
    join_argv(decision->process->more->cmdline, &text);
    bool yes = pt_pattern_matches(pattern, pt_buffer_text(&text), text.length);
    int error = text.error;
    pt_buffer_done(&text);
    return error < 0 ? PT_UNREADABLE : pt_verdict_of(yes);
}

static enum pt_verdict match_environ(struct pt_decision *decision, const char *wanted)
{
    enum pt_verdict readable = require(decision, PT_SOURCE_ENVIRON);
    if (readable != PT_YES)
        return readable;
    const struct pt_process_more *more = decision->process->more;
    size_t wanted_length = strlen(wanted);
    bool name_only = strchr(wanted, '=') == NULL;
    struct pt_bytes variable;
    for (size_t offset = 0; pt_next_string(more->environ.bytes, more->environ.length, &offset,
                                           &variable.bytes, &variable.length);) {
        if (name_only) {
            const char *equals_sign = memchr(variable.bytes, '=', variable.length);
            if (equals_sign == NULL)
                continue;
            variable.length = (size_t)(equals_sign - variable.bytes);
        }
        if (variable.length == wanted_length && pt_bytes_are(variable, wanted))
            return PT_YES;
    }
    if (more->environ_cut)
        return need(decision, PT_SOURCE_BIT(PT_SOURCE_ENVIRON) | PT_READ_WHOLE);
    return PT_NO;
}

/* By what was read; of a process whose stat was refused no more than pid and owner are known. */
static enum pt_verdict decide(const struct pt_criterion *criterion, struct pt_decision *decision)
{
    const struct pt_stat *stat = &decision->process->stat;
    switch (criterion->kind) {
    case PT_MATCH_PID:
        return pt_verdict_of((uint64_t)stat->pid == criterion->number);
    case PT_MATCH_PARENT:
        return pt_verdict_of((uint64_t)stat->ppid == criterion->number);
    case PT_MATCH_SESSION:
        return pt_verdict_of((uint64_t)stat->session == criterion->number);
    case PT_MATCH_PGRP:
        return pt_verdict_of((uint64_t)stat->pgrp == criterion->number);
    case PT_MATCH_STATE:
        return pt_verdict_of(strchr(criterion->text, stat->state) != NULL);
    case PT_MATCH_OLDER:
        return pt_verdict_of((uint64_t)decision->age >= criterion->number);
    case PT_MATCH_NEWER:
        return pt_verdict_of((uint64_t)decision->age < criterion->number);
    case PT_MATCH_COMM:
        return match_comm(decision, criterion->text);
    case PT_MATCH_USER:
        return match_user(decision, criterion->number);
    case PT_MATCH_GROUP:
        return match_group(decision, criterion->number);
    case PT_MATCH_CGROUP:
        return match_cgroup(decision, &criterion->pattern);
    case PT_MATCH_EXE_NAME:
        return match_exe_name(decision, criterion->text);
    case PT_MATCH_EXE_PATH:
        return match_exe_path(decision, criterion->text);
    case PT_MATCH_CMDLINE:
        return match_cmdline(decision, &criterion->pattern);
    case PT_MATCH_ENV:
        return match_environ(decision, criterion->text);
    case PT_MATCH_KIND_COUNT:
        break;
    }
    return PT_NO;
}

enum pt_verdict pt_criterion_decide(const struct pt_criterion *criterion,
                                    struct pt_decision *decision)
{
    bool from_stat = criterion->kind <= PT_MATCH_NEWER && criterion->kind != PT_MATCH_PID;
    if (from_stat && decision->process->error[PT_SOURCE_STAT] != 0)
        return PT_UNREADABLE;
    return decide(criterion, decision);
}
