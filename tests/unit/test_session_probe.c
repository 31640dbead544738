/* Asking what lives in sessions: the answers of children who are the user that we are anyway. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakeproc.h"
#include "scarce.h"
#include "session_probe.h"
#include "suite.h"
#include "waitset.h"

static const struct pt_imports no_imports = {NULL, 0};

static struct fakeproc place; /* its `run` is our runtime directory */
static struct pt_user user;
static struct sockaddr_un compositor = {.sun_family = AF_UNIX};
static char directory[64];
static int server;

static void set_up(void)
{
    fakeproc_init(&place);
    snprintf(directory, sizeof directory, "%s/run", place.path);
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    snprintf(compositor.sun_path, sizeof compositor.sun_path, "%s/wayland-7", directory);
    server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(server, (const struct sockaddr *)&compositor, sizeof compositor), 0);
    ck_assert_int_eq(listen(server, 64), 0);
    user = (struct pt_user){.uid = getuid(), .gid = getgid(), .name = "us", .home = "/nowhere"};
}

static void tear_down(void)
{
    close(server);
    fakeproc_done(&place);
}

/* Whoever has connected to the compositor is let go: its queue is short. */
static void let_go(void)
{
    int fd;

    while ((fd = accept(server, NULL, NULL)) >= 0)
        close(fd);
}

static void take(struct pt_ballot *ballot, const char *name, const char *text)
{
    char variable[128];
    int length = snprintf(variable, sizeof variable, "%s=%s", name, text);

    ck_assert_int_eq(pt_ballot_take(ballot, variable, (size_t)length), 0);
}

/* A session of ours on that compositor, and none of ours at all. */
struct both {
    struct pt_arena arena;
    struct pt_ballot ballots[2];
    struct pt_probe probes[2];
};

static void describe(struct both *both)
{
    *both = (struct both){.arena = {0}};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pt_ballot_init(&both->ballots[i], &no_imports, &both->arena), 0);
        both->probes[i] = (struct pt_probe){.user = &user, .ballot = &both->ballots[i], .id = "2"};
    }
    take(&both->ballots[0], "XDG_RUNTIME_DIR", directory);
    take(&both->ballots[0], "WAYLAND_DISPLAY", "wayland-7");
    take(&both->ballots[1], "WAYLAND_DISPLAY", "wayland-8");
}

static int ask(struct both *both)
{
    return pt_probe_all(both->probes, 2, pt_monotonic() + INT64_C(20000000000));
}

static void check_found(const struct pt_answer *answer)
{
    ck_assert(answer->has_display);
    ck_assert_str_eq(answer->values[PT_VALUE_WAYLAND], "wayland-7");
    ck_assert_str_eq(answer->values[PT_VALUE_RUNTIME_DIR], directory);
    ck_assert_str_eq(answer->values[PT_VALUE_TYPE], "wayland");
    ck_assert_str_eq(answer->values[PT_VALUE_ID], "2");
}

START_TEST(asks_all)
{
    struct both both;

    set_up();
    describe(&both);
    ck_assert_int_eq(ask(&both), 0);
    ck_assert_int_eq(both.probes[0].answer.refusal, PT_REFUSED_NOT);
    check_found(&both.probes[0].answer);
    ck_assert_int_eq(both.probes[1].answer.refusal, PT_REFUSED_NO_DISPLAY);
    ck_assert_uint_eq(both.ballots[1].dropped_count, 1); /* and why */
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    pt_arena_done(&both.arena);
    ck_assert_int_eq(pt_probe_all(NULL, 0, INT64_MAX), 0);
    tear_down();
}
END_TEST

/* Without time nobody answers, and nobody is left behind. */
START_TEST(no_time)
{
    struct both both;

    set_up();
    describe(&both);
    ck_assert_int_eq(pt_probe_all(both.probes, 2, pt_monotonic() - 1), 0);
    ck_assert_int_eq(both.probes[0].answer.refusal, PT_REFUSED_NO_ANSWER);
    ck_assert_int_eq(both.probes[1].answer.refusal, PT_REFUSED_NO_ANSWER);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    pt_arena_done(&both.arena);
    tear_down();
}
END_TEST

/* Who could not be asked, or could not answer, is said to be so; no child is left. */
static void check_scarcity(bool (*scarce)(void))
{
    struct both both;

    for (describe(&both); scarce(); describe(&both)) {
        if (scarce_end(ask(&both)) == 0) {
            enum pt_refusal refusal = both.probes[0].answer.refusal;

            ck_assert(refusal == PT_REFUSED_NOT || refusal == PT_REFUSED_NO_ANSWER ||
                      refusal == PT_REFUSED_NOT_ASKED);
            if (refusal == PT_REFUSED_NOT)
                check_found(&both.probes[0].answer);
        }
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        pt_arena_done(&both.arena);
        let_go();
    }
    pt_arena_done(&both.arena);
}

START_TEST(nothing_left_to_ask_with)
{
    set_up();
    check_scarcity(scarce_memory);
    check_scarcity(scarce_descriptors);
    tear_down();
}
END_TEST

START_TEST(connects_to_a_bus)
{
    const int64_t soon = pt_monotonic() + INT64_C(20000000000);
    char address[128];
    int fd;

    set_up();
    snprintf(address, sizeof address, "unix:path=%s/wayland-7", directory);
    fd = pt_probe_connect_bus(address, getuid(), soon);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(pt_probe_connect_bus(address, getuid() + 1, soon), -ECONNREFUSED);
    snprintf(address, sizeof address, "unix:path=%s/wayland-8", directory);
    ck_assert_int_eq(pt_probe_connect_bus(address, getuid(), soon), -ECONNREFUSED);
    ck_assert_int_eq(pt_probe_connect_bus("tcp:host=x", getuid(), soon), -ECONNREFUSED);
    ck_assert_int_eq(pt_probe_connect_bus("", getuid(), soon), -ECONNREFUSED);
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_SUITE("session_probe", asks_all, no_time, nothing_left_to_ask_with,
                     connects_to_a_bus);
}
