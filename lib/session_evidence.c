#include "session_evidence.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cursor.h"
#include "watch.h"

/* So many processes of one user are heard: the first ones, which began the session, and the last.
 */
enum { HEARD_MAX = 256, BATCH = 16 };

#define LOOK_SOURCES                                                                               \
    (PT_SOURCE_BIT(PT_SOURCE_STATUS) | PT_SOURCE_BIT(PT_SOURCE_CGROUP) |                           \
     PT_SOURCE_BIT(PT_SOURCE_NAMESPACES))

/* --- the processes --- */

static int read_namespaces(const struct pt_procfs *procfs, pid_t pid, uint64_t ret[PT_NS_COUNT])
{
    struct pt_process process;
    struct pt_arena arena;
    int error;

    pt_arena_init(&arena);
    error = pt_process_read(procfs, pid, PT_SOURCE_BIT(PT_SOURCE_NAMESPACES), &arena, &process);
    if (error == 0 && !pt_process_has(&process, PT_SOURCE_NAMESPACES))
        error = -EACCES;
    if (error == 0)
        memcpy(ret, process.more->namespaces, sizeof process.more->namespaces);
    pt_arena_done(&arena);
    return error;
}

/* Those of PID 1; of our own, where we may not see them or are not root. */
static void find_namespaces(struct pt_evidence *evidence)
{
    uint64_t ours[PT_NS_COUNT] = {0};

    if (!evidence->procfs->own_namespace)
        return; /* a captured tree, whose processes are where they are */
    read_namespaces(evidence->procfs, getpid(), ours);
    if (geteuid() != 0 || read_namespaces(evidence->procfs, 1, evidence->namespaces) != 0)
        memcpy(evidence->namespaces, ours, sizeof ours);
    evidence->apart = ours[PT_NS_MNT] != evidence->namespaces[PT_NS_MNT];
}

int pt_evidence_init(struct pt_evidence *ret_evidence, const struct pt_procfs *procfs)
{
    struct pt_evidence evidence = {.procfs = procfs};
    int error = pt_snapshot_scan(&evidence.snapshot, procfs, PT_SOURCE_BIT(PT_SOURCE_OWNER));

    if (error != 0)
        return error;
    find_namespaces(&evidence);
    *ret_evidence = evidence;
    return 0;
}

void pt_evidence_done(struct pt_evidence *evidence)
{
    pt_snapshot_done(&evidence->snapshot);
}

static bool is_owned_by(const struct pt_process *process, uid_t uid)
{
    return !pt_snapshot_is_gone(process) && !pt_process_is_kernel_thread(process) &&
           pt_process_has(process, PT_SOURCE_OWNER) && process->owner == uid;
}

bool pt_evidence_next_uid(const struct pt_evidence *evidence, uid_t *uid)
{
    bool found = false;
    uid_t next = 0;

    for (size_t i = 0; i < evidence->snapshot.count; i++) {
        const struct pt_process *process = &evidence->snapshot.processes[i];

        if ((*uid == (uid_t)-1 || process->owner > *uid) && is_owned_by(process, process->owner) &&
            (!found || process->owner < next)) {
            next = process->owner;
            found = true;
        }
    }
    if (found)
        *uid = next;
    return found;
}

/* --- which session --- */

static bool ends_with_component(const char *path, size_t length, const char *component)
{
    size_t size = strlen(component);

    for (const char *at = path; length >= size; at++, length--) {
        if (memcmp(at, component, size) == 0 && (at == path || at[-1] == '/') &&
            (length == size || at[size] == '/'))
            return true;
    }
    return false;
}

/* Lines `0::/user.slice/user-1000.slice/session-2.scope`, `5:name=elogind:/c1`, `0::/c1`. */
bool pt_evidence_names_session(const char *cgroup, size_t length, const char *id)
{
    const char *end = cgroup + length;
    char scope[96];

    if (snprintf(scope, sizeof scope, "session-%s.scope", id) >= (int)sizeof scope)
        return false;
    while (cgroup < end) {
        const char *newline = memchr(cgroup, '\n', (size_t)(end - cgroup));
        const char *line_end = newline != NULL ? newline : end;
        const char *path = memchr(cgroup, '/', (size_t)(line_end - cgroup));
        size_t size = path != NULL ? (size_t)(line_end - path) : 0;

        if (path != NULL && ends_with_component(path + 1, size - 1, scope))
            return true;
        if (size == strlen(id) + 1 && memcmp(path + 1, id, size - 1) == 0)
            return true;
        cgroup = line_end + 1;
    }
    return false;
}

/* What is heard at once. */
struct hearing {
    struct pt_evidence *evidence;
    struct pt_candidate *const *candidates;
    size_t count;
    const struct pt_logind_session *sessions;
    size_t session_count;
    uid_t uid; /* whose processes are heard */
    struct pt_arena *results;
    struct pt_arena scratch;
};

