#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logind.h"
#include "session_hear.h"
#include "session_probe.h"
#include "waitset.h"

/* Login screens run under accounts of their own, which no session file may tell. */
static const char *const greeters[] = {"gdm",     "sddm",    "lightdm",
                                       "greeter", "_greetd", "cosmic-greeter"};

struct search {
    const struct pt_procfs *procfs;
    const struct pt_session_query *query;
    const struct pt_imports *imports;
    struct pt_evidence evidence;
    struct pt_logind_session *sessions;
    size_t session_count;
    struct pt_candidate *list;
    size_t count, room;
    int64_t deadline;
    struct pt_arena *arena;
};

static bool is_greeter_account(const char *name)
{
    for (size_t i = 0; i < sizeof greeters / sizeof *greeters; i++) {
        if (strcmp(name, greeters[i]) == 0)
            return true;
    }
    return strncmp(name, "gdm-greeter", 11) == 0;
}

/* --- candidates --- */

/* A user that no database knows, or that one fails to tell of (its daemon is gone), has a number
 * for a name, until a process tells more. */
static int find_user(struct search *search, struct pt_candidate *candidate)
{
    char name[16];
    int error = pt_user_find(candidate->uid, search->arena, &candidate->user);

    if (error == 0 || pt_error_is_ours(error))
        return error;
    snprintf(name, sizeof name, "%u", candidate->uid);
    candidate->user = (struct pt_user){.uid = candidate->uid, .shell = "/bin/sh"};
    candidate->user.name = pt_arena_strndup(search->arena, name, strlen(name));
    return candidate->user.name != NULL ? 0 : -ENOMEM;
}

static int add(struct search *search, uid_t uid, const struct pt_logind_session *session)
{
    struct pt_candidate *candidate, *list;
    int error;

    list = pt_grow(search->list, search->count, &search->room, sizeof *list);
    if (list == NULL)
        return -ENOMEM;
    search->list = list;
    candidate = &search->list[search->count];
    *candidate = (struct pt_candidate){.uid = uid, .session = session};
    error = find_user(search, candidate);
    if (error == 0)
        error = pt_ballot_init(&candidate->ballot, search->imports, search->arena);
    if (error == 0)
        search->count++;
    return error;
}

static enum pt_rank rank_of(const struct pt_logind_session *session)
{
    if (session->seat[0] == '\0')
        return PT_RANK_SEATLESS;
    return strcmp(session->state, "active") == 0 ? PT_RANK_ACTIVE : PT_RANK_ONLINE;
}

static bool is_asked_for(const struct search *search, uid_t uid)
{
    return !search->query->has_uid || search->query->uid == uid;
}

static int add_sessions(struct search *search)
{
    for (size_t i = 0; i < search->session_count; i++) {
        const struct pt_logind_session *session = &search->sessions[i];
        int error;

        if (!is_asked_for(search, session->uid))
            continue;
        error = add(search, session->uid, session);
        if (error != 0)
            return error;
        search->list[search->count - 1].rank = rank_of(session);
        search->list[search->count - 1].exclusion = pt_logind_exclusion(session);
    }
    return 0;
}

/* Which of two sessions of one user is more likely to have her display. */
static bool is_better(const struct pt_candidate *candidate, const struct pt_candidate *than)
{
    const struct pt_logind_session *a = candidate->session, *b = than->session;

    if (pt_logind_is_graphical(a) != pt_logind_is_graphical(b))
        return pt_logind_is_graphical(a);
    if (a->is_display != b->is_display)
        return a->is_display;
    if (a->remote != b->remote)
        return b->remote;
    return candidate->rank < than->rank;
}

static void choose_best_of_users(struct search *search)
{
    for (size_t i = 0; i < search->count; i++) {
        struct pt_candidate *candidate = &search->list[i];
        bool best = candidate->exclusion == NULL;

        for (size_t j = 0; best && j < search->count; j++) {
            const struct pt_candidate *other = &search->list[j];

            if (j == i || other->uid != candidate->uid || other->exclusion != NULL)
                continue;
            best = !is_better(other, candidate) && (j > i || is_better(candidate, other));
        }
        candidate->takes_rest = best;
    }
}

/* Whether a session file accounts for this user: one that counts, or a login screen's. */
static bool is_explained(const struct search *search, uid_t uid)
{
    for (size_t i = 0; i < search->count; i++) {
        const struct pt_candidate *candidate = &search->list[i];

        if (candidate->uid == uid && candidate->session != NULL &&
            (candidate->exclusion == NULL || pt_logind_is_greeter(candidate->session)))
            return true;
    }
    return false;
}

