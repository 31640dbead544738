#include "session_hear.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cursor.h"
#include "units.h"
#include "waitset.h"
#include "watch.h"

/* So many processes of one user are heard, the first ones, which began the session, and the last;
 * so many are read at once, and so many whose environment is so large that it fills us. */
enum { HEARD_MAX = 256, BATCH = 64, WHOLE = 8 };

/* Hearing all takes so long at the most, and a second more for a process that holds us. */
#define PATIENCE (5 * PT_SECOND / 2)

/* In each of so many rounds one process of a user may hold us: all others have been heard before
 * the second one. */
enum { ROUNDS = 3 };

/* Whose processes are heard, which, and how far we are. */
struct turn {
    uid_t uid;
    size_t at, count;
    struct pt_held held; /* in this round */
    pid_t list[HEARD_MAX];
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
    struct pt_arena scratch; /* of a batch */
    struct pt_arena whole;   /* of large environments */
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
    for (size_t i = 0; i < hearing->session_count; i++) {
        const struct pt_logind_session *session = &hearing->sessions[i];
        const struct pt_bytes *cgroup;

        if (session->uid != hearing->turn->uid || !pt_process_has(process, PT_SOURCE_CGROUP))
            continue;
        cgroup = &process->more->cgroup;
        if (pt_evidence_names_session(cgroup->bytes, cgroup->length, session->id))
            return find_candidate(hearing, session);
    }
    return find_candidate(hearing, NULL);
}

/* --- who may be heard --- */

static bool is_gone(const struct pt_process *process)
{
    return process->error[PT_SOURCE_STAT] == PT_GONE;
}

static bool are_ids_of(const struct pt_status *status, uid_t uid)
{
    for (int i = 0; i < 4; i++) {
        if (status->uid[i] != uid || status->gid[i] != status->gid[PT_REAL])
            return false;
    }
    return true;
}

static bool has_ids_of(const struct pt_process *process, uid_t uid)
{
    return pt_process_has(process, PT_SOURCE_STATUS) && are_ids_of(&process->more->status, uid);
}

/* The files in its directory are root's when its memory may not be dumped. */
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

/* `Groups:	4 24 1000 ` of status, which the record does not keep. They count only beside the
 * ids that stand in the same text: the pid may be another's by now. */
static int learn_groups(const struct hearing *hearing, pid_t pid, struct pt_user *user)
{
    char bytes[65536], path[PT_PROCFS_PATH];
    ssize_t length = pt_dir_read(&hearing->evidence->procfs->root,
                                 pt_procfs_path(path, pid, "status"), bytes, sizeof bytes);
    struct pt_cursor cursor = {bytes, bytes + (length > 0 ? length : 0)};
    struct pt_status status;
    struct pt_line line;
    gid_t *groups;
    uint32_t group;

    if (length <= 0 || pt_parse_status(bytes, (size_t)length, &status) != 0 ||
        !are_ids_of(&status, user->uid) || status.gid[PT_REAL] != user->gid)
        return 0;
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
static int is_still(struct hearing *hearing, const struct pt_process *process)
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

/* Only after its ids were read, and before, its environment. */
static int hear_one(struct hearing *hearing, const struct pt_process *process)
{
    struct pt_candidate *candidate = candidate_of(hearing, process);
    int error;

    if (is_gone(process) || !has_ids_of(process, hearing->turn->uid))
        return 0;
    candidate->witnesses++;
    if (!pt_process_has(process, PT_SOURCE_ENVIRON))
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
    if (is_gone(process) || pt_process_has(process, PT_SOURCE_ENVIRON) ||
        process->error[PT_SOURCE_ENVIRON] != ETIMEDOUT)
        return false;
    for (size_t i = 0; i < PT_HELD_MAX; i++) {
        if (turn->held.process[i].pid == process->stat.pid)
            return false;
    }
    return true;
}

/* A process that shows us nothing is there all the same. */
static int count_witness(struct hearing *hearing, struct pt_candidate *candidate, pid_t pid)
{
    struct pt_process process;
    int error = pt_process_read(&hearing->procfs, pid, PT_SOURCE_BIT(PT_SOURCE_STATUS),
                                &hearing->scratch, &process);

    if (error == 0 && has_ids_of(&process, hearing->turn->uid))
        candidate->witnesses++;
    return error == -ESRCH ? 0 : error;
}

/* Drops from the batch who may not be heard. A process that is somewhere else is no witness; of one
 * that we may not look at we cannot tell. */
static int choose(struct hearing *hearing, struct pt_process *batch, size_t *count)
{
    const struct pt_evidence *evidence = hearing->evidence;
    size_t kept = 0;
    int error = 0;

    for (size_t i = 0; error == 0 && i < *count; i++) {
        struct pt_candidate *candidate = candidate_of(hearing, &batch[i]);
        pid_t pid = batch[i].stat.pid;
        int there = candidate != NULL ? pt_evidence_lives_there(evidence, pid) : 0;

        if (there == 0)
            continue;
        if (there == 1 && shows_its_own(evidence->procfs, pid, hearing->turn->uid))
            batch[kept++] = batch[i];
        else
            error = count_witness(hearing, candidate, pid);
    }
    *count = kept;
    return error;
}

static bool has_choice(const struct hearing *hearing)
{
    for (size_t i = 0; i < hearing->session_count; i++) {
        if (hearing->sessions[i].uid == hearing->turn->uid)
            return true;
    }
    return false;
}

static bool is_cut(const struct pt_process *process)
{
    return pt_process_has(process, PT_SOURCE_ENVIRON) && process->more->environ_cut;
}

/* Large environments again, whole: a few at a time. */
static int hear_large(struct hearing *hearing, struct pt_process *batch, size_t count)
{
    uint32_t indexes[WHOLE];
    int error = 0;

    for (size_t i = 0; error == 0 && i < count;) {
        size_t chosen = 0;

        for (; i < count && chosen < WHOLE; i++) {
            if (!is_gone(&batch[i]) && is_cut(&batch[i]))
                indexes[chosen++] = (uint32_t)i;
        }
        error = pt_watch_read(&hearing->procfs, batch, indexes, chosen,
                              PT_SOURCE_BIT(PT_SOURCE_ENVIRON) | PT_READ_WHOLE, &hearing->whole);
        for (size_t j = 0; error == 0 && j < chosen; j++)
            error = hear_one(hearing, &batch[indexes[j]]);
        pt_arena_clear(&hearing->whole);
    }
    return error;
}

/* Those that are put off stand at the front of the list again. */
static int hear_all(struct hearing *hearing, struct pt_process *batch, size_t count)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < count; i++) {
        if (!is_cut(&batch[i]))
            error = hear_one(hearing, &batch[i]);
    }
    if (error == 0)
        error = hear_large(hearing, batch, count);
    for (size_t i = count; i-- > 0;) {
        if (is_put_off(hearing->turn, &batch[i]))
            hearing->turn->list[--hearing->turn->at] = batch[i].stat.pid;
    }
    return error;
}

