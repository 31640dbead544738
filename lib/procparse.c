/*
 * What stands behind the fields we know is never an error: kernels add fields at the end.
 */
#include "procparse.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cursor.h"
#include "units.h"

/* --- stat --- */

/*
 * A walk over the fields behind the comm, one blank before each, as the kernel writes them. Read
 * for every process, so it is all in line, and what went wrong is asked once, at the end: from then
 * on every field is 0.
 */
struct fields {
    const char *at, *end;
    int error; /* the first; -ENODATA: the record ended before a field */
};

static inline bool ends_field(const struct fields *fields)
{
    return fields->at == fields->end || *fields->at == ' ' || *fields->at == '\n';
}

/* To the first byte of the next field. */
static inline bool enter_field(struct fields *fields)
{
    if (fields->error == 0 && (fields->at == fields->end || *fields->at == '\n'))
        fields->error = -ENODATA;
    if (fields->error < 0)
        return false;
    fields->at++;
    return true;
}

static inline uint64_t take_digits(struct fields *fields, uint64_t maximum)
{
    const char *begin = fields->at;
    uint64_t value = 0;

    for (; fields->at < fields->end && *fields->at >= '0' && *fields->at <= '9'; fields->at++) {
        unsigned digit = (unsigned)(*fields->at - '0');

        if (value >= UINT64_MAX / 10 && value > (UINT64_MAX - digit) / 10)
            fields->error = -ERANGE;
        value = value * 10 + digit;
    }
    if (fields->at == begin || !ends_field(fields))
        fields->error = -EINVAL;
    else if (value > maximum)
        fields->error = -ERANGE;
    return fields->error < 0 ? 0 : value;
}

static inline uint64_t take_number(struct fields *fields, uint64_t maximum)
{
    return enter_field(fields) ? take_digits(fields, maximum) : 0;
}

/* MINIMUM is at most 0. */
static inline int64_t take_signed(struct fields *fields, int64_t minimum, int64_t maximum)
{
    if (!enter_field(fields))
        return 0;
    if (fields->at == fields->end || *fields->at != '-')
        return (int64_t)take_digits(fields, (uint64_t)maximum);
    fields->at++;
    return -(int64_t)take_digits(fields, (uint64_t)-minimum);
}

static inline pid_t take_pid(struct fields *fields, pid_t minimum)
{
    return (pid_t)take_signed(fields, minimum, INT32_MAX);
}

static inline char take_state(struct fields *fields)
{
    char state;

    if (!enter_field(fields) || fields->at == fields->end)
        return '\0';
    state = *fields->at++;
    if (state <= ' ' || state > '~' || !ends_field(fields))
        fields->error = -EINVAL;
    return state;
}

static inline void skip_fields(struct fields *fields, int count)
{
    for (; count > 0 && enter_field(fields); count--)
        while (!ends_field(fields))
            fields->at++;
}

/* Fields 3 to 24, by their numbers in proc(5). */
static int parse_fields(struct fields *fields, struct pt_stat *stat)
{
    stat->state = take_state(fields);
    stat->ppid = take_pid(fields, 0);
    stat->pgrp = take_pid(fields, -1); /* -1 while it is being reaped (do_task_stat) */
    stat->session = take_pid(fields, -1);
    /* tty_nr is printed with %d, and new_encode_dev may set its uppermost bit. */
    stat->tty = (uint32_t)take_signed(fields, INT32_MIN, UINT32_MAX);
    stat->tpgid = take_pid(fields, -1);
    stat->flags = (uint32_t)take_number(fields, UINT32_MAX);
    skip_fields(fields, 13 - 9); /* minflt cminflt majflt cmajflt */
    stat->utime = take_number(fields, UINT64_MAX);
    stat->stime = take_number(fields, UINT64_MAX);
    skip_fields(fields, 18 - 15); /* cutime cstime priority */
    stat->nice = (int32_t)take_signed(fields, INT32_MIN, INT32_MAX);
    stat->threads = (uint32_t)take_number(fields, PT_THREADS_MAX);
    skip_fields(fields, 21 - 20); /* itrealvalue */
    stat->starttime = take_number(fields, UINT64_MAX);
    if (fields->error == -ENODATA)
        return -EINVAL;
    stat->vsize = take_number(fields, UINT64_MAX);
    stat->rss = take_number(fields, UINT64_MAX);
    return fields->error == -ENODATA ? 0 : fields->error;
}

