#include "session_live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dir.h"
#include "unix_diag.h"
#include "units.h"
#include "waitset.h"
#include "xauth.h"

#define X_SOCKETS "/tmp/.X11-unix"

/* One question may take so long: a full queue keeps connect(2) waiting. */
#define PATIENCE (2 * PT_SECOND)

int64_t pt_live_patience(const struct pt_live *live)
{
    int64_t half = (live->deadline - pt_monotonic()) / 2;

    return half < PATIENCE ? half : PATIENCE;
}

/* --- sockets --- */

/* Sending, which connecting counts as, and receiving end after this; 0 would be never. */
static int set_patience(const struct pt_live *live, int fd)
{
    int64_t left = pt_live_patience(live);
    struct timeval time;

    if (left <= 0)
        return -ETIMEDOUT;
    time = pt_timeval(left);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) != 0)
        return -errno;
    return 0;
}

/* Connects, and asks the kernel who listens. The descriptor or -errno. */
static int connect_to(const struct pt_live *live, const struct pt_bus_entry *entry, uid_t *ret_peer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + entry->length + 1);
    struct ucred peer;
    socklen_t peer_size = sizeof peer;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0)
        return -errno;
    /* An abstract name begins with a NUL; a path ends with one. */
    memcpy(address.sun_path + entry->abstract, entry->path, entry->length);
    error = set_patience(live, fd);
    if (error == 0 && connect(fd, (const struct sockaddr *)&address, size) != 0)
        error = -errno;
    if (error == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) != 0)
        error = -errno;
    if (error != 0) {
        close(fd);
        return error;
    }
    *ret_peer = peer.uid;
    return fd;
}

/* What a failed connection says: nobody listens, or somebody who does not answer (a full queue is
 * EAGAIN when the time is over). */
static enum pt_drop why_not_connected(int error)
{
    return error == -ECONNREFUSED || error == -ENOENT ? PT_DROP_DEAD : PT_DROP_FULL;
}

/* Whose socket it is; the file's kind and owner, no link followed; as pt_listener has the file. */
static enum pt_drop look_at_inode(const struct pt_live *live, const char *path, bool roots_too,
                                  uint32_t *ret_file)
{
    struct stat there;

    if (lstat(path, &there) != 0)
        return errno == ENOENT || errno == ENOTDIR ? PT_DROP_ABSENT : PT_DROP_FOREIGN;
    if (!S_ISSOCK(there.st_mode))
        return PT_DROP_FOREIGN;
    *ret_file = (uint32_t)there.st_ino;
    return there.st_uid == live->uid || (roots_too && there.st_uid == 0) ? PT_DROP_NOT
                                                                         : PT_DROP_FOREIGN;
}

static enum pt_drop look_at_socket(const struct pt_live *live, const char *path, bool roots_too)
{
    uint32_t file;

    return look_at_inode(live, path, roots_too, &file);
}

enum pt_drop pt_live_bus(const struct pt_live *live, const struct pt_bus_entry *entry, int *ret_fd)
{
    enum pt_drop drop = entry->abstract ? PT_DROP_NOT : look_at_socket(live, entry->path, false);
    uid_t peer = (uid_t)-1;
    int fd;

    if (drop != PT_DROP_NOT)
        return drop;
    fd = connect_to(live, entry, &peer);
    if (fd < 0)
        return why_not_connected(fd);
    if (peer == live->uid) {
        *ret_fd = fd;
        return PT_DROP_NOT;
    }
    close(fd);
    return PT_DROP_STRANGER;
}

static bool set_path(struct pt_bus_entry *entry, const char *directory, const char *name)
{
    int length = snprintf(entry->path, sizeof entry->path, "%s/%s", directory, name);

    entry->abstract = false;
    entry->length = (size_t)length;
    return length > 0 && entry->length < sizeof entry->path;
}

static enum pt_drop try_to_connect(const struct pt_live *live, const struct pt_bus_entry *entry)
{
    int fd;
    enum pt_drop drop = pt_live_bus(live, entry, &fd);

