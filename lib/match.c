/*
 * Criteria are kept in the order of what they cost, and decided in that order: what a cheap one
 * denies is never read further.
 */
#include "match.h"

#include <errno.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* TASK_COMM_LEN less its NUL (include/linux/sched.h): longer names of user processes are cut. */
#define COMM_MAX 15

struct criterion {
    struct criterion *next; /* of the same kind */
    const char *text;       /* borrowed from the user's arguments */
    uint64_t number;        /* pid, id, or nanoseconds */
    regex_t regex;          /* PT_MATCH_CMDLINE only */
};

struct pt_match {
    struct criterion *kinds[PT_MATCH_KIND_COUNT];
    pid_t *excluded;
    size_t excluded_count;
    bool inverted;
};

struct pt_match *pt_match_new(void)
{
    return calloc(1, sizeof(struct pt_match));
}

void pt_match_free(struct pt_match *match)
{
    if (match == NULL)
        return;
    for (int kind = 0; kind < PT_MATCH_KIND_COUNT; kind++) {
        struct criterion *next;
        for (struct criterion *criterion = match->kinds[kind]; criterion; criterion = next) {
            next = criterion->next;
            if (kind == PT_MATCH_CMDLINE)
                regfree(&criterion->regex);
            free(criterion);
        }
    }
    free(match->excluded);
    free(match);
}

/* --- what the user typed --- */

static int parse_number(const char *text, uint64_t *ret_number, struct pt_fault *fault)
{
    return pt_parse_u64(text, 0, INT32_MAX, ret_number, fault);
}

/* A name wins over a number, as in ps and chown: an account may be called 1000. */
static int parse_user(const char *text, uint64_t *ret_uid, struct pt_fault *fault)
{
    const struct passwd *entry = getpwnam(text);
    if (entry != NULL) {
        *ret_uid = entry->pw_uid;
        return 0;
    }
    if (pt_parse_u64(text, 0, UINT32_MAX - 1, ret_uid, NULL) == 0)
        return 0;
    return pt_fault_set(fault, 0, "no such user");
}