/*
 * 1042 (a) b (c) S 1 1042 1042 34816 1042 4194304 98 0 0 0 3 1 0 0 20 0 1 0 5218 2539520 203 …
 *
 * comm may hold any byte but NUL, `)` and newlines too; no field behind it holds a `)`.
 */
int pt_parse_stat(const char *bytes, size_t length, struct pt_stat *ret_stat)
{
    struct pt_stat stat = {0};
    struct pt_cursor cursor = {bytes, bytes + length};
    struct fields fields = {.end = bytes + length};
    const char *close;
    int error = pt_cursor_pid(&cursor, 1, &stat.pid);

    if (error < 0 || cursor.end - cursor.at < 2 || cursor.at[1] != '(')
        return -EINVAL;
    stat.comm = cursor.at + 2;
    close = memrchr(stat.comm, ')', (size_t)(cursor.end - stat.comm));
    if (close == NULL)
        return -EINVAL;
    stat.comm_length = (uint32_t)(close - stat.comm);
    fields.at = close + 1;
    if (!ends_field(&fields))
        return -EINVAL;
    error = parse_fields(&fields, &stat);
    if (error < 0)
        return error;
    *ret_stat = stat;
    return 0;
}

/* --- lines `Key:  value` --- */

/* `0000000000014002`: 16 digits, 32 on mips, whose signals go to 128; ours are the lower 64. */
static int parse_signals(struct pt_cursor *cursor, uint64_t *ret_signals)
{
    uint64_t value = 0;
    const char *begin;

    pt_cursor_skip_blanks(cursor);
    for (begin = cursor->at; cursor->at < cursor->end; cursor->at++) {
        int digit = pt_hex_digit(*cursor->at);

        if (digit < 0)
            break;
        value = value << 4 | (unsigned)digit;
    }
    if (cursor->at == begin || !pt_cursor_at_word_end(cursor))
        return -EINVAL;
    *ret_signals = value;
    return 0;
}

/* --- status --- */

/* `Uid:	1000	1000	1000	1000` */
static int parse_ids(struct pt_cursor *cursor, uint32_t ids[4])
{
    int error = 0;

    for (int i = 0; i < 4 && error == 0; i++)
        error = pt_cursor_u32(cursor, &ids[i]);
    return error;
}

static int parse_nspid(struct pt_cursor *cursor, struct pt_status *status)
{
    status->nspid_count = 0;
    for (;;) {
        pid_t pid = 0;
        int error = pt_cursor_pid(cursor, 0, &pid);

        if (error == -ENODATA)
            return 0;
        if (error < 0)
            return error;
        if (status->nspid_count == PT_NSPID_MAX)
            return -ERANGE;
        status->nspid[status->nspid_count++] = pid;
    }
}

/* Lines that are one number or set of signals, and where it goes. */
static const struct {
    const char *key;
    int (*parse)(struct pt_cursor *cursor, uint64_t *ret_value);
    size_t offset;
} status_values[] = {
    {"VmRSS", pt_cursor_kilobytes, offsetof(struct pt_status, rss)},
    {"RssShmem", pt_cursor_kilobytes, offsetof(struct pt_status, rss_shmem)},
    {"VmPTE", pt_cursor_kilobytes, offsetof(struct pt_status, page_tables)},
    {"VmSwap", pt_cursor_kilobytes, offsetof(struct pt_status, swap)},
    {"SigPnd", parse_signals, offsetof(struct pt_status, pending)},
    {"ShdPnd", parse_signals, offsetof(struct pt_status, shared_pending)},
    {"SigBlk", parse_signals, offsetof(struct pt_status, blocked)},
    {"SigIgn", parse_signals, offsetof(struct pt_status, ignored)},
    {"SigCgt", parse_signals, offsetof(struct pt_status, caught)},
};