    if (drop == PT_DROP_NOT)
        close(fd);
    return drop;
}

enum pt_drop pt_live_wayland(const struct pt_live *live, const char *directory, const char *name)
{
    struct pt_bus_entry entry;

    return set_path(&entry, directory, name) ? try_to_connect(live, &entry) : PT_DROP_SHAPE;
}

enum pt_drop pt_live_socket(const struct pt_live *live, const char *path)
{
    struct pt_bus_entry entry;

    return set_path(&entry, "", path + 1) ? try_to_connect(live, &entry) : PT_DROP_SHAPE;
}

/* --- X --- */

/* A file that a user names, and nothing that opening alone would do something to: a FIFO, a device.
 * The descriptor or -errno. */
static int open_file(const char *path)
{
    struct stat there;
    int fd;

    if (stat(path, &there) != 0)
        return -errno;
    if (!S_ISREG(there.st_mode))
        return -EINVAL;
    fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return fd;
}

/* Reads a user's Xauthority file: some kilobytes. */
static int read_cookie(const char *path, unsigned number, struct pt_cookie *ret_cookie)
{
    char bytes[32768], host[256] = "";
    size_t length = 0;
    ssize_t got = 1;
    int fd = open_file(path);

    if (fd < 0)
        return fd;
    while (length < sizeof bytes && got > 0) {
        got = read(fd, bytes + length, sizeof bytes - length);
        if (got > 0)
            length += (size_t)got;
    }
    close(fd);
    if (gethostname(host, sizeof host - 1) != 0)
        return -errno;
    return pt_xauth_find(bytes, length, host, number, ret_cookie);
}

/* A server that begins anew, as it does when its last client has left, ends connections without an
 * answer (seen too just after one was closed unused): it is asked again. */
enum { X_NO_ANSWER = -1, X_TRIES = 3 };

/* The first byte of the server's answer to the cookie, or X_NO_ANSWER. */
static int ask_server(const struct pt_live *live, int fd, const struct pt_cookie *cookie)
{
    unsigned char setup[PT_X_SETUP_SIZE], answer = 0;
    size_t length = pt_x_setup(cookie, setup);
    ssize_t got;

    if (set_patience(live, fd) != 0)
        return PT_X_FAILED;
    got = send(fd, setup, length, MSG_NOSIGNAL);
    if (got == (ssize_t)length)
        got = recv(fd, &answer, 1, 0);
    if (got == 1)
        return answer;
    return got == 0 || errno == ECONNRESET || errno == EPIPE ? X_NO_ANSWER : PT_X_FAILED;
}

/* Whether root's server takes the cookie. */
static enum pt_drop try_cookie(const struct pt_live *live, const struct pt_bus_entry *entry,
                               const struct pt_cookie *cookie)
{
    int answer = X_NO_ANSWER;

    for (int i = 0; i < X_TRIES && answer == X_NO_ANSWER; i++) {
        uid_t peer = (uid_t)-1;
        int fd = connect_to(live, entry, &peer);

        if (fd < 0)
            return why_not_connected(fd);
        answer = peer == 0 ? ask_server(live, fd, cookie) : PT_X_FAILED;
        close(fd);
    }
    return answer == PT_X_SUCCESS ? PT_DROP_NOT : PT_DROP_REFUSED;
}

/* Root's server must take a cookie of the user's; each is tried on a connection of its own. */
static enum pt_drop ask_roots_server(const struct pt_live *live, const struct pt_bus_entry *entry,
                                     unsigned number, const char *const *files, size_t count,
                                     size_t *ret_file)
{
    for (size_t i = 0; i < count; i++) {
        struct pt_cookie cookie;
        enum pt_drop why;

        if (read_cookie(files[i], number, &cookie) != 0)
            continue;
        why = try_cookie(live, entry, &cookie);
        if (why == PT_DROP_NOT)
            *ret_file = i;
        if (why != PT_DROP_REFUSED)
            return why;
    }
    return PT_DROP_REFUSED;
}

