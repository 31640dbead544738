/* What lives behind a display, in a /tmp of our own: by what the kernel lists, which here is what
 * we say, and by what root's server answers, which is a child of ours. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session_live.h"
#include "suite.h"
#include "unix_diag.h"
#include "waitset.h"

#define X7 "/tmp/.X11-unix/X7"

/* --- the kernel --- */

static struct pt_listener listed[3];
static size_t listed_count;
static int listing_error;

/* In place of the library's. */
int pt_unix_listeners(int64_t timeout, pt_listener_function *each, void *data)
{
    ck_assert_int_gt(timeout, 0);
    for (size_t i = 0; i < listed_count; i++)
        ck_assert_int_eq(each(&listed[i], data), 0);
    return listing_error;
}

/* A path is listed with its NUL. */
static void list(const char *name, size_t length, uid_t uid, uint32_t file)
{
    listed[listed_count++] = (struct pt_listener){
        .name = name, .length = length, .has_uid = true, .uid = uid, .inode = 9, .file = file};
}

/* --- the place --- */

static struct pt_live live;
static int server;

/* Displays need X's directory, which is the system's: without one of our own nothing is tested. */
static bool set_up(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = X7};

    if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 ||
        mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", "/tmp", "tmpfs", 0, "") != 0) {
        puts("skipped: mounting takes root");
        return false;
    }
    ck_assert_int_eq(mkdir("/tmp/.X11-unix", 0755), 0);
    server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(server, 8), 0);
    live = (struct pt_live){.uid = getuid(), .deadline = pt_monotonic() + INT64_C(20000000000)};
    listed_count = 0;
    listing_error = 0;
    return true;
}

static void tear_down(void)
{
    close(server);
    ck_assert_int_eq(umount2("/tmp", MNT_DETACH), 0);
}

static uint32_t file_of(const char *path)
{
    struct stat there;

    ck_assert_int_eq(lstat(path, &there), 0);
    return (uint32_t)there.st_ino;
}

static bool was_connected(void)
{
    struct pollfd waits = {server, POLLIN, 0};

    return poll(&waits, 1, 0) == 1;
}

/* --- without a connection --- */

START_TEST(listed_ones)
{
    if (!set_up())
        return;
    list(X7, sizeof X7, live.uid, file_of(X7));
    list("\0/tmp/.X11-unix/X77", sizeof X7 + 1, live.uid + 1, 0);
    ck_assert_int_eq(pt_live_display_listed(&live, 7), PT_DROP_NOT);
    list("\0" X7, sizeof X7, live.uid, 0);
    ck_assert_int_eq(pt_live_display_listed(&live, 7), PT_DROP_NOT);
    listed[2].uid = live.uid + 1; /* X clients would talk to that one */
    ck_assert_int_eq(pt_live_display_listed(&live, 7), PT_DROP_STRANGER);
    listed_count = 1;
    listed[0].file++; /* the path, in another mount namespace */
    ck_assert_int_eq(pt_live_display_listed(&live, 7), PT_DROP_DEAD);
    listed[0].file--;
    listed[0].uid++;
    ck_assert_int_eq(pt_live_display_listed(&live, 7), PT_DROP_DEAD);
    listed_count = 0;
    ck_assert_int_eq(pt_live_display_listed(&live, 7), PT_DROP_DEAD);
    ck_assert_int_eq(pt_live_display_listed(&live, 8), PT_DROP_ABSENT);
    close(open("/tmp/.X11-unix/X8", O_CREAT | O_WRONLY, 0644));
    ck_assert_int_eq(pt_live_display_listed(&live, 8), PT_DROP_FOREIGN);
    ck_assert(!was_connected());
    tear_down();
}
END_TEST

/* Before 5.3 the kernel does not say whose a socket is, some have no such list, and there may be no
 * time left to ask: then nothing is proven, and nothing is started to prove it. */
START_TEST(not_proven)
{
    if (!set_up())
        return;
    list(X7, sizeof X7, live.uid, file_of(X7));
    listed[0].has_uid = false;
    ck_assert_int_eq(pt_live_display_listed(&live, 7), PT_DROP_NOT_PROVEN);
    listed[0].has_uid = true;
    listing_error = -ENOENT;
    ck_assert_int_eq(pt_live_display_listed(&live, 7), PT_DROP_NOT_PROVEN);
    listing_error = 0;
    live.deadline = pt_monotonic() - 1;
    ck_assert_int_eq(pt_live_display_listed(&live, 7), PT_DROP_NOT_PROVEN);
    ck_assert(!was_connected());
    tear_down();
}
END_TEST