static int parse_status_value(struct pt_line *line, struct pt_status *status)
{
    for (size_t i = 0; i < sizeof status_values / sizeof *status_values; i++) {
        uint64_t value;
        int error;

        if (!pt_line_has_key(line, status_values[i].key))
            continue;
        error = status_values[i].parse(&line->value, &value);
        if (error == 0)
            memcpy((char *)status + status_values[i].offset, &value, sizeof value);
        status->has_memory |= i == 0;
        return error;
    }
    return 0;
}

enum { SEEN_UID = 1, SEEN_GID = 2, SEEN_ALL = 3 };

static int parse_status_line(struct pt_line *line, struct pt_status *status, unsigned *seen)
{
    if (pt_line_has_key(line, "Uid")) {
        *seen |= SEEN_UID;
        return parse_ids(&line->value, status->uid);
    }
    if (pt_line_has_key(line, "Gid")) {
        *seen |= SEEN_GID;
        return parse_ids(&line->value, status->gid);
    }
    if (pt_line_has_key(line, "Tgid"))
        return pt_cursor_pid(&line->value, 0, &status->tgid);
    if (pt_line_has_key(line, "TracerPid"))
        return pt_cursor_pid(&line->value, 0, &status->tracer);
    if (pt_line_has_key(line, "NSpid"))
        return parse_nspid(&line->value, status);
    if (pt_line_has_key(line, "Threads"))
        return pt_cursor_u32(&line->value, &status->threads);
    return parse_status_value(line, status);
}

/*
 * Name:	a\nb
 * Uid:	1000	1000	1000	1000
 * VmRSS:	     812 kB
 *
 * The kernel escapes newlines in Name (proc_task_name), so that no name forges a line.
 */
int pt_parse_status(const char *bytes, size_t length, struct pt_status *ret_status)
{
    struct pt_status status = {0};
    struct pt_cursor cursor = {bytes, bytes + length};
    struct pt_line line;
    unsigned seen = 0;

    while (pt_cursor_line(&cursor, &line)) {
        int error = parse_status_line(&line, &status, &seen);

        if (error < 0)
            return error == -ERANGE ? -ERANGE : -EINVAL;
    }
    if (seen != SEEN_ALL)
        return -EINVAL;
    *ret_status = status;
    return 0;
}

/* --- statm: `1203 204 187 5 0 113 0` --- */

int pt_parse_statm(const char *bytes, size_t length, struct pt_statm *ret_statm)
{
    struct pt_cursor cursor = {bytes, bytes + length};
    struct pt_statm statm;

    if (pt_cursor_u64(&cursor, UINT64_MAX, &statm.size) < 0 ||
        pt_cursor_u64(&cursor, UINT64_MAX, &statm.resident) < 0 ||
        pt_cursor_u64(&cursor, UINT64_MAX, &statm.shared) < 0)
        return -EINVAL;
    *ret_statm = statm;
    return 0;
}

/* --- smaps --- */

static const struct {
    const char *key;
    size_t offset;
} smaps_values[] = {
    {"Rss", offsetof(struct pt_smaps, rss)},
    {"Pss", offsetof(struct pt_smaps, pss)},
    {"Pss_Shmem", offsetof(struct pt_smaps, pss_shmem)},
    {"Private_Clean", offsetof(struct pt_smaps, private_clean)},
    {"Private_Dirty", offsetof(struct pt_smaps, private_dirty)},
    {"Shared_Clean", offsetof(struct pt_smaps, shared_clean)},
    {"Shared_Dirty", offsetof(struct pt_smaps, shared_dirty)},
    {"Swap", offsetof(struct pt_smaps, swap)},
    {"SwapPss", offsetof(struct pt_smaps, swap_pss)},
};