static struct pt_candidate *find_candidate(const struct hearing *hearing,
                                           const struct pt_logind_session *session)
{
    for (size_t i = 0; i < hearing->count; i++) {
        struct pt_candidate *candidate = hearing->candidates[i];

        if (candidate->uid == hearing->uid &&
            (session != NULL ? candidate->session == session : candidate->takes_rest))
            return candidate;
    }
    return NULL;
}

/* NULL: it belongs to a session of this user that is not asked about. */
static struct pt_candidate *candidate_of(const struct hearing *hearing,
                                         const struct pt_process *process)
{
    const struct pt_bytes *cgroup = &process->more->cgroup;

    for (size_t i = 0; i < hearing->session_count; i++) {
        const struct pt_logind_session *session = &hearing->sessions[i];

        if (session->uid == hearing->uid && pt_process_has(process, PT_SOURCE_CGROUP) &&
            pt_evidence_names_session(cgroup->bytes, cgroup->length, session->id))
            return find_candidate(hearing, session);
    }
    return find_candidate(hearing, NULL);
}

/* --- who may be heard --- */

static bool is_of_the_system(const struct pt_evidence *evidence, const struct pt_process *process)
{
    static const enum pt_namespace kinds[] = {PT_NS_MNT, PT_NS_PID, PT_NS_USER};

    if (!pt_process_has(process, PT_SOURCE_NAMESPACES))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        uint64_t system = evidence->namespaces[kinds[i]];

        if (system != 0 && process->more->namespaces[kinds[i]] != system)
            return false;
    }
    return true;
}

static bool has_ids_of(const struct pt_process *process, uid_t uid)
{
    const struct pt_status *status;

    if (!pt_process_has(process, PT_SOURCE_STATUS))
        return false;
    status = &process->more->status;
    for (int i = 0; i < 4; i++) {
        if (status->uid[i] != uid || status->gid[i] != status->gid[PT_REAL])
            return false;
    }
    return true;
}

/* The directory is its user's in every case; the files in it are root's when its memory may not be
 * dumped (task_dump_owner in fs/proc/base.c). */
static bool shows_its_own(const struct pt_procfs *procfs, pid_t pid, uid_t uid)
{
    char path[PT_PROCFS_PATH];
    struct stat there;

    return pt_dir_stat(&procfs->root, pt_procfs_path(path, pid, "environ"), &there) == 0 &&
           there.st_uid == uid;
}

/* --- what it says --- */

/* ids and home of a user whom the databases do not know, from a process of hers. */
static int learn_user(const struct hearing *hearing, const struct pt_process *process,
                      struct pt_user *user)
{
    const struct pt_bytes *shown = &process->more->environ;
    const char *text;
    size_t offset = 0, length;

    if (user->known || user->home != NULL)
        return 0;
    while (pt_next_string(shown->bytes, shown->length, &offset, &text, &length)) {
        if (length > 5 && memcmp(text, "HOME=", 5) == 0 && text[5] == '/' &&
            pt_value_accept_word(text + 5, length - 5) == PT_DROP_NOT) {
            user->gid = process->more->status.gid[PT_REAL];
            user->home = pt_arena_strndup(hearing->results, text + 5, length - 5);
            return user->home != NULL ? 0 : -ENOMEM;
        }
    }
    return 0;
}

/* `Groups:	4 24 1000 ` of status, which the record does not keep. */
static int learn_groups(const struct hearing *hearing, pid_t pid, struct pt_user *user)
{
    char bytes[65536], path[PT_PROCFS_PATH];
    ssize_t length = pt_dir_read(&hearing->evidence->procfs->root,
                                 pt_procfs_path(path, pid, "status"), bytes, sizeof bytes);
    struct pt_cursor cursor = {bytes, bytes + (length > 0 ? length : 0)};
    struct pt_line line;
    gid_t *groups;
    uint32_t group;

    while (pt_cursor_line(&cursor, &line)) {
        size_t room = (size_t)(line.value.end - line.value.at) / 2 + 1;

        if (!pt_line_has_key(&line, "Groups"))
            continue;
        groups = pt_arena_array(hearing->results, room, sizeof *groups, PT_ALIGN_OF(gid_t));
        if (groups == NULL)
            return -ENOMEM;
        user->group_count = 0;
        while (user->group_count < room && pt_cursor_u32(&line.value, &group) == 0)
            groups[user->group_count++] = group;
        user->groups = groups;
        return 0;
    }
    return 0;
}

static int take_variables(struct pt_ballot *ballot, const struct pt_process *process)
{
    const struct pt_bytes *shown = &process->more->environ;
    const char *text;
    size_t offset = 0, length;
    int error = 0;

    while (error == 0 && pt_next_string(shown->bytes, shown->length, &offset, &text, &length))
        error = pt_ballot_take(ballot, text, length);
    return error;
}

