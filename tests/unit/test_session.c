/* Finding sessions, in a /run and a /tmp of our own, from state files of logind and a fixture of
 * /proc; as root, whose own session it is that can be reached. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fakeproc.h"
#include "scarce.h"
#include "session.h"
#include "suite.h"

enum { ANNA = 41000, BERT = 41001 }; /* nobody's ids, one hopes */

static struct fakeproc proc;
static struct pt_procfs procfs;
static struct pt_session_query query;
static int server;

/* Without root, or namespaces, nothing is tested. */
static bool set_up(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/user/0/wayland-0"};

    if (getuid() != 0 || unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 ||
        mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", "/run", "tmpfs", 0, "mode=755") != 0 ||
        mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777") != 0) {
        puts("skipped: mounting takes root");
        return false;
    }
    ck_assert_int_eq(setenv("TMPDIR", "/tmp", 1), 0);
    ck_assert_int_eq(mkdir("/run/user", 0755), 0);
    ck_assert_int_eq(mkdir("/run/user/0", 0700), 0);
    server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(server, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(server, 64), 0);
    fakeproc_init(&proc);
    ck_assert_int_eq(chmod(proc.path, 0755), 0);
    fakeproc_add(&proc, &(struct fake_process){.pid = 1});
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    query = (struct pt_session_query){.systemd = "/run/systemd"};
    return true;
}

static void tear_down(void)
{
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
    close(server);
    ck_assert_int_eq(umount2("/tmp", MNT_DETACH), 0);
    ck_assert_int_eq(umount2("/run", MNT_DETACH), 0);
}

/* Whoever has connected to the compositor is let go: its queue is short. */
static void let_go(void)
{
    int fd;

    while ((fd = accept(server, NULL, NULL)) >= 0)
        close(fd);
}

static void put_session(const char *id, uid_t uid, const char *more)
{
    char path[64];
    FILE *file;

    mkdir("/run/systemd", 0755);
    mkdir("/run/systemd/sessions", 0755);
    snprintf(path, sizeof path, "/run/systemd/sessions/%s", id);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "UID=%u\nCLASS=user\nSTATE=active\n%s", uid, more);
    fclose(file);
}

/* A process that names Wayland's socket. */
static void add_witness(pid_t pid, uid_t uid, const char *cgroup)
{
    static const char *const files[] = {"", "environ"};
    static const char environment[] = "WAYLAND_DISPLAY=wayland-0";
    char path[64];

    fakeproc_add(&proc, &(struct fake_process){.pid = pid, .ppid = 1, .uid = uid, .gid = uid});
    fakeproc_write(&proc, pid, "environ", environment, sizeof environment);
    fakeproc_text(&proc, pid, "cgroup", cgroup);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%d/%s", pid, files[i]);
        ck_assert_int_eq(fchownat(proc.fd, path, uid, uid, 0), 0);
    }
}

/* Of several sessions of one user the one that has her display takes what belongs to none. */
START_TEST(best_of_a_user)
{
    static const struct {
        const char *first, *second; /* sessions 1 and 2 */
        bool second_is_best;
    } rows[] = {
        {"TYPE=tty\nSEAT=seat0\n", "TYPE=wayland\n", true},
        {"TYPE=x11\n", "TYPE=x11\nIS_DISPLAY=1\n", true},
        {"TYPE=x11\nREMOTE=1\nSEAT=seat0\n", "TYPE=x11\n", true},
        {"TYPE=x11\n", "TYPE=x11\nREMOTE=1\n", false},
        {"TYPE=x11\n", "TYPE=x11\nSEAT=seat0\n", true},
        {"TYPE=x11\n", "TYPE=x11\n", false},
    };

    if (!set_up())
        return;
    query.everything = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_sessions *sessions;

        put_session("1", 0, rows[i].first);
        put_session("2", 0, rows[i].second);
        ck_assert_int_eq(pt_sessions_find(&procfs, &query, &sessions), 0);
        ck_assert_uint_eq(sessions->count, 2);
        for (size_t j = 0; j < 2; j++) {
            const struct pt_candidate *found = &sessions->list[j];
            bool is_second = strcmp(found->session->id, "2") == 0;

            ck_assert_msg(found->takes_rest == (is_second == rows[i].second_is_best), "row %zu", i);
        }
        pt_sessions_free(sessions);
    }
    tear_down();
}
END_TEST

