/*
 * Who keeps a pipe open: a process that reads one to its end waits for everybody who could still
 * write into it.
 */
#ifndef PT_PIPES_H
#define PT_PIPES_H

#include <sys/types.h>

#include "snapshot.h"

/*
 * Another process of the snapshot that has one of the pipes open for writing which READER reads
 * from; 0: there is none, or none that we may see, or none was found within three seconds. READER's
 * own children count. 0 or -errno.
 */
int pt_pipe_holder(const struct pt_snapshot *snapshot, pid_t reader, pid_t *ret_holder);

#endif
