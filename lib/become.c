#include "become.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "dir.h"
#include "kernel.h"
#include "units.h"

/* prctl(2), 4.3 and 2.6.26: libc's own names come and go with its headers. */
#define CAP_AMBIENT 47
#define CAP_AMBIENT_CLEAR_ALL 4
#define GET_SECUREBITS 27
#define SET_SECUREBITS 28

/* --- who --- */

/* getgrouplist(3) says how many there are when they do not fit. */
static int find_groups(struct pt_user *user, struct pt_arena *arena)
{
    int room = 32, count = room;
    gid_t *groups;

    for (;;) {
        groups = pt_arena_array(arena, (size_t)room, sizeof *groups, PT_ALIGN_OF(gid_t));
        if (groups == NULL)
            return -ENOMEM;
        if (getgrouplist(user->name, user->gid, groups, &count) >= 0)
            break;
        room = count > room ? count : 2 * room;
        if (room > 1 << 16) /* NGROUPS_MAX */
            return -E2BIG;
        count = room;
    }
    user->groups = groups;
    user->group_count = (size_t)count;
    return 0;
}

static int take_strings(const struct passwd *entry, struct pt_arena *arena, struct pt_user *user)
{
    const char *home = entry->pw_dir[0] == '/' ? entry->pw_dir : "/";
    const char *shell = entry->pw_shell[0] == '/' ? entry->pw_shell : "/bin/sh";

    user->name = pt_arena_strndup(arena, entry->pw_name, strlen(entry->pw_name));
    user->home = pt_arena_strndup(arena, home, strlen(home));
    user->shell = pt_arena_strndup(arena, shell, strlen(shell));
    return user->name != NULL && user->home != NULL && user->shell != NULL ? 0 : -ENOMEM;
}

int pt_user_find(uid_t uid, struct pt_arena *arena, struct pt_user *ret_user)
{
    struct pt_user user = {.uid = uid, .known = true};
    const struct passwd *entry;
    int error;

    errno = 0;
    entry = getpwuid(uid);
    if (entry == NULL)
        return errno == 0 || errno == ENOENT || errno == ESRCH ? -ENOENT : -errno;
    user.gid = entry->pw_gid;
    error = take_strings(entry, arena, &user);
    if (error == 0)
        error = find_groups(&user, arena);
    if (error == 0)
        *ret_user = user;
    return error;
}

bool pt_user_is_us(uid_t uid)
{
    return getuid() == uid && geteuid() == uid;
}

/* --- the steps --- */

static int failed(int result)
{
    return result != 0 ? -errno : 0;
}

/* Without a controlling terminal: through one, a child puts commands into its input queue. */
static int leave_session(const struct pt_user *user)
{
    (void)user;
    /* A process group's leader cannot; a forked child never is one. */
    return failed(setsid() < 0);
}

/* As su and runuser have it (sanitize_prlimits in util-linux's su-common.c). Raising wants a
 * privilege that we are about to lose, and may lack in a container: what cannot be raised stays. */
static int reset_limits(const struct pt_user *user)
{
    static const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY}, lowest = {0, 0};
    struct rlimit files;

    (void)user;
    setrlimit(RLIMIT_FSIZE, &none);
    setrlimit(RLIMIT_AS, &none);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > FD_SETSIZE) {
        files.rlim_cur = FD_SETSIZE;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (setrlimit(RLIMIT_NICE, &lowest) != 0 || setrlimit(RLIMIT_RTPRIO, &lowest) != 0)
        return -errno;
    return 0;
}

/* Ambient capabilities would outlive the change of ids; securebits could keep all. EINVAL: before
 * 4.3 there are no ambient ones. */
