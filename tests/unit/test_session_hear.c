/* Whose processes are heard, and how many, on fixtures of /proc. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fakeproc.h"
#include "scarce.h"
#include "session_hear.h"
#include "suite.h"

#define ENVIRON(text) text, sizeof text

static const struct pt_imports no_imports = {NULL, 0};

static struct fakeproc proc;
static struct pt_procfs procfs;
static struct pt_evidence evidence;
static struct pt_arena arena;
static char ours[64]; /* the ids of a process of ours, who own the fixture's files */

static void set_up(void)
{
    snprintf(ours, sizeof ours, "%u\t%u\t%u\t%u", getuid(), getuid(), getuid(), getuid());
    pt_arena_init(&arena);
    fakeproc_init(&proc);
}

static void tear_down(void)
{
    pt_evidence_done(&evidence);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
    pt_arena_done(&arena);
}

static void write_status(pid_t pid, const char *ids, const char *groups)
{
    char status[512];

    snprintf(status, sizeof status,
             "Name:\tfake\nState:\tS (sleeping)\nPid:\t%d\nUid:\t%s\nGid:\t7\t7\t7\t7\n"
             "%sThreads:\t1\n",
             pid, ids, groups);
    fakeproc_text(&proc, pid, "status", status);
}

/* One process of the fixture: ids in status, cgroup, environment. */
static void add(pid_t pid, const char *ids, const char *cgroup, const char *environment,
                size_t length)
{
    const struct fake_process process = {.pid = pid, .ppid = 1};

    fakeproc_add(&proc, &process);
    write_status(pid, ids, "Groups:\t4 7 29 \n");
    fakeproc_text(&proc, pid, "cgroup", cgroup);
    fakeproc_write(&proc, pid, "environ", environment, length);
}

/* The fixture is whole: from here on it is looked at. */
static void begin(void)
{
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(pt_evidence_init(&evidence, &procfs), 0);
}

/* What hearing the processes of some candidates comes to, with their ballots in OWN. */
static int try_to_hear(struct pt_candidate *const *candidates, size_t count,
                       const struct pt_logind_session *sessions, size_t session_count,
                       struct pt_arena *own)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < count; i++)
        error = pt_ballot_init(&candidates[i]->ballot, &no_imports, own);
    if (error != 0)
        return error;
    return pt_session_hear(&evidence, candidates, count, sessions, session_count, INT64_MAX, own);
}

/* Of one candidate, who has no session. */
static void hear_one(struct pt_candidate *candidate)
{
    ck_assert_int_eq(try_to_hear(&candidate, 1, NULL, 0, &arena), 0);
}

static bool has(const struct pt_candidate *candidate, enum pt_value value, const char *text)
{
    const struct pt_proposals *proposals = &candidate->ballot.proposals[value];

    for (size_t i = 0; i < proposals->count; i++) {
        if (strcmp(proposals->list[i].text, text) == 0)
            return true;
    }
    return false;
}

/* So many different values of LANG. */
static size_t languages(const struct pt_candidate *candidate)
{
    return candidate->ballot.proposals[PT_VALUE_LANG].count;
}

/* The user was not known: a process told. */
static void check_learnt(const struct pt_candidate *candidate)
{
    ck_assert_str_eq(candidate->user.home, "/home/x");
    ck_assert_uint_eq(candidate->user.gid, 7);
    ck_assert_uint_eq(candidate->user.group_count, 3);
    ck_assert_uint_eq(candidate->user.groups[2], 29);
}

/* Two sessions of our user. */
START_TEST(hears)
{
    const struct pt_logind_session sessions[] = {
        {.id = "2", .uid = getuid()}, {.id = "3", .uid = getuid()}, {.id = "4", .uid = getuid()}};
    struct pt_candidate first = {.uid = getuid(), .session = &sessions[0], .takes_rest = true};
    struct pt_candidate second = {.uid = getuid(), .session = &sessions[1]};
    struct pt_candidate *both[] = {&first, &second};
    char mixed[64];

    set_up();
    snprintf(mixed, sizeof mixed, "%u\t%u\t%u\t%u", getuid(), getuid(), getuid() + 1, getuid());
    add(10, ours, "0::/a/session-2.scope\n", ENVIRON("LANG=two\0HOME=/home/x"));
    add(11, ours, "0::/a/session-3.scope\n", ENVIRON("LANG=three"));
    add(12, ours, "0::/a/user@1.service\n", ENVIRON("LANG=rest"));
    add(13, ours, "0::/a/session-4.scope\n", ENVIRON("LANG=four")); /* nobody asks */
    add(14, mixed, "0::/a/session-2.scope\n", ENVIRON("LANG=setuid"));
    add(15, "unreadable", "0::/a/session-2.scope\n", ENVIRON("LANG=nobody"));
    begin();
    ck_assert_int_eq(try_to_hear(both, 2, sessions, 3, &arena), 0);
    ck_assert(has(&first, PT_VALUE_LANG, "two") && has(&first, PT_VALUE_LANG, "rest"));
    ck_assert_uint_eq(languages(&first), 2);
    ck_assert(has(&second, PT_VALUE_LANG, "three"));
    ck_assert_uint_eq(languages(&second), 1);
    ck_assert_uint_eq(first.witnesses, 2);
    check_learnt(&first);
    tear_down();
}
END_TEST

