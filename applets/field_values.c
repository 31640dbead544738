#include "field_values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "units.h"

/* --- helpers of getters --- */

static void set_unknown(struct pt_value *value, int error)
{
    value->state = PT_VALUE_UNKNOWN;
    value->error = error;
}

static void set_none(struct pt_value *value)
{
    value->state = PT_VALUE_NONE;
}

static void set_text(struct pt_value *value, const char *text)
{
    value->is.bytes = (struct pt_bytes){text, strlen(text)};
}

/* Bytes that may point to nowhere: then there are none. */
static void set_bytes(struct pt_value *value, struct pt_bytes bytes)
{
    value->is.bytes = bytes;
    if (bytes.bytes == NULL)
        set_none(value);
}

static double seconds_of(int64_t nanoseconds)
{
    return (double)nanoseconds / (double)PT_SECOND;
}

/* --- out of stat --- */

static void get_id(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    const struct pt_stat *stat = &subject->process->stat;
    (void)detail;
    snprintf(ret_value->text, sizeof ret_value->text, "%jd@%" PRIu64, (intmax_t)stat->pid,
             stat->starttime);
    set_text(ret_value, ret_value->text);
}

static const char *stat_member(const struct pt_subject *subject, int offset)
{
    return (const char *)&subject->process->stat + offset;
}

/* A 32-bit member, at an offset of struct pt_stat. */
static void get_number(const struct pt_subject *subject, int offset, struct pt_value *ret_value)
{
    int32_t number;
    memcpy(&number, stat_member(subject, offset), sizeof number);
    ret_value->is.number = number;
}

/* A 64-bit member. */
static void get_amount(const struct pt_subject *subject, int offset, struct pt_value *ret_value)
{
    memcpy(&ret_value->is.amount, stat_member(subject, offset), sizeof ret_value->is.amount);
}

/* A member that counts ticks, in seconds. */
static void get_ticks(const struct pt_subject *subject, int offset, struct pt_value *ret_value)
{
    uint64_t ticks;
    memcpy(&ticks, stat_member(subject, offset), sizeof ticks);
    ret_value->is.decimal = (double)ticks / (double)subject->context->snapshot->procfs->ticks;
}

static void get_rss(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)detail;
    ret_value->is.amount =
        pt_process_resident(subject->process) * subject->context->snapshot->procfs->page_size;
}

static void get_state(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)detail;
    ret_value->text[0] = subject->process->stat.state;
    ret_value->is.bytes = (struct pt_bytes){ret_value->text, 1};
}

static void get_comm(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    const struct pt_stat *stat = &subject->process->stat;
    (void)detail;
    ret_value->is.bytes = (struct pt_bytes){stat->comm, stat->comm_length};
}

/*
 * Terminals by their device number (Documentation/admin-guide/devices.txt), so that /dev, which
 * may be anybody's in a container, is never asked.
 */
static const struct {
    unsigned major, first, last, base;
    const char *name; /* followed by minor - base */
} terminals[] = {
    {4, 0, 63, 0, "tty"},
    {4, 64, 255, 64, "ttyS"},
    {5, 0, 0, UINT32_MAX, "tty"},
    {5, 1, 1, UINT32_MAX, "console"},
    {136, 0, UINT32_MAX, 0, "pts/"},
    {166, 0, 255, 0, "ttyACM"},
    {188, 0, 255, 0, "ttyUSB"},
    {204, 64, 79, 64, "ttyAMA"},
    {229, 0, 255, 0, "hvc"},
};

/* stat's tty is the kernel's new_encode_dev: minor's low byte, 12 bits of major, the rest of minor
 * (include/linux/kdev_t.h). */
