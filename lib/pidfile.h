/*
 * Files in which a daemon says its pid: /run/NAME.pid.
 *
 * Whoever may write one chooses whom root ends. So there is a strict way to read: the file and
 * every directory on the way to it, from / on, must be root's and writable for nobody else. A
 * directory above the last one may be writable if it is sticky (/tmp): nobody can move what is
 * root's in it.
 */
#ifndef PT_PIDFILE_H
#define PT_PIDFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "units.h"

/*
 * Reads the pid: a number on the first line, blanks around it allowed; further lines are ignored
 * (PostgreSQL and sendmail write more), and so is what follows the first 64 bytes. Only a regular
 * file is ever opened. STRICT: as said above; else links are followed. 0; -ENOENT: there is no such
 * file; -EINVAL with FAULT: empty, malformed or refused, and why; other -errno.
 */
int pt_pidfile_read(const char *path, bool strict, pid_t *ret_pid, struct pt_fault *fault);

#endif
