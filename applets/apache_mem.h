/*
 * apache-mem's own types: what the user asked for, and what was found. apache_mem.c walks through
 * them: find, sort out, measure, then what else was asked for, then show.
 */
#ifndef APACHE_MEM_H
#define APACHE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "cgroup.h"
#include "match.h"
#include "options.h"
#include "snapshot.h"
#include "sockets.h"
#include "tree.h"

enum apache_measure {
    APACHE_PSS, /* proportional: what is shared is divided among those who share it */
    APACHE_RSS, /* resident: what is shared counts in each */
    APACHE_USS, /* unique: what would be free again */
    APACHE_SWAP,
    APACHE_MEASURE_COUNT
};
extern const char *const apache_measure_names[APACHE_MEASURE_COUNT];

enum apache_output { APACHE_TABLE, APACHE_JSON, APACHE_PROMETHEUS, APACHE_NAGIOS };

/* A range of the monitoring plugins' guidelines: what lies outside alerts, or what lies inside. */
struct apache_range {
    bool given;
    bool inside;        /* @ */
    int64_t start, end; /* INT64_MIN and INT64_MAX: without end */
    bool plain;         /* `N`: nothing but an upper end */
    bool low_side;      /* `N:`: nothing but a lower end */
};

enum apache_on { APACHE_ON_TOTAL, APACHE_ON_WORKER_MAX, APACHE_ON_CAPACITY_LEFT };

/* Statuses of monitoring plugins. */
enum { APACHE_OK, APACHE_WARNING, APACHE_CRITICAL, APACHE_UNKNOWN };

/* http:// on this machine. */
struct apache_url {
    bool given;
    bool automatic; /* ask the lowest port that the master listens on */
    bool by_name;   /* localhost: 127.0.0.1 or ::1 */
    bool version6;
    uint8_t address[16]; /* network order, the first 4 bytes for IPv4 */
    uint16_t port;
    const char *host, *path; /* parts of the text; the path runs to its end */
    size_t host_length;
};

struct apache_settings {
    const char *procfs;
    const char **names; /* --exe-name, or the usual ones */
    size_t name_count;
    bool own_names;
    pid_t *pids; /* --pid */
    size_t pid_count;
    const char **pidfiles;
    size_t pidfile_count;
    struct pt_match *user; /* --user; empty: anybody */
    const char *server;    /* --server */
    enum apache_measure measure;
    bool measure_given;
    bool whole_bytes; /* --bytes */
    bool processes;   /* --workers: a row each */
    bool capacity;
    uint64_t limit; /* --limit, 0: not given */
    struct apache_url url;
    bool has_reserve;
    uint64_t reserve_bytes;
    uint32_t reserve_hundredths; /* of a percent; 0: reserve_bytes it is */
    enum apache_output output;
    const char *file; /* --output */
    struct apache_range warning, critical;
    enum apache_on on;
    int absent; /* the plugin's status when there is no Apache */
    bool utf8;  /* people read UTF-8 */
};

enum apache_role { APACHE_WORKER, APACHE_POOL, APACHE_WSGI, APACHE_ROLE_COUNT };
extern const char *const apache_role_names[APACHE_ROLE_COUNT];

/* Of one process, or of several together. */
struct apache_figures {
    uint64_t bytes[APACHE_MEASURE_COUNT];
    uint64_t shared; /* part of PSS that is shared memory: opcache, scoreboard */
    uint64_t cost;   /* of one more such process, see apache_capacity.c */
    uint32_t threads;
};

/* One process below a master that counts. */
struct apache_worker {
    uint32_t index; /* in the snapshot */
    enum apache_role role;
    bool stopping;        /* it takes no new requests */
    struct pt_bytes id;   /* WSGI: of its socket; else empty */
    struct pt_bytes name; /* empty: it has none of its own */
    bool name_cut;
    uint32_t *forks; /* its own that serve for it (mpm-itk): indexes, counted with it */
    size_t fork_count;
    struct apache_figures figures;
};

struct apache_summary {
    uint64_t min, average, median, p95, max, total;
};

struct apache_group {
    enum apache_role role;
    struct pt_bytes id;
    struct pt_bytes name;          /* never empty; escaping is the printer's affair */
    struct apache_worker *workers; /* a slice of the instance's */
    size_t count;
    size_t stopping;
    uint64_t shared;
    uint64_t threads;
    struct apache_summary summary[APACHE_MEASURE_COUNT];
};

/* How many slots the server may use. */
struct apache_limit {
    bool known;
    uint64_t slots;
    const char *source;  /* "option", "status"; or NULL */
    const char *unknown; /* why, or what would tell */
    uint64_t threads;    /* of a process that take requests; 0: not known */
    bool has_busy;
    uint64_t busy;
};

