#include "freeze.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "children.h"
#include "forking.h"
#include "pid_set.h"
#include "stopping.h"
#include "undisturbed.h"
#include "units.h"
#include "waitset.h"

/* Closed passes in a row that prove a set closed (freeze.h). */
#define CLOSED_PASSES 2
#define CLOSED_PASSES_SCANS 5

/* What a large set needs: to find it, to see it stopped, and to see that twice. */
#define PASSES_MIN 4

/* Each so many passes is looked whether those who do not stop are frozen by their cgroup. */
#define FROZEN_LOOK 8

/* How often a list that changes while it is read is read again within a pass. */
#define REREADS_MAX 8

/* Between passes that only wait for threads to stop, nanoseconds. */
#define PAUSE_FIRST INT64_C(50000)
#define PAUSE_LAST INT64_C(2000000)

struct pass {
    struct pt_freeze *freeze;
    int64_t give_up;
    bool stopping; /* or only looking */
    bool reapers;  /* look below those too */
    bool quiet;    /* nothing was new, and nothing ran */
    bool grew;     /* something was new */
    bool restless; /* it was not quiet for another reason than a member in state D */
    bool news;     /* below the member that is being visited, or itself */
    bool late;     /* the time to give up has come */
    struct pt_children children;
    struct pt_pid_set strangers; /* who was asked about in this pass, and is not meant */
};

static int verify_child(const struct pt_verifier *verifier, const struct pt_handle *handle,
                        struct pt_process *now, struct pt_arena *arena);
static int verify_match(const struct pt_verifier *verifier, const struct pt_handle *handle,
                        struct pt_process *now, struct pt_arena *arena);

void pt_freeze_init(struct pt_freeze *freeze, struct pt_members *members, enum pt_growth growth)
{
    struct pt_stat stat;

    *freeze = (struct pt_freeze){.members = members, .growth = growth};
    /* Where others are hidden (hidepid) so are the lists of those to whom orphans fall. */
    freeze->whole_scans =
        growth == PT_GROWTH_CRITERIA && pt_thread_stat(members->procfs, 1, 0, &stat) != 0;
    freeze->admit.procfs = members->procfs;
    freeze->newcomer.procfs = members->procfs;
    freeze->newcomer.verify = growth == PT_GROWTH_TREE ? verify_child : verify_match;
    freeze->newcomer.data = freeze;
}

void pt_freeze_done(struct pt_freeze *freeze)
{
    pt_freeze_continue(freeze);
    pt_reapers_done(&freeze->reapers);
}

/* --- what is new --- */

/* With PT_GROWTH_TREE. -EAGAIN: not the child of a member that is known to live; where it hangs the
 * next pass will tell. */
static int verify_child(const struct pt_verifier *verifier, const struct pt_handle *handle,
                        struct pt_process *now, struct pt_arena *arena)
{
    const struct pt_freeze *freeze = verifier->data;
    const struct pt_members *members = freeze->members;
    uint32_t parent = pt_members_find(members, now->stat.ppid);
    int answer = PT_ROLE_TARGET;

    if (parent == PT_NO_MEMBER || !pt_member_lives(members->list[parent]))
        return -EAGAIN;
    if (freeze->admit.verify != NULL)
        answer = freeze->admit.verify(&freeze->admit, handle, now, arena);
    /* It read our member's pid there: was that still our member? */
    if (answer > 0 && pt_handle_has_ended(&members->list[parent]->handle, members->procfs) != 0)
        return -EAGAIN;
    return answer;
}

/*
 * With PT_GROWTH_CRITERIA. A process that is on its way out has lost its arguments, executable and
 * namespaces before it hands over its children: a no of such a one is none. -EAGAIN.
 */
static int verify_match(const struct pt_verifier *verifier, const struct pt_handle *handle,
                        struct pt_process *now, struct pt_arena *arena)
{
    const struct pt_freeze *freeze = verifier->data;
    struct pt_stat stat;
    int answer = freeze->admit.verify(&freeze->admit, handle, now, arena);

    if (answer != 0)
        return answer;
    if (pt_thread_stat(verifier->procfs, handle->pid, 0, &stat) != 0 ||
        (stat.flags & PT_PF_EXITING))
        return -EAGAIN;
    return 0;
}

/* The set may grow yet. */
static void note_unrest(struct pass *pass)
{
    pass->quiet = false;
    pass->restless = true;
}

