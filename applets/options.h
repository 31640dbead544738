/* Options: one table per applet is the single source of parsing, --help, --options, and so of the
 * completions and of the man-page test.
 *
 * The parser is our own: getopt_long differs between glibc and musl (aliases are ambiguous in musl,
 * optind runs past argc) and cannot tell an unknown option from an ambiguous one. Understood are
 * clusters (-ap), values in the same word or the next (-o pid, -opid), --name=VALUE, --name VALUE,
 * unique beginnings of long names, operands anywhere, and `--`.
 */
#ifndef PT_OPTIONS_H
#define PT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pt_fault; /* units.h */

/* What an option takes. */
enum pt_takes {
    PT_TAKES_NOTHING,
    PT_TAKES_VALUE,   /* needs one: -oVALUE, -o VALUE, --name=VALUE, --name VALUE */
    PT_TAKES_MAYBE,   /* may take one, as --name=VALUE only; such a row has no letter */
    PT_TAKES_COMMAND, /* --name COMMAND [ARG]...: all words that follow; options end here */
};

/* Ids: a row's id reaches one `case` of the applet's switch. Tables that applets share have ranges
 * of their own, so that an applet's own ids, from PT_OPTION_OWN on, never meet them. */
enum {
    PT_OPTION_END = 0,      /* no more words */
    PT_OPTION_OPERAND = 1,  /* a word that is no option */
    PT_OPTION_HELP = 2,     /* answered by pt_option_next, never seen by an applet */
    PT_OPTION_VERSION = 3,  /* the same */
    PT_OPTION_DRY_RUN = 16, /* of pt_options_output */
    PT_OPTION_JSON,
    PT_OPTION_VERBOSE,
    PT_OPTION_QUIET,
    PT_OPTION_CRITERIA = 64, /* criteria.h */
    PT_OPTION_SESSION = 128, /* session_options.h */
    PT_OPTION_OWN = 256,     /* the applet's */
};

/* One option. Tables are static const and end with a row of zeroes, `{0}`. */
struct pt_option {
    char letter;         /* or 0 */
    unsigned char takes; /* enum pt_takes; in a byte, as there are many rows */
    short id;
    const char *names;   /* long names, "color,colour": the first is the one shown; or NULL */
    const char *metavar; /* the value's name in help, "PID"; NULL when it takes nothing */
    const char *values;  /* what completes the value: words, "auto always never", or one of <pid>
                          * <user> <group> <field> <file> <dir> <signal> <command> <applet>; or
                          * NULL */
    const char *help;    /* one phrase, no full stop; wrapped by the help page */
};

/* Rows under one heading of the help page. */
struct pt_option_group {
    const char *title; /* "Selection", or NULL for "Options" */
    const struct pt_option *rows;
};

/* One line of the help page's exit statuses. The list ends with a row of zeroes. */
struct pt_exit_status {
    const char *status; /* "124", "128+N" */
    const char *meaning;
};

/* Where options stop. */
enum pt_parsing {
    PT_OPERANDS_ANYWHERE, /* at `--` only */
    PT_STOP_AT_OPERAND,   /* at the first operand, which with all that follows is a command */
    PT_PREFIXED_ONLY,     /* at the first word that does not begin with --PREFIX; it and all that
                           * follows, `--` included, is another program's. Alone on the command line
                           * --help and --version are ours. */
};

/* An applet as its user sees it. */
struct pt_options {
    const char *name;     /* "ps-tree" */
    const char *summary;  /* one line, no full stop */
    const char *synopsis; /* what follows the name: "[OPTION]... [PID]..." */
    const char *operands; /* what completes operands, as in pt_option.values */
    enum pt_parsing parsing;
    const char *prefix;                   /* before every long name, "session-", or NULL */
    const struct pt_option_group *groups; /* ends with a group of zeroes */
    const struct pt_exit_status *exit_statuses;
    const char *notes; /* a last paragraph of the help page, or NULL */
};

/* --help and --version, which every applet's last group holds. */
extern const struct pt_option pt_options_common[];

