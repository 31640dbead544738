/* Holding and closing a small family of processes: who becomes a member, and that whatever fails
 * on the way leaves nobody stopped. (Large and hostile ones: tests/real/kill_*.)
 * labels: native */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "ending.h"
#include "fakeproc.h"
#include "freeze.h"
#include "scarce.h"
#include "suite.h"

static struct pt_procfs procfs;
static const struct pt_verifier anybody = {.procfs = &procfs};

struct family {
    pid_t outer, inner;
};

/* A session of its own, so that nothing of it is a terminal's job: two that sleep. */
static struct family make_family(void)
{
    struct family family = {0, 0};
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    family.outer = fork();
    if (family.outer == 0) {
        setsid();
        signal(SIGTERM, SIG_DFL); /* Check's would end us all */
        family.inner = fork();
        if (family.inner == 0)
            family.inner = getpid();
        else
            close(ends[1]);
        if (family.inner == getpid() && write(ends[1], &family.inner, sizeof family.inner) < 0)
            _exit(1);
        close(ends[1]);
        for (;;)
            pause();
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &family.inner, sizeof family.inner), sizeof family.inner);
    close(ends[0]);
    return family;
}

static void end_family(struct family family)
{
    kill(family.inner, SIGKILL);
    kill(family.outer, SIGKILL);
    ck_assert_int_eq(waitpid(family.outer, NULL, 0), family.outer);
}

static char state_of(pid_t pid)
{
    struct pt_stat stat = {0};

    return pt_thread_stat(&procfs, pid, 0, &stat) == 0 ? stat.state : '-';
}

static void open_procfs(void)
{
    ck_assert_int_eq(pt_procfs_open(&procfs, NULL), 0);
    ck_assert(procfs.own_namespace);
}

/* --- handles --- */

