#include "session_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "become.h"

#define USUAL_PATH "/usr/local/bin:/usr/bin:/bin"

/* NAME=VALUE strings, each of its own memory. */
struct environment {
    char **list;
    size_t count, room;
    bool failed;
};

static size_t find(const struct environment *environment, const char *name)
{
    size_t length = strlen(name), i = 0;

    while (i < environment->count && (strncmp(environment->list[i], name, length) != 0 ||
                                      environment->list[i][length] != '='))
        i++;
    return i;
}

static void unset(struct environment *environment, const char *name)
{
    size_t i = find(environment, name);

    if (i >= environment->count)
        return;
    free(environment->list[i]);
    environment->list[i] = environment->list[--environment->count];
    environment->list[environment->count] = NULL;
}

/* Room for one more and the NULL. */
static bool grow(struct environment *environment)
{
    size_t room = environment->room > 0 ? 2 * environment->room : 64;
    char **list;

    if (environment->count + 1 < environment->room)
        return true;
    list = realloc(environment->list, room * sizeof *list);
    environment->failed |= list == NULL;
    if (list == NULL)
        return false;
    environment->list = list;
    environment->room = room;
    return true;
}

static void add(struct environment *environment, char *variable)
{
    if (variable == NULL || !grow(environment)) {
        environment->failed = true;
        free(variable);
        return;
    }
    environment->list[environment->count++] = variable;
    environment->list[environment->count] = NULL;
}

static void set(struct environment *environment, const char *name, const char *value)
{
    char *variable = NULL;

    unset(environment, name);
    add(environment, asprintf(&variable, "%s=%s", name, value) < 0 ? NULL : variable);
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

/* Ours, where the session's variables stand over the caller's. Its language stays where it has one.
 */
static void begin_with_ours(struct environment *environment, const struct pt_candidate *session)
{
    bool has_language = is_set("LC_ALL") || is_set("LC_CTYPE") || is_set("LANG");

    for (char **variable = environ; variable != NULL && *variable != NULL; variable++)
        add(environment, strdup(*variable));
    for (size_t i = 0; i < PT_VALUE_COUNT && !environment->failed; i++) {
        const char *value = session->answer.values[i];

        if (i == PT_VALUE_LANG && (has_language || value == NULL))
            continue;
        if (value != NULL)
            set(environment, pt_value_names[i], value);
        else
            unset(environment, pt_value_names[i]);
    }
}

/* In the C locale notify-send refuses texts that are not ASCII. */
static void begin_from_scratch(struct environment *environment, const struct pt_candidate *session)
{
    const struct pt_user *user = &session->user;

    set(environment, "HOME", user->home);
    set(environment, "USER", user->name);
    set(environment, "LOGNAME", user->name);
    set(environment, "SHELL", user->shell);
    set(environment, "PATH", USUAL_PATH);
    set(environment, "LANG", "C.UTF-8");
    for (size_t i = 0; i < PT_VALUE_COUNT; i++) {
        if (session->answer.values[i] != NULL)
            set(environment, pt_value_names[i], session->answer.values[i]);
    }
}

char **pt_session_environment(const struct pt_candidate *session)
{
    const struct pt_imports *imports = session->ballot.imports;
    struct environment environment = {0};

    if (pt_user_is_us(session->uid))
        begin_with_ours(&environment, session);
    else
        begin_from_scratch(&environment, session);
    for (size_t i = 0; session->answer.imports != NULL && i < imports->count; i++) {
        if (session->answer.imports[i] != NULL)
            set(&environment, imports->names[i], session->answer.imports[i]);
    }
    if (!environment.failed)
        return environment.list;
    pt_session_environment_free(environment.list);
    return NULL;
}

void pt_session_environment_free(char **environment)
{
    for (char **variable = environment; variable != NULL && *variable != NULL; variable++)
        free(*variable);
    free(environment);
}