static int add_unexplained(struct search *search, uid_t uid)
{
    struct pt_candidate *added;
    int error;

    if (is_explained(search, uid))
        return 0;
    error = add(search, uid, NULL);
    if (error != 0)
        return error;
    added = &search->list[search->count - 1];
    added->rank = PT_RANK_UNEXPLAINED;
    added->takes_rest = true;
    if (!search->query->has_uid && is_greeter_account(added->user.name))
        added->exclusion = "the account of a login screen";
    return 0;
}

/* Everybody who has a process; root only when she is named: sudo keeps DISPLAY and XAUTHORITY. */
static int add_unexplained_users(struct search *search)
{
    uid_t uid = (uid_t)-1;
    int error = 0;

    if (search->query->has_uid)
        return add_unexplained(search, search->query->uid);
    while (error == 0 && pt_evidence_next_uid(&search->evidence, &uid)) {
        if (uid != 0)
            error = add_unexplained(search, uid);
    }
    return error;
}

/* --- asking --- */

static bool is_open(const struct pt_candidate *candidate)
{
    return candidate->exclusion == NULL && !candidate->asked;
}

/* Somebody whose processes all live elsewhere (a container's users) has no session here. */
static bool may_be_asked(const struct search *search, struct pt_candidate *candidate)
{
    if (!candidate->user.known && candidate->user.home == NULL) {
        candidate->answer.refusal = PT_REFUSED_UNKNOWN_USER;
        candidate->asked = true;
        return false;
    }
    return candidate->session != NULL || candidate->witnesses > 0 || search->query->has_uid;
}

static void describe(const struct search *search, struct pt_candidate *candidate,
                     struct pt_probe *probe)
{
    *probe = (struct pt_probe){
        .user = &candidate->user,
        .ballot = &candidate->ballot,
        .id = candidate->session != NULL ? candidate->session->id : NULL,
        .takes_rest = candidate->takes_rest,
        .headless_ok = search->query->headless_ok,
        .notifications = search->query->notifications,
    };
}

/* Asks those of the chosen that may be asked. PROBES has room for all. */
static int ask(struct search *search, struct pt_candidate **chosen, size_t count,
               struct pt_probe *probes)
{
    size_t asked = 0;
    int error =
        pt_session_hear(&search->evidence, chosen, count, search->sessions, search->session_count,
                        search->deadline - PT_PROBE_PATIENCE / 2, search->arena);

    for (size_t i = 0; error == 0 && i < count; i++) {
        if (!may_be_asked(search, chosen[i]))
            continue;
        describe(search, chosen[i], &probes[asked]);
        chosen[asked++] = chosen[i];
    }
    if (error == 0)
        error = pt_probe_all(probes, asked, search->deadline);
    for (size_t i = 0; error == 0 && i < asked; i++) {
        chosen[i]->answer = probes[i].answer;
        chosen[i]->asked = true;
    }
    return error;
}

/* Asks all that are open and of this rank, or better. */
static int ask_up_to(struct search *search, enum pt_rank rank)
{
    struct pt_candidate **chosen = calloc(search->count + 1, sizeof(struct pt_candidate *));
    struct pt_probe *probes = calloc(search->count + 1, sizeof *probes);
    size_t count = 0;
    int error = -ENOMEM;

    if (chosen != NULL && probes != NULL) {
        for (size_t i = 0; i < search->count; i++) {
            if (is_open(&search->list[i]) && search->list[i].rank <= rank)
                chosen[count++] = &search->list[i];
        }
        error = ask(search, chosen, count, probes);
    }
    free(chosen);
    free(probes);
    return error;
}

static bool is_reachable(const struct pt_candidate *candidate)
{
    return candidate->exclusion == NULL && candidate->asked &&
           candidate->answer.refusal == PT_REFUSED_NOT;
}

static bool any_reachable(const struct search *search)
{
    for (size_t i = 0; i < search->count; i++) {
        if (is_reachable(&search->list[i]))
            return true;
    }
    return false;
}

static enum pt_rank best_rank(const struct search *search)
{
    enum pt_rank best = PT_RANK_UNEXPLAINED;

    for (size_t i = 0; i < search->count; i++) {
        if (is_open(&search->list[i]) && search->list[i].rank < best)
            best = search->list[i].rank;
    }
    return best;
}

/* Where logind names a session that answers, nobody else is bothered. */
static int ask_in_order(struct search *search)
{
    const struct pt_session_query *query = search->query;
    enum pt_rank best = best_rank(search);
    int error = 0;

    if (!query->everything && !query->has_uid && best != PT_RANK_UNEXPLAINED)
        error = ask_up_to(search, best);
    if (error != 0 || any_reachable(search))
        return error;
    error = add_unexplained_users(search);
    return error != 0 ? error : ask_up_to(search, PT_RANK_UNEXPLAINED);
}