static void note_news(struct pass *pass)
{
    note_unrest(pass);
    pass->grew = pass->news = true;
}

/* A member that has ended and still stands in a list: unreaped, or its pid is another's. */
static bool is_known_zombie(const struct pt_members *members, const struct pt_member *member)
{
    struct pt_stat stat;

    return pt_thread_stat(members->procfs, member->handle.pid, 0, &stat) == 0 &&
           stat.starttime == member->handle.starttime && (stat.state == 'Z' || stat.state == 'X') &&
           stat.threads <= 1;
}

/* Takes in a pid that stands in a list of children; a root that was only held is one's child. */
static int nominate(struct pass *pass, pid_t pid, uint32_t parent)
{
    struct pt_freeze *freeze = pass->freeze;
    struct pt_members *members = freeze->members;
    uint32_t index = pt_members_find(members, pid);
    struct pt_member *known = index != PT_NO_MEMBER ? members->list[index] : NULL;
    bool held = known != NULL && known->role == PT_ROLE_HELD && parent != PT_NO_MEMBER;
    int answer;

    if (known != NULL && (pt_member_lives(known) ? !held : is_known_zombie(members, known)))
        return 0;
    if (pt_pid_set_has(&pass->strangers, pid))
        return 0;
    answer = pt_members_add(members, pid, &freeze->newcomer, parent, &index);
    if (answer == 0 || (answer == 1 && members->list[index]->role == PT_ROLE_HELD))
        return pt_pid_set_add(&pass->strangers, pid);
    if (answer == 1) {
        /* Its parent was asked about once; that may change, and says nothing later. */
        if (freeze->growth == PT_GROWTH_TREE)
            members->list[index]->verifier = NULL;
        if (pass->stopping)
            pt_member_stop(members, members->list[index], freeze->everyone, true);
        if (freeze->joined != NULL)
            freeze->joined(index, freeze->data);
    }
    /* Whatever else it was: we do not know who that is. */
    if (answer == 1 || (answer < 0 && answer != -EACCES))
        note_news(pass);
    return answer == -ENOMEM ? answer : 0;
}

/* Those of a list that are members, or those that are none; the youngest first: of a lane of
 * short-lived processes that is the one that may still live when we come to it. */
static int nominate_listed(struct pass *pass, uint32_t parent, bool members)
{
    for (size_t i = pass->children.count; i-- > 0;) {
        pid_t pid = pass->children.pids[i];
        bool is_member = pt_members_find(pass->freeze->members, pid) != PT_NO_MEMBER;
        int error = is_member == members ? nominate(pass, pid, parent) : 0;

        if (error != 0)
            return error;
    }
    return 0;
}

/* All threads of one process: any of them may have been the one that children were handed to. */
struct thread_walk {
    struct pass *pass;
    pid_t pid;
    uint32_t parent;      /* the member that it is, or PT_NO_MEMBER: a reaper outside */
    bool still;           /* every thread was */
    bool runs;            /* some thread did, or sleeps and may be woken */
    bool looked_at_again; /* before the set is closed: one reading will do */
    uint64_t trace;       /* of its threads, and with PT_GROWTH_TREE of their lists of children */
};

/* FNV-1a: whether two passes saw the same. */
static void add_to_trace(struct thread_walk *walk, const void *bytes, size_t length)
{
    const unsigned char *byte = bytes;

    for (size_t i = 0; i < length; i++)
        walk->trace = (walk->trace ^ byte[i]) * UINT64_C(0x100000001b3);
}

static int nominate_children(struct thread_walk *walk, pid_t tid, bool still)
{
    struct pass *pass = walk->pass;
    struct pt_freeze *freeze = pass->freeze;
    const struct pt_procfs *procfs = freeze->members->procfs;
    int rounds = REREADS_MAX;
    bool same = false;
    int error = 0;

    /* A member that runs holds the set open; one that is still shows a change in its trace. */
    if (walk->looked_at_again && (!still || freeze->growth == PT_GROWTH_TREE))
        rounds = 1;
    for (int i = 0; error == 0 && !same && i < rounds; i++) {
        error = pt_children_read(procfs, walk->pid, tid, &pass->children, &same);
        same &= i > 0;
        if (error == 0 && !same)
            error = nominate_listed(pass, walk->parent, false);
    }
    if (error == -ENOENT && !freeze->whole_scans && !pt_children_exist(procfs)) {
        freeze->whole_scans = true;
        note_news(pass);
    }
    if (error != 0) {
        /* Gone, most likely. Either way nobody knows whose children they are now. */
        if (!freeze->whole_scans)
            note_unrest(pass);
        return error == -ENOMEM ? error : 0;
    }
    if (!same && rounds > 1 && freeze->growth == PT_GROWTH_CRITERIA)
        note_unrest(pass);
    if (freeze->growth == PT_GROWTH_TREE)
        add_to_trace(walk, pt_buffer_text(&pass->children.text), pass->children.text.length);
    return nominate_listed(pass, walk->parent, true);
}