START_TEST(whom_a_handle_holds)
{
    struct fakeproc fake;
    struct pt_procfs captured;
    struct pt_verifier nobody = {.procfs = &captured};
    struct pt_handle handle = PT_HANDLE_NONE, other;
    pid_t child = fork();

    if (child == 0)
        for (;;)
            pause();
    open_procfs();
    ck_assert_int_eq(pt_handle_open(&handle, &anybody, 0), -ESRCH);
    ck_assert_int_eq(pt_handle_open(&handle, &anybody, -1), -ESRCH);
    ck_assert_int_eq(pt_handle_open(&handle, &anybody, child), 1);

    /* The pids of a captured tree mean nothing to kill(2). */
    fakeproc_init(&fake);
    fakeproc_add(&fake, &(struct fake_process){.pid = child});
    ck_assert_int_eq(pt_procfs_open(&captured, fake.path), 0);
    ck_assert_int_eq(pt_handle_open(&other, &nobody, child), -EXDEV);
    ck_assert_int_eq(pt_handle_signal(&handle, &nobody, SIGKILL), -EXDEV);
    pt_procfs_close(&captured);
    fakeproc_done(&fake);

    other = handle;
    ck_assert(pt_handle_is_same(&handle, &other));
    other.starttime++;
    ck_assert(!pt_handle_is_same(&handle, &other));
    other = handle;
    handle.inode = 5;
    other.inode = 6; /* a pid that was given away within one tick */
    ck_assert(!pt_handle_is_same(&handle, &other));
    other.inode = 0;
    ck_assert(pt_handle_is_same(&handle, &other));

    ck_assert_int_eq(pt_handle_signal(&handle, &anybody, 999), -EINVAL);
    ck_assert_int_eq(pt_handle_signal(&handle, &anybody, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(pt_handle_signal(&handle, &anybody, SIGKILL), -ESRCH);
    ck_assert(handle.ended);
    ck_assert_int_eq(pt_handle_signal(&handle, &anybody, 0), -ESRCH);
    pt_handle_close(&handle);
    pt_procfs_close(&procfs);
}
END_TEST

/* Without a descriptor to spare it is held by its record, and signalled all the same. */
START_TEST(handle_without_descriptors)
{
    pid_t child = fork();

    if (child == 0)
        for (;;)
            pause();
    open_procfs();
    while (scarce_descriptors()) {
        struct pt_handle handle = PT_HANDLE_NONE;
        int answer = pt_handle_open(&handle, &anybody, child);
        int error = answer == 1 ? pt_handle_signal(&handle, &anybody, SIGSTOP) : answer;

        if (scarce_end(error) != 0)
            continue;
        ck_assert_int_eq(handle.fd, -1);
        ck_assert(handle.lack == EMFILE || handle.lack == ENOSYS);
        ck_assert_int_eq(pt_handle_has_ended(&handle, &procfs), 0);
        ck_assert_int_eq(pt_handle_signal(&handle, &anybody, SIGKILL), 0);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        ck_assert_int_eq(pt_handle_has_ended(&handle, &procfs), 1);
    }
    pt_procfs_close(&procfs);
}
END_TEST

/* --- members --- */

static int answer_held(const struct pt_verifier *verifier, const struct pt_handle *handle,
                       struct pt_process *now, struct pt_arena *arena)
{
    (void)verifier, (void)handle, (void)now, (void)arena;
    return PT_ROLE_HELD;
}

/* Named twice it is one member, and as much as any of both made it. */
START_TEST(twice)
{
    const struct pt_verifier held = {.procfs = &procfs, .verify = answer_held};
    struct family family = make_family();
    struct pt_members members;
    uint32_t index, again;

    open_procfs();
    pt_members_init(&members, &procfs);
    ck_assert_int_eq(pt_members_add(&members, family.outer, &held, PT_NO_MEMBER, &index), 1);
    ck_assert_int_eq(members.list[index]->role, PT_ROLE_HELD);
    ck_assert_uint_eq(pt_members_living(&members), 0);
    ck_assert_int_eq(pt_members_add(&members, family.outer, &anybody, PT_NO_MEMBER, &again), 1);
    ck_assert_uint_eq(again, index);
    ck_assert_int_eq(members.list[index]->role, PT_ROLE_TARGET);
    ck_assert_int_eq(pt_members_add(&members, family.outer, &held, PT_NO_MEMBER, &again), 1);
    ck_assert_int_eq(members.list[index]->role, PT_ROLE_TARGET);
    ck_assert_uint_eq(members.count, 1);
    ck_assert_uint_eq(pt_members_living(&members), 1);
    pt_members_done(&members);
    end_family(family);
    pt_procfs_close(&procfs);
}
END_TEST

/* --- freezing --- */

static int admit_family(const struct pt_verifier *verifier, const struct pt_handle *handle,
                        struct pt_process *now, struct pt_arena *arena)
{
    const struct family *family = verifier->data;

    (void)now, (void)arena;
    return handle->pid == family->inner || handle->pid == family->outer;
}

static void begin(struct pt_members *members, struct pt_freeze *freeze, struct family *family,
                  enum pt_growth growth)
{
    pt_members_init(members, &procfs);
    pt_freeze_init(freeze, members, growth);
    freeze->admit = (struct pt_verifier){.procfs = &procfs, .verify = admit_family, .data = family};
}

static int close_family(struct pt_freeze *freeze, const struct family *family)
{
    uint32_t index;
    int answer =
        pt_members_add(freeze->members, family->outer, &freeze->admit, PT_NO_MEMBER, &index);

    return answer == 1 ? pt_freeze_close(freeze, SIGTERM) : answer;
}

/* What we are while a set is being closed: before all others, where the host lets us be. */
static int nice_of_closing(void)
{
    int own = getpriority(PRIO_PROCESS, 0);

    if (setpriority(PRIO_PROCESS, 0, -20) != 0)
        return own;
    ck_assert_int_eq(setpriority(PRIO_PROCESS, 0, own), 0);
    return -20;
}

/* That nobody is stopped, and nothing of ours blocked. */
static void check_at_large(struct family family)
{
    sigset_t mask;

    ck_assert_int_ne(state_of(family.outer), 'T');
    ck_assert_int_ne(state_of(family.inner), 'T');
    sigprocmask(SIG_SETMASK, NULL, &mask);
    ck_assert_int_eq(sigismember(&mask, SIGUSR1), 0);
}

static void freeze_with_little(enum pt_growth growth, bool (*scarce)(void))
{
    struct family family = make_family();
    int own = getpriority(PRIO_PROCESS, 0), closing = nice_of_closing();
    size_t closed = 0;

    open_procfs();
    while (scarce()) {
        struct pt_members members;
        struct pt_freeze freeze;

        begin(&members, &freeze, &family, growth);
        if (scarce_end(close_family(&freeze, &family)) == 0 && freeze.complete) {
            ck_assert_uint_eq(pt_members_living(&members), 2);
            ck_assert_int_eq(state_of(family.outer), 'T');
            ck_assert_int_eq(state_of(family.inner), 'T');
            ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), closing);
            closed++;
        }
        pt_freeze_done(&freeze);
        pt_members_done(&members);
        ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), own);
        check_at_large(family);
    }
    ck_assert(closed > 0 || scarce == scarce_descriptors);
    end_family(family);
    pt_procfs_close(&procfs);
}

START_TEST(nothing_left_to_freeze_with)
{
    freeze_with_little(PT_GROWTH_TREE, scarce_memory);
    freeze_with_little(PT_GROWTH_CRITERIA, scarce_memory);
    freeze_with_little(PT_GROWTH_TREE, scarce_descriptors);
}
END_TEST

/* --- ending --- */