/* Once its environment was read it must still be who it was. */
static int hear_one(struct hearing *hearing, struct pt_process *process)
{
    struct pt_candidate *candidate = candidate_of(hearing, process);
    const struct pt_procfs *procfs = hearing->evidence->procfs;
    int error;

    if (candidate == NULL || !pt_process_has(process, PT_SOURCE_ENVIRON))
        return 0;
    error = pt_process_add(procfs, process, PT_SOURCE_BIT(PT_SOURCE_STATUS), &hearing->scratch);
    if (error != 0)
        return error == -ESRCH ? 0 : error;
    if (!has_ids_of(process, hearing->uid) ||
        !shows_its_own(procfs, process->stat.pid, hearing->uid))
        return 0;
    error = learn_user(hearing, process, &candidate->user);
    if (error == 0 && !candidate->user.known && candidate->user.groups == NULL)
        error = learn_groups(hearing, process->stat.pid, &candidate->user);
    return error != 0 ? error : take_variables(&candidate->ballot, process);
}

/* Drops from the batch who may not be heard. A process that is somewhere else is no witness; of one
 * that we may not look at we cannot tell. */
static size_t choose(struct hearing *hearing, struct pt_process *batch, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct pt_process *process = &batch[i];
        struct pt_candidate *candidate;

        if (pt_snapshot_is_gone(process) || process->more == NULL ||
            !has_ids_of(process, hearing->uid))
            continue;
        candidate = candidate_of(hearing, process);
        if (candidate == NULL)
            continue;
        if (is_of_the_system(hearing->evidence, process)) {
            candidate->witnesses++;
            if (shows_its_own(hearing->evidence->procfs, process->stat.pid, hearing->uid))
                batch[kept++] = *process;
        } else if (!pt_process_has(process, PT_SOURCE_NAMESPACES)) {
            candidate->witnesses++;
        }
    }
    return kept;
}

static int hear_batch(struct hearing *hearing, struct pt_process *batch, size_t count)
{
    const struct pt_procfs *procfs = hearing->evidence->procfs;
    int error = pt_watch_read(procfs, batch, NULL, count, LOOK_SOURCES, &hearing->scratch);

    if (error == 0) {
        count = choose(hearing, batch, count);
        if (count > 0)
            error =
                pt_watch_read(procfs, batch, NULL, count,
                              PT_SOURCE_BIT(PT_SOURCE_ENVIRON) | PT_READ_WHOLE, &hearing->scratch);
    }
    for (size_t i = 0; error == 0 && i < count; i++) {
        if (!pt_snapshot_is_gone(&batch[i]))
            error = hear_one(hearing, &batch[i]);
    }
    pt_arena_clear(&hearing->scratch);
    return error;
}

static int compare_starts(const void *left, const void *right)
{
    const struct pt_process *const *a = left, *const *b = right;

    if ((*a)->stat.starttime != (*b)->stat.starttime)
        return (*a)->stat.starttime < (*b)->stat.starttime ? -1 : 1;
    return ((*a)->stat.pid > (*b)->stat.pid) - ((*a)->stat.pid < (*b)->stat.pid);
}

/* Her processes, oldest first; beyond HEARD_MAX those in the middle are left out. */
static size_t list_processes(const struct hearing *hearing, const struct pt_process **list)
{
    const struct pt_snapshot *snapshot = &hearing->evidence->snapshot;
    size_t count = 0;

    for (size_t i = 0; i < snapshot->count; i++) {
        if (is_owned_by(&snapshot->processes[i], hearing->uid))
            list[count++] = &snapshot->processes[i];
    }
    qsort(list, count, sizeof *list, compare_starts);
    if (count <= HEARD_MAX)
        return count;
    memmove(list + HEARD_MAX / 2, list + count - HEARD_MAX / 2, HEARD_MAX / 2 * sizeof *list);
    return HEARD_MAX;
}

static int hear_user(struct hearing *hearing, const struct pt_process **list)
{
    size_t count = list_processes(hearing, list);
    struct pt_process batch[BATCH];

    for (size_t at = 0; at < count;) {
        size_t size = 0;
        int error;

        while (size < BATCH && at < count)
            batch[size++] = *list[at++];
        error = hear_batch(hearing, batch, size);
        if (error != 0)
            return error;
    }
    return 0;
}

int pt_evidence_hear(struct pt_evidence *evidence, struct pt_candidate *const *candidates,
                     size_t count, const struct pt_logind_session *sessions, size_t session_count,
                     struct pt_arena *arena)
{
    struct hearing hearing = {evidence, candidates, count, sessions, session_count, 0, arena, {0}};
    const struct pt_process **list = calloc(evidence->snapshot.count + 1, sizeof *list);
    int error = list != NULL ? 0 : -ENOMEM;

    pt_arena_init(&hearing.scratch);
    for (size_t i = 0; error == 0 && i < count; i++) {
        if (candidates[i]->heard)
            continue;
        hearing.uid = candidates[i]->uid;
        error = hear_user(&hearing, list);
        for (size_t j = i; j < count; j++)
            candidates[j]->heard |= candidates[j]->uid == hearing.uid;
    }
    for (size_t i = 0; error == 0 && i < count; i++)
        pt_ballot_count(&candidates[i]->ballot);
    pt_arena_done(&hearing.scratch);
    free(list);
    return error;
}