/* Who shows nothing is there all the same; a kernel that tells no groups, no groups. */
START_TEST(silent_witnesses)
{
    struct pt_candidate candidate = {.uid = getuid(), .takes_rest = true};

    set_up();
    add(10, ours, "0::/\n", ENVIRON("LANG=one\0HOME=home"));
    write_status(10, ours, "");
    add(11, ours, "0::/\n", ENVIRON(""));
    fakeproc_unlink(&proc, 11, "environ");
    add(12, ours, "0::/\n", ENVIRON(""));
    fakeproc_unlink(&proc, 12, "environ");
    fakeproc_unlink(&proc, 12, "stat");
    add(13, "unreadable", "0::/\n", ENVIRON("LANG=two"));
    begin();
    hear_one(&candidate);
    ck_assert_uint_eq(candidate.witnesses, 2);
    ck_assert_uint_eq(languages(&candidate), 1);
    ck_assert_uint_eq(candidate.user.group_count, 0);
    ck_assert_ptr_null(candidate.user.home);
    tear_down();
}
END_TEST

/* 300 processes of one user: the first and the last 128 are heard. */
START_TEST(limit)
{
    struct pt_candidate candidate = {.uid = getuid(), .takes_rest = true};
    char text[32];

    set_up();
    for (int i = 0; i < 300; i++) {
        int length = snprintf(text, sizeof text, "LANG=n%d", i);

        add(10 + i, ours, "0::/\n", text, (size_t)length + 1);
    }
    begin();
    hear_one(&candidate);
    ck_assert_uint_eq(languages(&candidate), 256);
    for (int i = 0; i < 300; i++) {
        snprintf(text, sizeof text, "n%d", i);
        ck_assert_msg(has(&candidate, PT_VALUE_LANG, text) == (i < 128 || i >= 172), "%s", text);
    }
    tear_down();
}
END_TEST

/* 20 processes with more than a first page in their environments, and one without. */
static void add_large_ones(void)
{
    char *bytes = calloc(1, 100000);

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'x', 99000);
    memcpy(bytes, "FILLER=", 7);
    for (int i = 0; i < 20; i++) {
        snprintf(bytes + 99001, 900, "LANG=n%d", i);
        add(10 + i, ours, "0::/\n", bytes, 99001 + strlen(bytes + 99001) + 1);
    }
    free(bytes);
    add(40, ours, "0::/\n", ENVIRON("LANG=small\0HOME=/home/x"));
}

START_TEST(large_ones)
{
    struct pt_candidate candidate = {.uid = getuid(), .takes_rest = true};

    set_up();
    add_large_ones();
    begin();
    hear_one(&candidate);
    ck_assert_uint_eq(languages(&candidate), 21);
    ck_assert_uint_eq(candidate.witnesses, 21);
    check_learnt(&candidate);
    tear_down();
}
END_TEST

/* Nobody's words are left out. */
START_TEST(out_of_memory)
{
    const struct pt_logind_session session = {.id = "2", .uid = getuid()};

    set_up();
    add_large_ones();
    begin();
    while (scarce_memory()) {
        struct pt_candidate candidate = {.uid = getuid(), .session = &session, .takes_rest = true};
        struct pt_candidate *list[] = {&candidate};
        struct pt_arena own = {0};

        if (scarce_end(try_to_hear(list, 1, &session, 1, &own)) == 0) {
            ck_assert_uint_eq(languages(&candidate), 21);
            check_learnt(&candidate);
        }
        pt_arena_done(&own);
    }
    pt_evidence_done(&evidence);
    while (scarce_anything()) {
        if (scarce_end(pt_evidence_init(&evidence, &procfs)) == 0) {
            ck_assert_uint_eq(evidence.count, 21);
            pt_evidence_done(&evidence);
        }
    }
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_SUITE("session_hear", hears, silent_witnesses, limit, large_ones, out_of_memory);
}
