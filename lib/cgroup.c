#include "cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "cursor.h"
#include "dir.h"
#include "procparse.h"

/* --- words of a path --- */

struct word {
    const char *text;
    size_t length;
};

static bool equals(struct word word, const char *text)
{
    return word.length == strlen(text) && memcmp(word.text, text, word.length) == 0;
}

static bool begins(struct word word, const char *text)
{
    size_t length = strlen(text);
    return word.length >= length && memcmp(word.text, text, length) == 0;
}

static bool ends(struct word word, const char *text)
{
    size_t length = strlen(text);
    return word.length >= length && memcmp(word.text + word.length - length, text, length) == 0;
}

/* A group that was removed under its last process (cgroup_path's suffix, since 4.2). */
static struct word without_deleted(const char *path, size_t length)
{
    struct word word = {path, length};
    if (ends(word, " (deleted)"))
        word.length -= strlen(" (deleted)");
    return word;
}

/* The next word between slashes; false at the end. `..` leads out of our cgroup namespace and names
 * nothing. */
static bool next_word(struct word *path, struct word *ret_word)
{
    while (path->length > 0) {
        const char *slash = memchr(path->text, '/', path->length);
        struct word word = {path->text, slash ? (size_t)(slash - path->text) : path->length};
        size_t taken = word.length + (slash != NULL);
        path->text += taken;
        path->length -= taken;
        if (word.length == 0 || equals(word, ".."))
            continue;
        *ret_word = word;
        return true;
    }
    return false;
}

/* --- the path --- */

static bool is_root(const char *path, size_t length)
{
    return length == 0 || (length == 1 && *path == '/');
}

/* The first path that is not `/`, else the first. */
static int first_path(const char *text, size_t length, const char **ret_path, size_t *ret_length)
{
    int error = -ENOENT;
    while (length > 0) {
        const char *newline = memchr(text, '\n', length);
        size_t line = newline ? (size_t)(newline - text) : length;
        const char *colon = memchr(text, ':', line);
        if (colon != NULL)
            colon = memchr(colon + 1, ':', line - (size_t)(colon + 1 - text));
        if (colon != NULL) {
            const char *path = colon + 1;
            size_t path_length = line - (size_t)(path - text);
            if (error != 0 || !is_root(path, path_length)) {
                *ret_path = path;
                *ret_length = path_length;
            }
            error = 0;
            if (!is_root(path, path_length))
                break;
        }
        text += line + (newline != NULL);
        length -= line + (newline != NULL);
    }
    return error;
}

int pt_cgroup_path(const char *text, size_t length, const char **ret_path, size_t *ret_length)
{
    static const char *const controllers[] = {"", "name=systemd"};
    for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) {
        const char *path;
        size_t path_length;
        if (pt_parse_cgroup(text, length, controllers[i], &path, &path_length) == 0 &&
            !is_root(path, path_length)) {
            *ret_path = path;
            *ret_length = path_length;
            return 0;
        }
    }
    return first_path(text, length, ret_path, ret_length);
}

/* --- the unit --- */

