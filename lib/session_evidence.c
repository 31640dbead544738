#include "session_evidence.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cursor.h"
#include "units.h"
#include "waitset.h"
#include "watch.h"

/* So many processes of one user are heard: the first ones, which began the session, and the last.
 */
enum { HEARD_MAX = 256, BATCH = 16 };

/* Hearing all takes so long at the most, and a second more for a process that holds us. */
#define PATIENCE (5 * PT_SECOND / 2)

/* In each of so many rounds one process of a user may hold us: all others have been heard before
 * the second one. */
enum { ROUNDS = 3 };

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

/* Whose processes are heard, which, and how far we are. */
struct turn {
    uid_t uid;
    size_t at, count;
    struct pt_held held; /* in this round */
    const struct pt_process *list[HEARD_MAX];
};

/* What is heard at once. */
struct hearing {
    struct pt_evidence *evidence;
    struct pt_candidate *const *candidates;
    size_t count;
    const struct pt_logind_session *sessions;
    size_t session_count;
    struct turn *turn;       /* the present one */
    struct pt_procfs procfs; /* as the evidence's, but with what holds us in this turn */
    struct pt_arena *results;
    struct pt_arena scratch;
    int64_t deadline;
};

static struct pt_candidate *find_candidate(const struct hearing *hearing,
                                           const struct pt_logind_session *session)
{
    for (size_t i = 0; i < hearing->count; i++) {
        struct pt_candidate *candidate = hearing->candidates[i];

        if (candidate->uid == hearing->turn->uid &&
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

        if (session->uid == hearing->turn->uid && pt_process_has(process, PT_SOURCE_CGROUP) &&
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

/* Whether it is who it was before its environment was read. */
static int is_still(const struct hearing *hearing, const struct pt_process *process)
{
    const struct pt_procfs *procfs = hearing->evidence->procfs;
    struct pt_process now;
    struct pt_arena arena;
    int error, result = 0;

    pt_arena_init(&arena);
    error =
        pt_process_read(procfs, process->stat.pid, PT_SOURCE_BIT(PT_SOURCE_STATUS), &arena, &now);
    if (error == 0)
        result = now.stat.starttime == process->stat.starttime &&
                 has_ids_of(&now, hearing->turn->uid) &&
                 shows_its_own(procfs, process->stat.pid, hearing->turn->uid);
    pt_arena_done(&arena);
    return error != 0 && error != -ESRCH ? error : result;
}

static int hear_one(struct hearing *hearing, const struct pt_process *process)
{
    struct pt_candidate *candidate = candidate_of(hearing, process);
    int error;

    if (candidate == NULL || !pt_process_has(process, PT_SOURCE_ENVIRON))
        return 0;
    error = is_still(hearing, process);
    if (error <= 0)
        return error;
    error = learn_user(hearing, process, &candidate->user);
    if (error == 0 && !candidate->user.known && candidate->user.groups == NULL)
        error = learn_groups(hearing, process->stat.pid, &candidate->user);
    return error != 0 ? error : take_variables(&candidate->ballot, process);
}

/* One that was passed over because another has held us comes again in the next round. */
static bool is_put_off(struct turn *turn, const struct pt_process *process)
{
    if (pt_process_has(process, PT_SOURCE_ENVIRON) ||
        process->error[PT_SOURCE_ENVIRON] != ETIMEDOUT)
        return false;
    for (size_t i = 0; i < PT_HELD_MAX; i++) {
        if (turn->held.process[i].pid == process->stat.pid)
            return false;
    }
    return true;
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
            !has_ids_of(process, hearing->turn->uid))
            continue;
        candidate = candidate_of(hearing, process);
        if (candidate == NULL)
            continue;
        if (is_of_the_system(hearing->evidence, process)) {
            candidate->witnesses++;
            if (shows_its_own(hearing->evidence->procfs, process->stat.pid, hearing->turn->uid))
                batch[kept++] = *process;
        } else if (!pt_process_has(process, PT_SOURCE_NAMESPACES)) {
            candidate->witnesses++;
        }
    }
    return kept;
}

/* Those that are put off stand at the front of the list again. */
static int hear_all(struct hearing *hearing, const struct pt_process *batch, size_t count)
{
    const struct pt_snapshot *snapshot = &hearing->evidence->snapshot;
    struct turn *turn = hearing->turn;

    for (size_t i = 0; i < count; i++) {
        int error = pt_snapshot_is_gone(&batch[i]) ? 0 : hear_one(hearing, &batch[i]);

        if (error != 0)
            return error;
    }
    for (size_t i = count; i-- > 0;) {
        if (!pt_snapshot_is_gone(&batch[i]) && is_put_off(turn, &batch[i]))
            turn->list[--turn->at] = pt_snapshot_find(snapshot, batch[i].stat.pid);
    }
    return 0;
}

static int hear_batch(struct hearing *hearing, struct pt_process *batch, size_t count)
{
    const struct pt_procfs *procfs = &hearing->procfs;
    int error = pt_watch_read(procfs, batch, NULL, count, LOOK_SOURCES, &hearing->scratch);

    if (error == 0) {
        count = choose(hearing, batch, count);
        error = pt_watch_read(procfs, batch, NULL, count,
                              PT_SOURCE_BIT(PT_SOURCE_ENVIRON) | PT_READ_WHOLE, &hearing->scratch);
    }
    if (error == 0)
        error = hear_all(hearing, batch, count);
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

/* Her processes, oldest first; beyond HEARD_MAX those in the middle are left out. ALL has room for
 * everybody's. */
static void begin_turn(struct turn *turn, const struct pt_snapshot *snapshot, uid_t uid,
                       const struct pt_process **all)
{
    size_t count = 0, first;

    for (size_t i = 0; i < snapshot->count; i++) {
        if (is_owned_by(&snapshot->processes[i], uid))
            all[count++] = &snapshot->processes[i];
    }
    qsort(all, count, sizeof *all, compare_starts);
    turn->uid = uid;
    turn->count = count < HEARD_MAX ? count : HEARD_MAX;
    first = count <= HEARD_MAX ? turn->count : HEARD_MAX / 2;
    memcpy(turn->list, all, first * sizeof *all);
    memcpy(turn->list + first, all + count - (turn->count - first),
           (turn->count - first) * sizeof *all);
}

/* As many turns as there are users who were not heard yet. */
static int begin_turns(struct hearing *hearing, struct turn *turns, size_t *ret_count)
{
    const struct pt_snapshot *snapshot = &hearing->evidence->snapshot;
    const struct pt_process **all = calloc(snapshot->count + 1, sizeof *all);
    size_t count = 0;

    if (all == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < hearing->count; i++) {
        uid_t uid = hearing->candidates[i]->uid;

        if (hearing->candidates[i]->heard)
            continue;
        begin_turn(&turns[count++], snapshot, uid, all);
        for (size_t j = i; j < hearing->count; j++)
            hearing->candidates[j]->heard |= hearing->candidates[j]->uid == uid;
    }
    free(all);
    *ret_count = count;
    return 0;
}

/* Up to the end, or to a process that holds us. */
static int take_turn(struct hearing *hearing, struct turn *turn)
{
    struct pt_process batch[BATCH];
    int error = 0;

    hearing->turn = turn;
    hearing->procfs.held = &turn->held;
    turn->held = (struct pt_held){.count = PT_HELD_MAX - 1};
    while (error == 0 && turn->at < turn->count && turn->held.count < PT_HELD_MAX &&
           pt_monotonic() < hearing->deadline) {
        size_t size = 0;

        while (size < BATCH && turn->at < turn->count)
            batch[size++] = *turn->list[turn->at++];
        error = hear_batch(hearing, batch, size);
    }
    return error;
}

/* Who holds us waits for the next round, so that the others are heard first. */
static int take_turns(struct hearing *hearing)
{
    struct turn *turns = calloc(hearing->count + 1, sizeof *turns);
    size_t count = 0;
    int error = turns != NULL ? begin_turns(hearing, turns, &count) : -ENOMEM;

    for (size_t round = 0; error == 0 && round < ROUNDS; round++) {
        for (size_t i = 0; error == 0 && i < count; i++)
            error = take_turn(hearing, &turns[i]);
    }
    free(turns);
    return error;
}

int pt_evidence_hear(struct pt_evidence *evidence, struct pt_candidate *const *candidates,
                     size_t count, const struct pt_logind_session *sessions, size_t session_count,
                     int64_t deadline, struct pt_arena *arena)
{
    int64_t patience = pt_monotonic() + PATIENCE;
    struct hearing hearing = {
        .evidence = evidence,
        .candidates = candidates,
        .count = count,
        .sessions = sessions,
        .session_count = session_count,
        .procfs = *evidence->procfs,
        .results = arena,
        .deadline = deadline < patience ? deadline : patience,
    };
    int error;

    pt_arena_init(&hearing.scratch);
    error = take_turns(&hearing);
    for (size_t i = 0; error == 0 && i < count; i++)
        pt_ballot_count(&candidates[i]->ballot);
    pt_arena_done(&hearing.scratch);
    return error;
}