struct apache_capacity {
    const char *unknown; /* why nothing can be said; else NULL */
    bool refused;        /* because we may not read it */
    uint64_t largest_cost, average_cost;
    int64_t largest, average; /* processes that fit */
    size_t workers, cold;
    uint64_t held;      /* by all workers, at their cost */
    uint64_t available; /* bytes that the host or the tightest group still gives */
    uint64_t base;      /* what a percentage of reserve is of */
    uint64_t reserve;
    const char *group;  /* the one that binds; NULL: the host does */
    const char *unseen; /* a group whose limits cannot be seen */
};

enum apache_mpm { APACHE_MPM_UNKNOWN, APACHE_MPM_PREFORK, APACHE_MPM_THREADED };

struct apache_instance {
    uint32_t master;
    bool has_descriptors;
    struct pt_descriptors descriptors; /* of the master, where they may be read */
    const struct pt_sockets *sockets;  /* of its network namespace; NULL: may not be read */
    struct pt_bytes server; /* what it is called: its exe's base name, perhaps with a port */
    uint16_t port;          /* the lowest TCP port that it listens on, or 0 */
    bool is_apache;
    bool single;   /* master and worker in one */
    bool upgraded; /* its executable was replaced while it runs */
    bool guessed;  /* roles were told without descriptors */
    struct apache_worker *workers;
    size_t worker_count;
    struct apache_figures master_figures;
    uint32_t *helpers;
    size_t helper_count;
    struct apache_group *groups;
    size_t group_count;
    enum apache_measure measure;
    const char *measure_reason; /* why it is not the one asked for; NULL: it is */
    bool has_smaps;             /* all measures are known, else RSS alone */
    const char *smaps_reason;   /* why somebody's could not be read; NULL: nobody's */
    bool has_status;            /* mod_status is loaded */
    enum apache_mpm mpm;
    uint64_t total[APACHE_MEASURE_COUNT];
    struct apache_limit limit;
    struct apache_capacity capacity;
};

struct apache_world {
    const struct apache_settings *settings;
    const struct pt_procfs *procfs;
    bool again; /* not the first look: what there is to warn of has been said */
    struct pt_snapshot snapshot;
    struct pt_tree tree;
    struct pt_networks networks;
    struct apache_instance *instances;
    size_t count;
    bool has_memory; /* meminfo could be read: below /proc mounted with subset=pid there is none */
    uint64_t memory_total, memory_available;
    const char *refusal; /* why the measure that was asked for cannot be had; NULL: it can */
};

/* --- apache_options.c: what the user asked for --- */

extern const struct pt_options apache_options;

_Noreturn void apache_die_without_memory(void);

/* The defaults; what they own is given back by _done. */
void apache_settings_init(struct apache_settings *settings);
void apache_settings_done(struct apache_settings *settings);

/* Usage errors end the program. */
void apache_parse(int argc, char **argv, struct apache_settings *settings);

/* --- apache_find.c: which servers there are --- */

/* 0 or -errno. Says on stderr which it leaves out and why; count may be 0. */
int apache_find(struct apache_world *world);

/* Whether the process is one of the server's own: it has its comm, and its exe where that can be
 * read. */
bool apache_is_kin(const struct pt_process *master, const struct pt_process *process);

/* --- apache_roles.c: what each child is for --- */

int apache_sort_out(struct apache_world *world, struct apache_instance *instance);

/* --- apache_figures.c: what they use --- */

/* Reads and sums up. 0; -EACCES: the measure that was asked for cannot be had (world->refusal);
 * -errno. */
int apache_measure(struct apache_world *world);

/* Of COUNT numbers, at least one, which are sorted by it. The median of an even number of them is
 * the mean of two, rounded down as the average is; the 95th percentile is the nearest rank's. */
struct apache_summary apache_summarise(uint64_t *numbers, size_t count);

/* --- apache_capacity.c: how many fit --- */

int apache_reckon(struct apache_world *world, struct apache_instance *instance);

/* --- apache_limit.c: how many the server allows --- */

/* What `--status-url` takes. -EINVAL with the fault. */
int apache_parse_url(const char *text, struct apache_url *ret_url, struct pt_fault *fault);

/* 0; -EPERM: the URL is none of the server's own. */
int apache_ask_limit(const struct apache_world *world, struct apache_instance *instance);

/* --- outputs --- */

/* All write to OUT, whose errors the caller looks at. */
void apache_write_table(const struct apache_world *world, FILE *out);
void apache_write_json(const struct apache_world *world, FILE *out);

/* 0; -EEXIST: two servers are called alike; -ENOMEM. */
int apache_write_prometheus(const struct apache_world *world, FILE *out);

/* The plugin's one line; its status. */
int apache_write_nagios(const struct apache_world *world, FILE *out);

/* -EINVAL with the fault. */
int apache_parse_range(const char *text, struct apache_range *ret_range, struct pt_fault *fault);

/* Why the two ranges make no sense together, or NULL. */
const char *apache_check_ranges(const struct apache_settings *settings);

/* --- apache_store.c --- */

/* Puts TEXT in the place of FILE, whole or not at all. 0 or -errno, -EEXIST: FILE is there and no
 * regular file. */
int apache_store(const char *file, const char *text, size_t length);

#endif
