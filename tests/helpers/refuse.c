/* refuse ERRNO CALL[,CALL...] [--] COMMAND [ARGUMENT]...: COMMAND and all its children get ERRNO
 * (ENOSYS, EPERM ...) from these system calls, as from an older kernel or in a container.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "filter.h"

enum {
    SET_SECCOMP = 22, /* PR_SET_SECCOMP */
    MODE_FILTER = 2   /* SECCOMP_MODE_FILTER */
};

static const struct {
    const char *name;
    int number;
} errors[] = {
    {"EACCES", EACCES}, {"EINVAL", EINVAL}, {"EMFILE", EMFILE}, {"ENOENT", ENOENT},
    {"ENOMEM", ENOMEM}, {"ENOSYS", ENOSYS}, {"EPERM", EPERM},
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "refuse: %s: %s\n", what, why);
    exit(125);
}

static uint32_t error_of(const char *name)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(errors[i].name, name) == 0)
            return (uint32_t)errors[i].number;
    }
    die(name, "no such error in refuse's table");
}

static int call_of(const char *name, size_t length)
{
    for (size_t i = 0; i < CALL_COUNT; i++) {
        if (strlen(calls[i].name) == length && memcmp(calls[i].name, name, length) == 0)
            return calls[i].number;
    }
    die(name, "no such call in the table");
}

static unsigned short compile(struct instruction *at, size_t room, uint32_t error,
                              const char *names)
{
    struct instruction *first = at;

    *at++ = (struct instruction){LOAD_WORD, 0, 0, 0};
    while (*names != '\0') {
        size_t length = strcspn(names, ",");

        if ((size_t)(at - first) + 3 > room)
            die(names, "too many calls");
        at = add_rule(at, call_of(names, length), RETURN_ERRNO | error);
        names += length + (names[length] == ',');
    }
    *at++ = (struct instruction){RETURN, 0, 0, RETURN_ALLOW};
    return (unsigned short)(at - first);
}

int main(int argc, char **argv)
{
    struct instruction instructions[2 * CALL_COUNT + 2];
    struct program program = {.instructions = instructions};

    if (argc < 4)
        die("usage", "refuse ERRNO CALL[,CALL]... [--] COMMAND [ARGUMENT]...");
    program.length = compile(instructions, sizeof instructions / sizeof *instructions,
                             error_of(argv[1]), argv[2]);
    argv += strcmp(argv[3], "--") == 0 ? 4 : 3;
    /* Root's COMMAND keeps the privileges that exec gives; others must forgo them. */
    if (prctl(SET_SECCOMP, MODE_FILTER, &program) != 0 &&
        (prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0 ||
         prctl(SET_SECCOMP, MODE_FILTER, &program) != 0)) {
        printf("skipped: no seccomp filters here: %s\n", strerror(errno));
        return 77;
    }
    execvp(argv[0], argv);
    die(argv[0], strerror(errno));
}
