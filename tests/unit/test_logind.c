/* State files of logind and elogind: parsed one by one, and trees of real layouts read whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakeproc.h"
#include "logind.h"
#include "scarce.h"
#include "suite.h"
#include "text.h"

#define HEAD "# This is private data. Do not parse.\n"

static const struct {
    const char *text;
    const char *read; /* "uid class state type seat", `!` when it is no session */
} files[] = {
    {HEAD "UID=1000\nUSER=anna\nACTIVE=1\nIS_DISPLAY=1\nSTATE=active\nREMOTE=0\nTYPE=wayland\n"
          "CLASS=user\nSCOPE=session-2.scope\nFIFO=/run/systemd/sessions/2.ref\nSEAT=seat0\n"
          "TTY=tty2\nVTNR=2\nLEADER=811\n",
     "1000 user active wayland seat0 - display"},
    {"STATE=online\nCLASS=user-light\nUID=0", "0 user-light online - - - -"},
    {"UID=\"1000\"\nCLASS='user'\nSTATE=\"act\\\"ive\"\nSEAT=\"a\\`b\\x\"\n",
     "1000 user act\"ive - a`b\\x - -"},
    {"UID=7\nCLASS=user\nSTATE=online\nREMOTE=yes\nIS_DISPLAY=true\nREMOTE_HOST=h\n",
     "7 user online - - remote display"},
    {"UID=7\nCLASS=user  \t\nSTATE= on line \n", "7 user on line - - - -"},
    {"UID=7\nCLASS=us\\\ner\nSTATE=online\n", "7 user online - - - -"},
    {"UID=7\nCLASS='a\nUID=8\n'\nSTATE=online\n", "7 a\nUID=8\n online - - - -"},
    {"#UID=7\n;UID=8\nno assignment\n=x\nUID=9\nCLASS=user\nSTATE=online\nSTATES=x\n",
     "9 user online - - - -"},
    {"UID=7\nUID=8\nCLASS=user\nSTATE=online", "8 user online - - - -"},
    {"", "!"},
    {"\n\n", "!"},
    {"UID=7\nCLASS=user\n", "!"},
    {"UID=7\nSTATE=online\n", "!"},
    {"CLASS=user\nSTATE=online\n", "!"},
    {"UID=\nCLASS=user\nSTATE=online\n", "!"},
    {"UID=-1\nCLASS=user\nSTATE=online\n", "!"},
    {"UID=4294967295\nCLASS=user\nSTATE=online\n", "!"},
    {"UID=4294967296\nCLASS=user\nSTATE=online\n", "!"},
    {"UID=1 000\nCLASS=user\nSTATE=online\n", "!"},
    {"UID=7\nCLASS=\nSTATE=online\n", "!"},
    {"UID=7\nCLASS=user\nSTATE=\"", "!"},
    {"UID=7\nCLASS=user\nSTATE=x\\", "7 user x\\ - - - -"},
};

static const char *or_dash(const char *text)
{
    return text[0] != '\0' ? text : "-";
}

static void check_row(size_t i)
{
    struct pt_logind_session session;
    struct pt_arena arena;
    char read[256] = "!";
    size_t length = strlen(files[i].text);
    char *exact = malloc(length + 1); /* so that reading beyond it is seen */

    memcpy(exact, files[i].text, length);
    exact = realloc(exact, length > 0 ? length : 1);
    pt_arena_init(&arena);
    if (pt_logind_parse("1", exact, length, &arena, &session) == 0)
        snprintf(read, sizeof read, "%u %s %s %s %s %s %s", session.uid, session.class_name,
                 session.state, or_dash(session.type), or_dash(session.seat),
                 session.remote ? "remote" : "-", session.is_display ? "display" : "-");
    ck_assert_str_eq(read, files[i].read);
    pt_arena_done(&arena);
    free(exact);
}

START_TEST(parses_files)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        check_row(i);
}
END_TEST