/* What the kernel lists for one display. */
struct listing {
    const struct pt_live *live;
    const char *path;
    uint32_t file;  /* of the path, as pt_listener has it */
    bool roots_too; /* root's name is none of a stranger */
    bool path_is_hers;
    bool name_is_foreign;
    bool without_uid;
};

static int see_listener(const struct pt_listener *listener, void *data)
{
    struct listing *listing = data;
    bool is_abstract = listener->name[0] == '\0';
    const char *name = listener->name + is_abstract;
    size_t length = listener->length - is_abstract;

    /* A bound path is listed with its NUL. */
    if (!is_abstract)
        length = strnlen(name, length);
    if (length != strlen(listing->path) || memcmp(name, listing->path, length) != 0)
        return 0;
    if (!listener->has_uid)
        listing->without_uid = true;
    else if (is_abstract)
        listing->name_is_foreign |=
            listener->uid != listing->live->uid && !(listing->roots_too && listener->uid == 0);
    else if (listener->uid == listing->live->uid && listener->file == listing->file)
        listing->path_is_hers = true; /* the same path in another's mount namespace has another */
    return 0;
}

/* Whether the kernel says all that we ask it for. */
static bool list_display(struct listing *listing)
{
    int64_t patience = pt_live_patience(listing->live);

    return patience > 0 && pt_unix_listeners(patience, see_listener, listing) == 0 &&
           !listing->without_uid;
}

enum pt_drop pt_live_display_listed(const struct pt_live *live, unsigned number)
{
    struct listing listing = {.live = live};
    char path[64];
    enum pt_drop drop;

    snprintf(path, sizeof path, X_SOCKETS "/X%u", number);
    drop = look_at_inode(live, path, false, &listing.file);
    if (drop != PT_DROP_NOT)
        return drop;
    listing.path = path;
    if (!list_display(&listing))
        return PT_DROP_NOT_PROVEN;
    if (listing.name_is_foreign)
        return PT_DROP_STRANGER;
    return listing.path_is_hers ? PT_DROP_NOT : PT_DROP_DEAD;
}

/* Where a stranger holds the abstract name she would only keep us waiting. */
static bool is_strangers(const struct pt_live *live, const char *path)
{
    struct listing listing = {.live = live, .path = path, .roots_too = true};

    return list_display(&listing) && listing.name_is_foreign;
}

/* X clients try the abstract name first: where a stranger holds it, they would talk to her. Only a
 * refusal says that nobody does. */
static int connect_display(const struct pt_live *live, struct pt_bus_entry *entry, bool has_path,
                           uid_t *ret_peer)
{
    int fd;

    entry->abstract = true;
    fd = connect_to(live, entry, ret_peer);
    if (fd != -ECONNREFUSED || !has_path)
        return fd;
    entry->abstract = false;
    return connect_to(live, entry, ret_peer);
}

enum pt_drop pt_live_display(const struct pt_live *live, unsigned number, const char *const *files,
                             size_t count, size_t *ret_file)
{
    struct pt_bus_entry entry;
    char name[16];
    enum pt_drop path;
    uid_t peer = (uid_t)-1;
    int fd;

    snprintf(name, sizeof name, "X%u", number);
    set_path(&entry, X_SOCKETS, name);
    path = look_at_socket(live, entry.path, true);
    if (path != PT_DROP_NOT && path != PT_DROP_ABSENT)
        return path;
    if (is_strangers(live, entry.path))
        return PT_DROP_STRANGER;
    fd = connect_display(live, &entry, path == PT_DROP_NOT, &peer);
    if (fd < 0)
        return why_not_connected(fd);
    close(fd);
    *ret_file = count;
    if (peer == live->uid)
        return PT_DROP_NOT;
    if (peer != 0)
        return PT_DROP_STRANGER;
    return ask_roots_server(live, &entry, number, files, count, ret_file);
}

/* --- files --- */

enum pt_drop pt_live_runtime_dir(const struct pt_live *live, const char *path)
{
    struct stat there;