static void get_tty(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    uint32_t device = subject->process->stat.tty;
    unsigned major = device >> 8 & 0xfff, minor = (device & 0xff) | (device >> 12 & 0xfff00);
    (void)detail;
    if (device == 0) {
        set_none(ret_value);
        return;
    }
    snprintf(ret_value->text, sizeof ret_value->text, "%u:%u", major, minor);
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++) {
        if (terminals[i].major != major || minor < terminals[i].first || minor > terminals[i].last)
            continue;
        if (terminals[i].base == UINT32_MAX)
            snprintf(ret_value->text, sizeof ret_value->text, "%s", terminals[i].name);
        else
            snprintf(ret_value->text, sizeof ret_value->text, "%s%u", terminals[i].name,
                     minor - terminals[i].base);
        break;
    }
    set_text(ret_value, ret_value->text);
}

/* --- times --- */

static void get_starttime(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    int64_t start = pt_snapshot_start_time(subject->context->snapshot, subject->process);
    (void)detail;
    ret_value->is.number = start / PT_SECOND - (start % PT_SECOND < 0);
}

static void get_runtime(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)detail;
    ret_value->is.decimal =
        seconds_of(pt_snapshot_age(subject->context->snapshot, subject->process));
}

/* As ps: of one CPU, over the whole life. */
static void get_cpu_percent(const struct pt_subject *subject, int detail,
                            struct pt_value *ret_value)
{
    const struct pt_snapshot *snapshot = subject->context->snapshot;
    const struct pt_stat *stat = &subject->process->stat;
    double used = (double)(stat->utime + stat->stime) / (double)snapshot->procfs->ticks;
    double age = seconds_of(pt_snapshot_age(snapshot, subject->process));
    (void)detail;
    ret_value->is.decimal = age > 0 ? used / age * 100 : 0;
}

/* --- the program --- */

static void get_exe(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)detail;
    ret_value->is.bytes = subject->process->more->exe;
}

static void get_exe_deleted(const struct pt_subject *subject, int detail,
                            struct pt_value *ret_value)
{
    (void)detail;
    ret_value->is.truth = subject->process->more->exe_deleted;
}

static void get_exe_name(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)detail;
    set_bytes(ret_value, pt_process_exe_name(subject->process));
}

/* Unknown only where neither exe nor an absolute argv[0] could be seen. */
static void get_exe_path(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    const struct pt_process *process = subject->process;
    (void)detail;
    set_bytes(ret_value, pt_process_exe_path(process));
    if (ret_value->state == PT_VALUE_NONE && !pt_process_lacks_program(process))
        set_unknown(ret_value, process->error[PT_SOURCE_EXE]);
}

/* What read_whole could not read stays cut, and what is cut is not shown. */
static void get_strings(struct pt_bytes bytes, bool cut, struct pt_value *ret_value)
{
    ret_value->is.bytes = bytes;
    if (cut)
        set_unknown(ret_value, EFBIG);
}

static void get_argv(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    const struct pt_process_more *more = subject->process->more;
    (void)detail;
    get_strings(more->cmdline, more->cmdline_cut, ret_value);
}

static void get_environ(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    const struct pt_process_more *more = subject->process->more;
    (void)detail;
    get_strings(more->environ, more->environ_cut, ret_value);
}

static void get_cwd(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)detail;
    ret_value->is.bytes = subject->process->more->cwd;
}

static void get_label(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)detail;
    ret_value->is.bytes = subject->process->more->label;
}

/* --- who --- */

static void get_uid(const struct pt_subject *subject, int which, struct pt_value *ret_value)
{
    ret_value->is.amount = subject->process->more->status.uid[which];
}

static void get_gid(const struct pt_subject *subject, int which, struct pt_value *ret_value)
{
    ret_value->is.amount = subject->process->more->status.gid[which];
}

static void get_euid(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    const struct pt_process *process = subject->process;
    uid_t uid;
    (void)detail;
    if (pt_process_euid(process, &uid))
        ret_value->is.amount = uid;
    else
        set_unknown(ret_value, process->error[PT_SOURCE_OWNER]);
}

static void set_name(struct pt_value *value, const char *name)
{
    if (name == NULL)
        set_unknown(value, ENOMEM);
    else
        set_text(value, name);
}