START_TEST(excludes)
{
    static const struct {
        const char *class_name, *state;
        bool counts, greeter;
    } rows[] = {
        {"user", "active", true, false},           {"user", "online", true, false},
        {"user", "opening", true, false},          {"user-early", "online", true, false},
        {"user-light", "online", true, false},     {"user-early-light", "online", true, false},
        {"user", "closing", false, false},         {"greeter", "active", false, true},
        {"lock-screen", "active", false, true},    {"background", "active", false, false},
        {"background-light", "x", false, false},   {"manager", "active", false, false},
        {"manager-early", "active", false, false}, {"user-incomplete", "active", false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct pt_logind_session session = {.class_name = rows[i].class_name,
                                                  .state = rows[i].state};

        ck_assert_msg((pt_logind_exclusion(&session) == NULL) == rows[i].counts, "%s %s",
                      rows[i].class_name, rows[i].state);
        ck_assert_int_eq(pt_logind_is_greeter(&session), rows[i].greeter);
    }
}
END_TEST

static void put(const char *root, const char *name, const char *text)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/sessions/%s", root, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(reads_a_directory)
{
    static const char *const left_behind[] = {"2",     "10",    "c1",   "3",
                                              ".#2ab", "2.ref", "link", "dir"};
    char root[] = "/tmp/test-logind-XXXXXX", path[512];
    struct pt_logind_session *sessions;
    struct pt_arena arena;
    struct pt_dir dir;
    size_t count;

    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(pt_dir_open(&dir, root), 0);
    pt_arena_init(&arena);
    ck_assert_int_eq(pt_logind_read(&dir, &arena, &sessions, &count), 0); /* no logind here */
    ck_assert_uint_eq(count, 0);

    snprintf(path, sizeof path, "%s/sessions", root);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    put(root, "2", "UID=1000\nCLASS=user\nSTATE=active\n");
    put(root, "10", "UID=1001\nCLASS=user\nSTATE=online\n");
    put(root, "c1", "UID=42\nCLASS=greeter\nSTATE=active\n");
    put(root, "3", "UID=1000\nCLASS=us");
    put(root, ".#2ab", "UID=5\nCLASS=user\nSTATE=active\n");
    snprintf(path, sizeof path, "%s/sessions/2.ref", root);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/sessions/link", root);
    ck_assert_int_eq(symlink("2", path), 0);
    snprintf(path, sizeof path, "%s/sessions/dir", root);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    ck_assert_int_eq(pt_logind_read(&dir, &arena, &sessions, &count), 0);
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(sessions[0].id, "10");
    ck_assert_str_eq(sessions[1].id, "2");
    ck_assert_uint_eq(sessions[1].uid, 1000);
    ck_assert_str_eq(sessions[2].id, "c1");

    for (size_t i = 0; i < sizeof left_behind / sizeof *left_behind; i++) {
        snprintf(path, sizeof path, "%s/sessions/%s", root, left_behind[i]);
        ck_assert_int_eq(remove(path), 0);
    }
    snprintf(path, sizeof path, "%s/sessions", root);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(rmdir(root), 0);
    pt_dir_close(&dir);
    pt_arena_done(&arena);
}
END_TEST

/* Every session, or none and why. */
START_TEST(nothing_left_to_read_with)
{
    struct fakeproc place;
    struct pt_dir dir;

    fakeproc_init(&place);
    for (int i = 1; i <= 9; i++) {
        char name[32];

        snprintf(name, sizeof name, "sessions/%d", i);
        fakeproc_text(&place, 0, name, "UID=1000\nCLASS=user\nSTATE=active\nSEAT=seat0\n");
    }
    ck_assert_int_eq(pt_dir_open(&dir, place.path), 0);
    while (scarce_anything()) {
        struct pt_logind_session *sessions;
        struct pt_arena arena;
        size_t count = 0;

        pt_arena_init(&arena);
        if (scarce_end(pt_logind_read(&dir, &arena, &sessions, &count)) == 0) {
            ck_assert_uint_eq(count, 9);
            ck_assert_str_eq(sessions[8].seat, "seat0");
        }
        pt_arena_done(&arena);
    }
    pt_dir_close(&dir);
    fakeproc_done(&place);
}
END_TEST

int main(void)
{
    return RUN_SUITE("logind", parses_files, excludes, reads_a_directory,
                     nothing_left_to_read_with);
}