/* Reachable ones first, then by rank, user and session. */
START_TEST(in_order)
{
    static const char *const expected[] = {"r", "b", "a", "c", "d"};
    struct pt_sessions *sessions;

    if (!set_up())
        return;
    put_session("a", BERT, "TYPE=x11\nSEAT=seat0\n");
    put_session("b", ANNA, "TYPE=x11\nSEAT=seat0\n");
    put_session("c", ANNA, "TYPE=x11\n");
    put_session("d", ANNA, "TYPE=x11\n");
    put_session("r", 0, "TYPE=wayland\n");
    add_witness(10, 0, "0::/session-r.scope\n");
    query.everything = true;
    ck_assert_int_eq(pt_sessions_find(&procfs, &query, &sessions), 0);
    ck_assert_uint_eq(sessions->count, 5);
    ck_assert_uint_eq(sessions->reachable, 1);
    for (size_t i = 0; i < 5; i++)
        ck_assert_str_eq(sessions->list[i].session->id, expected[i]);
    pt_sessions_free(sessions);
    tear_down();
}
END_TEST

/* No logind, and one whose files we may not see, leave what processes say; else it is an error. */
START_TEST(without_logind)
{
    struct pt_sessions *sessions;

    if (!set_up())
        return;
    add_witness(10, 0, "0::/\n");
    query.has_uid = true;
    ck_assert_int_eq(pt_sessions_find(&procfs, &query, &sessions), 0);
    ck_assert_uint_eq(sessions->reachable, 1);
    ck_assert_int_eq(sessions->list[0].rank, PT_RANK_UNEXPLAINED);
    pt_sessions_free(sessions);
    query.systemd = "/dev/null";
    ck_assert_int_eq(pt_sessions_find(&procfs, &query, &sessions), -ENOTDIR);
    query.systemd = "/run/systemd";
    put_session("1", 0, "TYPE=wayland\n");
    ck_assert_int_eq(chmod("/run/systemd", 0700), 0);
    /* Who is not root asks for herself, and may not ask for others. */
    ck_assert_int_eq(seteuid(ANNA), 0);
    ck_assert_int_eq(pt_sessions_find(&procfs, &query, &sessions), -EPERM);
    query.uid = ANNA;
    ck_assert_int_eq(pt_sessions_find(&procfs, &query, &sessions), 0);
    ck_assert_uint_eq(sessions->reachable, 0);
    pt_sessions_free(sessions);
    ck_assert_int_eq(seteuid(0), 0);
    tear_down();
}
END_TEST

/* Somebody who could not be asked is said not to have been; nobody is missing. */
START_TEST(nothing_left_to_find_with)
{
    if (!set_up())
        return;
    put_session("1", 0, "TYPE=wayland\nSEAT=seat0\n");
    put_session("2", ANNA, "TYPE=wayland\n");
    add_witness(10, 0, "0::/session-1.scope\n");
    query.everything = true;
    getpwuid(0); /* without memory the first one crashes in a static glibc (NSS) */
    while (scarce_memory()) {
        struct pt_sessions *sessions;

        let_go();
        if (scarce_end(pt_sessions_find(&procfs, &query, &sessions)) != 0)
            continue;
        ck_assert_uint_eq(sessions->count, 2);
        ck_assert(sessions->reachable == 1 ||
                  sessions->list[0].answer.refusal == PT_REFUSED_NO_ANSWER ||
                  sessions->list[0].answer.refusal == PT_REFUSED_NOT_BECOME);
        pt_sessions_free(sessions);
    }
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_SUITE("session", best_of_a_user, in_order, without_logind,
                     nothing_left_to_find_with);
}