/* Of both files the lines with a value look alike; a mapping's own line, `55d0… r-xp … /path`, may
 * hold `:` and anything behind it, but no key of ours before it. */
void pt_parse_smaps_line(const char *bytes, size_t length, struct pt_smaps *sums)
{
    struct pt_cursor cursor = {bytes, bytes + length};
    struct pt_line line;

    if (!pt_cursor_line(&cursor, &line))
        return;
    for (size_t i = 0; i < sizeof smaps_values / sizeof *smaps_values; i++) {
        char *sum = (char *)sums + smaps_values[i].offset;
        uint64_t value, before;

        if (!pt_line_has_key(&line, smaps_values[i].key))
            continue;
        if (pt_cursor_kilobytes(&line.value, &value) < 0)
            return;
        memcpy(&before, sum, sizeof before);
        value = value > UINT64_MAX - before ? UINT64_MAX : before + value;
        memcpy(sum, &value, sizeof value);
        sums->any |= smaps_values[i].offset == offsetof(struct pt_smaps, rss);
        sums->has_pss_shmem |= smaps_values[i].offset == offsetof(struct pt_smaps, pss_shmem);
        sums->has_swap_pss |= smaps_values[i].offset == offsetof(struct pt_smaps, swap_pss);
        return;
    }
}

/*
 * 55d0c8a00000-7ffd4b5f2000 ---p 00000000 00:00 0                          [rollup]
 * Rss:                3744 kB
 * Pss:                 921 kB
 */
int pt_parse_smaps_rollup(const char *bytes, size_t length, struct pt_smaps *ret_smaps)
{
    struct pt_smaps smaps = {0};
    const char *end = bytes + length;

    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *line_end = newline ? newline : end;

        pt_parse_smaps_line(bytes, (size_t)(line_end - bytes), &smaps);
        bytes = newline ? newline + 1 : end;
    }
    if (!smaps.any)
        return -ESRCH;
    *ret_smaps = smaps;
    return 0;
}

/* --- cgroup --- */

/* Whether `controller` stands in the list between commas; that of the unified hierarchy is empty.
 */
static bool lists_controller(const char *list, size_t length, const char *controller)
{
    size_t wanted = strlen(controller);
    const char *end = list + length;

    if (wanted == 0)
        return length == 0;
    while (list < end) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        const char *word_end = comma ? comma : end;

        if ((size_t)(word_end - list) == wanted && memcmp(list, controller, wanted) == 0)
            return true;
        list = comma ? comma + 1 : end;
    }
    return false;
}

/*
 * 12:cpu,cpuacct:/user.slice
 * 1:name=systemd:/user.slice/user-1000.slice/session-2.scope
 * 0::/user.slice/user-1000.slice/session-2.scope
 *
 * Paths may hold `:`; newlines in them are escaped.
 */
int pt_parse_cgroup(const char *bytes, size_t length, const char *controller, const char **ret_path,
                    size_t *ret_path_length)
{
    struct pt_cursor cursor = {bytes, bytes + length};
    struct pt_line line;

    while (pt_cursor_line(&cursor, &line)) {
        size_t rest = (size_t)(line.value.end - line.value.at);
        const char *colon = memchr(line.value.at, ':', rest);

        if (colon == NULL ||
            !lists_controller(line.value.at, (size_t)(colon - line.value.at), controller))
            continue;
        *ret_path = colon + 1;
        *ret_path_length = (size_t)(line.value.end - colon - 1);
        return 0;
    }
    return -ENOENT;
}

/* --- cmdline, environ --- */

bool pt_next_string(const char *bytes, size_t length, size_t *offset, const char **ret_string,
                    size_t *ret_length)
{
    const char *begin, *nul;

    if (*offset >= length)
        return false;
    begin = bytes + *offset;
    nul = memchr(begin, '\0', length - *offset);
    *ret_string = begin;
    *ret_length = nul ? (size_t)(nul - begin) : length - *offset;
    *offset += *ret_length + 1;
    return true;
}