/* --dry-run, --json, --verbose, --quiet: of applets that do something and say what they did. */
extern const struct pt_option pt_options_output[];

struct pt_output_choice {
    bool dry_run, json;
};

/* Takes the option just read; false when it is none of these. */
bool pt_option_take_output(struct pt_output_choice *choice, int id);

/* A walk over argv. The fields may be read after each step. */
struct pt_parser {
    const struct pt_options *options;
    char **argv;
    int argc;
    int next;            /* index of the next word */
    const char *cluster; /* rest of a word of letters, or NULL */
    enum { PT_IN_OPTIONS, PT_IN_OPERANDS, PT_IN_REST } state; /* what the next word is */
    const struct pt_option *row;      /* of the last option, NULL for an operand */
    const char *value;                /* the option's value or the operand; NULL when it has none */
    const char *name;                 /* the option as typed, "-o" or "--sort": name_length bytes */
    int name_length;                  /* as printf's %.*s takes it */
    char letter_name[3];              /* what `name` points to for a letter */
    const struct pt_option *meant[2]; /* after a failure: rows that the name may stand for */
};

/* Begins to read argv[1..argc). Nothing is copied: argv must stay. */
void pt_parser_init(struct pt_parser *parser, const struct pt_options *options, int argc,
                    char **argv);

/* The next option or operand: its id, PT_OPTION_OPERAND, PT_OPTION_END, or -EINVAL with ret_fault's
 * text set and the offending option in parser->name. Never prints. Where options stop at a command
 * (PT_TAKES_COMMAND, or by enum pt_parsing) the words that remain are pt_parser_rest's: after such
 * an option its id comes back first, then PT_OPTION_END. */
int pt_parser_step(struct pt_parser *parser, struct pt_fault *ret_fault);

/* The words that have not been read, NULL-terminated as argv is; never NULL. */
char **pt_parser_rest(const struct pt_parser *parser);

/* What applets use: as pt_parser_step, but answers --help and --version on stdout with exit 0, and
 * ends the program with a usage error for a word that cannot be read. */
int pt_option_next(struct pt_parser *parser);

/* Which word of its row's `values` the option's value is, from 0; a usage error that lists the
 * words when it is none of them. */
int pt_option_choice(const struct pt_parser *parser);

/* The option's value: a PID; a number within bounds; how long to wait (pt_parse_wait). A usage
 * error when it is none. */
pid_t pt_option_pid(const struct pt_parser *parser);
uint64_t pt_option_number(const struct pt_parser *parser, uint64_t minimum, uint64_t maximum);
int64_t pt_option_wait(const struct pt_parser *parser);

/* The root that --procfs names, which is not empty; before that, the one that PROCTOOL_PROCFS
 * names, NULL where that is unset or empty. */
const char *pt_option_procfs(const struct pt_parser *parser);
const char *pt_options_procfs(void);

/* A usage error in the value (or operand) just read, pointing at the place the fault names. */
_Noreturn void pt_option_fault(const struct pt_parser *parser, const struct pt_fault *fault);

/* A usage error about the option or operand just read: `why` follows it in the message. */
_Noreturn void pt_option_refuse(const struct pt_parser *parser, const char *why);

/* Ends with the usage line on stderr and status 2: for an operand that is missing. */
_Noreturn void pt_options_usage(const struct pt_options *options);

/* Whether some option that takes a command stands in argv: an applet whose failures have another
 * status once it runs a command asks before it parses. */
bool pt_options_runs_command(const struct pt_options *options, int argc, char **argv);

/* The help page, and the table for completions and tests: one option a line; letter, long names
 * (--color,--colour), argument, what completes it, help, separated by tabs, `-` for what is empty.
 * The argument is METAVAR, [METAVAR] where it may be left out, `METAVAR ...` where it is all words
 * that follow. A last line, with neither letter nor name, stands for the operands. */
void pt_options_print_help(const struct pt_options *options);
void pt_options_print_table(const struct pt_options *options);

#endif
