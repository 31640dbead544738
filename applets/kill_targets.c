/* Who is meant: TARGETs, pidfiles, criteria, and who is protected from all of them. */
#include "kill_graceful.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pidfile.h"
#include "report.h"
#include "snapshot.h"
#include "units.h"

static _Noreturn void die_without_memory(void)
{
    pt_die(PT_EXIT_IO, "out of memory");
}

/* --- what was typed --- */

static void parse_target(struct kill_target *target, const char *text)
{
    struct pt_fault fault = {0};
    size_t length = strcspn(text, "@:");
    int error = pt_parse_pid_n(text, length, &target->pid, &fault);

    target->text = text;
    if (error == 0 && text[length] == '@') {
        target->has_starttime = true;
        error = pt_parse_u64(text + length + 1, 0, UINT64_MAX, &target->starttime, &fault);
    } else if (error == 0 && text[length] == ':') {
        target->has_inode = true;
        error = pt_parse_u64(text + length + 1, 1, UINT64_MAX, &target->inode, &fault);
    }
    if (error != 0)
        pt_usage("'%s' is no PID, PID@STARTTIME or PID:INODE: %s", text, fault.text);
}

/* What guards against a pidfile that somebody else wrote: it must name the right program or user.
 */
static bool pidfiles_are_guarded(const struct pt_match *match)
{
    static const enum pt_match_kind guards[] = {PT_MATCH_EXE_PATH, PT_MATCH_EXE_NAME, PT_MATCH_USER,
                                                PT_MATCH_CGROUP};

    for (size_t i = 0; i < sizeof guards / sizeof *guards; i++) {
        if (pt_match_has(match, guards[i]))
            return !pt_match_is_inverted(match);
    }
    return false;
}

static void read_pidfile(struct kill_target *target, const char *path, bool strict)
{
    struct pt_fault fault = {0};
    int error = pt_pidfile_read(path, strict, &target->pid, &fault);

    target->text = path;
    if (error == -ENOENT || error == -ENOTDIR) {
        target->fate = KILL_GONE;
        target->why = strerror(-error);
    } else if (error == -ENOMEM) {
        die_without_memory();
    } else if (error != 0) {
        pt_die(PT_EXIT_USAGE, "%s: %s", path, error == -EINVAL ? fault.text : strerror(-error));
    }
}

/* --- protection --- */

const char *kill_protection(const struct kill_set *set, const struct pt_process *process)
{
    pid_t pid = process->stat.pid;

    if (pid == 1)
        return "PID 1 (--force)";
    if (pt_process_is_kernel_thread(process))
        return "a kernel thread (--force)";
    for (size_t i = 0; i < set->ancestor_count; i++) {
        if (set->ancestors[i] == pid)
            return i == 0 ? "this process" : "an ancestor of this process (--force)";
    }
    return NULL;
}

/* Ourselves we leave out even with --force: stopped, we could continue nobody. */
static const char *protection_now(const struct kill_set *set, const struct pt_process *process)
{
    if (set->settings->force && process->stat.pid != set->ancestors[0])
        return NULL;
    return kill_protection(set, process);
}

/* Waiting does nothing to one that was named; for ourselves it would have no end. */
static const char *protection_of_named(const struct kill_set *set, const struct pt_process *process)
{
    if (set->settings->mode == KILL_WAIT && process->stat.pid != set->ancestors[0])
        return NULL;
    return protection_now(set, process);
}