/* --- meminfo: `MemAvailable:   12345678 kB` --- */

int pt_parse_meminfo(const char *bytes, size_t length, const char *name, uint64_t *ret_bytes)
{
    struct pt_cursor cursor = {bytes, bytes + length};
    struct pt_line line;

    while (pt_cursor_line(&cursor, &line))
        if (pt_line_has_key(&line, name))
            return pt_cursor_kilobytes(&line.value, ret_bytes) < 0 ? -EINVAL : 0;
    return -ENOENT;
}

/* --- uptime: `350735.47 234388.90` --- */

int pt_parse_uptime(const char *bytes, size_t length, int64_t *ret_nanoseconds)
{
    struct pt_cursor cursor = {bytes, bytes + length};
    int64_t nanoseconds = 0, unit = PT_SECOND;
    uint64_t seconds;

    if (pt_scan_u64(&cursor.at, cursor.end, &seconds) < 0 ||
        seconds >= (uint64_t)(INT64_MAX / PT_SECOND))
        return -EINVAL;
    if (cursor.at < cursor.end && *cursor.at == '.')
        for (cursor.at++; cursor.at < cursor.end && *cursor.at >= '0' && *cursor.at <= '9';
             cursor.at++) {
            unit /= 10;
            nanoseconds += (*cursor.at - '0') * unit;
        }
    if (!pt_cursor_at_word_end(&cursor))
        return -EINVAL;
    *ret_nanoseconds = (int64_t)seconds * PT_SECOND + nanoseconds;
    return 0;
}

/* --- mountinfo --- */

/* Past the optional fields and the lone `-` that ends them. */
static int skip_optional(struct pt_cursor *cursor)
{
    const char *word;
    size_t length;

    do
        if (pt_cursor_word(cursor, &word, &length) < 0)
            return -EINVAL;
    while (length != 1 || *word != '-');
    return 0;
}

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue */
int pt_parse_mountinfo_line(const char *line, size_t length, struct pt_mount *ret_mount)
{
    struct pt_cursor cursor = {line, line + length};
    struct pt_mount mount;
    const char *word;
    size_t word_length;

    if (pt_cursor_u64(&cursor, UINT64_MAX, &mount.id) < 0)
        return -EINVAL;
    for (int field = 2; field <= 3; field++)
        if (pt_cursor_word(&cursor, &word, &word_length) < 0)
            return -EINVAL;
    if (pt_cursor_word(&cursor, &mount.root, &mount.root_length) < 0 ||
        pt_cursor_word(&cursor, &mount.mount_point, &mount.mount_point_length) < 0 ||
        pt_cursor_word(&cursor, &word, &word_length) < 0 || skip_optional(&cursor) < 0 ||
        pt_cursor_word(&cursor, &mount.type, &mount.type_length) < 0 ||
        pt_cursor_word(&cursor, &word, &word_length) < 0 ||
        pt_cursor_word(&cursor, &mount.super_options, &mount.super_options_length) < 0)
        return -EINVAL;
    *ret_mount = mount;
    return 0;
}

/* --- lists of PIDs: `1043 1044 1051 ` --- */

bool pt_next_pid(const char *bytes, size_t length, size_t *offset, pid_t *ret_pid)
{
    struct pt_cursor cursor = {bytes + *offset, bytes + length};

    if (pt_cursor_pid(&cursor, 1, ret_pid) < 0)
        return false;
    *offset = (size_t)(cursor.at - bytes);
    return true;
}

pid_t pt_parse_pid_name(const char *name)
{
    int64_t pid = 0;

    if (*name < '1' || *name > '9')
        return 0;
    for (; *name >= '0' && *name <= '9'; name++) {
        pid = pid * 10 + (*name - '0');
        if (pid > INT32_MAX)
            return 0;
    }
    return *name == '\0' ? (pid_t)pid : 0;
}
