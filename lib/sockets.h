/*
 * What a process listens on: its descriptors, beside the tables of its network namespace.
 *
 * TCP's tables are the kernel's word. A line of net/unix can be forged, since an abstract name may
 * hold newlines, so where the namespace is ours all comes from sock_diag, which is faster besides.
 * From the file a name is believed only where its inode occurs once in it and in no TCP table; a
 * listener whose name is not believed has none.
 */
#ifndef PT_SOCKETS_H
#define PT_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arena.h"
#include "procfs.h"

enum pt_socket_family { PT_SOCKET_UNIX, PT_SOCKET_TCP, PT_SOCKET_TCP6 };

/* One that listens. */
struct pt_socket {
    uint64_t inode;
    enum pt_socket_family family;
    uint16_t port;       /* TCP */
    uint8_t address[16]; /* TCP: in network order; the first 4 bytes of it for PT_SOCKET_TCP */
    const char *name;    /* AF_UNIX: NUL-terminated bytes, abstract ones begin with `@`; or NULL */
    size_t name_length;
};

/* Those of one network namespace, by inode. */
struct pt_sockets {
    uint64_t net; /* inode of ns/net */
    bool ours;    /* the namespace that we are in */
    struct pt_socket *list;
    size_t count;
    struct pt_arena arena;
};

/* The one with that inode, or NULL. */
const struct pt_socket *pt_sockets_find(const struct pt_sockets *sockets, uint64_t inode);

/* The namespaces seen so far, each of which is read once. Zero to begin with, but for procfs. */
struct pt_networks {
    const struct pt_procfs *procfs; /* borrowed */
    struct pt_sockets **list;
    size_t count;
    uint64_t own; /* inode of our own namespace; 0: not asked yet, or unknown */
};

void pt_networks_init(struct pt_networks *networks, const struct pt_procfs *procfs);
void pt_networks_done(struct pt_networks *networks);

/*
 * The listening sockets of the namespace NET, read through the process PID that is in it. They are
 * valid until pt_networks_done. 0; -ESRCH: that process is gone; -ENOMEM or other -errno.
 */
int pt_networks_get(struct pt_networks *networks, uint64_t net, pid_t pid,
                    const struct pt_sockets **ret_sockets);

/* What is known of a process's descriptors. */
struct pt_descriptors {
    uint64_t net;      /* inode of its network namespace; 0: a tree of files that has none */
    uint64_t *sockets; /* inodes, in the order of the descriptors; in the arena */
    int *numbers;      /* of the descriptors that these are; in the arena */
    size_t count;
    int poll; /* number of one that is an epoll(7) instance; -1: none */
};

/*
 * Reads PID's descriptors when it is the process that started at STARTTIME. 0; -ESRCH: it is gone,
 * or another has its pid; -EACCES, -EPERM: ptrace access is needed and refused; other -errno.
 */
int pt_descriptors_read(const struct pt_procfs *procfs, pid_t pid, uint64_t starttime,
                        struct pt_arena *arena, struct pt_descriptors *ret_descriptors);

/*
 * Whether PID holds the socket sockets[WHICH] of SIBLING by the same number, and polls as that
 * does: what was forked alike has that in common, and two links tell it where a whole directory
 * would have to be read. It says nothing of who has that pid now: the caller compares starttimes
 * afterwards.
 */
bool pt_descriptors_alike(const struct pt_procfs *procfs, pid_t pid,
                          const struct pt_descriptors *sibling, size_t which);

/* The parsers of lines of net/unix and net/tcp, net/tcp6, for their tests. 0, or -EINVAL for a line
 * that is none (the header). NAME points into the line. */
struct pt_socket_line {
    struct pt_socket socket;
    bool listens;
};
int pt_parse_unix_line(const char *line, size_t length, struct pt_socket_line *ret_line);
int pt_parse_tcp_line(const char *line, size_t length, struct pt_socket_line *ret_line);

#endif
