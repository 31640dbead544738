/*
 * stuck COUNT [UID]: as many processes, of that user, whose mmap lock nobody gets any more, so that
 * who reads their cmdline, environ or smaps waits for ever. Prints their PIDs, one a line, and
 * stays until it is killed; then all of them end. Status 77 with the reason where that cannot be
 * arranged.
 *
 * A file of ours answers no read (FUSE; include/uapi/linux/fuse.h). Each target maps a page of it;
 * a second process reads that page through /proc/TARGET/mem, where the kernel waits for it with the
 * target's mmap lock held for reading (access_remote_vm, mm/memory.c); then the target asks for the
 * lock for writing (mmap), and behind a waiting writer no reader gets in.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SKIPPED = 77, PAGE = 4096, TRIES = 5000 };
enum { GETATTR = 3, OPEN = 14, READ = 15, INIT = 26 };
enum { KEEP_CACHE = 2 }; /* else who opens it waits for the page, too */
enum { FORGET = 2, INTERRUPT = 36, BATCH_FORGET = 42 }; /* want no answer */

struct request {
    uint32_t length, operation;
    uint64_t unique, node;
    uint32_t uid, gid, pid, padding;
    uint32_t body[16384];
};

struct answer {
    uint32_t length;
    int32_t error;
    uint64_t unique;
    union {
        struct {
            uint32_t major, minor, max_readahead, flags;
            uint16_t max_background, congestion;
            uint32_t max_write, granularity, unused[9];
        } init;
        struct {
            uint64_t valid;
            uint32_t valid_nanoseconds, padding;
            uint64_t inode, size, blocks, times[3];
            uint32_t nanoseconds[3], mode, links, uid, gid, rdev, block_size, flags;
        } attributes;
        struct {
            uint64_t handle;
            uint32_t flags, padding;
        } open;
    } body;
};

static int skip(const char *what)
{
    printf("skipped: %s: %s\n", what, strerror(errno));
    return SKIPPED;
}

/* --- the file that answers no read --- */

static void answer(int fuse, const struct request *request)
{
    struct answer out = {.unique = request->unique};
    size_t body = 0;

    switch (request->operation) {
    case FORGET:
    case INTERRUPT:
    case BATCH_FORGET:
    case READ:
        return;
    case INIT:
        out.body.init.major = 7;
        out.body.init.minor = request->body[1] < 31 ? request->body[1] : 31;
        out.body.init.max_write = PAGE;
        body = sizeof out.body.init;
        break;
    case GETATTR:
        out.body.attributes.valid = 1000;
        out.body.attributes.inode = 1;
        out.body.attributes.size = PAGE;
        out.body.attributes.mode = S_IFREG | 0444;
        out.body.attributes.links = 1;
        out.body.attributes.block_size = PAGE;
        body = sizeof out.body.attributes;
        break;
    case OPEN:
        out.body.open.flags = KEEP_CACHE;
        body = sizeof out.body.open;
        break;
    default:
        out.error = -ENOSYS;
    }
    out.length = (uint32_t)(offsetof(struct answer, body) + body);
    if (write(fuse, &out, out.length) < 0)
        perror("stuck: answer");
}

static void serve(int fuse)
{
    static struct request request;

    for (;;) {
        ssize_t length = read(fuse, &request, sizeof request);

        if (length > 0)
            answer(fuse, &request);
        else if (errno != EINTR && errno != ENOENT)
            exit(1);
    }
}

/* Mounts it over a file that nobody sees any more afterwards; `ret_file` is that mount. */
static int mount_file(int fuse, char *path)
{
    char options[128];
    int file = mkstemp(path);

    if (file < 0)
        return -1;
    close(file);
    snprintf(options, sizeof options, "fd=%d,rootmode=100000,user_id=0,group_id=0", fuse);
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("stuck", path, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
        unlink(path);
        return -1;
    }
    return 0;
}

/* --- the processes --- */

static void die_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == 1)
        _exit(1);
}

/* As if it had been started by that user. */
static void become(uid_t uid)
{
    if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
        _exit(1);
    prctl(PR_SET_DUMPABLE, 1);
    die_with_parent(); /* forgotten by the change */
}

/* Says where the page is, waits for the word, and asks for the lock. */
static void be_target(const char *path, uid_t uid, int say, int word)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
    struct stat attributes;
    char byte;

    prctl(PR_SET_NAME, "stuck-target");
    /* Only who asks learns how long the file is. */
    if (page == MAP_FAILED || fstat(file, &attributes) < 0)
        _exit(1);
    if (uid != 0)
        become(uid);
    if (write(say, &page, sizeof page) != sizeof page || read(word, &byte, 1) != 1)
        _exit(1);
    mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    _exit(1);
}

static void be_holder(pid_t target, void *page)
{
    char path[64], byte;
    int memory;

    snprintf(path, sizeof path, "/proc/%d/mem", target);
    memory = open(path, O_RDONLY | O_CLOEXEC);
    if (pread(memory, &byte, 1, (off_t)(uintptr_t)page) != 1)
        _exit(1);
    _exit(0);
}

/* Waits until the process is in one of these states. */
static int wait_for_state(pid_t pid, const char *states)
{
    const struct timespec moment = {0, 2000000};
    char path[64], text[256];
    const char *state;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    for (int i = 0; i < TRIES; i++) {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = read(file, text, sizeof text - 1);

        close(file);
        if (length <= 0)
            return -1;
        text[length] = '\0';
        state = strrchr(text, ')');
        if (state && strchr(states, state[2]))
            return 0;
        if (state && state[2] == 'Z')
            return -1;
        nanosleep(&moment, NULL);
    }
    errno = ETIMEDOUT;
    return -1;
}

static int make_stuck(const char *path, uid_t uid, int fuse)
{
    int say[2], word[2];
    void *page;
    pid_t target, holder;

    if (pipe(say) < 0 || pipe(word) < 0)
        return -1;
    target = fork();
    if (target == 0) {
        close(fuse);
        die_with_parent();
        be_target(path, uid, say[1], word[0]);
    }
    close(say[1]);
    if (target < 0 || read(say[0], &page, sizeof page) != sizeof page)
        return -1;
    holder = fork();
    if (holder == 0) {
        close(fuse);
        die_with_parent();
        be_holder(target, page);
    }
    /* Both sleep nowhere else. */
    if (holder < 0 || wait_for_state(holder, "SD") < 0 || write(word[1], "w", 1) != 1 ||
        wait_for_state(target, "D") < 0)
        return -1;
    printf("%d\n", target);
    return 0;
}

int main(int argc, char **argv)
{
    char path[] = "/tmp/stuck.XXXXXX";
    int count = argc > 1 ? atoi(argv[1]) : 1;
    uid_t uid = argc > 2 ? (uid_t)atoi(argv[2]) : 0;
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    pid_t server;

    if (fuse < 0)
        return skip("/dev/fuse");
    if (mount_file(fuse, path) < 0)
        return skip("mounting");
    server = fork();
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(1);
        serve(fuse);
    }
    for (int i = 0; i < count; i++)
        if (make_stuck(path, uid, fuse) < 0) {
            int status = skip("no process could be stuck");

            kill(server, SIGKILL);
            return status;
        }
    close(fuse);
    umount2(path, MNT_DETACH);
    unlink(path);
    fflush(stdout);
    close(1);
    for (;;)
        pause();
}
