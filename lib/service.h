/*
 * Talking to a supervisor (supervisor.h): the stop, the state, what was answered.
 *
 * Commands are started and not waited for: the caller waits for them as for everything else.
 */
#ifndef PT_SERVICE_H
#define PT_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>

#include "buffer.h"
#include "supervisor.h"

/* Closes. Accepts what has none. */
void pt_service_done(struct pt_service *service);

/* From now on there is none. */
void pt_service_forget(struct pt_service *service);

/* "runit", "systemd"; "none". */
const char *pt_service_kind(const struct pt_service *service);

/* What is done to stop it, as a command line, appended. 0 or -ENOMEM. */
int pt_service_describe(const struct pt_service *service, struct pt_buffer *ret_text);

/* Asks for the stop. 0 with the command's pid, which the caller reaps, or 0 where none is needed;
 * -errno. */
int pt_service_stop(const struct pt_service *service, pid_t *ret_pid);

/* Starts the command that asks for the state; it writes the answer to the descriptor OUTPUT. 0
 * with its pid, which the caller reaps; -ENOTSUP: there is none; -errno. */
int pt_service_ask(const struct pt_service *service, int output, pid_t *ret_pid);

/*
 * Takes the answer of one that was doubtful: fills what a stop does. False: DAEMON is not what the
 * supervisor watches.
 */
bool pt_service_confirm(struct pt_service *service, pid_t daemon, const struct pt_buffer *answer);

/* Whether the answer says that it is stopped, and stays so. */
bool pt_service_is_stopped(const struct pt_service *service, const struct pt_buffer *answer);

#endif