/* --- threads --- */

static void note_state(struct thread_walk *walk, char state)
{
    walk->still &= pt_state_is_still(state);
    walk->runs |= !pt_state_is_still(state) && state != 'D';
}

static int visit_thread(const char *name, unsigned char type, void *data)
{
    struct thread_walk *walk = data;
    pid_t tid = pt_parse_pid_name(name);
    struct pt_stat stat = {0};

    (void)type;
    if (tid == 0)
        return 0;
    add_to_trace(walk, &tid, sizeof tid);
    /* The state first: once that is still no more children come. */
    if (pt_thread_stat(walk->pass->freeze->members->procfs, walk->pid, tid, &stat) != 0)
        note_unrest(walk->pass); /* gone: its children are another thread's */
    else
        note_state(walk, stat.state);
    if (walk->pass->freeze->growth == PT_GROWTH_NONE || walk->pass->freeze->whole_scans)
        return 0;
    return nominate_children(walk, tid, pt_state_is_still(stat.state));
}

static int visit_threads(struct thread_walk *walk)
{
    char path[PT_PROCFS_PATH];
    struct pt_dir task;
    int error;

    snprintf(path, sizeof path, "%d/task", (int)walk->pid);
    error = pt_dir_open_at(&task, &walk->pass->freeze->members->procfs->root, path);
    if (error == 0) {
        error = pt_dir_each(&task, visit_thread, walk);
        pt_dir_close(&task);
    }
    if (error != 0)
        note_unrest(walk->pass);
    return error == -ENOMEM ? error : 0;
}

static int visit_reapers(struct pass *pass)
{
    struct pt_freeze *freeze = pass->freeze;
    int error = pt_reapers_note(&freeze->reapers, freeze->members, 1);

    /* Whoever has ended left its children to one that is above it. */
    if (error == 0 && pt_reapers_forget_gone(&freeze->reapers, freeze->members->procfs))
        note_unrest(pass);
    for (size_t i = 0; error == 0 && i < freeze->reapers.count; i++) {
        struct thread_walk walk = {
            .pass = pass, .pid = freeze->reapers.pids[i], .parent = PT_NO_MEMBER};

        error = visit_threads(&walk);
    }
    return error;
}

/* --- members --- */

/* Whether a pass is open while this one runs. */
static bool holds_open(const struct pass *pass, const struct pt_member *member)
{
    return pass->stopping && member->role != PT_ROLE_PASSED && !member->left_running &&
           !member->refused && !member->frozen;
}

static int visit(struct pass *pass, uint32_t index)
{
    struct pt_freeze *freeze = pass->freeze;
    const struct pt_procfs *procfs = freeze->members->procfs;
    struct pt_member *member = freeze->members->list[index];
    struct thread_walk walk = {
        .pass = pass, .pid = member->handle.pid, .parent = index, .still = true};
    struct pt_stat stat;
    int error = 0;

    pass->news = false;
    if (pass->stopping && !(member->asked && member->trace == 0))
        pt_member_stop(freeze->members, member, freeze->everyone, false);
    walk.looked_at_again = holds_open(pass, member);
    if (pt_thread_stat(procfs, member->handle.pid, 0, &stat) == 0) {
        member->state = stat.state;
        if (pass->reapers)
            error = pt_reapers_note(&freeze->reapers, freeze->members, stat.ppid);
        /* A stopped process makes no threads: one means the leader alone. */
        if (error == 0 && stat.threads <= 1 && holds_open(pass, member)) {
            note_state(&walk, stat.state);
            add_to_trace(&walk, &walk.pid, sizeof walk.pid);
            if (freeze->growth != PT_GROWTH_NONE && !freeze->whole_scans)
                error = nominate_children(&walk, walk.pid, walk.still);
        } else if (error == 0) {
            error = visit_threads(&walk);
        }
    } else {
        note_unrest(pass);
    }
    member->closed = walk.still;
    if (pt_handle_has_ended(&member->handle, procfs) == 1) {
        note_news(pass);
        if (!member->awaited)
            pt_handle_close(&member->handle);
    }
    if (!walk.still && holds_open(pass, member) && freeze->passes % FROZEN_LOOK == FROZEN_LOOK - 1)
        member->frozen = pt_member_is_frozen(procfs, member);
    if (holds_open(pass, member) && (walk.runs || walk.trace != member->trace))
        note_unrest(pass);
    else if (holds_open(pass, member) && !walk.still)
        pass->quiet = false;
    member->trace = walk.trace;
    member->news += pass->news;
    return error;
}