static void get_user(const struct pt_subject *subject, int which, struct pt_value *ret_value)
{
    set_name(ret_value,
             pt_user_name(subject->context->names, subject->process->more->status.uid[which]));
}

static void get_group(const struct pt_subject *subject, int which, struct pt_value *ret_value)
{
    set_name(ret_value,
             pt_group_name(subject->context->names, subject->process->more->status.gid[which]));
}

static void get_euser(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    get_euid(subject, detail, ret_value);
    if (ret_value->state == PT_VALUE_KNOWN)
        set_name(ret_value, pt_user_name(subject->context->names, (uid_t)ret_value->is.amount));
}

static void get_nspid(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    const struct pt_status *status = &subject->process->more->status;
    (void)detail;
    ret_value->is.pids.pid = status->nspid;
    ret_value->is.pids.count = status->nspid_count;
    if (status->nspid_count == 0) /* before Linux 4.1 */
        set_none(ret_value);
}

static void get_namespaces(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)detail;
    ret_value->is.namespaces = subject->process->more->namespaces;
}

static void get_inode(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)detail;
    ret_value->is.amount = subject->process->more->inode;
}

/* --- memory --- */

static void get_swap(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    const struct pt_status *status = &subject->process->more->status;
    (void)detail;
    ret_value->is.amount = status->has_memory ? status->swap : 0;
}

enum { PSS, USS };

/* What has no memory has none, even where smaps_rollup may not be read. */
static void get_smaps(const struct pt_subject *subject, int which, struct pt_value *ret_value)
{
    const struct pt_process *process = subject->process;
    if (pt_process_has(process, PT_SOURCE_SMAPS_ROLLUP)) {
        const struct pt_smaps *smaps = &process->more->smaps;
        ret_value->is.amount =
            which == PSS ? smaps->pss : smaps->private_clean + smaps->private_dirty;
    } else if (!pt_process_lacks_program(process)) {
        set_unknown(ret_value, process->error[PT_SOURCE_SMAPS_ROLLUP]);
    }
}

static void get_oom_score(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)detail;
    ret_value->is.number = subject->process->more->oom_score;
}

/* --- control groups --- */

enum { CGROUP_PATH, CGROUP_UNIT, CGROUP_CONTAINER };

static void get_cgroup(const struct pt_subject *subject, int which, struct pt_value *ret_value)
{
    struct pt_bytes text = subject->process->more->cgroup, *found = &ret_value->is.bytes;
    struct pt_bytes path;
    bool any = pt_cgroup_path(text.bytes, text.length, &path.bytes, &path.length) == 0;
    if (any && which == CGROUP_UNIT)
        any = pt_cgroup_unit(path.bytes, path.length, &found->bytes, &found->length);
    else if (any && which == CGROUP_CONTAINER)
        any = pt_cgroup_container(path.bytes, path.length, &found->bytes, &found->length);
    else if (any)
        *found = path;
    if (!any)
        set_none(ret_value);
}

/* --- the tree --- */

static bool is_in_tree(const struct pt_subject *subject)
{
    return subject->context->tree != NULL && pt_tree_holds(subject->context->tree, subject->node);
}

static void get_depth(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)detail;
    if (is_in_tree(subject))
        ret_value->is.amount = subject->context->depths[subject->node];
    else
        set_none(ret_value);
}

static const char *root_reason(const struct pt_subject *subject)
{
    static const char *const reasons[] = {
        [PT_ROOT_INIT] = "init",     [PT_ROOT_PPID0] = "ppid0", [PT_ROOT_HIDDEN] = "hidden",
        [PT_ROOT_KERNEL] = "kernel", [PT_ROOT_CYCLE] = "cycle", [PT_ROOT_STALE] = "stale",
    };
    const struct pt_field_context *context = subject->context;
    if (context->begun_anew)
        return "depth";
    if (!is_in_tree(subject) ||
        (context->marks != NULL && (context->marks[subject->node] & context->asked_as_root)))
        return NULL;
    enum pt_root_reason why = context->tree->why[subject->node];
    uint32_t parent = context->tree->parent[subject->node];
    /* A parent that vanished after the scan is not there any more. */
    if (why == PT_ROOT_NOT && pt_snapshot_is_gone(&context->snapshot->processes[parent]))
        why = PT_ROOT_HIDDEN;
    return why == PT_ROOT_NOT ? NULL : reasons[why];
}

