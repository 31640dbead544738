/*
 * The listening TCP sockets of our network namespace, from the kernel itself: it has a list of
 * them, where whoever reads /proc/net/tcp walks the table of all connections, however empty that
 * is.
 */
#ifndef PT_TCP_DIAG_H
#define PT_TCP_DIAG_H

#include <stdbool.h>
#include <stdint.h>

struct pt_tcp_listener {
    bool version6;
    uint8_t address[16]; /* in network order, the first 4 bytes for IPv4 */
    uint16_t port;
    uint32_t inode;
};

/* Calls EACH for every one of IPv4 or of IPv6; stops when it returns non-zero, and returns that. 0,
 * or -errno: the kernel has no such thing (-ENOENT), or not within TIMEOUT nanoseconds. */
typedef int pt_tcp_function(const struct pt_tcp_listener *listener, void *data);
int pt_tcp_listeners(bool version6, int64_t timeout, pt_tcp_function *each, void *data);

#endif
