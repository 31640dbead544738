#include "logind.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "units.h"

/* A state file has some 30 short lines. */
#define FILE_LIMIT ((size_t)64 << 10)

struct cursor {
    const char *at, *end;
};

/* A value as systemd reads it (load_env_file_push in src/basic/env-file.c): bare up to the end of
 * its line, or in quotes; a backslash takes the next byte as it is, in double quotes only before
 * one of "\`$. TEXT has room for the rest of the file. */
static size_t unquote(struct cursor *cursor, char *text)
{
    char quote = '\0', *out = text, *kept = text;

    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
        cursor->at++;
    for (; cursor->at < cursor->end; cursor->at++) {
        char byte = *cursor->at;

        if (byte == '\n' && quote == '\0')
            break;
        if (quote == '\0' && (byte == '"' || byte == '\'')) {
            quote = byte;
        } else if (byte == quote && quote != '\0') {
            quote = '\0';
        } else if (byte == '\\' && quote != '\'' && cursor->at + 1 < cursor->end) {
            byte = *++cursor->at;
            if (byte == '\n')
                continue;
            if (quote == '"' && strchr("\"\\`$", byte) == NULL)
                *out++ = '\\';
            *out++ = byte;
        } else {
            *out++ = byte;
            if (quote == '\0' && isspace((unsigned char)byte))
                continue; /* kept only when something follows */
        }
        kept = out;
    }
    *kept = '\0';
    return (size_t)(kept - text);
}

/* The next KEY=VALUE; false at the end. Lines without `=` and comments are passed over. */
static bool next_assignment(struct cursor *cursor, const char **ret_key, size_t *ret_key_length,
                            char *text, size_t *ret_length)
{
    while (cursor->at < cursor->end) {
        const char *line = cursor->at;
        const char *newline = memchr(line, '\n', (size_t)(cursor->end - line));
        const char *line_end = newline != NULL ? newline : cursor->end;
        const char *equals = memchr(line, '=', (size_t)(line_end - line));

        if (equals == NULL || *line == '#' || *line == ';') {
            cursor->at = newline != NULL ? newline + 1 : cursor->end;
            continue;
        }
        *ret_key = line;
        *ret_key_length = (size_t)(equals - line);
        cursor->at = equals + 1;
        *ret_length = unquote(cursor, text);
        return true;
    }
    return false;
}

/* The keys that we know, and where they go. */
static const struct {
    const char *name;
    enum { TEXT, FLAG, UID } kind;
    size_t offset;
} keys[] = {
    {"UID", UID, offsetof(struct pt_logind_session, uid)},
    {"CLASS", TEXT, offsetof(struct pt_logind_session, class_name)},
    {"STATE", TEXT, offsetof(struct pt_logind_session, state)},
    {"TYPE", TEXT, offsetof(struct pt_logind_session, type)},
    {"SEAT", TEXT, offsetof(struct pt_logind_session, seat)},
    {"REMOTE_HOST", TEXT, offsetof(struct pt_logind_session, remote_host)},
    {"REMOTE", FLAG, offsetof(struct pt_logind_session, remote)},
    {"IS_DISPLAY", FLAG, offsetof(struct pt_logind_session, is_display)},
};

/* `yes` and so on too: systemd's parse_boolean takes them. */
static bool is_true(const char *text)
{
    return strcmp(text, "1") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
}

/* Stores one value. */
static int store(struct pt_logind_session *session, size_t row, const char *text, size_t length,
                 struct pt_arena *arena)
{
    char *member = (char *)session + keys[row].offset;
    uint64_t number;

    switch (keys[row].kind) {
    case FLAG:
        *(bool *)(void *)member = is_true(text);
        return 0;
    case UID:
        /* (uid_t)-1 is nobody's: setresuid(2) takes it for "leave as it is". */
        if (pt_parse_u64(text, 0, UINT32_MAX - 1, &number, NULL) != 0)
            return -EINVAL;
        *(uid_t *)(void *)member = (uid_t)number;
        return 0;
    case TEXT:
        break;
    }
    text = pt_arena_strndup(arena, text, length);
    if (text == NULL)
        return -ENOMEM;
    *(const char **)(void *)member = text;
    return 0;
}

static size_t find_key(const char *name, size_t length)
{
    size_t row = 0;

    while (row < sizeof keys / sizeof *keys &&
           (strlen(keys[row].name) != length || memcmp(keys[row].name, name, length) != 0))
        row++;
    return row;
}

static int parse_all(struct cursor *cursor, char *text, struct pt_arena *arena,
                     struct pt_logind_session *session)
{
    unsigned seen = 0;
    const char *key;
    size_t key_length, length;