static int scan(struct pass *pass)
{
    struct pt_freeze *freeze = pass->freeze;
    struct pt_members *members = freeze->members;
    size_t count;
    pid_t *pids;
    int error = pt_procfs_pids(members->procfs, &pids, &count);

    if (error != 0)
        return error;
    for (size_t i = count; error == 0 && i-- > 0;) { /* the youngest first, here too */
        uint32_t parent = PT_NO_MEMBER;
        struct pt_stat stat;

        if (freeze->growth == PT_GROWTH_TREE) {
            int unread = pt_thread_stat(members->procfs, pids[i], 0, &stat);

            /* Gone: whose child it was, nobody knows. That the tree grew is not said by it. */
            if (unread == -ENOENT || unread == -ESRCH)
                pass->quiet = false;
            parent = unread == 0 ? pt_members_find(members, stat.ppid) : PT_NO_MEMBER;
            if (parent == PT_NO_MEMBER || !pt_member_lives(members->list[parent]))
                continue;
        }
        error = nominate(pass, pids[i], parent);
    }
    free(pids);
    return error;
}

/* Whether new children come again and again: a subreaper below which lanes run, most likely. */
static bool is_busy(const struct pt_member *member)
{
    return member->news > 1 && pt_member_lives(member);
}

/* However long they take, some passes are made: nobody kept us from closing a set that is large. */
static bool is_late(const struct pass *pass)
{
    return pass->freeze->passes >= PASSES_MIN && pt_monotonic() > pass->give_up;
}

/* Everybody from the member *NEXT on, those included who join meanwhile. */
static int visit_from(struct pass *pass, uint32_t *next)
{
    struct pt_members *members = pass->freeze->members;
    int error = 0;

    for (; error == 0 && *next < members->count; ++*next) {
        if (pt_member_lives(members->list[*next]))
            error = visit(pass, *next);
        if (*next % 64 == 63 && is_late(pass))
            pass->late = true;
        if (pass->late)
            break;
    }
    return error;
}

/* The places where most of what is new turns up. Going through all members again would take longer
 * than a lane that hands over needs to escape. */
static int visit_busy(struct pass *pass, uint32_t count)
{
    struct pt_members *members = pass->freeze->members;
    int error = 0;

    for (uint32_t i = 0; error == 0 && i < count; i++) {
        if (is_busy(members->list[i]))
            error = visit(pass, i);
    }
    return error;
}

/* One pass over everybody; where something new came up, that is chased at once. */
static int make_pass(struct pass *pass)
{
    struct pt_freeze *freeze = pass->freeze;
    uint32_t next = 0;
    size_t count;
    int error;

    pass->quiet = true;
    pass->grew = pass->late = pass->restless = false;
    pt_pid_set_clear(&pass->strangers);
    error = visit_from(pass, &next);
    do {
        count = freeze->members->count;
        if (error == 0 && freeze->whole_scans && freeze->growth != PT_GROWTH_NONE)
            error = scan(pass);
        else if (error == 0 && pass->reapers)
            error = visit_reapers(pass);
        if (error == 0 && pass->grew)
            error = visit_busy(pass, (uint32_t)count);
        if (error == 0)
            error = visit_from(pass, &next);
    } while (error == 0 && freeze->members->count > count && !pass->late &&
             pt_monotonic() < pass->give_up);
    if (pass->late)
        note_unrest(pass);
    return error;
}

static size_t closed_passes_needed(const struct pt_freeze *freeze)
{
    return freeze->whole_scans && freeze->growth != PT_GROWTH_NONE ? CLOSED_PASSES_SCANS
                                                                   : CLOSED_PASSES;
}

