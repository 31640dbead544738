/* proctool: process tools in one executable.
 *
 * The modules, floor by floor. A file includes its own floor, as far as it stands before it, and
 * lower ones; applets include lib, the common files and their own stories, never each other.
 * tests/check/include-order.sh reads this map and holds us to it.
 *
 * Values (libc only)
 *   kernel            raw calls, constants and structs, each with the kernel that brought it
 *   arena             memory that is freed at once, and lists that grow
 *   buffer            a growing run of bytes
 *   columns           that a character takes on a terminal
 *   text              UTF-8, escaping, width: the one escaper
 *   units             checked numbers, durations, sizes, signal names
 *   pattern_steps     what a pattern is made of
 *   pattern           regular expressions and globs
 *   schedule          TERM/30/KILL/5: parse, what is due at a time
 *   json              the one JSON writer
 *   table             aligned columns
 *   user_names        of users and groups, looked up once each
 *   error_names       EACCES and its like, for scripts
 * Files
 *   dir               a directory's descriptor: read, readlink, entries
 *   cursor            checked steps over words, numbers and lines
 *   procparse         pure parsers of what /proc holds
 *   procfs            the root of a /proc: the only opener
 *   pidfile           files in which a daemon says its pid
 * Records
 *   source            what a record is made of, each source of it
 *   process           one record, by a mask of sources
 *   watch             many of them, by threads that can be given up
 *   snapshot          all of them
 *   tree              who descends from whom
 *   criterion         one criterion: what was typed, and whether a record meets it
 *   match             criteria: yes, no, or which source would decide
 *   sock_diag         questions to the kernel about sockets
 *   unix_diag         listening AF_UNIX sockets, from the kernel
 *   tcp_diag          listening TCP sockets, from the kernel
 *   sockets           what a process listens on
 *   cgroup            groups, limits, use, frozen or not: read only
 * Deeds
 *   spawn             fork and exec, with their errors
 *   become            another user, completely, inside the child
 *   handle            a process's identity: open, verify, signal
 *   waitset           one wait over handles, signals, descriptors and a deadline
 *   stream            a connected socket, until a deadline
 *   hold              suspend one daemon, verified and undone
 *   helper            programs that help us, found where they may be trusted
 *   children          who descends from a thread, and whether it runs
 *   pipes             who keeps a pipe open
 *   pid_set           a set of pids
 *   members           a set of processes: who, below whom, as what
 *   stopping          one member, and whom not to stop
 *   reapers           who may inherit what a set leaves behind
 *   forking           members that were stopped in the middle of fork
 *   undisturbed       signals blocked and before all others, while that goes on
 *   freeze            stop a set of processes that may fork meanwhile
 *   ending            end a set by a schedule
 * Worlds
 *   dbus              a client of the message bus
 *   dbus_message      parsing of its messages
 *   xauth             Xauthority, the X setup handshake
 *   logind            its state files
 *   session_values    which values are accepted from a session
 *   session_ballot    what is proposed for a session's variables, by how many
 *   session_answer    what a probe says, written and parsed
 *   session_live      whether something lives behind a value: connects and looks, as the user
 *   session_look      what a probe does as the user: keeps the first of each that is live
 *   session_probe     forked children that have become their users, and ask
 *   session_evidence  whose processes there are, and which may speak for a session
 *   session_hear      what they say: environments
 *   session           candidates, rank, refusals
 *   supervisor        which supervisor runs a daemon
 *   service           its stop, its state
 * Applets, common
 *   suggest           the nearest name to a mistyped one
 *   report            messages, exit statuses, the progress line, stdout checked at exit
 *   options           parsing, out of one table
 *   options_help      help pages, completion, usage errors, out of the same table
 *   criteria          the selection options that applets share
 *   field_values      each field of a record once, and its value for a process
 *   fields            their names, text, JSON and order
 *   session_options   the options of the two session applets
 *   session_show      a search's result, for people and as JSON
 *   session_find      a search that may wait, and the messages about its failure
 *   session_environment  what a session's command has for its environment
 *   session_flow      one direction between a command and us
 *   session_run       a command in a session, and what passes between it and us
 *   applet            what the dispatcher knows of an applet
 *   applets           the sorted table
 *   main              the dispatcher
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "applet.h"
#include "report.h"
#include "suggest.h"
#include "text.h"

enum { OPTION_LIST = PT_OPTION_OWN, OPTION_INSTALL, OPTION_SYMBOLIC, OPTION_TABLE, OPTION_PAGE };

static const struct pt_option rows[] = {
    {0, PT_TAKES_NOTHING, OPTION_LIST, "list", NULL, NULL, "list the applets' names"},
    {0, PT_TAKES_VALUE, OPTION_TABLE, "options", "APPLET", "<applet>",
     "print an applet's options for completion scripts: letter, names, argument, values and help, "
     "separated by tabs"},
    {0, PT_TAKES_NOTHING, OPTION_INSTALL, "install", NULL, NULL,
     "link every applet's name to this file in the directory DIR"},
    {'s', PT_TAKES_NOTHING, OPTION_SYMBOLIC, "symbolic", NULL, NULL,
     "with --install: symbolic links instead of hard ones"},
    {0, PT_TAKES_NOTHING, OPTION_PAGE, "help", NULL, NULL, "show this help and exit"},
    {0, PT_TAKES_NOTHING, PT_OPTION_VERSION, "version", NULL, NULL, "show the version and exit"},
    {0},
};

static const struct pt_option_group groups[] = {{NULL, rows}, {0}};

static const struct pt_exit_status exit_statuses[] = {
    {"0", "done"},
    {"1", "--install: some names could not be linked"},
    {"2", "usage"},
    {"3", "standard output could not be written, or a file not be reached"},
    {"127", "no such applet"},
    {0},
};

static const struct pt_options dispatcher = {
    .name = "proctool",
    .summary = "Process tools in one executable; called by an applet's name it is that applet",
    .synopsis = "APPLET [ARGUMENT]... | help [APPLET] | --list | --install [-s] DIR",
    .operands = "help <applet>",
    .parsing = PT_STOP_AT_OPERAND,
    .groups = groups,
    .exit_statuses = exit_statuses,
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* A descriptor of ours must never become somebody's stdout: where 0, 1 or 2 is closed its number is
 * taken by an O_PATH one, which fails like a closed one (EBADF) and is closed again for children.
 */