/* --- the result --- */

/* Reachable first, then by rank; of one user the one that takes the rest. */
static int compare(const void *left, const void *right)
{
    const struct pt_candidate *a = left, *b = right;

    if (is_reachable(a) != is_reachable(b))
        return is_reachable(a) ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->uid != b->uid)
        return a->uid < b->uid ? -1 : 1;
    if (a->takes_rest != b->takes_rest)
        return a->takes_rest ? -1 : 1;
    return a->session != NULL && b->session != NULL ? strcmp(a->session->id, b->session->id) : 0;
}

/* A user who has neither a session file nor anything that looks like a display is nobody's idea of
 * a session. */
static bool is_worth_a_word(const struct pt_candidate *candidate)
{
    const struct pt_proposals *proposals = candidate->ballot.proposals;

    return candidate->session != NULL || candidate->exclusion != NULL ||
           candidate->ballot.dropped_count > 0 || is_reachable(candidate) ||
           proposals[PT_VALUE_DISPLAY].count > 0 || proposals[PT_VALUE_WAYLAND].count > 0 ||
           candidate->answer.refusal == PT_REFUSED_NO_ANSWER ||
           candidate->answer.refusal == PT_REFUSED_NOT_ASKED;
}

static int finish(struct search *search, struct pt_sessions *result)
{
    size_t kept = 0;

    for (size_t i = 0; i < search->count; i++) {
        if (search->query->has_uid || is_worth_a_word(&search->list[i]))
            search->list[kept++] = search->list[i];
    }
    result->count = kept;
    if (kept == 0)
        return 0;
    qsort(search->list, kept, sizeof *search->list, compare);
    while (result->reachable < kept && is_reachable(&search->list[result->reachable]))
        result->reachable++;
    result->list = pt_arena_memdup(search->arena, search->list, kept * sizeof *search->list,
                                   PT_ALIGN_OF(struct pt_candidate));
    return result->list != NULL ? 0 : -ENOMEM;
}

static int read_logind(struct search *search)
{
    struct pt_dir systemd;
    int error = pt_dir_open(&systemd, search->query->systemd);

    if (error == -ENOENT || error == -EACCES)
        return 0;
    if (error != 0)
        return error;
    error = pt_logind_read(&systemd, search->arena, &search->sessions, &search->session_count);
    pt_dir_close(&systemd);
    return error;
}

static int run(struct search *search, struct pt_sessions *result)
{
    int error = read_logind(search);

    if (error == 0)
        error = add_sessions(search);
    if (error == 0)
        choose_best_of_users(search);
    if (error == 0)
        error = pt_evidence_init(&search->evidence, search->procfs);
    if (error != 0)
        return error;
    result->apart = search->evidence.apart;
    error = ask_in_order(search);
    pt_evidence_done(&search->evidence);
    return error != 0 ? error : finish(search, result);
}

int pt_sessions_find(const struct pt_procfs *procfs, const struct pt_session_query *query,
                     struct pt_sessions **ret_sessions)
{
    struct pt_sessions *result = calloc(1, sizeof *result);
    struct pt_session_query own = *query;
    struct search search = {.procfs = procfs,
                            .query = &own,
                            .imports = &query->imports,
                            .deadline = pt_monotonic() + PT_SEARCH_PATIENCE};
    int error = -ENOMEM;

    if (geteuid() != 0) {
        own.has_uid = true;
        own.uid = geteuid();
    }
    if (result != NULL) {
        search.arena = &result->arena;
        error = own.uid == query->uid || !query->has_uid ? run(&search, result) : -EPERM;
    }
    free(search.list);
    if (error != 0)
        pt_sessions_free(result);
    else
        *ret_sessions = result;
    return error;
}

void pt_sessions_free(struct pt_sessions *sessions)
{
    if (sessions == NULL)
        return;
    pt_arena_done(&sessions->arena);
    free(sessions);
}

size_t pt_sessions_tied(const struct pt_sessions *sessions)
{
    size_t count = 0;
    bool differ = false;

    while (count < sessions->reachable && sessions->list[count].rank == sessions->list[0].rank) {
        differ |= sessions->list[count].uid != sessions->list[0].uid;
        count++;
    }
    return differ ? count : 0;
}

const char *pt_session_refusal(const struct pt_candidate *candidate)
{
    if (candidate->exclusion != NULL)
        return candidate->exclusion;
    if (!candidate->asked || candidate->answer.refusal == PT_REFUSED_NOT)
        return NULL;
    return pt_refusal_text(candidate->answer.refusal);
}
