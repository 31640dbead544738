#include "cgroup.h"

#include <errno.h>
#include <string.h>

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
        if (!letter && !(byte >= '0' && byte <= '9') && !memchr(":-_.\\@", byte, 6))
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