static int end_with(struct pt_members *members, struct pt_freeze *freeze, struct family *family)
{
    struct pt_schedule schedule = {0};
    struct pt_waitset *waitset = NULL;
    struct pt_ending ending = {
        .freeze = freeze, .schedule = &schedule, .freezes = true, .continues = true, .waits = true};
    sigset_t none;
    uint32_t index;
    int error;

    sigemptyset(&none);
    error = pt_schedule_escalate(&schedule, SIGTERM, 20 * PT_SECOND, 20 * PT_SECOND);
    if (error == 0)
        error = pt_waitset_new(&waitset, &procfs, &none);
    ending.waitset = waitset;
    if (error == 0)
        error = pt_members_add(members, family->outer, &freeze->admit, PT_NO_MEMBER, &index);
    if (error == 1)
        error = pt_ending_run(&ending);
    pt_waitset_free(waitset);
    pt_schedule_done(&schedule);
    return error;
}

START_TEST(no_memory_to_end_with)
{
    struct family family = make_family();

    open_procfs();
    while (scarce_memory()) {
        struct pt_members members;
        struct pt_freeze freeze;

        begin(&members, &freeze, &family, PT_GROWTH_TREE);
        if (scarce_end(end_with(&members, &freeze, &family)) == 0) {
            ck_assert_uint_eq(members.count, 2);
            for (size_t i = 0; i < members.count; i++)
                ck_assert_int_eq(pt_member_outcome(members.list[i]), PT_OUTCOME_ENDED);
        }
        pt_freeze_done(&freeze);
        pt_members_done(&members);
        check_at_large(family);
        end_family(family);
        family = make_family();
    }
    end_family(family);
    pt_procfs_close(&procfs);
}
END_TEST

/* Meant from the moment on when the last wait has passed; its parent always was. */
struct latecomer {
    const struct pt_ending *ending;
    struct family family;
};

static int admit_late(const struct pt_verifier *verifier, const struct pt_handle *handle,
                      struct pt_process *now, struct pt_arena *arena)
{
    const struct latecomer *late = verifier->data;

    (void)now, (void)arena;
    return handle->pid == late->family.outer || pt_monotonic() >= late->ending->deadline;
}

static size_t count_sent(const struct pt_member *member, int signal)
{
    size_t count = 0;

    for (const struct pt_sent *sent = member->sent; sent != NULL; sent = sent->next)
        count += sent->signal == signal;
    return count;
}

/* Who turns up after the last step is sent its signal, and nobody else is sent it again. */
START_TEST(after_the_last_step)
{
    struct latecomer late = {.family = make_family()};
    struct pt_members members;
    struct pt_freeze freeze;
    struct pt_schedule schedule = {0};
    struct pt_ending ending = {
        .freeze = &freeze, .schedule = &schedule, .freezes = true, .waits = true};
    sigset_t none;
    uint32_t index;

    open_procfs();
    sigemptyset(&none);
    late.ending = &ending;
    begin(&members, &freeze, &late.family, PT_GROWTH_TREE);
    freeze.admit = (struct pt_verifier){.procfs = &procfs, .verify = admit_late, .data = &late};
    ck_assert_int_eq(pt_schedule_add(&schedule, SIGWINCH, 200 * PT_MILLISECOND), 0);
    ck_assert_int_eq(pt_waitset_new(&ending.waitset, &procfs, &none), 0);
    ck_assert_int_eq(
        pt_members_add(&members, late.family.outer, &freeze.admit, PT_NO_MEMBER, &index), 1);
    ck_assert_int_eq(pt_ending_run(&ending), 0);
    ck_assert_uint_eq(members.count, 2);
    for (size_t i = 0; i < 2; i++) { /* which nobody dies of */
        ck_assert_uint_eq(count_sent(members.list[i], SIGWINCH), 1);
        ck_assert_int_eq(pt_member_outcome(members.list[i]), PT_OUTCOME_SURVIVED);
    }
    pt_waitset_free(ending.waitset);
    pt_schedule_done(&schedule);
    pt_freeze_done(&freeze);
    pt_members_done(&members);
    check_at_large(late.family);
    end_family(late.family);
    pt_procfs_close(&procfs);
}
END_TEST