/* --- by a connection --- */

static enum pt_drop connect_to_7(size_t count, const char *const *files, size_t *ret_file)
{
    *ret_file = 77;
    return pt_live_display(&live, 7, files, count, ret_file);
}

START_TEST(our_own_server)
{
    size_t file;

    if (!set_up())
        return;
    ck_assert_int_eq(connect_to_7(0, NULL, &file), PT_DROP_NOT);
    ck_assert_uint_eq(file, 0);
    /* A kernel that does not say whose a name is cannot warn. */
    list("\0" X7, sizeof X7, live.uid + 1, 0);
    listed[0].has_uid = false;
    ck_assert_int_eq(connect_to_7(0, NULL, &file), PT_DROP_NOT);
    close(accept(server, NULL, NULL));
    close(accept(server, NULL, NULL));
    listed[0].has_uid = true;
    ck_assert_int_eq(connect_to_7(0, NULL, &file), PT_DROP_STRANGER);
    ck_assert(!was_connected());
    listed_count = 0;
    live.deadline = pt_monotonic() - 1;
    ck_assert_int_eq(connect_to_7(0, NULL, &file), PT_DROP_FULL);
    live.deadline = pt_monotonic() + INT64_C(20000000000);
    close(server);
    ck_assert_int_eq(connect_to_7(0, NULL, &file), PT_DROP_DEAD);
    tear_down();
}
END_TEST

/* Root's server does one thing for each connection: `.` ends it, a digit is its answer to the
 * setup, `-` is none. */
static pid_t start_server(const char *acts)
{
    pid_t child = fork();
    char bytes[64];

    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    for (; *acts != '\0'; acts++) {
        int fd = accept(server, NULL, NULL);
        char answer = (char)(*acts - '0');

        if (*acts != '.' && read(fd, bytes, sizeof bytes) > 0 && *acts != '-' &&
            write(fd, &answer, 1) != 1)
            _exit(1);
        if (*acts == '-')
            while (read(fd, bytes, sizeof bytes) > 0)
                continue;
        close(fd);
    }
    _exit(0);
}

/* What somebody who is not root hears of root's server. */
static void check_roots(const char *acts, enum pt_drop expected, size_t expected_file)
{
    static const char *const files[] = {"/tmp/none", "/tmp/other", "/tmp/first", "/tmp/second"};
    pid_t child = start_server(acts);
    enum pt_drop found;
    size_t file;
    int status;

    found = connect_to_7(4, files, &file);
    ck_assert_msg(found == expected, "%s: %d", acts, found);
    ck_assert_msg(expected != PT_DROP_NOT || file == expected_file, "%s: %zu", acts, file);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(status == 0, "%s", acts);
}

static void put(const char *path, const char *bytes, size_t length)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

    ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
    close(fd);
}

START_TEST(roots_server)
{
    static const char entry[] = "\377\377\0\0\0\0017\0\22MIT-MAGIC-COOKIE-1\0\020aaaabbbbccccdddd";

    if (getuid() != 0 || !set_up())
        return;
    live.uid = 1000;
    put("/tmp/other", "\377\377\0\0\0\0018", 7); /* of another display */
    put("/tmp/first", entry, sizeof entry - 1);
    put("/tmp/second", entry, sizeof entry - 1);
    /* The first connection is only looked at. */
    check_roots(".1", PT_DROP_NOT, 2);
    check_roots(".01", PT_DROP_NOT, 3);
    check_roots(".00", PT_DROP_REFUSED, 0);
    /* One that begins anew ends connections without a word, and is asked again, but not for ever.
     */
    check_roots("...1", PT_DROP_NOT, 2);
    check_roots(".......", PT_DROP_REFUSED, 0);
    live.deadline = pt_monotonic() + 300000000;
    check_roots(".-0", PT_DROP_REFUSED, 0);
    tear_down();
}
END_TEST

/* --- files --- */

