/*
 * proctree NODE: a tree of sleeping processes, as told.
 *
 *   NODE = [COUNT*]NAME[:ATTRIBUTE]...[[NODE NODE ...]]
 *
 * A NAME may hold %XX for any byte. Attributes:
 *   t=NAME   one more thread, of that name       T=N  N more threads of the process's own name
 *   u=UID    its effective user                  g    leads a process group of its own
 *   n=A+B    in new namespaces (mnt, uts, ipc, net, cgroup, user; pid and time for it alone)
 *   z        has ended, and nobody waits for it  e    its leader has ended, its threads have not
 *
 * `proctree 'init[2*sh[sleep] web:T=4:u=33]'` prints the PID of init when all is there, and sleeps;
 * when it ends, all of them do: they wait for the end of a pipe that it alone may write to.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAME_SIZE = 16, THREADS_MAX = 64 };

struct node {
    char name[NAME_SIZE];
    char threads[THREADS_MAX][NAME_SIZE];
    int thread_count;
    unsigned long count;
    long uid;  /* -1: as its parent */
    int flags; /* CLONE_NEW... */
    bool group, zombie, leader_exits;
    struct node *first, *next;
};

static const struct {
    const char *name;
    int flag;
} kinds[] = {
    {"cgroup", 0x02000000}, {"ipc", CLONE_NEWIPC}, {"mnt", CLONE_NEWNS},    {"net", CLONE_NEWNET},
    {"pid", CLONE_NEWPID},  {"time", 0x00000080},  {"user", CLONE_NEWUSER}, {"uts", CLONE_NEWUTS},
};
enum { KINDS = sizeof kinds / sizeof *kinds, FOR_CHILDREN = CLONE_NEWPID | 0x00000080 };

static int ready;   /* where each process writes a byte */
static int life[2]; /* and the pipe that ends with proctree */

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "proctree: %s: %s\n", what, strerror(errno));
    if (write(ready, "!", 1) < 0)
        _exit(2);
    _exit(1);
}

/* --- the text --- */

static _Noreturn void bad(const char *at)
{
    fprintf(stderr, "proctree: cannot read: %s\n", at);
    exit(2);
}

static const char *take_name(const char *text, char name[NAME_SIZE])
{
    size_t length = 0;

    for (; *text && !strchr(":[] ", *text); text++) {
        char byte = *text;
        if (byte == '%') {
            const char digits[] = {text[1], text[1] ? text[2] : '\0', '\0'};
            byte = (char)strtoul(digits, NULL, 16);
            text += 2;
        }
        if (length < NAME_SIZE - 1)
            name[length++] = byte;
    }
    name[length] = '\0';
    return text;
}

static const char *take_kinds(const char *text, int *flags)
{
    while (*text && !strchr(":[] ", *text)) {
        size_t length = strcspn(text, "+:[] "), kind = 0;
        while (kind < KINDS &&
               (strlen(kinds[kind].name) != length || strncmp(kinds[kind].name, text, length) != 0))
            kind++;
        if (kind == KINDS)
            bad(text);
        *flags |= kinds[kind].flag;
        text += length + (text[length] == '+');
    }
    return text;
}

static const char *take_attribute(const char *text, struct node *node)
{
    char *end = NULL;

    switch (*text) {
    case 't':
        if (text[1] != '=' || node->thread_count == THREADS_MAX)
            bad(text);
        return take_name(text + 2, node->threads[node->thread_count++]);
    case 'T':
        for (unsigned long n = strtoul(text + 2, &end, 10); n > 0; n--) {
            if (node->thread_count == THREADS_MAX)
                bad(text);
            memcpy(node->threads[node->thread_count++], node->name, NAME_SIZE);
        }
        return end;
    case 'u':
        node->uid = strtol(text + 2, &end, 10);
        return end;
    case 'n':
        return take_kinds(text + 2, &node->flags);
    case 'g':
        node->group = true;
        break;
    case 'z':
        node->zombie = true;
        break;
    case 'e':
        node->leader_exits = true;
        break;
    default:
        bad(text);
    }
    return text + 1;
}

static const char *take_node(const char *text, struct node **ret_node)
{
    struct node *node = calloc(1, sizeof *node);
    char *end;

    if (!node)
        give_up("memory");
    node->count = strtoul(text, &end, 10);
    if (end != text && *end == '*')
        text = end + 1;
    else
        node->count = 1;
    node->uid = -1;
    text = take_name(text, node->name);
    while (*text == ':')
        text = take_attribute(text + 1, node);
    if (*text == '[') {
        struct node **link = &node->first;
        for (text++; *text != ']'; text += *text == ' ') {
            if (!*text)
                bad("the end of the text: ] is missing");
            text = take_node(text, link);
            link = &(*link)->next;
        }
        text++;
    }
    *ret_node = node;
    return text;
}

