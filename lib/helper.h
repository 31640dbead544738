/*
 * Programs that help us: systemctl, an administrator's script. Found where only those who may do
 * what we do can have put them, run without input, for no longer than told.
 */
#ifndef PT_HELPER_H
#define PT_HELPER_H

#include <sys/types.h>

#include "buffer.h"

struct pt_helper {
    const char *path;  /* of the file */
    char *const *argv; /* ends with NULL */
    int output;        /* what its stdout is; -1: ours */
};

/*
 * Starts it, with no input and no signal blocked. 0 with its pid, which the caller reaps; -errno of
 * fork(2), or of what kept the program from being executed: then there is no child.
 */
int pt_helper_start(const struct pt_helper *helper, pid_t *ret_pid);

/* The exit status for what waitpid(2) told: 128 + N for signal N. */
int pt_helper_status(int wait_status);

/*
 * The file of the program NAME, which we are about to run as whoever we are: in the absolute
 * directories of PATH, or NAME itself where it has a `/`. As root only directories and files that
 * are root's and that neither group nor others may write (where NAME itself lies, unless sticky);
 * what was passed over for that is added to RET_SKIPPED, if there is one, with `, ` in between. 0;
 * -ENOENT; -EACCES: it may not be run.
 */
int pt_helper_find(const char *name, struct pt_buffer *ret_path, struct pt_buffer *ret_skipped);

#endif
