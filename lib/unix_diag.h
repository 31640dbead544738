/*
 * The listening AF_UNIX sockets of our network namespace, from the kernel itself (sock_diag(7),
 * 3.3). A line of /proc/net/unix can be forged through a name with a newline in it; this cannot.
 */
#ifndef PT_UNIX_DIAG_H
#define PT_UNIX_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pt_listener {
    const char *name; /* as it was bound: a path, or an abstract name after a NUL byte */
    size_t length;
    bool has_uid;   /* 5.3 */
    uid_t uid;      /* who made it, in our user namespace */
    uint32_t inode; /* of the socket, as /proc/PID/fd shows it */
    uint32_t file;  /* low half of the inode number of the path's file; 0: it has no path */
};

/* Calls EACH for every listening socket that has a name; stops when it returns non-zero, and
 * returns that. 0, or -errno: the kernel has no such thing, or not within TIMEOUT nanoseconds. */
typedef int pt_listener_function(const struct pt_listener *listener, void *data);
int pt_unix_listeners(int64_t timeout, pt_listener_function *each, void *data);

/* Parses what one read gave. 1 when the dump is over, 0 when there is more, -errno as the kernel
 * said or -EPROTO, or what EACH returned. */
int pt_unix_parse(const void *bytes, size_t length, pt_listener_function *each, void *data);

#endif