static void get_root_reason(const struct pt_subject *subject, int detail,
                            struct pt_value *ret_value)
{
    const char *reason = root_reason(subject);
    (void)detail;
    if (reason == NULL)
        set_none(ret_value);
    else
        set_text(ret_value, reason);
}

enum { TOTAL_RSS, TOTAL_PSS, TOTAL_PROCESSES };

static void get_total(const struct pt_subject *subject, int which, struct pt_value *ret_value)
{
    const struct pt_totals *totals;
    if (!is_in_tree(subject)) {
        set_none(ret_value);
        return;
    }
    totals = &subject->context->totals[subject->node];
    switch (which) {
    case TOTAL_RSS:
        ret_value->is.amount = totals->rss;
        break;
    case TOTAL_PSS:
        ret_value->is.amount = totals->pss;
        if (totals->pss_partial)
            ret_value->state = PT_VALUE_PARTIAL;
        break;
    default:
        ret_value->is.amount = totals->processes;
        break;
    }
}

/* fields.c tells them: it knows the other fields. */
static void get_errors(const struct pt_subject *subject, int detail, struct pt_value *ret_value)
{
    (void)subject, (void)detail, (void)ret_value;
}

/* --- the table --- */

#define OWNER PT_SOURCE_BIT(PT_SOURCE_OWNER)
#define STATM PT_SOURCE_BIT(PT_SOURCE_STATM)
#define STATUS PT_SOURCE_BIT(PT_SOURCE_STATUS)
#define EXE PT_SOURCE_BIT(PT_SOURCE_EXE)
#define CMDLINE PT_SOURCE_BIT(PT_SOURCE_CMDLINE)
#define SMAPS PT_SOURCE_BIT(PT_SOURCE_SMAPS_ROLLUP)
#define AT(member) (int)offsetof(struct pt_stat, member)