/* Ourselves and everybody above. A torn chain may come back to where it was. */
static int find_ancestors(struct kill_set *set)
{
    struct pt_pid_set seen = {.count = 0};
    struct pt_arena arena;
    size_t capacity = 0;
    pid_t pid = getpid();
    int error = 0;

    pt_arena_init(&arena);
    while (pid > 0 && !pt_pid_set_has(&seen, pid)) {
        pid_t *ancestors =
            pt_grow(set->ancestors, set->ancestor_count, &capacity, sizeof *ancestors);
        struct pt_process process;

        if (ancestors != NULL)
            set->ancestors = ancestors;
        if (ancestors == NULL || pt_pid_set_add(&seen, pid) != 0) {
            error = -ENOMEM;
            break;
        }
        set->ancestors[set->ancestor_count++] = pid;
        error = pt_process_read(set->procfs, pid, PT_SOURCE_BIT(PT_SOURCE_STAT), &arena, &process);
        if (error != 0 || process.error[PT_SOURCE_STAT] != 0)
            break;
        pid = process.stat.ppid;
        pt_arena_clear(&arena);
    }
    pt_arena_done(&arena);
    pt_pid_set_done(&seen);
    return error == -ESRCH ? 0 : error;
}

/* Keeps one that was taken in by something else than its name, for -v: once, and nothing may be
 * printed now. 0 or -ENOMEM. */
static int note_left_out(struct kill_set *set, const struct pt_process *process, const char *why)
{
    struct kill_left_out *left_out;

    if (pt_report_verbosity() < 1 || pt_pid_set_has(&set->left_out_pids, process->stat.pid))
        return 0;
    left_out = pt_arena_alloc(&set->arena, sizeof *left_out, PT_ALIGN_OF(struct kill_left_out));
    if (left_out == NULL || pt_pid_set_add(&set->left_out_pids, process->stat.pid) != 0)
        return -ENOMEM;
    *left_out = (struct kill_left_out){set->left_out, process->stat.pid, why, NULL};
    left_out->comm = pt_arena_strndup(&set->arena, process->stat.comm, process->stat.comm_length);
    if (left_out->comm == NULL)
        return -ENOMEM;
    set->left_out = left_out;
    return 0;
}

/* Whether it is one of ours, by PID namespace: as root criteria mean no others. */
static bool is_of_our_namespace(const struct kill_set *set, pid_t pid)
{
    uint64_t inode;

    if (geteuid() != 0 || set->settings->force || set->pid_namespace == 0)
        return true;
    return pt_process_pid_namespace(set->procfs, pid, &inode) == 0 && inode == set->pid_namespace;
}

/* --- the proofs --- */

/* 1, 0 or -errno. Who cannot be judged is no match, and counted: once, however often we ask. */
static int ask_criteria(struct kill_set *set, struct pt_process *now, struct pt_arena *arena)
{
    enum pt_verdict verdict = PT_NO;
    int error = pt_match_process(set->settings->match, set->procfs, now, arena, &verdict);

    if (error == 0 && verdict == PT_UNREADABLE)
        error = pt_pid_set_add(&set->unreadable, now->stat.pid);
    return error != 0 ? error : verdict == PT_YES;
}

static bool is_the_one(struct kill_target *target, const struct pt_handle *handle,
                       const struct pt_process *now)
{
    if (target->has_inode && handle->inode == 0) {
        target->fate = KILL_UNTELLABLE;
        return false;
    }
    if ((target->has_starttime && target->starttime != now->stat.starttime) ||
        (target->has_inode && target->inode != handle->inode)) {
        target->fate = KILL_GONE;
        return false;
    }
    return true;
}

static int verify_target(const struct pt_verifier *verifier, const struct pt_handle *handle,
                         struct pt_process *now, struct pt_arena *arena)
{
    struct kill_target *target = verifier->data;
    struct kill_set *set = target->set;
    const struct kill_settings *settings = set->settings;
    int answer;

    if (!is_the_one(target, handle, now))
        return 0;
    answer = pt_match_is_empty(settings->match) ? 1 : ask_criteria(set, now, arena);
    if (answer <= 0) {
        target->fate = KILL_NO_MATCH;
        return answer;
    }
    target->fate = KILL_MEANT;
    if (settings->descendants)
        return kill_protection(set, now) != NULL ? PT_ROLE_PASSED : PT_ROLE_HELD;
    target->why = protection_of_named(set, now);
    if (target->why == NULL)
        return PT_ROLE_TARGET;
    target->fate = KILL_PROTECTED;
    target->comm = pt_arena_strndup(&set->arena, now->stat.comm, now->stat.comm_length);
    if (target->comm == NULL)
        return -ENOMEM;
    return settings->tree ? PT_ROLE_PASSED : 0;
}