static int parse_group(const char *text, uint64_t *ret_gid, struct pt_fault *fault)
{
    const struct group *entry = getgrnam(text);
    if (entry != NULL) {
        *ret_gid = entry->gr_gid;
        return 0;
    }
    if (pt_parse_u64(text, 0, UINT32_MAX - 1, ret_gid, NULL) == 0)
        return 0;
    return pt_fault_set(fault, 0, "no such group");
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

static int parse_regex(const char *text, regex_t *ret_regex, struct pt_fault *fault)
{
    static const struct {
        int code;
        const char *text;
    } reasons[] = {
        {REG_EBRACK, "unbalanced ["},
        {REG_EPAREN, "unbalanced ("},
        {REG_EBRACE, "unbalanced {"},
        {REG_EESCAPE, "ends in a backslash"},
        {REG_BADRPT, "nothing to repeat"},
        {REG_ERANGE, "bad range"},
        {REG_ECTYPE, "unknown character class"},
        {REG_BADBR, "bad repetition count"},
    };
    int code = regcomp(ret_regex, text, REG_EXTENDED | REG_NOSUB);
    if (code == 0)
        return 0;
    if (code == REG_ESPACE)
        return -ENOMEM;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (code == reasons[i].code)
            return pt_fault_set(fault, 0, reasons[i].text);
    return pt_fault_set(fault, 0, "not a regular expression");
}

static int parse_criterion(struct criterion *criterion, enum pt_criterion kind,
                           struct pt_fault *fault)
{
    const char *text = criterion->text;
    switch (kind) {
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
        return parse_regex(text, &criterion->regex, fault);
    case PT_MATCH_ENV:
        return parse_variable(text, fault);
    default:
        return parse_name(text, fault);
    }
}

int pt_match_add(struct pt_match *match, enum pt_criterion kind, const char *text,
                 struct pt_fault *ret_fault)
{
    struct criterion *criterion = calloc(1, sizeof *criterion);
    if (criterion == NULL)
        return -ENOMEM;
    criterion->text = text;
    int error = parse_criterion(criterion, kind, ret_fault);
    if (error < 0) {
        free(criterion);
        return error;
    }
    criterion->next = match->kinds[kind];
    match->kinds[kind] = criterion;
    return 0;
}

void pt_match_invert(struct pt_match *match)
{
    match->inverted = true;
}

static bool is_excluded(const struct pt_match *match, pid_t pid)
{
    for (size_t i = 0; i < match->excluded_count; i++)
        if (match->excluded[i] == pid)
            return true;
    return false;
}

int pt_match_exclude(struct pt_match *match, pid_t pid)
{
    if (is_excluded(match, pid))
        return 0;
    pid_t *excluded =
        realloc(match->excluded, (match->excluded_count + 1) * sizeof *match->excluded);
    if (excluded == NULL)
        return -ENOMEM;
    excluded[match->excluded_count++] = pid;
    match->excluded = excluded;
    return 0;
}

bool pt_match_is_empty(const struct pt_match *match)
{
    for (int kind = 0; kind < PT_MATCH_KIND_COUNT; kind++)
        if (match->kinds[kind] != NULL)
            return false;
    return true;
}

bool pt_match_has(const struct pt_match *match, enum pt_criterion kind)
{
    return match->kinds[kind] != NULL;
}

bool pt_match_is_inverted(const struct pt_match *match)
{
    return match->inverted;
}

/* --- deciding --- */

struct decision {
    const struct pt_process *process;
    int64_t age;      /* nanoseconds */
    pt_sources needs; /* out */
};

static enum pt_verdict verdict_of(bool yes)
{
    return yes ? PT_YES : PT_NO;
}

static bool equals(struct pt_bytes bytes, const char *text)
{
    return bytes.bytes != NULL && bytes.length == strlen(text) &&
           memcmp(bytes.bytes, text, bytes.length) == 0;
}

static enum pt_verdict need(struct decision *decision, pt_sources sources)
{
    decision->needs = sources;
    return PT_NEEDS;
}

/* PT_YES when the source was read; else what to answer. */
static enum pt_verdict require(struct decision *decision, enum pt_source source)
{
    if (!(decision->process->asked & PT_SOURCE_BIT(source)))
        return need(decision, PT_SOURCE_BIT(source));
    return pt_process_has(decision->process, source) ? PT_YES : PT_UNREADABLE;
}

/* What exe-name and exe-path are made of: exe, and argv[0] where exe cannot be read. */
static enum pt_verdict require_exe(struct decision *decision)
{
    enum pt_verdict exe = require(decision, PT_SOURCE_EXE);
    return exe == PT_UNREADABLE ? require(decision, PT_SOURCE_CMDLINE) : exe;
}

/*
 * A user process shows only the first 15 bytes of a longer name; which longer name it was, its
 * executable or argv[0] must tell. Kernel threads show up to 63 bytes (since 4.18's workqueues).
 */
static enum pt_verdict match_comm(struct decision *decision, const char *name)
{
    const struct pt_stat *stat = &decision->process->stat;
    struct pt_bytes comm = {stat->comm, stat->comm_length};
    size_t length = strlen(name);
    if (length <= COMM_MAX || pt_process_is_kernel_thread(decision->process))
        return verdict_of(equals(comm, name));
    if (comm.length != COMM_MAX || memcmp(comm.bytes, name, COMM_MAX) != 0)
        return PT_NO;
    enum pt_verdict readable = require_exe(decision);
    if (readable != PT_YES)
        return readable;
    if (equals(pt_process_exe_name(decision->process), name))
        return PT_YES;
    readable = require(decision, PT_SOURCE_CMDLINE);
    if (readable != PT_YES)
        return readable;
    struct pt_bytes argv0 = pt_process_argv0(decision->process);
    const char *slash = argv0.bytes ? memrchr(argv0.bytes, '/', argv0.length) : NULL;
    if (slash != NULL)
        argv0 = (struct pt_bytes){slash + 1, argv0.length - (size_t)(slash + 1 - argv0.bytes)};
    return verdict_of(equals(argv0, name));
}

static enum pt_verdict match_user(struct decision *decision, uint64_t uid)
{
    const pt_sources sources = PT_SOURCE_BIT(PT_SOURCE_STATUS) | PT_SOURCE_BIT(PT_SOURCE_OWNER);
    uid_t euid;
    if (!(decision->process->asked & PT_SOURCE_BIT(PT_SOURCE_STATUS)))
        return need(decision, sources);
    if (!pt_process_euid(decision->process, &euid))
        return PT_UNREADABLE;
    return verdict_of(euid == uid);
}

static enum pt_verdict match_group(struct decision *decision, uint64_t gid)
{
    enum pt_verdict readable = require(decision, PT_SOURCE_STATUS);
    if (readable != PT_YES)
        return readable;
    return verdict_of(decision->process->more->status.gid[PT_EFFECTIVE] == gid);
}

/* The path of any of its hierarchies; `*` matches `/` too, since paths nest as they like. */
static enum pt_verdict match_cgroup(struct decision *decision, const char *glob)
{
    enum pt_verdict readable = require(decision, PT_SOURCE_CGROUP);
    if (readable != PT_YES)
        return readable;
    struct pt_bytes text = decision->process->more->cgroup;
    struct pt_buffer path = {0};
    bool yes = false;
    while (text.length > 0 && !yes) {
        const char *newline = memchr(text.bytes, '\n', text.length);
        size_t length = newline ? (size_t)(newline - text.bytes) : text.length;
        const char *colon = memchr(text.bytes, ':', length);
        if (colon != NULL)
            colon = memchr(colon + 1, ':', length - (size_t)(colon + 1 - text.bytes));
        if (colon != NULL) {
            pt_buffer_clear(&path);
            pt_buffer_append(&path, colon + 1, length - (size_t)(colon + 1 - text.bytes));
            yes = path.error == 0 && fnmatch(glob, pt_buffer_text(&path), 0) == 0;
        }
        text.bytes += length + (newline != NULL);
        text.length -= length + (newline != NULL);
    }
    int error = path.error;
    pt_buffer_done(&path);
    return error < 0 ? PT_UNREADABLE : verdict_of(yes);
}

static enum pt_verdict match_exe_name(struct decision *decision, const char *name)
{
    enum pt_verdict readable = require_exe(decision);
    if (readable != PT_YES)
        return readable;
    return verdict_of(equals(pt_process_exe_name(decision->process), name));
}

static enum pt_verdict match_exe_path(struct decision *decision, const char *path)
{
    enum pt_verdict readable = require_exe(decision);
    if (readable != PT_YES)
        return readable;
    return verdict_of(equals(pt_process_exe_path(decision->process), path));
}

/*
 * argv as one string for regexec: its arguments joined by spaces, and what is not UTF-8 as U+FFFD,
 * because to musl one invalid byte anywhere makes the whole string match nothing, which would let
 * a process hide.
 */
static void join_argv(struct pt_bytes cmdline, struct pt_buffer *ret_text)
{
    size_t length = cmdline.length;
    if (length > 0 && cmdline.bytes[length - 1] == '\0')
        length--;
    for (size_t i = 0; i < length;) {
        uint32_t code;
        size_t size = pt_utf8_decode(cmdline.bytes + i, length - i, &code);
        if (code == 0)
            pt_buffer_append_byte(ret_text, ' ');
        else if (code == PT_UTF8_INVALID)
            pt_buffer_append_text(ret_text, "\xef\xbf\xbd");
        else
            pt_buffer_append(ret_text, cmdline.bytes + i, size);
        i += size;
    }
}

static enum pt_verdict match_cmdline(struct decision *decision, const regex_t *regex)
{
    enum pt_verdict readable = require(decision, PT_SOURCE_CMDLINE);
    if (readable != PT_YES)
        return readable;
    if (decision->process->more->cmdline_cut)
        return need(decision, PT_SOURCE_BIT(PT_SOURCE_CMDLINE) | PT_READ_WHOLE);
    struct pt_buffer text = {0};
    join_argv(decision->process->more->cmdline, &text);
    int code = text.error < 0 ? REG_ESPACE : regexec(regex, pt_buffer_text(&text), 0, NULL, 0);
    pt_buffer_done(&text);
    return code == REG_ESPACE ? PT_UNREADABLE : verdict_of(code == 0);
}

static enum pt_verdict match_environ(struct decision *decision, const char *wanted)
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
        if (variable.length == wanted_length && equals(variable, wanted))
            return PT_YES;
    }
    if (more->environ_cut)
        return need(decision, PT_SOURCE_BIT(PT_SOURCE_ENVIRON) | PT_READ_WHOLE);
    return PT_NO;
}

