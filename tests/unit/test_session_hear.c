/* Whose processes are heard, and how many, on fixtures of /proc. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fakeproc.h"
#include "session_hear.h"
#include "suite.h"

/* One process of the fixture: ids in status, cgroup, environment. */
static void add(const struct fakeproc *proc, pid_t pid, const char *ids, const char *cgroup,
                const char *environment, size_t length)
{
    const struct fake_process process = {.pid = pid, .ppid = 1};
    char status[512];

    fakeproc_add(proc, &process);
    snprintf(status, sizeof status,
             "Name:\tfake\nState:\tS (sleeping)\nPid:\t%d\nUid:\t%s\nGid:\t7\t7\t7\t7\n"
             "Groups:\t4 7 29 \nThreads:\t1\n",
             pid, ids);
    fakeproc_text(proc, pid, "status", status);
    fakeproc_text(proc, pid, "cgroup", cgroup);
    fakeproc_write(proc, pid, "environ", environment, length);
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

#define ENVIRON(text) text, sizeof text

/* Two sessions of the user who owns the fixture's files, which is us. */
START_TEST(hears)
{
    static const struct pt_imports none = {NULL, 0};
    const struct pt_logind_session sessions[] = {
        {.id = "2", .uid = getuid()}, {.id = "3", .uid = getuid()}, {.id = "4", .uid = getuid()}};
    struct pt_candidate first = {.uid = getuid(), .session = &sessions[0], .takes_rest = true};
    struct pt_candidate second = {.uid = getuid(), .session = &sessions[1]};
    struct pt_candidate *both[] = {&first, &second};
    struct pt_evidence evidence;
    struct pt_procfs procfs;
    struct pt_arena arena;
    struct fakeproc proc;
    char ours[64], mixed[64];

    snprintf(ours, sizeof ours, "%u\t%u\t%u\t%u", getuid(), getuid(), getuid(), getuid());
    snprintf(mixed, sizeof mixed, "%u\t%u\t%u\t%u", getuid(), getuid(), getuid() + 1, getuid());
    pt_arena_init(&arena);
    fakeproc_init(&proc);
    add(&proc, 10, ours, "0::/a/session-2.scope\n", ENVIRON("LANG=two\0HOME=/home/x"));
    add(&proc, 11, ours, "0::/a/session-3.scope\n", ENVIRON("LANG=three"));
    add(&proc, 12, ours, "0::/a/user@1.service\n", ENVIRON("LANG=rest"));
    add(&proc, 13, ours, "0::/a/session-4.scope\n", ENVIRON("LANG=four")); /* nobody asks */
    add(&proc, 14, mixed, "0::/a/session-2.scope\n", ENVIRON("LANG=setuid"));
    add(&proc, 15, "unreadable", "0::/a/session-2.scope\n", ENVIRON("LANG=nobody"));
    ck_assert_int_eq(pt_ballot_init(&first.ballot, &none, &arena), 0);
    ck_assert_int_eq(pt_ballot_init(&second.ballot, &none, &arena), 0);
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(pt_evidence_init(&evidence, &procfs), 0);
    ck_assert_int_eq(pt_session_hear(&evidence, both, 2, sessions, 3, INT64_MAX, &arena), 0);
    ck_assert(has(&first, PT_VALUE_LANG, "two") && has(&first, PT_VALUE_LANG, "rest"));
    ck_assert_uint_eq(first.ballot.proposals[PT_VALUE_LANG].count, 2);
    ck_assert(has(&second, PT_VALUE_LANG, "three"));
    ck_assert_uint_eq(second.ballot.proposals[PT_VALUE_LANG].count, 1);
    ck_assert_uint_eq(first.witnesses, 2);
    /* The user was not known: a process told. */
    ck_assert_str_eq(first.user.home, "/home/x");
    ck_assert_uint_eq(first.user.gid, 7);
    ck_assert_uint_eq(first.user.group_count, 3);
    ck_assert_uint_eq(first.user.groups[2], 29);
    pt_evidence_done(&evidence);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
    pt_arena_done(&arena);
}
END_TEST

/* 300 processes of one user: the first and the last 128 are heard. */
START_TEST(limit)
{
    static const struct pt_imports none = {NULL, 0};
    struct pt_candidate candidate = {.uid = getuid(), .takes_rest = true};
    struct pt_candidate *list[] = {&candidate};
    struct pt_evidence evidence;
    struct pt_procfs procfs;
    struct pt_arena arena;
    struct fakeproc proc;
    char ids[64], text[32];

    snprintf(ids, sizeof ids, "%u\t%u\t%u\t%u", getuid(), getuid(), getuid(), getuid());
    pt_arena_init(&arena);
    fakeproc_init(&proc);
    for (int i = 0; i < 300; i++) {
        int length = snprintf(text, sizeof text, "LANG=n%d", i);

        add(&proc, 10 + i, ids, "0::/\n", text, (size_t)length + 1);
    }
    ck_assert_int_eq(pt_ballot_init(&candidate.ballot, &none, &arena), 0);
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(pt_evidence_init(&evidence, &procfs), 0);
    ck_assert_int_eq(pt_session_hear(&evidence, list, 1, NULL, 0, INT64_MAX, &arena), 0);
    ck_assert_uint_eq(candidate.ballot.proposals[PT_VALUE_LANG].count, 256);
    for (int i = 0; i < 300; i++) {
        snprintf(text, sizeof text, "n%d", i);
        ck_assert_msg(has(&candidate, PT_VALUE_LANG, text) == (i < 128 || i >= 172), "%s", text);
    }
    pt_evidence_done(&evidence);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
    pt_arena_done(&arena);
}
END_TEST

/* What is beyond the first page of an environment is heard, too. */
START_TEST(large_ones)
{
    static const struct pt_imports none = {NULL, 0};
    struct pt_candidate candidate = {.uid = getuid(), .takes_rest = true};
    struct pt_candidate *list[] = {&candidate};
    struct pt_evidence evidence;
    struct pt_procfs procfs;
    struct pt_arena arena;
    struct fakeproc proc;
    char ids[64], *bytes = calloc(1, 100000);

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'x', 99000);
    memcpy(bytes, "FILLER=", 7);
    snprintf(ids, sizeof ids, "%u\t%u\t%u\t%u", getuid(), getuid(), getuid(), getuid());
    pt_arena_init(&arena);
    fakeproc_init(&proc);
    for (int i = 0; i < 20; i++) {
        snprintf(bytes + 99001, 900, "LANG=n%d", i);
        add(&proc, 10 + i, ids, "0::/\n", bytes, 99001 + strlen(bytes + 99001) + 1);
    }
    add(&proc, 40, ids, "0::/\n", ENVIRON("LANG=small"));
    ck_assert_int_eq(pt_ballot_init(&candidate.ballot, &none, &arena), 0);
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    ck_assert_int_eq(pt_evidence_init(&evidence, &procfs), 0);
    ck_assert_int_eq(pt_session_hear(&evidence, list, 1, NULL, 0, INT64_MAX, &arena), 0);
    ck_assert_uint_eq(candidate.ballot.proposals[PT_VALUE_LANG].count, 21);
    ck_assert_uint_eq(candidate.witnesses, 21);
    pt_evidence_done(&evidence);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
    pt_arena_done(&arena);
    free(bytes);
}
END_TEST

int main(void)
{
    return RUN_SUITE("session_hear", hears, limit, large_ones);
}