    while (next_assignment(cursor, &key, &key_length, text, &length)) {
        size_t row = find_key(key, key_length);
        int error;

        if (row == sizeof keys / sizeof *keys)
            continue;
        error = store(session, row, text, length, arena);
        if (error != 0)
            return error;
        if (length > 0)
            seen |= 1u << row;
    }
    return (seen & 7) == 7 ? 0 : -EINVAL; /* the first three rows */
}

int pt_logind_parse(const char *id, const char *bytes, size_t length, struct pt_arena *arena,
                    struct pt_logind_session *ret_session)
{
    struct pt_logind_session session = {.id = pt_arena_strndup(arena, id, strlen(id)),
                                        .class_name = "",
                                        .state = "",
                                        .type = "",
                                        .seat = "",
                                        .remote_host = ""};
    struct cursor cursor = {bytes, bytes + length};
    char *text = malloc(length + 1);
    int error = -ENOMEM;

    if (text != NULL && session.id != NULL)
        error = parse_all(&cursor, text, arena, &session);
    free(text);
    if (error == 0)
        *ret_session = session;
    return error;
}

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(*words, text) != 0)
        words++;
    return *words != NULL;
}

const char *pt_logind_exclusion(const struct pt_logind_session *session)
{
    static const char *const people[] = {"user", "user-early", "user-light", "user-early-light",
                                         NULL};

    if (pt_logind_is_greeter(session))
        return "a login screen";
    if (!is_one_of(session->class_name, people))
        return "not a person's session, by its class";
    if (strcmp(session->state, "closing") == 0)
        return "it is closing";
    return NULL;
}

bool pt_logind_is_greeter(const struct pt_logind_session *session)
{
    return strcmp(session->class_name, "greeter") == 0 ||
           strcmp(session->class_name, "lock-screen") == 0;
}

bool pt_logind_is_graphical(const struct pt_logind_session *session)
{
    static const char *const types[] = {"x11", "wayland", "mir", NULL};

    return is_one_of(session->type, types);
}

/* --- the directory --- */

struct reading {
    struct pt_dir dir;
    struct pt_arena *arena;
    struct pt_buffer bytes;
    struct pt_buffer sessions; /* of struct pt_logind_session */
};

/* session_id_valid() of systemd: letters and digits. Leaves out `2.ref`, a FIFO, and `.#2abc`. */
static bool is_id(const char *name)
{
    size_t length = 0;

    while (isalnum((unsigned char)name[length]))
        length++;
    return length > 0 && name[length] == '\0';
}

static int read_one(const char *name, unsigned char type, void *data)
{
    struct reading *reading = data;
    struct pt_logind_session session;
    int error;

    if (!is_id(name) || (type != DT_REG && type != DT_UNKNOWN))
        return 0;
    pt_buffer_clear(&reading->bytes);
    error = pt_dir_read_all(&reading->dir, name, &reading->bytes, FILE_LIMIT);
    if (error == 0)
        error = pt_logind_parse(name, pt_buffer_text(&reading->bytes), reading->bytes.length,
                                reading->arena, &session);
    if (pt_error_is_ours(error))
        return error;
    if (error != 0)
        return 0; /* gone, or not whole */
    return pt_buffer_append(&reading->sessions, (const char *)&session, sizeof session);
}

static int compare_ids(const void *left, const void *right)
{
    const struct pt_logind_session *a = left, *b = right;

    return strcmp(a->id, b->id);
}

int pt_logind_read(const struct pt_dir *systemd, struct pt_arena *arena,
                   struct pt_logind_session **ret_sessions, size_t *ret_count)
{
    struct reading reading = {.arena = arena};
    struct pt_logind_session *sessions = NULL;
    size_t count;
    int error = pt_dir_open_at(&reading.dir, systemd, "sessions");

    if (error == -ENOENT) {
        *ret_sessions = NULL;
        *ret_count = 0;
        return 0;
    }
    if (error != 0)
        return error;
    pt_buffer_init(&reading.bytes);
    pt_buffer_init(&reading.sessions);
    error = pt_dir_each(&reading.dir, read_one, &reading);
    count = reading.sessions.length / sizeof *sessions;
    if (error == 0 && count > 0) {
        sessions = pt_arena_memdup(arena, reading.sessions.data, reading.sessions.length,
                                   PT_ALIGN_OF(struct pt_logind_session));
        error = sessions != NULL ? 0 : -ENOMEM;
    }
    if (error == 0) {
        if (count > 0)
            qsort(sessions, count, sizeof *sessions, compare_ids);
        *ret_sessions = sessions;
        *ret_count = count;
    }
    pt_buffer_done(&reading.bytes);
    pt_buffer_done(&reading.sessions);
    pt_dir_close(&reading.dir);
    return error;
}
