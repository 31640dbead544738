/*
 * Many records, read by threads that the caller's thread watches.
 *
 * cmdline, environ, smaps and smaps_rollup take the target's mmap lock, which its user can keep for
 * ever (ps and pgrep hang there). So no thread that matters reads them: workers do, and one that is
 * seen in the same read for a second is abandoned. Its record is completed without such sources,
 * whose errno becomes ETIMEDOUT; that process is not asked for one again, and after PT_HELD_MAX of
 * them nobody is (struct pt_held). The kernel waits killably there: our exit ends an abandoned
 * worker. One that comes back touches nothing but its own memory, and ends (struct pt_gate).
 *
 * Large scans are read by several threads as well. All workers have all signals blocked. Our own
 * process is read last, when they have ended: they are none of its threads to anybody who looks.
 */
#ifndef PT_WATCH_H
#define PT_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "process.h"
#include "procfs.h"

/*
 * Reads or completes `count` records: those of `processes` with these indexes, each but once, or
 * the first `count` where `indexes` is NULL. A record that is zero but for stat.pid is read as by
 * pt_process_read; to others the sources are added as by pt_process_add. One whose process is gone
 * has error[PT_SOURCE_STAT] PT_GONE afterwards.
 *
 * All strings are in `arena` afterwards, whoever read them. Without sources of PT_SOURCES_MMAP_LOCK
 * and with few records no thread is started. Where none can be, those sources are unknown (EAGAIN).
 * -ENOMEM, -EMFILE, -ENFILE: some records were not read.
 */
int pt_watch_read(const struct pt_procfs *procfs, struct pt_process *processes,
                  const uint32_t *indexes, size_t count, pt_sources sources,
                  struct pt_arena *arena);

#endif