static int hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH | O_CLOEXEC) != fd)
            return -errno;
    }
    return 0;
}

static int run_applet(const struct pt_applet *applet, int argc, char **argv)
{
    pt_report_begin(applet->options->name);
    return applet->run(argc, argv);
}

static const char *nearest_applet(const char *word)
{
    size_t best = pt_edit_allowance(strlen(word)) + 1;
    const char *nearest = NULL;

    for (size_t i = 0; pt_applets[i] != NULL; i++) {
        const char *name = pt_applets[i]->options->name;
        size_t distance = pt_edit_distance(word, strlen(word), name, strlen(name));

        if (distance < best) {
            best = distance;
            nearest = name;
        }
    }
    return nearest;
}

static const struct pt_applet *need_applet(const char *name)
{
    const struct pt_applet *applet = pt_applet_find(name);
    const char *nearest;

    if (applet != NULL)
        return applet;
    nearest = nearest_applet(name);
    if (nearest != NULL)
        pt_die(PT_EXIT_NOT_FOUND, "%s: no such applet; did you mean %s?", name, nearest);
    pt_die(PT_EXIT_NOT_FOUND, "%s: no such applet (see proctool --list)",
           name[0] != '\0' ? name : "''");
}

static int list_applets(void)
{
    for (size_t i = 0; pt_applets[i] != NULL; i++)
        puts(pt_applets[i]->options->name);
    return PT_EXIT_OK;
}

static int show_help(void)
{
    printf("Applets:\n");
    for (size_t i = 0; pt_applets[i] != NULL; i++)
        printf("  %-22s %s\n", pt_applets[i]->options->name, pt_applets[i]->options->summary);
    putchar('\n');
    pt_options_print_help(&dispatcher);
    return PT_EXIT_OK;
}