static unsigned long count_processes(const struct node *node)
{
    unsigned long count = 1;

    for (const struct node *child = node->first; child; child = child->next)
        count += count_processes(child);
    return count * node->count;
}

/* --- the processes --- */

static _Noreturn void sleep_on(void)
{
    char byte;

    while (read(life[0], &byte, 1) < 0 && errno == EINTR)
        continue;
    _exit(0);
}

static pthread_barrier_t named;

static void *sleep_thread(void *name)
{
    prctl(PR_SET_NAME, name);
    pthread_barrier_wait(&named);
    sleep_on();
}

static char own_state(void)
{
    char text[128] = "";
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
        give_up("/proc/self/stat");
    close(fd);
    return strrchr(text, ')')[2];
}

/* Says that all is there once the leader is a zombie, for which the kernel has no event. */
static void *tell_thread(void *name)
{
    prctl(PR_SET_NAME, name);
    pthread_barrier_wait(&named);
    while (own_state() != 'Z')
        sched_yield();
    if (write(ready, ".", 1) < 0)
        _exit(2);
    sleep_on();
}

static void start_threads(struct node *node)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    pthread_barrier_init(&named, NULL, (unsigned)node->thread_count + 1);
    for (int i = 0; i < node->thread_count; i++) {
        bool tells = node->leader_exits && i == 0;
        errno = pthread_create(&thread, &attributes, tells ? tell_thread : sleep_thread,
                               node->threads[i]);
        if (errno)
            give_up("pthread_create");
    }
    pthread_barrier_wait(&named);
}

static _Noreturn void be(struct node *node);

static void make_child(struct node *child)
{
    int own_pid = -1, own_time = -1, flags = child->flags & FOR_CHILDREN;
    pid_t pid;

    if (flags) {
        own_pid = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
        own_time = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
        if (unshare(flags) < 0)
            give_up("unshare");
    }
    pid = fork();
    if (pid < 0)
        give_up("fork");
    if (pid == 0)
        be(child);
    if (flags & CLONE_NEWPID && setns(own_pid, CLONE_NEWPID) < 0)
        give_up("setns");
    if (flags & ~CLONE_NEWPID && setns(own_time, 0) < 0)
        give_up("setns");
    close(own_pid);
    close(own_time);
    if (child->zombie) {
        siginfo_t info;
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
            give_up("waitid");
    }
}

static _Noreturn void be(struct node *node)
{
    prctl(PR_SET_NAME, node->name);
    if (node->flags & ~FOR_CHILDREN && unshare(node->flags & ~FOR_CHILDREN) < 0)
        give_up("unshare");
    if (node->group)
        setpgid(0, 0);
    for (struct node *child = node->first; child; child = child->next)
        for (unsigned long i = 0; i < child->count; i++)
            make_child(child);
    if (node->uid >= 0) {
        if (setresuid((uid_t)node->uid, (uid_t)node->uid, (uid_t)node->uid) < 0)
            give_up("setresuid");
        prctl(PR_SET_DUMPABLE, 1);
    }
    if (node->thread_count > 0)
        start_threads(node);
    if (node->leader_exits && node->thread_count > 0)
        pthread_exit(NULL);
    if (write(ready, ".", 1) < 0)
        _exit(2);
    if (node->zombie)
        _exit(0);
    sleep_on();
}

int main(int argc, char **argv)
{
    struct node *root;
    unsigned long count;
    int ends[2];
    pid_t pid;
    char byte;

    if (argc != 2) {
        fprintf(stderr, "usage: proctree NODE\n");
        return 2;
    }
    if (*take_node(argv[1], &root))
        bad("more than one tree");
    if (pipe2(ends, O_CLOEXEC) < 0 || pipe2(life, O_CLOEXEC) < 0)
        give_up("pipe");
    ready = ends[1];
    pid = fork();
    if (pid < 0)
        give_up("fork");
    if (pid == 0) {
        close(life[1]);
        be(root);
    }
    for (count = count_processes(root); count > 0; count--)
        if (read(ends[0], &byte, 1) != 1 || byte != '.')
            return 1;
    printf("%d\n", pid);
    fflush(stdout);
    for (;;)
        pause();
}