/* Reads on: name, aliases, kind, flags, source, more, get, detail. */
const struct pt_field pt_field_rows[] = {
    {"id", NULL, PT_VALUE_BYTES, 0, PT_SOURCE_STAT, 0, get_id, 0},
    {"inode", NULL, PT_VALUE_UNSIGNED, PT_FIELD_NAMED, PT_SOURCE_INODE, 0, get_inode, 0},
    {"pid", "tgid", PT_VALUE_SIGNED, PT_FIELD_REFUSED, PT_SOURCE_STAT, 0, get_number, AT(pid)},
    {"ppid", NULL, PT_VALUE_SIGNED, 0, PT_SOURCE_STAT, 0, get_number, AT(ppid)},
    {"pgrp", "pgid", PT_VALUE_SIGNED, 0, PT_SOURCE_STAT, 0, get_number, AT(pgrp)},
    {"session", "sid,sess", PT_VALUE_SIGNED, 0, PT_SOURCE_STAT, 0, get_number, AT(session)},
    {"tty", "tt,tname,terminal", PT_VALUE_BYTES, 0, PT_SOURCE_STAT, 0, get_tty, 0},
    {"tpgid", NULL, PT_VALUE_SIGNED, 0, PT_SOURCE_STAT, 0, get_number, AT(tpgid)},
    {"state", "s,status", PT_VALUE_BYTES, 0, PT_SOURCE_STAT, 0, get_state, 0},
    {"comm", "ucmd,ucomm,name", PT_VALUE_BYTES, 0, PT_SOURCE_STAT, 0, get_comm, 0},
    {"exe", NULL, PT_VALUE_BYTES, 0, PT_SOURCE_EXE, 0, get_exe, 0},
    {"exe_name", NULL, PT_VALUE_BYTES, 0, PT_SOURCE_STAT, EXE | CMDLINE, get_exe_name, 0},
    {"exe_path", NULL, PT_VALUE_BYTES, 0, PT_SOURCE_STAT, EXE | CMDLINE, get_exe_path, 0},
    {"exe_deleted", NULL, PT_VALUE_BOOLEAN, 0, PT_SOURCE_EXE, 0, get_exe_deleted, 0},
    {"argv", "args,cmd,command,cmdline,command_line", PT_VALUE_STRINGS, 0, PT_SOURCE_CMDLINE, 0,
     get_argv, 0},
    {"cwd", NULL, PT_VALUE_BYTES, 0, PT_SOURCE_CWD, 0, get_cwd, 0},
    {"environ", NULL, PT_VALUE_STRINGS, PT_FIELD_DEAR, PT_SOURCE_ENVIRON, 0, get_environ, 0},
    {"user", "ruser,username", PT_VALUE_BYTES, 0, PT_SOURCE_STATUS, 0, get_user, PT_REAL},
    {"group", "rgroup", PT_VALUE_BYTES, 0, PT_SOURCE_STATUS, 0, get_group, PT_REAL},
    {"uid", "ruid", PT_VALUE_UNSIGNED, 0, PT_SOURCE_STATUS, 0, get_uid, PT_REAL},
    {"euser", "uname", PT_VALUE_BYTES, PT_FIELD_REFUSED, PT_SOURCE_STAT, OWNER | STATUS, get_euser,
     0},
    {"egroup", NULL, PT_VALUE_BYTES, 0, PT_SOURCE_STATUS, 0, get_group, PT_EFFECTIVE},
    {"euid", NULL, PT_VALUE_UNSIGNED, PT_FIELD_REFUSED, PT_SOURCE_STAT, OWNER | STATUS, get_euid,
     0},
    {"suid", "svuid", PT_VALUE_UNSIGNED, 0, PT_SOURCE_STATUS, 0, get_uid, PT_SAVED},
    {"fsuid", "fuid", PT_VALUE_UNSIGNED, 0, PT_SOURCE_STATUS, 0, get_uid, PT_FILESYSTEM},
    {"gid", "rgid", PT_VALUE_UNSIGNED, 0, PT_SOURCE_STATUS, 0, get_gid, PT_REAL},
    {"egid", NULL, PT_VALUE_UNSIGNED, 0, PT_SOURCE_STATUS, 0, get_gid, PT_EFFECTIVE},
    {"sgid", "svgid", PT_VALUE_UNSIGNED, 0, PT_SOURCE_STATUS, 0, get_gid, PT_SAVED},
    {"fsgid", "fgid", PT_VALUE_UNSIGNED, 0, PT_SOURCE_STATUS, 0, get_gid, PT_FILESYSTEM},
    {"label", "context", PT_VALUE_BYTES, 0, PT_SOURCE_LABEL, 0, get_label, 0},
    {"vsize", "vsz", PT_VALUE_UNSIGNED, 0, PT_SOURCE_STAT, 0, get_amount, AT(vsize)},
    {"rss", "rssize,rsz", PT_VALUE_UNSIGNED, 0, PT_SOURCE_STAT, STATM, get_rss, 0},
    {"pss", NULL, PT_VALUE_UNSIGNED, PT_FIELD_DEAR, PT_SOURCE_STAT, SMAPS, get_smaps, PSS},
    {"uss", NULL, PT_VALUE_UNSIGNED, PT_FIELD_DEAR, PT_SOURCE_STAT, SMAPS, get_smaps, USS},
    {"swap", NULL, PT_VALUE_UNSIGNED, 0, PT_SOURCE_STATUS, 0, get_swap, 0},
    {"threads", "nlwp,thcount,num_threads", PT_VALUE_SIGNED, 0, PT_SOURCE_STAT, 0, get_number,
     AT(threads)},
    {"nice", "ni", PT_VALUE_SIGNED, 0, PT_SOURCE_STAT, 0, get_number, AT(nice)},
    {"starttime", "create_time,lstart,start_time", PT_VALUE_TIME, 0, PT_SOURCE_STAT, 0,
     get_starttime, 0},
    {"starttime_ticks", NULL, PT_VALUE_UNSIGNED, 0, PT_SOURCE_STAT, 0, get_amount, AT(starttime)},
    {"runtime", "etimes", PT_VALUE_DECIMAL, 0, PT_SOURCE_STAT, 0, get_runtime, 0},
    {"utime", NULL, PT_VALUE_DECIMAL, 0, PT_SOURCE_STAT, 0, get_ticks, AT(utime)},
    {"stime", NULL, PT_VALUE_DECIMAL, 0, PT_SOURCE_STAT, 0, get_ticks, AT(stime)},
    {"cpu_percent", "pcpu,%cpu", PT_VALUE_DECIMAL, 0, PT_SOURCE_STAT, 0, get_cpu_percent, 0},
    {"cgroup", NULL, PT_VALUE_BYTES, 0, PT_SOURCE_CGROUP, 0, get_cgroup, CGROUP_PATH},
    {"unit", NULL, PT_VALUE_BYTES, 0, PT_SOURCE_CGROUP, 0, get_cgroup, CGROUP_UNIT},
    {"container", "lxc", PT_VALUE_BYTES, 0, PT_SOURCE_CGROUP, 0, get_cgroup, CGROUP_CONTAINER},
    {"nspid", NULL, PT_VALUE_PIDS, 0, PT_SOURCE_STATUS, 0, get_nspid, 0},
    {"namespaces", NULL, PT_VALUE_NAMESPACES, 0, PT_SOURCE_NAMESPACES, 0, get_namespaces, 0},
    {"oom_score", "oom", PT_VALUE_SIGNED, 0, PT_SOURCE_OOM_SCORE, 0, get_oom_score, 0},
    {"depth", NULL, PT_VALUE_UNSIGNED, PT_FIELD_DEPTH, PT_SOURCE_STAT, 0, get_depth, 0},
    {"root_reason", NULL, PT_VALUE_BYTES, 0, PT_SOURCE_STAT, 0, get_root_reason, 0},
    {"total_rss", NULL, PT_VALUE_UNSIGNED, PT_FIELD_TOTALS, PT_SOURCE_STAT, STATM, get_total,
     TOTAL_RSS},
    {"total_pss", NULL, PT_VALUE_UNSIGNED, PT_FIELD_DEAR | PT_FIELD_TOTALS, PT_SOURCE_STAT, SMAPS,
     get_total, TOTAL_PSS},
    {"total_processes", NULL, PT_VALUE_UNSIGNED, PT_FIELD_TOTALS, PT_SOURCE_STAT, 0, get_total,
     TOTAL_PROCESSES},
    {"errors", NULL, PT_VALUE_ERRORS, PT_FIELD_REFUSED, PT_SOURCE_STAT, 0, get_errors, 0},
};

const size_t pt_field_count = sizeof pt_field_rows / sizeof *pt_field_rows;

/* --- one value --- */

void pt_field_get(const struct pt_field *field, const struct pt_field_context *context,
                  uint32_t node, struct pt_value *ret_value)
{
    bool whole = context->whole != NULL && context->whole_node == node;
    struct pt_subject subject = {
        .context = context,
        .process = whole ? context->whole : &context->snapshot->processes[node],
        .node = node,
    };
    int refused = subject.process->error[PT_SOURCE_STAT];
    int error = subject.process->error[field->source];

    *ret_value = (struct pt_value){.state = PT_VALUE_KNOWN};
    if (refused != 0 && !(field->flags & PT_FIELD_REFUSED))
        set_unknown(ret_value, refused);
    else if (error == 0 || (field->flags & PT_FIELD_REFUSED))
        field->get(&subject, field->detail, ret_value);
    else if (pt_process_lacks(subject.process, field->source))
        set_none(ret_value);
    else
        set_unknown(ret_value, error);
}