static enum pt_verdict match_one(const struct criterion *criterion, enum pt_criterion kind,
                                 struct decision *decision)
{
    const struct pt_stat *stat = &decision->process->stat;
    switch (kind) {
    case PT_MATCH_PID:
        return verdict_of((uint64_t)stat->pid == criterion->number);
    case PT_MATCH_PARENT:
        return verdict_of((uint64_t)stat->ppid == criterion->number);
    case PT_MATCH_SESSION:
        return verdict_of((uint64_t)stat->session == criterion->number);
    case PT_MATCH_PGRP:
        return verdict_of((uint64_t)stat->pgrp == criterion->number);
    case PT_MATCH_STATE:
        return verdict_of(strchr(criterion->text, stat->state) != NULL);
    case PT_MATCH_OLDER:
        return verdict_of((uint64_t)decision->age >= criterion->number);
    case PT_MATCH_NEWER:
        return verdict_of((uint64_t)decision->age < criterion->number);
    case PT_MATCH_COMM:
        return match_comm(decision, criterion->text);
    case PT_MATCH_USER:
        return match_user(decision, criterion->number);
    case PT_MATCH_GROUP:
        return match_group(decision, criterion->number);
    case PT_MATCH_CGROUP:
        return match_cgroup(decision, criterion->text);
    case PT_MATCH_EXE_NAME:
        return match_exe_name(decision, criterion->text);
    case PT_MATCH_EXE_PATH:
        return match_exe_path(decision, criterion->text);
    case PT_MATCH_CMDLINE:
        return match_cmdline(decision, &criterion->regex);
    case PT_MATCH_ENV:
        return match_environ(decision, criterion->text);
    case PT_MATCH_KIND_COUNT:
        break;
    }
    return PT_NO;
}

