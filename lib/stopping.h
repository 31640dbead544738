/* Stopping one member of a set, and whom not to stop. */
#ifndef PT_STOPPING_H
#define PT_STOPPING_H

#include <stdbool.h>

#include "members.h"

/*
 * Sends SIGSTOP, once a freeze and again where it was seen to run all the same; notes whether we
 * owe a SIGCONT for it. Left running are whom we only pass by, and unless EVERYONE is meant the
 * foreground job of a terminal whose shell is no member: the shell would take the terminal back,
 * and the job's handler would be stopped when it restores that (SIGTTOU). FRESH: its record has
 * just been read.
 */
void pt_member_stop(const struct pt_members *members, struct pt_member *member, bool everyone,
                    bool fresh);

/* Whether its control group is frozen: then it does not run, nor show that it is stopped. */
bool pt_member_is_frozen(const struct pt_procfs *procfs, const struct pt_member *member);

#endif
