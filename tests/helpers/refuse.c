/* refuse ERRNO CALL[,CALL...] [--] COMMAND [ARGUMENT]...: COMMAND and all its children get ERRNO
 * (ENOSYS, EPERM ...) from these system calls, as from an older kernel or in a container. VERSION,
 * as 3.10, in place of a CALL stands for all in our table that came later. NOTHING for ERRNO: the
 * calls say 0, and nothing was done.
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
    {"ENOMEM", ENOMEM}, {"ENOSYS", ENOSYS}, {"EPERM", EPERM},   {"NOTHING", 0},
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

/* The rules for one word; dies where it names nothing. */
static struct instruction *add_word(struct instruction *at, uint32_t fate, const char *word)
{
    struct instruction *first = at;
    unsigned version = kernel_of(word);

    for (size_t i = 0; i < CALL_COUNT; i++) {
        if (version != 0 ? version < calls[i].since : strcmp(calls[i].name, word) == 0)
            at = add_rule(at, calls[i].number, fate);
    }
    if (at == first)
        die(word, "no such call in the table");
    return at;
}

static unsigned short compile(struct instruction *at, size_t room, uint32_t error, char *names)
{
    struct instruction *first = at;

    *at++ = (struct instruction){LOAD_WORD, 0, 0, 0};
    for (char *word = strtok(names, ","); word != NULL; word = strtok(NULL, ",")) {
        if ((size_t)(at - first) + 2 * CALL_COUNT + 1 > room)
            die(word, "too many calls");
        at = add_word(at, RETURN_ERRNO | error, word);
    }
    *at++ = (struct instruction){RETURN, 0, 0, RETURN_ALLOW};
    return (unsigned short)(at - first);
}

int main(int argc, char **argv)
{
    struct instruction instructions[8 * CALL_COUNT];
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