/* Whether somebody is in the middle of fork and would act on the signal that follows only later;
 * then that is over now, and the set not closed. */
static bool can_fork(struct pt_freeze *freeze)
{
    if (freeze->growth == PT_GROWTH_NONE || freeze->signal == 0 || freeze->everyone)
        return false;
    return pt_forking_finish(freeze->members, freeze->signal) > 0;
}

static int close_set(struct pass *pass)
{
    struct pt_freeze *freeze = pass->freeze;
    int64_t pause = PAUSE_FIRST;
    size_t closed = 0, calm = 0;

    while (!freeze->complete) {
        int error = make_pass(pass);

        freeze->passes++;
        if (error != 0)
            return error;
        closed = pass->quiet ? closed + 1 : 0;
        calm = pass->restless ? 0 : calm + 1;
        if (closed == 1 && can_fork(freeze))
            closed = calm = 0;
        freeze->restless = calm < CLOSED_PASSES;
        freeze->complete = closed >= closed_passes_needed(freeze);
        freeze->interrupted = pt_signals_ask_to_end();
        if (freeze->interrupted || is_late(pass))
            break;
        if (!pass->quiet && !pass->grew) {
            pt_pause(pause);
            pause = pause < PAUSE_LAST ? pause * 2 : pause;
        }
    }
    return 0;
}

static void begin(struct pt_freeze *freeze, int signal)
{
    pt_undisturbed_begin(&freeze->undisturbed);
    freeze->signal = signal;
    freeze->everyone = signal == SIGKILL || signal == SIGSTOP;
    freeze->complete = freeze->restless = freeze->interrupted = false;
    freeze->passes = 0;
    for (size_t i = 0; i < freeze->members->count; i++) {
        struct pt_member *member = freeze->members->list[i];

        member->asked = member->closed = member->left_running = member->frozen = false;
        member->news = member->let_run = 0;
        member->trace = 0;
    }
}

static void pass_done(struct pass *pass)
{
    pt_children_done(&pass->children);
    pt_pid_set_done(&pass->strangers);
}

int pt_freeze_close(struct pt_freeze *freeze, int signal)
{
    struct pass pass = {.freeze = freeze, .stopping = true};
    int error;

    pass.reapers = freeze->growth == PT_GROWTH_CRITERIA;
    begin(freeze, signal);
    pass.give_up = pt_deadline(pt_monotonic(), PT_FREEZE_PATIENCE);
    error = close_set(&pass);
    pass_done(&pass);
    return error;
}

bool pt_freeze_is_outgrown(const struct pt_freeze *freeze)
{
    const struct pt_members *members = freeze->members;

    if (freeze->growth != PT_GROWTH_TREE || !freeze->restless)
        return false;
    for (size_t i = 0; i < members->count; i++) {
        if (members->list[i]->role == PT_ROLE_PASSED && members->list[i]->handle.pid != getpid())
            return false;
    }
    return !freeze->complete && !freeze->interrupted;
}

void pt_freeze_continue(struct pt_freeze *freeze)
{
    for (size_t i = 0; freeze->members != NULL && i < freeze->members->count; i++) {
        struct pt_member *member = freeze->members->list[i];

        if (member->stopped && pt_member_lives(member))
            pt_member_signal(member, freeze->members->procfs, SIGCONT);
        member->stopped = false;
    }
    pt_undisturbed_end(&freeze->undisturbed);
}

void pt_freeze_keep(struct pt_freeze *freeze)
{
    for (size_t i = 0; i < freeze->members->count; i++) {
        if (freeze->members->list[i]->role == PT_ROLE_TARGET)
            freeze->members->list[i]->stopped = false;
    }
    pt_freeze_continue(freeze);
}

int pt_freeze_discover(struct pt_freeze *freeze, bool reapers)
{
    struct pass pass = {.freeze = freeze, .give_up = pt_monotonic() + PT_FREEZE_PATIENCE};
    int error;

    if (freeze->growth == PT_GROWTH_NONE)
        return 0;
    pass.reapers = reapers && freeze->growth == PT_GROWTH_CRITERIA;
    do
        error = make_pass(&pass);
    while (error == 0 && pass.grew && pt_monotonic() < pass.give_up);
    pass_done(&pass);
    return error;
}
