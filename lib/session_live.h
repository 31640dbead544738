/*
 * Whether something lives behind a value: the only code that connects to, looks at or opens what a
 * user's session names. Root never runs it for another: it belongs into a child that has become the
 * user (session_probe).
 *
 * A socket counts by who listens (SO_PEERCRED), not by its name; it is connected to only when lstat
 * says that it is the user's, or root's X socket. Looking starts nothing: sway and mutter start
 * Xwayland at the first connection to its display.
 */
#ifndef PT_SESSION_LIVE_H
#define PT_SESSION_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "session_values.h"

/* Who asks, and until when. */
struct pt_live {
    uid_t uid;
    int64_t deadline; /* as pt_monotonic() counts: of all that is asked */
};

/* How long one question may take: 2 s, and never more than half of the time that is left, so that
 * some is left for all that follow. Nanoseconds; 0 or less: none. */
int64_t pt_live_patience(const struct pt_live *live);

/* Whether the user listens on a bus's socket. RET_FD: the connection, which the caller closes. */
enum pt_drop pt_live_bus(const struct pt_live *live, const struct pt_bus_entry *entry, int *ret_fd);

/* Whether the user listens on DIRECTORY/NAME. */
enum pt_drop pt_live_wayland(const struct pt_live *live, const char *directory, const char *name);

/* The X server of a display, by a connection: the user's, or root's if that takes the cookie of one
 * of FILES, whose number *RET_FILE becomes then; else it is COUNT. */
enum pt_drop pt_live_display(const struct pt_live *live, unsigned number, const char *const *files,
                             size_t count, size_t *ret_file);

/* The same without a connection, where a Wayland compositor may start the server: the kernel must
 * list its socket as the user's. */
enum pt_drop pt_live_display_listed(const struct pt_live *live, unsigned number);

/* Whether PATH can be an XDG_RUNTIME_DIR: a directory, the user's, nobody else's to enter. */
enum pt_drop pt_live_runtime_dir(const struct pt_live *live, const char *path);

/* Whether PATH is a regular file that we can read. */
enum pt_drop pt_live_file(const char *path);

/* Whether the user listens at PATH, which is absolute. */
enum pt_drop pt_live_socket(const struct pt_live *live, const char *path);

/* Appends those entries of a search path that only root or the user can have filled, separated by
 * `:`; a reason when some entry was dropped. */
enum pt_drop pt_live_search_path(const struct pt_live *live, const char *text,
                                 struct pt_buffer *ret_text);

#define PT_LIVE_NUMBERS 16

/* The lowest numbers N for which DIRECTORY/PREFIXN is a socket of the user's, or with ROOTS_TOO of
 * root's, ascending; how many there are. */
size_t pt_live_numbers(const struct pt_live *live, const char *directory, const char *prefix,
                       bool roots_too, unsigned ret_numbers[PT_LIVE_NUMBERS]);

#endif