/* Where only root or the user can have put something, or will. */
START_TEST(search_paths)
{
    struct pt_buffer kept = {0};

    if (!set_up())
        return;
    ck_assert_int_eq(mkdir("/tmp/good", 0755), 0);
    ck_assert_int_eq(mkdir("/tmp/open", 0777) + chmod("/tmp/open", 0777), 0);
    ck_assert_int_eq(mkdir("/tmp/foreign", 0755), 0);
    ck_assert_int_eq(chown("/tmp/foreign", live.uid + 7, 7), 0);
    ck_assert_int_eq(symlink("good", "/tmp/to_good"), 0);
    ck_assert_int_eq(symlink("open", "/tmp/to_open"), 0);
    ck_assert_int_eq(symlink("foreign", "/tmp/to_foreign"), 0);
    ck_assert_int_eq(symlink("/nowhere", "/tmp/dangling"), 0);
    put("/tmp/file", "", 0);
    ck_assert_int_eq(
        pt_live_search_path(&live, "/tmp/good::/tmp/to_good:/tmp/good/not/yet:/nowhere", &kept),
        PT_DROP_NOT);
    ck_assert_str_eq(pt_buffer_text(&kept), "/tmp/good:/tmp/to_good:/tmp/good/not/yet:/nowhere");
    pt_buffer_clear(&kept);
    ck_assert_int_eq(pt_live_search_path(&live,
                                         "relative:/tmp/open:/tmp/foreign:/tmp/to_open:"
                                         "/tmp/to_foreign:/tmp/dangling:/tmp/file:/tmp/file/below:"
                                         "/tmp/good/../open:/tmp/absent:/tmp/good",
                                         &kept),
                     PT_DROP_OPEN_TO_ALL);
    ck_assert_str_eq(pt_buffer_text(&kept), "/tmp/good");
    pt_buffer_done(&kept);
    tear_down();
}
END_TEST

/* What is no file is not even opened: that alone wakes whoever waits at a FIFO, and does more to
 * some devices. */
static void check_not_opened(const char *path)
{
    char events[4096];
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    ck_assert_int_ge(inotify_add_watch(watch, path, IN_OPEN), 0);
    ck_assert_int_eq(pt_live_file(path), PT_DROP_FOREIGN);
    ck_assert_int_eq(read(watch, events, sizeof events), -1);
    ck_assert_int_eq(errno, EAGAIN);
    close(watch);
}

START_TEST(files_and_directories)
{
    if (!set_up())
        return;
    put("/tmp/file", "", 0);
    ck_assert_int_eq(mkfifo("/tmp/fifo", 0600), 0);
    ck_assert_int_eq(mkdir("/tmp/mine", 0700), 0);
    ck_assert_int_eq(mkdir("/tmp/all", 0755), 0);
    ck_assert_int_eq(symlink("mine", "/tmp/link"), 0);
    ck_assert_int_eq(pt_live_file("/tmp/file"), PT_DROP_NOT);
    check_not_opened("/tmp/fifo");
    ck_assert_int_eq(pt_live_file("/tmp/mine"), PT_DROP_FOREIGN);
    ck_assert_int_eq(pt_live_file("/tmp/file/below"), PT_DROP_FOREIGN);
    ck_assert_int_eq(pt_live_file("/tmp/absent"), PT_DROP_ABSENT);
    ck_assert_int_eq(pt_live_runtime_dir(&live, "/tmp/mine"), PT_DROP_NOT);
    ck_assert_int_eq(pt_live_runtime_dir(&live, "/tmp/all"), PT_DROP_FOREIGN);
    ck_assert_int_eq(pt_live_runtime_dir(&live, "/tmp/link"), PT_DROP_FOREIGN);
    ck_assert_int_eq(pt_live_runtime_dir(&live, "/tmp/file/below"), PT_DROP_FOREIGN);
    ck_assert_int_eq(pt_live_runtime_dir(&live, "/tmp/absent"), PT_DROP_ABSENT);
    live.uid++;
    ck_assert_int_eq(pt_live_runtime_dir(&live, "/tmp/mine"), PT_DROP_FOREIGN);
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_SUITE("session_live", listed_ones, not_proven, our_own_server, roots_server,
                     search_paths, files_and_directories);
}
