/*
 * Work over many items by threads that can be given up.
 *
 * Reading cmdline, environ or smaps takes the target's mmap lock, which its user can keep for ever
 * (a page that a FUSE file system never delivers). So such reads are done by workers that the
 * caller's thread watches: one that sits in one read for a second is abandoned, its item is worked
 * on once more by another worker that is told not to try, and everything goes on. The kernel waits
 * killably there: our own exit ends an abandoned thread.
 */
#ifndef PT_WATCH_H
#define PT_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

/* How long one read may take, in nanoseconds. */
#define PT_WATCH_PATIENCE INT64_C(1000000000)

/* So many abandoned threads in the life of this process, and nothing that may hang is tried any
 * more. */
#define PT_WATCH_ABANDONED_MAX 8

struct pt_watch {
    size_t count;       /* of items */
    bool may_hang;      /* some of the work is done between pt_watch_enter and _leave */
    size_t result_size; /* bytes of a result, all that a worker shares with `finish` */
    /*
     * Does one item; strings go to `arena`, which is this worker's. When `may_hang` is false it
     * must not enter. 0 or -errno, which `finish` gets.
     */
    int (*work)(size_t item, bool may_hang, struct pt_arena *arena, void *ret_result, void *data);
    /*
     * Takes the result of one item, called in the worker that did it, for different items at the
     * same time, never twice for an item and never by an abandoned worker. Non-zero ends the whole
     * run with that error.
     */
    int (*finish)(size_t item, int error, const void *result, void *data);
    void *data;
};

/*
 * Does all items, in no order. Everything that `work` took from its arena is in `arena` afterwards.
 * Without `may_hang` and with few items no thread is started. 0, -ENOMEM, -EAGAIN (no thread could
 * be started), or what `finish` said.
 */
int pt_watch_run(const struct pt_watch *watch, struct pt_arena *arena);

/*
 * Around a read that may hang, in a worker of a run that said `may_hang`; elsewhere they do
 * nothing. pt_watch_leave does not return in a worker that was abandoned meanwhile: the thread ends
 * there, having touched nothing that others own.
 */
void pt_watch_enter(void);
void pt_watch_leave(void);

#endif