/* What systemd.unit(5) allows in a name, with one of the types that hold processes. */
static bool is_unit(struct word word)
{
    static const char *const types[] = {".service", ".scope", ".socket", ".mount", ".swap"};
    for (size_t i = 0; i < word.length; i++) {
        unsigned char byte = (unsigned char)word.text[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        if (!letter && !(byte >= '0' && byte <= '9') && (byte == '\0' || !strchr(":-_.\\@", byte)))
            return false;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (ends(word, types[i]))
            return word.length > strlen(types[i]);
    return false;
}

bool pt_cgroup_unit(const char *path, size_t length, const char **ret_unit, size_t *ret_length)
{
    struct word rest = without_deleted(path, length), word;
    while (next_word(&rest, &word)) {
        if (ends(word, ".slice"))
            continue;
        /* systemd puts `_` before names that the kernel would take for files of its own. */
        if (*word.text == '_') {
            word.text++;
            word.length--;
        }
        if (!is_unit(word))
            return false;
        *ret_unit = word.text;
        *ret_length = word.length;
        return true;
    }
    return false;
}

/* --- the container --- */

#define ID_LENGTH ((size_t)64)

static bool is_id(const char *text)
{
    for (size_t i = 0; i < ID_LENGTH; i++)
        if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
            return false;
    return true;
}

/*
 * 64 hexadecimal digits at the end: alone (docker/ID, kubepods/burstable/podUID/ID), behind the
 * runtime's name (docker-ID.scope, libpod-ID, cri-containerd-ID.scope, crio-ID.scope) or behind
 * containerd's colons (kubepods-podUID.slice:cri-containerd:ID).
 */
static bool find_id(struct word word, struct word *ret_id)
{
    if (ends(word, ".scope"))
        word.length -= strlen(".scope");
    if (word.length < ID_LENGTH)
        return false;
    struct word before = {word.text, word.length - ID_LENGTH};
    struct word id = {word.text + before.length, ID_LENGTH};
    if (!is_id(id.text) || ends(before, "conmon-"))
        return false;
    if (before.length > 0 && !ends(before, "-") && !ends(before, ":"))
        return false;
    *ret_id = id;
    return true;
}

/* lxc.payload.NAME (4.0 on), lxc.payload/NAME, lxc/NAME. */
static bool find_lxc(struct word before, struct word word, struct word *ret_name)
{
    if (equals(before, "lxc") || equals(before, "lxc.payload")) {
        *ret_name = word;
        return true;
    }
    if (!begins(word, "lxc.payload.") || equals(word, "lxc.payload."))
        return false;
    size_t prefix = strlen("lxc.payload.");
    *ret_name = (struct word){word.text + prefix, word.length - prefix};
    return true;
}

bool pt_cgroup_container(const char *path, size_t length, const char **ret_id, size_t *ret_length)
{
    struct word rest = without_deleted(path, length), word, before = {"", 0}, found = {NULL, 0};
    for (; next_word(&rest, &word); before = word) {
        struct word one;
        if (find_id(word, &one) || find_lxc(before, word, &one))
            found = one;
    }
    if (found.text == NULL)
        return false;
    *ret_id = found.text;
    *ret_length = found.length;
    return true;
}

/* --- where memory's hierarchy is mounted --- */

/* What mountinfo and the group of a process say together: the group's directory and the part of its
 * path that our mount shows. */
struct place {
    const char *controller;          /* of version 1; NULL: version 2 */
    struct word group;               /* as in /proc/PID/cgroup */
    const struct pt_procfs *mounted; /* whose mounts they are: ours; NULL: nobody's any more */
    struct pt_buffer directory;
    size_t mount_length; /* of `directory`: the mount point */
    size_t root_length;  /* of `group`: what the mount does not show */
    bool found;
    int error;
};

static bool has_option(const char *options, size_t length, const char *option)
{
    struct word rest = {options, length};

    while (rest.length > 0) {
        const char *comma = memchr(rest.text, ',', rest.length);
        struct word word = {rest.text, comma ? (size_t)(comma - rest.text) : rest.length};

        if (equals(word, option))
            return true;
        rest.text += word.length + (comma != NULL);
        rest.length -= word.length + (comma != NULL);
    }
    return false;
}

/* mountinfo writes blanks, newlines and backslashes as \040 and the like (mangle, fs/seq_file.c).
 */
static int append_unescaped(struct pt_buffer *buffer, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned code = (unsigned char)text[i];

        if (text[i] == '\\' && length - i > 3) {
            code = (unsigned)(text[i + 1] - '0') * 64 + (unsigned)(text[i + 2] - '0') * 8 +
                   (unsigned)(text[i + 3] - '0');
            i += 3;
        }
        pt_buffer_append_byte(buffer, (char)code);
    }
    return buffer->error;
}

/* Whether the group is the mount's root or below it; then what follows that. */
static bool below_root(struct word group, struct word root, struct word *ret_rest)
{
    if (is_root(root.text, root.length))
        root.length = 0;
    if (group.length < root.length || memcmp(group.text, root.text, root.length) != 0)
        return false;
    *ret_rest = (struct word){group.text + root.length, group.length - root.length};
    return ret_rest->length == 0 || *ret_rest->text == '/';
}

static bool leads_outside(struct word path)
{
    return begins(path, "/..") && (path.length == 3 || path.text[3] == '/');
}

/* 0: the kernel does not say (before 3.15). */
static uint64_t mount_of(const struct pt_procfs *procfs, int fd)
{
    char path[64], text[1024];
    struct pt_cursor cursor = {text, text};
    struct pt_line line;
    uint64_t id;
    ssize_t length;

    snprintf(path, sizeof path, "%d/fdinfo/%d", (int)getpid(), fd);
    length = pt_dir_read(&procfs->root, path, text, sizeof text);
    cursor.end += length > 0 ? length : 0;
    while (pt_cursor_line(&cursor, &line))
        if (pt_line_has_key(&line, "mnt_id"))
            return pt_cursor_u64(&line.value, UINT64_MAX, &id) == 0 ? id : 0;
    return 0;
}

/* Whether its mount point leads to it, and not to another that covers it. */
static bool is_visible(const struct place *place, const struct pt_mount *mount)
{
    struct pt_buffer path = {0};
    struct pt_dir dir = PT_DIR_CLOSED;
    uint64_t id = 0;
    bool opened;

    if (place->mounted == NULL)
        return true;
    opened = append_unescaped(&path, mount->mount_point, mount->mount_point_length) == 0 &&
             pt_dir_open(&dir, path.data) == 0;
    if (opened)
        id = mount_of(place->mounted, dir.fd);
    pt_dir_close(&dir);
    pt_buffer_done(&path);
    return opened && (id == 0 || id == mount->id);
}

/* REST is what follows the mount's root in the group's path. */
static void keep_mount(struct place *place, const struct pt_mount *mount, struct word rest)
{
    pt_buffer_clear(&place->directory);
    append_unescaped(&place->directory, mount->mount_point, mount->mount_point_length);
    place->mount_length = place->directory.length;
    place->root_length = place->group.length - rest.length;
    if (!is_root(rest.text, rest.length))
        pt_buffer_append(&place->directory, rest.text, rest.length);
    place->error = place->directory.error;
    place->found = true;
}

/* Of several that show the group it is the one that shows the most above it. */
static int take_mount(const char *line, size_t length, bool whole, void *data)
{
    struct place *place = data;
    struct pt_buffer root = {0};
    struct pt_mount mount;
    struct word rest;

    if (!whole || pt_parse_mountinfo_line(line, length, &mount) < 0)
        return 0;
    if (!equals((struct word){mount.type, mount.type_length},
                place->controller != NULL ? "cgroup" : "cgroup2"))
        return 0;
    if (place->controller != NULL &&
        !has_option(mount.super_options, mount.super_options_length, place->controller))
        return 0;
    place->error = append_unescaped(&root, mount.root, mount.root_length);
    if (place->error == 0 &&
        below_root(place->group, (struct word){pt_buffer_text(&root), root.length}, &rest) &&
        !leads_outside(rest) &&
        (!place->found || place->group.length - rest.length < place->root_length) &&
        is_visible(place, &mount))
        keep_mount(place, &mount, rest);
    pt_buffer_done(&root);
    return place->error < 0;
}

/*
 * Our own mounts, whosever process it is. In a captured tree they are those of whoever captured it.
 */
static int find_place(const struct pt_procfs *procfs, struct place *place)
{
    struct pt_procfs own = PT_PROCFS_CLOSED;
    char path[PT_PROCFS_PATH];
    int error = 0;

    if (!procfs->live) {
        error = pt_dir_lines(&procfs->root, "self/mountinfo", take_mount, place);
    } else {
        if (!procfs->own_namespace)
            error = pt_procfs_open(&own, NULL);
        place->mounted = procfs->own_namespace ? procfs : &own;
        if (error == 0)
            error = pt_dir_lines(&place->mounted->root, pt_procfs_path(path, getpid(), "mountinfo"),
                                 take_mount, place);
        place->mounted = NULL;
        pt_procfs_close(&own);
    }
    if (place->error < 0)
        return place->error;
    return error < 0 && error != -ENOENT ? error : 0;
}

/* --- limits --- */

/* From here on version 1 has no limit: it says the largest number of pages that there can be. */
#define NO_LIMIT (UINT64_C(1) << 60)

struct memory_files {
    const char *limit, *usage, *inactive_file;
};

static const struct memory_files version1_files = {"memory.limit_in_bytes", "memory.usage_in_bytes",
                                                   "total_inactive_file"};
static const struct memory_files version2_files = {"memory.max", "memory.current", "inactive_file"};

/* One number, or `max`, which stays UINT64_MAX. */
static int read_amount(const struct pt_dir *dir, const char *name, uint64_t *ret_bytes)
{
    char text[64];
    ssize_t length = pt_dir_read(dir, name, text, sizeof text);
    struct pt_cursor cursor = {text, text + (length > 0 ? length : 0)};

    if (length < 0)
        return (int)length;
    if (length >= 3 && memcmp(text, "max", 3) == 0) {
        *ret_bytes = UINT64_MAX;
        return 0;
    }
    return pt_cursor_u64(&cursor, UINT64_MAX, ret_bytes);
}

struct stat_line {
    const char *name;
    uint64_t value;
};

static int take_stat_line(const char *line, size_t length, bool whole, void *data)
{
    struct stat_line *wanted = data;
    struct pt_cursor cursor = {line, line + length};
    const char *word;
    size_t word_length;

    if (!whole || pt_cursor_word(&cursor, &word, &word_length) < 0 ||
        !equals((struct word){word, word_length}, wanted->name))
        return 0;
    return pt_cursor_u64(&cursor, UINT64_MAX, &wanted->value) == 0 ? 1 : -EINVAL;
}

/* Of one group. 1: it has a limit; 0: none, as the root and groups without the controller. */
static int read_limit(const char *path, const struct memory_files *files,
                      struct pt_memory_limit *limit)
{
    struct stat_line inactive = {files->inactive_file, 0};
    struct pt_dir dir;
    int error = pt_dir_open(&dir, path);

    if (error < 0)
        return error;
    limit->limit = UINT64_MAX;
    error = read_amount(&dir, files->limit, &limit->limit);
    if (error == -ENOENT || (error == 0 && limit->limit >= NO_LIMIT)) {
        pt_dir_close(&dir);
        return 0;
    }
    if (error == 0)
        error = read_amount(&dir, files->usage, &limit->usage);
    if (error == 0)
        error = pt_dir_lines(&dir, "memory.stat", take_stat_line, &inactive);
    limit->inactive_file = inactive.value;
    pt_dir_close(&dir);
    return error < 0 ? error : 1;
}

/* How many there are up to the mount point as to_parent goes, slash by slash: a captured tree may
 * have put several between two words. */
static size_t count_groups(struct word below)
{
    size_t count = 1;

    for (size_t i = 0; i < below.length; i++)
        count += below.text[i] == '/';
    return count;
}

/* The path in the hierarchy of the group that `directory` is. */
static const char *name_group(const struct place *place, size_t hidden, struct pt_arena *arena)
{
    size_t length = hidden + (place->directory.length - place->mount_length);

    return length == 0 ? "/" : pt_arena_strndup(arena, place->group.text, length);
}

static void to_parent(struct place *place)
{
    struct pt_buffer *directory = &place->directory;
    char last;

    do {
        last = directory->data[directory->length - 1];
        pt_buffer_truncate(directory, directory->length - 1);
    } while (last != '/' && directory->length > place->mount_length);
}

/* From the group up to the mount point. */
static int read_limits(struct place *place, struct pt_arena *arena, struct pt_memory_limits *limits)
{
    const struct memory_files *files =
        place->controller != NULL ? &version1_files : &version2_files;
    struct word below = {place->directory.data + place->mount_length,
                         place->directory.length - place->mount_length};
    size_t room = count_groups(below), hidden = place->group.length - below.length;

    limits->list =
        pt_arena_array(arena, room, sizeof *limits->list, PT_ALIGN_OF(struct pt_memory_limit));
    if (limits->list == NULL)
        return -ENOMEM;
    for (;; to_parent(place)) {
        struct pt_memory_limit *limit = &limits->list[limits->count];
        int result = read_limit(pt_buffer_text(&place->directory), files, limit);

        if (result == -ENOMEM)
            return result;
        if (result < 0) {
            limits->unseen = name_group(place, hidden, arena);
            return limits->unseen != NULL ? 0 : -ENOMEM;
        }
        if (result == 1) {
            limit->group = name_group(place, hidden, arena);
            if (limit->group == NULL)
                return -ENOMEM;
            limits->count++;
        }
        if (place->directory.length == place->mount_length)
            return 0;
    }
}

int pt_cgroup_memory(const struct pt_procfs *procfs, const char *text, size_t length,
                     struct pt_arena *arena, struct pt_memory_limits *ret_limits)
{
    struct pt_memory_limits limits = {0};
    struct place place = {.controller = "memory"};
    int error =
        pt_parse_cgroup(text, length, place.controller, &place.group.text, &place.group.length);

    if (error < 0) {
        place.controller = NULL;
        error = pt_parse_cgroup(text, length, "", &place.group.text, &place.group.length);
    }
    if (error == -ENOENT) {
        *ret_limits = limits;
        return 0;
    }
    if (error == 0)
        error = find_place(procfs, &place);
    if (error == 0 && place.found)
        error = read_limits(&place, arena, &limits);
    else if (error == 0) {
        limits.unseen = pt_arena_strndup(arena, place.group.text, place.group.length);
        error = limits.unseen != NULL ? 0 : -ENOMEM;
    }
    pt_buffer_done(&place.directory);
    if (error == 0)
        *ret_limits = limits;
    return error;
}

/* --- frozen --- */

/* freezer.state is THAWED, FREEZING or FROZEN, by a group above too. */
static int freezer_state(const struct pt_dir *dir)
{
    char text[16];
    ssize_t length = pt_dir_read(dir, "freezer.state", text, sizeof text);

    return length < 0 ? (int)length : length >= 2 && text[0] == 'F';
}

/* cgroup.events has a line `frozen 1`, by a group above too. */
static int frozen_event(const struct pt_dir *dir)
{
    struct stat_line frozen = {"frozen", 0};
    int error = pt_dir_lines(dir, "cgroup.events", take_stat_line, &frozen);

    return error < 0 ? error : frozen.value != 0;
}

static int frozen_in(const struct pt_procfs *procfs, const char *text, size_t length,
                     const char *controller)
{
    struct place place = {.controller = controller};
    struct pt_dir dir;
    int answer = pt_parse_cgroup(text, length, controller != NULL ? controller : "",
                                 &place.group.text, &place.group.length);

    if (answer == 0)
        answer = find_place(procfs, &place);
    if (answer == 0 && place.found)
        answer = pt_dir_open(&dir, pt_buffer_text(&place.directory));
    if (answer == 0 && place.found) {
        answer = controller != NULL ? freezer_state(&dir) : frozen_event(&dir);
        pt_dir_close(&dir);
    }
    pt_buffer_done(&place.directory);
    /* The root of a hierarchy cannot be frozen, and has no such file. */
    return answer == -ENOENT ? 0 : answer;
}

int pt_cgroup_frozen(const struct pt_procfs *procfs, const char *text, size_t length)
{
    int answer = frozen_in(procfs, text, length, "freezer");

    return answer != 0 ? answer : frozen_in(procfs, text, length, NULL);
}
