/*
 * Asks what lives in sessions: for each a forked child becomes its user and looks (session_live),
 * all at once. Its answer is bounded in time and bytes; what it says is parsed as hostile
 * (session_answer).
 */
#ifndef PT_SESSION_PROBE_H
#define PT_SESSION_PROBE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "session_look.h"

/* How long one child may take in all, on our clock. */
#define PT_PROBE_PATIENCE (5 * INT64_C(1000000000))

/* Asks all, until DEADLINE (CLOCK_MONOTONIC) at the most. A child that does not answer is killed,
 * and where its user holds it all the same, left behind half a second later. 0 or -errno. */
int pt_probe_all(struct pt_probe *probes, size_t count, int64_t deadline);

/* Connects to the bus at a canonical ADDRESS, in a child that has become the user: for our own
 * client. The descriptor, or -errno. */
int pt_probe_connect_bus(const char *address, uid_t uid, int64_t deadline);

#endif
