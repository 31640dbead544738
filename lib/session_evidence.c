#include "session_evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source.h"

/* Whoever shares these with the system sees its files, its processes and its users. */
static const enum pt_namespace kinds[PT_EVIDENCE_KINDS] = {PT_NS_MNT, PT_NS_PID, PT_NS_USER};

/* --- the processes --- */

/* The link of a process's namespace, `mnt:[4026531841]`; "" where the kernel has no such thing.
 * -errno: it cannot be told. */
static int read_namespace(const struct pt_procfs *procfs, pid_t pid, enum pt_namespace kind,
                          struct pt_buffer *text)
{
    char name[32], path[PT_PROCFS_PATH];
    int error;

    pt_buffer_clear(text);
    snprintf(name, sizeof name, "ns/%s", pt_namespace_names[kind]);
    error = pt_dir_readlink(&procfs->root, pt_procfs_path(path, pid, name), text);
    return error == -ENOENT ? 0 : error;
}

/* Whether its namespace of one of the KINDS is EVIDENCE's: 1, 0, or -errno where that cannot be
 * told. */
static int shares(const struct pt_evidence *evidence, pid_t pid, size_t kind)
{
    struct pt_buffer text = {0};
    int error, result = 1;

    if (evidence->namespaces[kind][0] == '\0')
        return 1;
    error = read_namespace(evidence->procfs, pid, kinds[kind], &text);
    if (error == 0)
        result = strcmp(pt_buffer_text(&text), evidence->namespaces[kind]) == 0;
    pt_buffer_done(&text);
    return error != 0 ? error : result;
}

int pt_evidence_lives_there(const struct pt_evidence *evidence, pid_t pid)
{
    int result = 1;

    for (size_t kind = 0; result == 1 && kind < PT_EVIDENCE_KINDS; kind++)
        result = shares(evidence, pid, kind);
    return result;
}

/* 0 or -errno. */
static int take_namespaces(struct pt_evidence *evidence, pid_t pid)
{
    struct pt_buffer text = {0};
    int error = 0;

    for (size_t i = 0; error == 0 && i < PT_EVIDENCE_KINDS; i++) {
        error = read_namespace(evidence->procfs, pid, kinds[i], &text);
        snprintf(evidence->namespaces[i], sizeof evidence->namespaces[i], "%s",
                 pt_buffer_text(&text));
    }
    pt_buffer_done(&text);
    return error;
}

/* Those of PID 1; of our own, where we may not see them or are not root. */
static void find_namespaces(struct pt_evidence *evidence)
{
    if (!evidence->procfs->own_namespace)
        return; /* a captured tree, whose processes are where they are */
    if (geteuid() != 0 || take_namespaces(evidence, 1) != 0)
        take_namespaces(evidence, getpid());
    evidence->apart = shares(evidence, getpid(), 0) == 0;
}

/* One fstatat(2) each: its directory is its user's in every case (task_dump_owner in
 * fs/proc/base.c). Who is gone meanwhile is left out. */
static void find_owners(struct pt_evidence *evidence, const pid_t *pids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char path[PT_PROCFS_PATH];
        struct stat there;

        snprintf(path, sizeof path, "%d", (int)pids[i]);
        if (pt_dir_stat(&evidence->procfs->root, path, &there) == 0)
            evidence->owners[evidence->count++] = (struct pt_owner){pids[i], there.st_uid};
    }
}

int pt_evidence_init(struct pt_evidence *ret_evidence, const struct pt_procfs *procfs)
{
    struct pt_evidence evidence = {.procfs = procfs};
    pid_t *pids;
    size_t count;
    int error = pt_procfs_list(&procfs->root, &pids, &count);

    if (error != 0)
        return error;
    evidence.owners = calloc(count + 1, sizeof *evidence.owners);
    if (evidence.owners != NULL)
        find_owners(&evidence, pids, count);
    free(pids);
    if (evidence.owners == NULL)
        return -ENOMEM;
    find_namespaces(&evidence);
    *ret_evidence = evidence;
    return 0;
}

void pt_evidence_done(struct pt_evidence *evidence)
{
    free(evidence->owners);
    evidence->owners = NULL;
}

bool pt_evidence_next_uid(const struct pt_evidence *evidence, uid_t *uid)
{
    bool found = false;
    uid_t next = 0;

    for (size_t i = 0; i < evidence->count; i++) {
        uid_t owner = evidence->owners[i].uid;

        if ((*uid == (uid_t)-1 || owner > *uid) && (!found || owner < next)) {
            next = owner;
            found = true;
        }
    }
    if (found)
        *uid = next;
    return found;
}

/* --- which session --- */

static bool ends_with_component(const char *path, size_t length, const char *component)
{
    size_t size = strlen(component);

    for (const char *at = path; length >= size; at++, length--) {
        if (memcmp(at, component, size) == 0 && (at == path || at[-1] == '/') &&
            (length == size || at[size] == '/'))
            return true;
    }
    return false;
}

/* Lines `0::/user.slice/user-1000.slice/session-2.scope`, `5:name=elogind:/c1`, `0::/c1`. */
bool pt_evidence_names_session(const char *cgroup, size_t length, const char *id)
{
    const char *end = cgroup + length;
    char scope[96];

    if (snprintf(scope, sizeof scope, "session-%s.scope", id) >= (int)sizeof scope)
        return false;
    while (cgroup < end) {
        const char *newline = memchr(cgroup, '\n', (size_t)(end - cgroup));
        const char *line_end = newline != NULL ? newline : end;
        const char *path = memchr(cgroup, '/', (size_t)(line_end - cgroup));
        size_t size = path != NULL ? (size_t)(line_end - path) : 0;

        if (path != NULL && ends_with_component(path + 1, size - 1, scope))
            return true;
        if (size == strlen(id) + 1 && memcmp(path + 1, id, size - 1) == 0)
            return true;
        cgroup = line_end + 1;
    }
    return false;
}