    if (lstat(path, &there) != 0)
        return errno == ENOENT ? PT_DROP_ABSENT : PT_DROP_FOREIGN;
    if (!S_ISDIR(there.st_mode) || there.st_uid != live->uid || (there.st_mode & 077) != 0)
        return PT_DROP_FOREIGN;
    return PT_DROP_NOT;
}

enum pt_drop pt_live_file(const char *path)
{
    int fd = open_file(path);

    if (fd < 0)
        return fd == -ENOENT ? PT_DROP_ABSENT : PT_DROP_FOREIGN;
    close(fd);
    return PT_DROP_NOT;
}

/* Root's or the user's, and not writable for all. A link must be theirs and lead to such. */
static bool is_trusted(const struct pt_live *live, const char *path, const struct stat *there)
{
    struct stat target = *there;

    if (there->st_uid != live->uid && there->st_uid != 0)
        return false;
    if (S_ISLNK(there->st_mode) && stat(path, &target) != 0)
        return false;
    return S_ISDIR(target.st_mode) && (target.st_uid == live->uid || target.st_uid == 0) &&
           (target.st_mode & S_IWOTH) == 0;
}

/* Looks at the entry or, as long as there is none, at what it would be made in. PATH is cut. */
static bool is_trusted_entry(const struct pt_live *live, char *path)
{
    struct stat there;

    if (path[0] != '/' || strstr(path, "..") != NULL)
        return false;
    while (lstat(path, &there) != 0) {
        char *slash = strrchr(path, '/');

        if (errno != ENOENT)
            return false;
        slash[slash == path] = '\0';
    }
    return is_trusted(live, path, &there);
}

enum pt_drop pt_live_search_path(const struct pt_live *live, const char *text,
                                 struct pt_buffer *ret_text)
{
    enum pt_drop drop = PT_DROP_NOT;
    char path[4096];

    for (size_t length; *text != '\0'; text += length + (text[length] == ':')) {
        length = strcspn(text, ":");
        if (length == 0 || length >= sizeof path)
            continue;
        memcpy(path, text, length);
        path[length] = '\0';
        if (!is_trusted_entry(live, path)) {
            drop = PT_DROP_OPEN_TO_ALL;
            continue;
        }
        if (ret_text->length > 0)
            pt_buffer_append_byte(ret_text, ':');
        pt_buffer_append(ret_text, text, length);
    }
    return drop;
}

/* --- what lies about --- */

struct numbers {
    const struct pt_live *live;
    const char *directory, *prefix;
    bool roots_too;
    unsigned *list;
    size_t count;
};

/* Keeps the lowest, ascending. */
static void keep(struct numbers *numbers, unsigned number)
{
    size_t to = numbers->count;

    if (to == PT_LIVE_NUMBERS && numbers->list[--to] < number)
        return;
    for (; to > 0 && numbers->list[to - 1] > number; to--)
        numbers->list[to] = numbers->list[to - 1];
    numbers->list[to] = number;
    if (numbers->count < PT_LIVE_NUMBERS)
        numbers->count++;
}

static int see_entry(const char *name, unsigned char type, void *data)
{
    struct numbers *numbers = data;
    size_t prefix = strlen(numbers->prefix);
    struct pt_bus_entry entry;
    uint64_t number;

    (void)type;
    if (strncmp(name, numbers->prefix, prefix) == 0 &&
        pt_parse_u64(name + prefix, 0, 65535, &number, NULL) == 0 &&
        set_path(&entry, numbers->directory, name) &&
        look_at_socket(numbers->live, entry.path, numbers->roots_too) == PT_DROP_NOT)
        keep(numbers, (unsigned)number);
    return pt_monotonic() > numbers->live->deadline;
}

size_t pt_live_numbers(const struct pt_live *live, const char *directory, const char *prefix,
                       bool roots_too, unsigned ret_numbers[PT_LIVE_NUMBERS])
{
    struct numbers numbers = {live, directory, prefix, roots_too, ret_numbers, 0};
    struct pt_dir dir;

    if (pt_dir_open(&dir, directory) != 0)
        return 0;
    pt_dir_each(&dir, see_entry, &numbers);
    pt_dir_close(&dir);
    return numbers.count;
}
