/*
 * The variables of a desktop session, and what is accepted for each. Pure: whether something lives
 * behind a value is session_live's affair.
 *
 * What leaves here goes into a user's environment, into a message and into root's eval, so it is
 * made of harmless characters only: [A-Za-z0-9:._/@+-], and for the bus its %-encoding and commas.
 */
#ifndef PT_SESSION_VALUES_H
#define PT_SESSION_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

enum pt_value {
    PT_VALUE_BUS,         /* DBUS_SESSION_BUS_ADDRESS */
    PT_VALUE_DISPLAY,     /* DISPLAY */
    PT_VALUE_XAUTHORITY,  /* XAUTHORITY */
    PT_VALUE_WAYLAND,     /* WAYLAND_DISPLAY */
    PT_VALUE_RUNTIME_DIR, /* XDG_RUNTIME_DIR */
    PT_VALUE_TYPE,        /* XDG_SESSION_TYPE */
    PT_VALUE_ID,          /* XDG_SESSION_ID */
    PT_VALUE_DESKTOP,     /* XDG_CURRENT_DESKTOP */
    PT_VALUE_SWAYSOCK,
    PT_VALUE_HYPRLAND, /* HYPRLAND_INSTANCE_SIGNATURE */
    PT_VALUE_LANG,
    PT_VALUE_KDE,         /* KDE_FULL_SESSION */
    PT_VALUE_KDE_VERSION, /* KDE_SESSION_VERSION: without it xdg-open on KDE opens nothing */
    PT_VALUE_NAME,        /* DESKTOP_SESSION */
    PT_VALUE_DATA_DIRS,   /* XDG_DATA_DIRS */
    PT_VALUE_CONFIG_DIRS, /* XDG_CONFIG_DIRS */
    PT_VALUE_COUNT
};

/* The variables' names. */
extern const char *const pt_value_names[PT_VALUE_COUNT];

/* The value of that name, PT_VALUE_COUNT for no such. */
enum pt_value pt_value_find(const char *name, size_t length);

/* Why a value was dropped. */
enum pt_drop {
    PT_DROP_NOT, /* it was not */
    PT_DROP_CHARACTERS,
    PT_DROP_SHAPE,
    PT_DROP_TRANSPORT,
    PT_DROP_ABSENT,
    PT_DROP_FOREIGN,
    PT_DROP_DEAD,
    PT_DROP_FULL,
    PT_DROP_STRANGER,
    PT_DROP_REFUSED,
    PT_DROP_NOT_PROVEN,
    PT_DROP_OPEN_TO_ALL,
    PT_DROP_SILENT,
    PT_DROP_OUTSIDE,
    PT_DROP_COUNT
};

/* The reason as a phrase: "nobody listens there". */
const char *pt_drop_text(enum pt_drop drop);

/*
 * Whether VALUE can be what it is to be, by its bytes alone. PT_DROP_NOT and RET_TEXT filled with
 * the form that goes out; else the reason, RET_TEXT empty. Of a bus address that is its acceptable
 * entries, canonical, joined by `;`.
 */
enum pt_drop pt_value_accept(enum pt_value value, const char *bytes, size_t length,
                             struct pt_buffer *ret_text);

/* The same for any other variable: harmless characters, 1 to 4095 of them. */
enum pt_drop pt_value_accept_word(const char *bytes, size_t length);

/* Whether NAME may be a variable's name: [A-Za-z_][A-Za-z0-9_]*. */
bool pt_value_is_name(const char *name, size_t length);

/* sun_path less its NUL. */
#define PT_SOCKET_PATH 107

/* One entry of a bus address: a socket's path, or its abstract name. */
struct pt_bus_entry {
    bool abstract;
    size_t length;
    char path[PT_SOCKET_PATH + 1]; /* NUL-terminated, decoded */
};

/* Reads the entry at *CURSOR, up to `;`, and moves on behind it; false at the end of the address.
 * *RET_DROP says whether it is acceptable; only then is RET_ENTRY filled. */
bool pt_bus_next(const char **cursor, const char *end, struct pt_bus_entry *ret_entry,
                 enum pt_drop *ret_drop);

/* Appends the one canonical form of an entry. 0 or -ENOMEM. */
int pt_bus_format(const struct pt_bus_entry *entry, struct pt_buffer *text);

/* The number of `:N` or `:N.S`. -EINVAL. */
int pt_display_number(const char *text, size_t length, unsigned *ret_number);

/* Whether NAME is a Wayland socket's plain name that a user may have, whatever its digits; never
 * that of a browser's proxy. */
bool pt_wayland_is_name(const char *name, size_t length);

#endif