/* Of one kind any will do; what needs a source counts only when nothing else says yes. */
static enum pt_verdict match_kind(const struct pt_match *match, enum pt_criterion kind,
                                  struct decision *decision)
{
    /* Of a process whose stat was refused no more than pid and owner are known. */
    bool from_stat = kind <= PT_MATCH_NEWER && kind != PT_MATCH_PID;
    if (from_stat && decision->process->error[PT_SOURCE_STAT] != 0)
        return PT_UNREADABLE;
    enum pt_verdict best = PT_NO;
    for (const struct criterion *one = match->kinds[kind]; one != NULL; one = one->next) {
        enum pt_verdict verdict = match_one(one, kind, decision);
        if (verdict == PT_YES)
            return PT_YES;
        if (verdict == PT_NEEDS || best == PT_NO)
            best = verdict;
    }
    return best;
}

static int64_t age_of(const struct pt_process *process, const struct pt_clocks *clocks,
                      uint64_t ticks)
{
    int64_t start = pt_ticks_to_nanoseconds(process->stat.starttime, ticks);
    return clocks->boottime > start ? clocks->boottime - start : 0;
}

enum pt_verdict pt_match_decide(const struct pt_match *match, const struct pt_process *process,
                                const struct pt_clocks *clocks, uint64_t ticks,
                                pt_sources *ret_needs)
{
    if (process->error[PT_SOURCE_STAT] == PT_GONE || is_excluded(match, process->stat.pid))
        return PT_NO;
    struct decision decision = {.process = process, .age = age_of(process, clocks, ticks)};
    enum pt_verdict all = PT_YES;
    for (int kind = 0; kind < PT_MATCH_KIND_COUNT; kind++) {
        if (match->kinds[kind] == NULL)
            continue;
        enum pt_verdict verdict = match_kind(match, (enum pt_criterion)kind, &decision);
        if (verdict == PT_NEEDS) {
            *ret_needs = decision.needs;
            return PT_NEEDS;
        }
        if (verdict == PT_NO)
            return verdict_of(match->inverted);
        if (verdict == PT_UNREADABLE)
            all = PT_UNREADABLE;
    }
    if (all == PT_UNREADABLE)
        return PT_UNREADABLE;
    return verdict_of(!match->inverted || pt_match_is_empty(match));
}

int pt_match_process(const struct pt_match *match, const struct pt_procfs *procfs,
                     struct pt_process *process, struct pt_arena *arena,
                     enum pt_verdict *ret_verdict)
{
    struct pt_clocks clocks;
    int error = pt_procfs_clocks(procfs, &clocks);
    if (error < 0)
        return error;
    pt_sources needs = 0;
    enum pt_verdict verdict;
    while ((verdict = pt_match_decide(match, process, &clocks, procfs->ticks, &needs)) ==
           PT_NEEDS) {
        error = pt_process_add_watched(procfs, process, needs, arena);
        if (error == -ESRCH) {
            verdict = PT_NO;
            break;
        }
        if (error < 0)
            return error;
    }
    *ret_verdict = verdict;
    return 0;
}

/* --- selecting --- */

/*
 * One that needs argv or environ beyond what its record keeps: read whole into a scratch arena,
 * decided and dropped.
 */