/* Whoever criteria take in and is protected is no match. */
static int verify_criteria(const struct pt_verifier *verifier, const struct pt_handle *handle,
                           struct pt_process *now, struct pt_arena *arena)
{
    struct kill_set *set = verifier->data;
    int answer = ask_criteria(set, now, arena);
    const char *why;

    if (answer <= 0)
        return answer;
    why = protection_now(set, now);
    if (why == NULL && !is_of_our_namespace(set, handle->pid))
        why = "of another PID namespace (--force)";
    if (why != NULL)
        return note_left_out(set, now, why);
    return set->settings->descendants ? PT_ROLE_HELD : PT_ROLE_TARGET;
}

static int verify_descendant(const struct pt_verifier *verifier, const struct pt_handle *handle,
                             struct pt_process *now, struct pt_arena *arena)
{
    struct kill_set *set = verifier->data;
    const char *why = protection_now(set, now);

    (void)handle;
    (void)arena;
    if (now->stat.starttime < set->since)
        return 0;
    if (why == NULL)
        return PT_ROLE_TARGET;
    return note_left_out(set, now, why) != 0 ? -ENOMEM : PT_ROLE_PASSED;
}

/* --- who has joined --- */

/* argv is read now, since later there may be nobody to ask. One that is longer than a record keeps
 * stays unknown: what is cut is not shown. */
static int keep_argv(struct kill_set *set, uint32_t index)
{
    const struct pt_handle *handle = &set->members.list[index]->handle;
    struct pt_process process;

    if (index >= set->argv_capacity) {
        size_t capacity = (size_t)index * 2 + 32;
        struct pt_bytes *argv = realloc(set->argv, capacity * sizeof *argv);

        if (argv == NULL)
            return -ENOMEM;
        memset(argv + set->argv_capacity, 0, (capacity - set->argv_capacity) * sizeof *argv);
        set->argv = argv;
        set->argv_capacity = capacity;
    }
    if (pt_process_read_watched(set->procfs, handle->pid, PT_SOURCE_BIT(PT_SOURCE_CMDLINE),
                                &set->arena, &process) == 0 &&
        process.stat.starttime == handle->starttime &&
        pt_process_has(&process, PT_SOURCE_CMDLINE) && !process.more->cmdline_cut)
        set->argv[index] = process.more->cmdline;
    return 0;
}

static void joined(uint32_t index, void *data)
{
    struct kill_set *set = data;

    if (set->settings->output.json && set->members.list[index]->role == PT_ROLE_TARGET)
        keep_argv(set, index); /* without memory there is no argv to show */
}

/* A zombie is still to be seen, but nobody that can be ended. */
static void note_gone(struct kill_set *set, struct kill_target *target)
{
    uint32_t index = pt_members_find(&set->members, target->pid);
    const struct pt_member *found = index != PT_NO_MEMBER ? set->members.list[index] : NULL;

    target->fate = KILL_GONE;
    if (found != NULL && found->role == PT_ROLE_DEAD &&
        (!target->has_starttime || target->starttime == found->handle.starttime))
        target->why = "has ended, and is a zombie";
}

static int add_target(struct kill_set *set, struct kill_target *target)
{
    uint32_t index;
    int answer;

    if (target->fate == KILL_GONE)
        return 0;
    answer = pt_members_add(&set->members, target->pid, &target->verifier, PT_NO_MEMBER, &index);
    if (answer == 1) {
        joined(index, set);
        return 0;
    }
    if (answer == -ESRCH)
        note_gone(set, target);
    else if (answer == -EACCES)
        target->fate = KILL_NOT_PERMITTED;
    else if (answer != 0)
        return answer;
    return 0;
}