/* Whose session it is is read first, where there is a choice: no more is read of others. */
static int hear_batch(struct hearing *hearing, struct pt_process *batch, size_t count)
{
    const struct pt_procfs *procfs = &hearing->procfs;
    const pt_sources sources = PT_SOURCE_BIT(PT_SOURCE_STATUS) | PT_SOURCE_BIT(PT_SOURCE_ENVIRON);
    int error = 0;

    if (has_choice(hearing))
        error = pt_watch_read(procfs, batch, NULL, count, PT_SOURCE_BIT(PT_SOURCE_CGROUP),
                              &hearing->scratch);
    if (error == 0)
        error = choose(hearing, batch, &count);
    if (error == 0)
        error = pt_watch_read(procfs, batch, NULL, count, sources, &hearing->scratch);
    if (error == 0)
        error = hear_all(hearing, batch, count);
    pt_arena_clear(&hearing->scratch);
    return error;
}

/* Root's are many, and say nothing. */
static bool is_of_the_kernel(const struct pt_procfs *procfs, const struct pt_owner *owner,
                             struct pt_arena *scratch)
{
    struct pt_process process;

    return owner->uid == 0 && pt_process_read(procfs, owner->pid, 0, scratch, &process) == 0 &&
           pt_process_is_kernel_thread(&process);
}

/* Her processes in the order of their PIDs, which is near enough that of their starts to read none
 * of them for it. Beyond HEARD_MAX those in the middle are left out. */
static void begin_turn(struct turn *turn, struct hearing *hearing, uid_t uid)
{
    const struct pt_evidence *evidence = hearing->evidence;
    const size_t half = HEARD_MAX / 2;
    size_t count = 0;
    pid_t last[HEARD_MAX / 2] = {0};

    for (size_t i = 0; i < evidence->count; i++) {
        if (evidence->owners[i].uid != uid ||
            is_of_the_kernel(&hearing->procfs, &evidence->owners[i], &hearing->scratch))
            continue;
        *(count < half ? &turn->list[count] : &last[count % half]) = evidence->owners[i].pid;
        count++;
    }
    turn->uid = uid;
    turn->count = count < HEARD_MAX ? count : HEARD_MAX;
    for (size_t i = half; i < turn->count; i++)
        turn->list[i] = last[(count - turn->count + i) % half];
}

/* As many turns as there are users who were not heard yet; how many. */
static size_t begin_turns(struct hearing *hearing, struct turn *turns)
{
    size_t count = 0;

    for (size_t i = 0; i < hearing->count; i++) {
        uid_t uid = hearing->candidates[i]->uid;

        if (hearing->candidates[i]->heard)
            continue;
        begin_turn(&turns[count++], hearing, uid);
        for (size_t j = i; j < hearing->count; j++)
            hearing->candidates[j]->heard |= hearing->candidates[j]->uid == uid;
    }
    return count;
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
            batch[size++] = (struct pt_process){.stat = {.pid = turn->list[turn->at++]}};
        error = hear_batch(hearing, batch, size);
    }
    return error;
}

/* Who holds us waits for the next round, so that the others are heard first. */
static int take_turns(struct hearing *hearing)
{
    struct turn *turns = calloc(hearing->count + 1, sizeof *turns);
    size_t count = turns != NULL ? begin_turns(hearing, turns) : 0;
    int error = turns != NULL ? 0 : -ENOMEM;

    for (size_t round = 0; error == 0 && round < ROUNDS; round++) {
        for (size_t i = 0; error == 0 && i < count; i++)
            error = take_turn(hearing, &turns[i]);
    }
    free(turns);
    return error;
}

int pt_session_hear(struct pt_evidence *evidence, struct pt_candidate *const *candidates,
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
    pt_arena_init(&hearing.whole);
    error = take_turns(&hearing);
    for (size_t i = 0; error == 0 && i < count; i++)
        pt_ballot_count(&candidates[i]->ballot);
    pt_arena_done(&hearing.scratch);
    pt_arena_done(&hearing.whole);
    return error;
}
