/*
 * What systemd-logind (and elogind, which writes the same) knows of sessions: the files of
 * /run/systemd/sessions.
 *
 * They call themselves private, but libsystemd itself is a parser of them, so they stay as they
 * are. We parse tolerantly: quoted and escaped values, any order, unknown keys ignored. What we
 * need stands in the session's own file; users/ and seats/ repeat it.
 */
#ifndef PT_LOGIND_H
#define PT_LOGIND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "arena.h"
#include "dir.h"

/* One session. Strings live in the arena and are never NULL; "" where the file has none. */
struct pt_logind_session {
    const char *id; /* the file's name */
    uid_t uid;
    const char *class_name; /* CLASS: user, greeter, background ... */
    const char *state;      /* STATE: opening, online, active, closing */
    const char *type;       /* TYPE: x11, wayland, mir, tty, unspecified */
    const char *seat;       /* SEAT */
    const char *remote_host;
    bool remote;     /* REMOTE */
    bool is_display; /* IS_DISPLAY: logind's choice among this user's sessions */
};

/* Parses one state file. -EINVAL when UID, CLASS or STATE is missing or no such thing; -ENOMEM. */
int pt_logind_parse(const char *id, const char *bytes, size_t length, struct pt_arena *arena,
                    struct pt_logind_session *ret_session);

/* Why a session is none of a person that is here, as a phrase; NULL when it counts. */
const char *pt_logind_exclusion(const struct pt_logind_session *session);

/* Whether its user is a login screen. */
bool pt_logind_is_greeter(const struct pt_logind_session *session);

/* Whether TYPE says that it has a display. A compositor started from a console may say tty. */
bool pt_logind_is_graphical(const struct pt_logind_session *session);

/*
 * Reads every session below SYSTEMD (the directory /run/systemd), sorted by id, into ARENA; files
 * that are not whole are left out. No logind at all is none. 0 or -errno.
 */
int pt_logind_read(const struct pt_dir *systemd, struct pt_arena *arena,
                   struct pt_logind_session **ret_sessions, size_t *ret_count);

#endif