/* Whether there may be more of a tree than its members, by what the last freeze saw. */
START_TEST(outgrown)
{
    struct family family = make_family();
    struct pt_members members;
    struct pt_freeze freeze;
    uint32_t index;

    open_procfs();
    begin(&members, &freeze, &family, PT_GROWTH_TREE);
    ck_assert_int_eq(pt_members_add(&members, family.outer, &anybody, PT_NO_MEMBER, &index), 1);
    ck_assert(!pt_freeze_is_outgrown(&freeze)); /* nobody ran */
    freeze.restless = true;
    ck_assert(pt_freeze_is_outgrown(&freeze));
    freeze.interrupted = true; /* we gave up of our own */
    ck_assert(!pt_freeze_is_outgrown(&freeze));
    freeze.interrupted = false;
    freeze.complete = true;
    ck_assert(!pt_freeze_is_outgrown(&freeze));
    freeze.complete = false;
    members.list[index]->role = PT_ROLE_PASSED; /* an ancestor grows as it likes */
    ck_assert(!pt_freeze_is_outgrown(&freeze));
    members.list[index]->role = PT_ROLE_TARGET;
    ck_assert_int_eq(pt_members_add(&members, getpid(), &anybody, PT_NO_MEMBER, &index), 1);
    members.list[index]->role = PT_ROLE_PASSED; /* we do not */
    ck_assert(pt_freeze_is_outgrown(&freeze));
    pt_freeze_done(&freeze);
    pt_members_done(&members);
    end_family(family);
    pt_procfs_close(&procfs);
}
END_TEST

/* What an ending of a family tells, and when. */
struct told {
    struct family family;
    size_t left, progress;
    bool while_stopped; /* any of it was told then */
};

static void note(struct told *told, size_t *count)
{
    told->while_stopped |= state_of(told->family.inner) == 'T';
    ++*count;
}

static void kill_outer(uint32_t index, void *data)
{
    const struct told *told = data;

    (void)index;
    kill(told->family.outer, SIGKILL);
}

static void note_left(const struct pt_ending *ending, const struct pt_member *member, void *data)
{
    (void)ending, (void)member;
    note(data, &((struct told *)data)->left);
}

static void ask_to_end(const struct pt_ending *ending, void *data)
{
    (void)ending;
    note(data, &((struct told *)data)->progress);
    raise(SIGUSR2);
}

static bool is_usr2(const struct pt_event *event, void *data)
{
    (void)data;
    return event->signal == SIGUSR2;
}

/* Its schedule is one signal, for which it has a minute. */
static void end_telling(struct told *told, int signal, struct pt_ending *ending,
                        void (*joined)(uint32_t index, void *data))
{
    struct pt_members members;
    struct pt_freeze freeze;
    struct pt_schedule schedule = {0};
    sigset_t signals;
    uint32_t index;

    open_procfs();
    told->family = make_family();
    begin(&members, &freeze, &told->family, PT_GROWTH_TREE);
    freeze.joined = joined;
    freeze.data = ending->data = told;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR2);
    ck_assert_int_eq(pt_schedule_add(&schedule, signal, 60 * PT_SECOND), 0);
    ck_assert_int_eq(pt_waitset_new(&ending->waitset, &procfs, &signals), 0);
    ck_assert_int_eq(
        pt_members_add(&members, told->family.outer, &freeze.admit, PT_NO_MEMBER, &index), 1);
    ending->freeze = &freeze;
    ending->schedule = &schedule;
    ending->freezes = ending->continues = ending->waits = true;
    ck_assert_int_eq(pt_ending_run(ending), 0);
    pt_waitset_free(ending->waitset);
    ck_assert_uint_eq(members.count, 2);
    pt_schedule_done(&schedule);
    pt_freeze_done(&freeze);
    pt_members_done(&members);
    check_at_large(told->family);
    end_family(told->family);
    pt_procfs_close(&procfs);
}

/* One that ends while the set is stopped is told of when nobody is stopped any more. */
START_TEST(told_of_when_nobody_is_stopped)
{
    struct told told = {.left = 0};
    struct pt_ending ending = {.left = note_left};

    end_telling(&told, SIGTERM, &ending, kill_outer);
    ck_assert_uint_eq(told.left, 2);
    ck_assert(!told.while_stopped);
    ck_assert_int_eq(ending.interrupted, 0);
}
END_TEST

/* Nobody dies of SIGWINCH: there would be a minute to wait. */
START_TEST(interrupted)
{
    struct told told = {.left = 0};
    struct pt_ending ending = {
        .left = note_left, .tick = PT_MILLISECOND, .progress = ask_to_end, .signalled = is_usr2};
    int64_t began = pt_monotonic();

    end_telling(&told, SIGWINCH, &ending, NULL);
    ck_assert_int_eq(ending.interrupted, SIGUSR2);
    ck_assert_int_lt(pt_monotonic() - began, 40 * PT_SECOND);
    ck_assert_uint_ge(told.progress, 1);
    ck_assert_uint_eq(told.left, 0);
    ck_assert(!told.while_stopped);
}
END_TEST

int main(void)
{
    return RUN_SUITE("freeze", whom_a_handle_holds, handle_without_descriptors, twice,
                     nothing_left_to_freeze_with, no_memory_to_end_with, after_the_last_step,
                     outgrown, told_of_when_nobody_is_stopped, interrupted);
}