static int add_match(struct kill_set *set, pid_t pid)
{
    uint32_t index;
    int answer = pt_members_add(&set->members, pid, &set->criteria, PT_NO_MEMBER, &index);

    if (answer == 1)
        joined(index, set);
    else if (answer == -EACCES)
        return pt_pid_set_add(&set->unreadable, pid);
    return answer < 0 && answer != -ESRCH ? answer : 0;
}

static int add_matching(struct kill_set *set)
{
    struct pt_snapshot snapshot;
    struct pt_selection selection = {0};
    int error = pt_snapshot_scan(&snapshot, set->procfs, PT_SOURCE_BIT(PT_SOURCE_STAT));

    if (error != 0)
        return error;
    error = pt_match_select(set->settings->match, &snapshot, NULL, &selection);
    for (size_t i = 0; error == 0 && i < selection.count + selection.unreadable; i++) {
        pid_t pid = snapshot.processes[selection.indexes[i]].stat.pid;

        error = i < selection.count ? add_match(set, pid) : pt_pid_set_add(&set->unreadable, pid);
    }
    pt_selection_done(&selection);
    pt_snapshot_done(&snapshot);
    return error;
}

int kill_set_find(struct kill_set *set)
{
    int error = find_ancestors(set);

    /* Where that cannot be told (before 3.8) nobody can be in another. */
    if (pt_process_pid_namespace(set->procfs, getpid(), &set->pid_namespace) != 0)
        set->pid_namespace = 0;
    for (size_t i = 0; error == 0 && i < set->target_count; i++)
        error = add_target(set, &set->targets[i]);
    if (error == 0 && set->target_count == 0 && set->settings->command == NULL)
        error = add_matching(set);
    return error;
}

/* --- the whole --- */

enum pt_growth kill_growth(const struct kill_settings *settings)
{
    if (settings->tree || settings->descendants || settings->command != NULL)
        return PT_GROWTH_TREE;
    if (settings->operand_count + settings->pidfile_count == 0)
        return PT_GROWTH_CRITERIA;
    return PT_GROWTH_NONE;
}

void kill_set_init(struct kill_set *set, const struct kill_settings *settings,
                   const struct pt_procfs *procfs)
{
    bool strict = geteuid() == 0 && !pidfiles_are_guarded(settings->match);
    size_t count = settings->operand_count + settings->pidfile_count;

    *set = (struct kill_set){.settings = settings, .procfs = procfs, .target_count = count};
    pt_arena_init(&set->arena);
    pt_members_init(&set->members, procfs);
    pt_freeze_init(&set->freeze, &set->members, kill_growth(settings));
    set->criteria = (struct pt_verifier){.procfs = procfs, .verify = verify_criteria, .data = set};
    set->freeze.admit = set->criteria;
    if (set->freeze.growth == PT_GROWTH_TREE)
        set->freeze.admit.verify = verify_descendant;
    set->freeze.joined = joined;
    set->freeze.data = set;
    set->targets = calloc(count + 1, sizeof *set->targets);
    if (set->targets == NULL)
        die_without_memory();
    for (size_t i = 0; i < count; i++) {
        struct kill_target *target = &set->targets[i];

        target->set = set;
        target->verifier =
            (struct pt_verifier){.procfs = procfs, .verify = verify_target, .data = target};
        if (i < settings->operand_count)
            parse_target(target, settings->operands[i]);
        else
            read_pidfile(target, settings->pidfiles[i - settings->operand_count], strict);
    }
}

void kill_set_done(struct kill_set *set)
{
    pt_freeze_done(&set->freeze);
    pt_members_done(&set->members);
    pt_pid_set_done(&set->left_out_pids);
    pt_pid_set_done(&set->unreadable);
    free(set->targets);
    free(set->ancestors);
    free(set->argv);
    pt_arena_done(&set->arena);
}