static int drop_keepers(const struct pt_user *user)
{
    (void)user;
    if (prctl(CAP_AMBIENT, CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
        return -errno;
    if (prctl(GET_SECUREBITS, 0, 0, 0, 0) == 0)
        return 0;
    return failed(prctl(SET_SECUREBITS, 0, 0, 0, 0));
}

static int change_ids(const struct pt_user *user)
{
    uid_t uids[3];
    gid_t gids[3];

    if (setgroups(user->group_count, user->groups) != 0 ||
        setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0)
        return -errno;
    if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 ||
        getresgid(&gids[0], &gids[1], &gids[2]) != 0)
        return -errno;
    for (int i = 0; i < 3; i++) {
        if (uids[i] != user->uid || gids[i] != user->gid)
            return -EPERM;
    }
    return 0;
}

/* A session keyring of her own, with her user keyring in it (without that her keys are refused to
 * her). ENOSYS: the kernel has no keys. EPERM, EACCES: a filter that stays with the child refuses
 * them to it as well. */
static int change_keyring(const struct pt_user *user)
{
    long serial = pt_keyctl_join_session_keyring();

    (void)user;
    if (serial == -ENOSYS || serial == -EPERM || serial == -EACCES)
        return 0;
    if (serial < 0)
        return (int)serial;
    pt_keyctl_link(PT_KEY_SPEC_USER_KEYRING, PT_KEY_SPEC_SESSION_KEYRING);
    return 0;
}

static int drop_capabilities(const struct pt_user *user)
{
    const struct pt_capabilities none = {0};
    struct pt_capabilities left;
    int error = pt_capset(&none);

    if (error == 0)
        error = pt_capget(&left);
    if (error != 0)
        return error;
    if (left.effective != 0 || left.permitted != 0 || left.inheritable != 0)
        return -EPERM;
    /* The proof: what was root's is out of reach. */
    return user->uid != 0 && setuid(0) == 0 ? -EPERM : 0;
}

static int reset_signals(const struct pt_user *user)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t none;

    (void)user;
    /* SIGKILL and SIGSTOP, and those that libc keeps, say EINVAL. */
    for (int number = 1; number <= PT_SIGRTMAX; number++)
        sigaction(number, &usual, NULL);
    sigemptyset(&none);
    return failed(sigprocmask(SIG_SETMASK, &none, NULL));
}

static int reset_umask(const struct pt_user *user)
{
    (void)user;
    umask(022);
    return 0;
}

static const struct {
    const char *name;
    int (*take)(const struct pt_user *user);
} steps[] = {
    {"a process session of its own", leave_session},
    {"resource limits", reset_limits},
    {"ambient capabilities and securebits", drop_keepers},
    {"user and groups", change_ids},
    {"a session keyring", change_keyring},
    {"capabilities", drop_capabilities},
    {"signals", reset_signals},
    {"umask", reset_umask},
};

int pt_become(const struct pt_user *user, const char **ret_step)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int error = steps[i].take(user);

        if (error != 0) {
            *ret_step = steps[i].name;
            return error;
        }
    }
    return 0;
}

void pt_become_go_home(const struct pt_user *user)
{
    struct stat there;

    /* It may be a link: what counts is where it leads. */
    if (chdir(user->home) == 0 && stat(".", &there) == 0 && there.st_uid == user->uid)
        return;
    if (chdir("/") != 0)
        _exit(125); /* a root that cannot be entered: nothing can run here */
}

/* --- descriptors --- */

/* Not yet: what is listed holds the descriptor that lists it. */
static int note_descriptor(const char *name, unsigned char type, void *data)
{
    struct pt_buffer *noted = data;
    uint64_t number;
    int fd;

    (void)type;
    if (pt_parse_u64(name, 0, INT32_MAX, &number, NULL) != 0)
        return 0;
    fd = (int)number;
    return pt_buffer_append(noted, (const char *)&fd, sizeof fd);
}

int pt_become_close_others(int first)
{
    struct pt_buffer noted = {0};
    struct pt_dir dir;
    int error = pt_close_range((unsigned)first, UINT32_MAX, 0);

    if (error == 0)
        return 0;
    /* Before 5.9, or refused. */
    error = pt_dir_open(&dir, "/proc/self/fd");
    if (error != 0)
        return error;
    error = pt_dir_each(&dir, note_descriptor, &noted);
    pt_dir_close(&dir);
    for (size_t at = 0; error == 0 && at < noted.length; at += sizeof first) {
        int fd;

        memcpy(&fd, noted.data + at, sizeof fd);
        if (fd >= first)
            close(fd); /* the two that listed them are closed already */
    }
    pt_buffer_done(&noted);
    return error;
}