static int decide_whole(const struct pt_match *match, const struct pt_snapshot *snapshot,
                        const struct pt_process *process, pt_sources needs,
                        enum pt_verdict *ret_verdict)
{
    struct pt_arena scratch;
    struct pt_process whole;
    pt_arena_init(&scratch);
    int error =
        pt_process_read_watched(snapshot->procfs, process->stat.pid, needs, &scratch, &whole);
    if (error == -ESRCH || (error == 0 && whole.stat.starttime != process->stat.starttime)) {
        *ret_verdict = PT_NO;
        error = 0;
    } else if (error == 0) {
        error = pt_match_process(match, snapshot->procfs, &whole, &scratch, ret_verdict);
    }
    pt_arena_done(&scratch);
    return error;
}

struct selecting {
    const struct pt_match *match;
    struct pt_snapshot *snapshot;
    uint32_t *open;    /* indexes not decided yet */
    pt_sources *needs; /* of each of them */
    size_t open_count;
    uint8_t *verdict; /* of each record */
    uint32_t *batch;
};

/* Decides what can be decided, and keeps the rest open with what it needs. */
static int decide_open(struct selecting *selecting)
{
    struct pt_snapshot *snapshot = selecting->snapshot;
    size_t left = 0;
    for (size_t i = 0; i < selecting->open_count; i++) {
        uint32_t index = selecting->open[i];
        pt_sources needs = 0;
        enum pt_verdict verdict =
            pt_match_decide(selecting->match, &snapshot->processes[index], &snapshot->clocks,
                            snapshot->procfs->ticks, &needs);
        if (verdict == PT_NEEDS && (needs & PT_READ_WHOLE)) {
            int error = decide_whole(selecting->match, snapshot, &snapshot->processes[index], needs,
                                     &verdict);
            if (error < 0)
                return error;
        }
        if (verdict == PT_NEEDS) {
            selecting->open[left] = index;
            selecting->needs[left++] = needs;
        }
        selecting->verdict[index] = (uint8_t)verdict;
    }
    selecting->open_count = left;
    return 0;
}

/* Adds, to all that need the same sources as the first one does, those sources. */
static int complete_open(struct selecting *selecting)
{
    pt_sources needs = selecting->needs[0];
    size_t count = 0;
    for (size_t i = 0; i < selecting->open_count; i++)
        if (selecting->needs[i] == needs)
            selecting->batch[count++] = selecting->open[i];
    return pt_snapshot_add(selecting->snapshot, selecting->batch, count, needs);
}

static int collect(const struct selecting *selecting, struct pt_selection *ret_selection)
{
    size_t count = selecting->snapshot->count;
    struct pt_selection selection = {.indexes = malloc((count + 1) * sizeof(uint32_t))};
    if (selection.indexes == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        if (selecting->verdict[i] == PT_YES)
            selection.indexes[selection.count++] = i;
        selection.unreadable += selecting->verdict[i] == PT_UNREADABLE;
    }
    *ret_selection = selection;
    return 0;
}

int pt_match_select(const struct pt_match *match, struct pt_snapshot *snapshot,
                    const uint8_t *among, struct pt_selection *ret_selection)
{
    size_t count = snapshot->count;
    struct selecting selecting = {
        .match = match,
        .snapshot = snapshot,
        .open = malloc((count + 1) * sizeof *selecting.open),
        .needs = malloc((count + 1) * sizeof *selecting.needs),
        .batch = malloc((count + 1) * sizeof *selecting.batch),
        .verdict = malloc(count + 1),
    };
    int error = -ENOMEM;
    if (!selecting.open || !selecting.needs || !selecting.batch || !selecting.verdict)
        goto out;
    for (uint32_t i = 0; i < count; i++) {
        selecting.verdict[i] = PT_NO;
        if (among == NULL || among[i])
            selecting.open[selecting.open_count++] = i;
    }
    error = decide_open(&selecting);
    while (error == 0 && selecting.open_count > 0) {
        error = complete_open(&selecting);
        if (error == 0)
            error = decide_open(&selecting);
    }
    if (error == 0)
        error = collect(&selecting, ret_selection);
out:
    free(selecting.open);
    free(selecting.needs);
    free(selecting.batch);
    free(selecting.verdict);
    return error;
}

void pt_selection_done(struct pt_selection *selection)
{
    free(selection->indexes);
    *selection = (struct pt_selection){0};
}
