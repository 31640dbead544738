/*
 * Questions to the kernel about the sockets of our network namespace (sock_diag(7), 3.3): what is
 * asked and answered for each family is unix_diag's and tcp_diag's affair.
 */
#ifndef PT_SOCK_DIAG_H
#define PT_SOCK_DIAG_H

#include <stddef.h>
#include <stdint.h>

/* The state LISTEN in a request's set of states; AF_UNIX borrows it from TCP. */
#define PT_DIAG_LISTENING (UINT32_C(1) << 10)

/* Called with each socket of an answer; what it returns, when that is not 0, ends it all. */
typedef int pt_diag_function(const unsigned char *bytes, size_t length, void *data);

/* Sends the request, that of one family without the message's head, and hands on what comes. 0, or
 * -errno: the kernel has no such thing, or not within TIMEOUT nanoseconds; or what EACH returned.
 */
int pt_diag_ask(const void *request, size_t length, int64_t timeout, pt_diag_function *each,
                void *data);

/* Parses what one read gave. 1 when the dump is over, 0 when there is more, -errno as the kernel
 * said or -EPROTO, or what EACH returned. */
int pt_diag_parse(const void *bytes, size_t length, pt_diag_function *each, void *data);

#endif