/* The dispatcher's own options too: they complete as an applet's do. */
static int print_table(const char *name)
{
    bool own = strcmp(name, dispatcher.name) == 0;

    pt_options_print_table(own ? &dispatcher : need_applet(name)->options);
    return PT_EXIT_OK;
}

/* Links DIR/name to `program`. What is already that link is fine. Returns 0 or -errno. */
static int link_applet(int dir, const char *name, const char *program, bool symbolic)
{
    struct stat ours, there;

    if ((symbolic ? symlinkat(program, dir, name) : linkat(AT_FDCWD, program, dir, name, 0)) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    if (stat(program, &ours) == 0 && fstatat(dir, name, &there, 0) == 0 &&
        ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
        return 0;
    return -EEXIST;
}

/* As busybox has it: the names beside each other, all of this one file. */
static int install_applets(const char *directory, bool symbolic)
{
    const char *called_as = (const char *)(uintptr_t)getauxval(AT_EXECFN);
    char *program = called_as != NULL ? realpath(called_as, NULL) : NULL;
    int dir, status = PT_EXIT_OK;

    if (program == NULL)
        pt_die(PT_EXIT_IO, "the path of this program: %s", strerror(errno));
    dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        pt_die(PT_EXIT_IO, "%s: %s", directory, strerror(errno));
    for (size_t i = 0; pt_applets[i] != NULL; i++) {
        const char *name = pt_applets[i]->options->name;
        int error = link_applet(dir, name, program, symbolic);

        if (error == 0)
            continue;
        pt_warn("%s/%s: %s%s", directory, name, strerror(-error),
                error == -EXDEV ? "; try --install -s" : "");
        status = PT_EXIT_NOTHING;
    }
    close(dir);
    free(program);
    return status;
}

static int help(int argc, char **argv)
{
    const struct pt_applet *applet;

    if (argc < 2)
        return show_help();
    if (argc > 2)
        pt_usage("%s: one applet is enough", argv[2]);
    applet = need_applet(argv[1]);
    pt_options_print_help(applet->options);
    return PT_EXIT_OK;
}

/* The words after the dispatcher's options: an applet with its own, or help. */
static int run_word(int argc, char **argv)
{
    if (argc == 0)
        return show_help();
    if (strcmp(argv[0], "help") == 0)
        return help(argc, argv);
    return run_applet(need_applet(argv[0]), argc, argv);
}

/* What prints and ends has the command line for itself. */
static void need_end(const struct pt_parser *parser)
{
    const char *word = *pt_parser_rest(parser);

    if (word != NULL)
        pt_usage("%s: nothing may follow %.*s", word, parser->name_length, parser->name);
}

static int dispatch(int argc, char **argv)
{
    bool install = false, symbolic = false;
    struct pt_parser parser;
    int id;

    pt_parser_init(&parser, &dispatcher, argc, argv);
    while ((id = pt_option_next(&parser)) != PT_OPTION_END) {
        switch (id) {
        case OPTION_LIST:
            need_end(&parser);
            return list_applets();
        case OPTION_PAGE:
            return show_help();
        case OPTION_TABLE:
            need_end(&parser);
            return print_table(parser.value);
        case OPTION_INSTALL:
            install = true;
            break;
        case OPTION_SYMBOLIC:
            symbolic = true;
            break;
        }
    }
    argc -= parser.next;
    argv = pt_parser_rest(&parser);
    if (!install && !symbolic)
        return run_word(argc, argv);
    if (!install)
        pt_usage("-s: only with --install");
    if (argc == 0 || argv[0][0] == '\0')
        pt_usage("--install: needs a directory");
    if (argc > 1)
        pt_usage("%s: --install takes one directory", argv[1]);
    return install_applets(argv[0], symbolic);
}

int main(int argc, char **argv)
{
    const struct pt_applet *applet;

    if (argc < 1 || hold_standard_descriptors() != 0)
        return PT_EXIT_FAILED;
    applet = pt_applet_find(base_name(argv[0]));
    return pt_report_end(applet != NULL ? run_applet(applet, argc, argv) : dispatch(argc, argv));
}
