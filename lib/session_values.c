#include "session_values.h"

#include <errno.h>
#include <string.h>

#include "units.h"

#define VALUE_LIMIT 4095

enum kind {
    BUS,
    DISPLAY,
    WAYLAND,
    PATH, /* absolute, no `..` */
    WORD, /* harmless characters */
};

const char *const pt_value_names[PT_VALUE_COUNT] = {
    [PT_VALUE_BUS] = "DBUS_SESSION_BUS_ADDRESS",
    [PT_VALUE_DISPLAY] = "DISPLAY",
    [PT_VALUE_XAUTHORITY] = "XAUTHORITY",
    [PT_VALUE_WAYLAND] = "WAYLAND_DISPLAY",
    [PT_VALUE_RUNTIME_DIR] = "XDG_RUNTIME_DIR",
    [PT_VALUE_TYPE] = "XDG_SESSION_TYPE",
    [PT_VALUE_ID] = "XDG_SESSION_ID",
    [PT_VALUE_DESKTOP] = "XDG_CURRENT_DESKTOP",
    [PT_VALUE_SWAYSOCK] = "SWAYSOCK",
    [PT_VALUE_HYPRLAND] = "HYPRLAND_INSTANCE_SIGNATURE",
    [PT_VALUE_LANG] = "LANG",
    [PT_VALUE_KDE] = "KDE_FULL_SESSION",
    [PT_VALUE_KDE_VERSION] = "KDE_SESSION_VERSION",
    [PT_VALUE_NAME] = "DESKTOP_SESSION",
    [PT_VALUE_DATA_DIRS] = "XDG_DATA_DIRS",
    [PT_VALUE_CONFIG_DIRS] = "XDG_CONFIG_DIRS",
};

/* A search path's entries are looked at one by one, as the user: here it is a word. */
static const enum kind kinds[PT_VALUE_COUNT] = {
    [PT_VALUE_BUS] = BUS,          [PT_VALUE_DISPLAY] = DISPLAY,  [PT_VALUE_XAUTHORITY] = PATH,
    [PT_VALUE_WAYLAND] = WAYLAND,  [PT_VALUE_RUNTIME_DIR] = PATH, [PT_VALUE_TYPE] = WORD,
    [PT_VALUE_ID] = WORD,          [PT_VALUE_DESKTOP] = WORD,     [PT_VALUE_SWAYSOCK] = PATH,
    [PT_VALUE_HYPRLAND] = WORD,    [PT_VALUE_LANG] = WORD,        [PT_VALUE_KDE] = WORD,
    [PT_VALUE_KDE_VERSION] = WORD, [PT_VALUE_NAME] = WORD,        [PT_VALUE_DATA_DIRS] = WORD,
    [PT_VALUE_CONFIG_DIRS] = WORD,
};

static const char *const drop_texts[PT_DROP_COUNT] = {
    [PT_DROP_NOT] = "",
    [PT_DROP_CHARACTERS] = "has characters that it may not have, is empty or too long",
    [PT_DROP_SHAPE] = "is not of the form that it must have",
    [PT_DROP_TRANSPORT] = "its transport is neither unix:path= nor unix:abstract=",
    [PT_DROP_ABSENT] = "does not exist",
    [PT_DROP_FOREIGN] = "is not the user's, or not what it is to be",
    [PT_DROP_DEAD] = "nobody listens there",
    [PT_DROP_FULL] = "who listens there takes no connection, or a stranger keeps the name busy",
    [PT_DROP_STRANGER] = "another user listens there",
    [PT_DROP_REFUSED] = "the X server runs as root and the user has no cookie that it takes",
    [PT_DROP_NOT_PROVEN] = "cannot be proven to be the user's without starting Xwayland",
    [PT_DROP_OPEN_TO_ALL] = "others may write there, or it is a stranger's",
    [PT_DROP_SILENT] = "does not answer as a message bus",
    [PT_DROP_OUTSIDE] = "is not in the runtime directory",
};

enum pt_value pt_value_find(const char *name, size_t length)
{
    enum pt_value value = PT_VALUE_BUS;

    while (value < PT_VALUE_COUNT && (strlen(pt_value_names[value]) != length ||
                                      memcmp(pt_value_names[value], name, length) != 0))
        value = (enum pt_value)(value + 1);
    return value;
}

const char *pt_drop_text(enum pt_drop drop)
{
    return drop_texts[drop];
}

static bool is_letter_or_digit(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z');
}

bool pt_value_is_name(const char *name, size_t length)
{
    if (length == 0 || (name[0] >= '0' && name[0] <= '9'))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_letter_or_digit(name[i]) && name[i] != '_')
            return false;
    }
    return true;
}

enum pt_drop pt_value_accept_word(const char *bytes, size_t length)
{
    if (length == 0 || length > VALUE_LIMIT)
        return PT_DROP_CHARACTERS;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\0' || (!is_letter_or_digit(bytes[i]) && !strchr(":._/@+-", bytes[i])))
            return PT_DROP_CHARACTERS;
    }
    return PT_DROP_NOT;
}

static bool has_dots(const char *bytes, size_t length)
{
    return memmem(bytes, length, "..", 2) != NULL;
}

/* --- the bus --- */

/* `/tmp/dbus%2dXYZ`: decodes %xx. What else there is stands for itself: libraries that take only
 * some bytes unencoded get them encoded from us. */
static enum pt_drop decode_path(const char *bytes, size_t length, struct pt_bus_entry *entry)
{
    entry->length = 0;
    for (size_t i = 0; i < length; i++) {
        int byte = (unsigned char)bytes[i];

        if (byte == '%') {
            if (i + 2 >= length || pt_hex_digit(bytes[i + 1]) < 0 || pt_hex_digit(bytes[i + 2]) < 0)
                return PT_DROP_SHAPE;
            byte = pt_hex_digit(bytes[i + 1]) * 16 + pt_hex_digit(bytes[i + 2]);
            i += 2;
        }
        if (byte < 0x20 || byte == 0x7f)
            return PT_DROP_CHARACTERS;
        if (entry->length == PT_SOCKET_PATH)
            return PT_DROP_SHAPE;
        entry->path[entry->length++] = (char)byte;
    }
    entry->path[entry->length] = '\0';
    if (entry->length == 0 || has_dots(entry->path, entry->length) ||
        (!entry->abstract && entry->path[0] != '/'))
        return PT_DROP_SHAPE;
    return PT_DROP_NOT;
}

/* 32 hexadecimal digits (D-Bus specification, "Server Addresses"). */
static bool is_guid(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (pt_hex_digit(bytes[i]) < 0)
            return false;
    }
    return length == 32;
}

static bool begins_with(const char *bytes, size_t length, const char *word)
{
    return length >= strlen(word) && memcmp(bytes, word, strlen(word)) == 0;
}

/* `path=/run/user/1000/bus`, `abstract=/tmp/dbus-XYZ`, each once and one of them, and `guid=`,
 * which is not handed on: it changes with each start of a bus, and the socket is proof enough. */
static enum pt_drop parse_entry(const char *bytes, size_t length, struct pt_bus_entry *entry)
{
    static const char transport[] = "unix:";
    bool has_path = false, has_guid = false;
    const char *end = bytes + length;

    if (!begins_with(bytes, length, transport))
        return PT_DROP_TRANSPORT;
    for (const char *at = bytes + strlen(transport); at <= end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t size = (size_t)((comma != NULL ? comma : end) - at);
        enum pt_drop drop = PT_DROP_NOT;

        if (!has_guid && begins_with(at, size, "guid=")) {
            has_guid = true;
            drop = is_guid(at + 5, size - 5) ? PT_DROP_NOT : PT_DROP_SHAPE;
        } else if (!has_path && begins_with(at, size, "path=")) {
            has_path = true;
            entry->abstract = false;
            drop = decode_path(at + 5, size - 5, entry);
        } else if (!has_path && begins_with(at, size, "abstract=")) {
            has_path = true;
            entry->abstract = true;
            drop = decode_path(at + 9, size - 9, entry);
        } else {
            drop = PT_DROP_TRANSPORT;
        }
        if (drop != PT_DROP_NOT)
            return drop;
        at += size + 1;
    }
    return has_path ? PT_DROP_NOT : PT_DROP_TRANSPORT;
}

bool pt_bus_next(const char **cursor, const char *end, struct pt_bus_entry *ret_entry,
                 enum pt_drop *ret_drop)
{
    const char *semicolon;
    size_t length;

    while (*cursor < end && **cursor == ';')
        ++*cursor;
    if (*cursor >= end)
        return false;
    semicolon = memchr(*cursor, ';', (size_t)(end - *cursor));
    length = (size_t)((semicolon != NULL ? semicolon : end) - *cursor);
    *ret_drop = parse_entry(*cursor, length, ret_entry);
    *cursor += length;
    return true;
}

int pt_bus_format(const struct pt_bus_entry *entry, struct pt_buffer *text)
{
    pt_buffer_append_text(text, entry->abstract ? "unix:abstract=" : "unix:path=");
    for (size_t i = 0; i < entry->length; i++) {
        char byte = entry->path[i];

        if (is_letter_or_digit(byte) || strchr("-_/.", byte) != NULL)
            pt_buffer_append_byte(text, byte);
        else
            pt_buffer_append_format(text, "%%%02x", (unsigned char)byte);
    }
    return text->error;
}

static enum pt_drop accept_bus(const char *bytes, size_t length, struct pt_buffer *text)
{
    const char *cursor = bytes, *end = bytes + length;
    enum pt_drop drop, first = PT_DROP_SHAPE;
    struct pt_bus_entry entry;

    if (length > VALUE_LIMIT)
        return PT_DROP_CHARACTERS;
    for (bool any = false; pt_bus_next(&cursor, end, &entry, &drop); any = true) {
        if (drop == PT_DROP_NOT) {
            if (text->length > 0)
                pt_buffer_append_byte(text, ';');
            pt_bus_format(&entry, text);
        } else if (!any) {
            first = drop;
        }
    }
    return text->length > 0 ? PT_DROP_NOT : first;
}

/* --- displays --- */

int pt_display_number(const char *text, size_t length, unsigned *ret_number)
{
    const char *at = text + 1, *end = text + length;
    uint64_t number, screen;

    if (length < 2 || text[0] != ':' || pt_scan_u64(&at, end, &number) != 0 || number > 65535)
        return -EINVAL;
    if (at < end && (*at++ != '.' || pt_scan_u64(&at, end, &screen) != 0 || screen > 255))
        return -EINVAL;
    if (at != end)
        return -EINVAL;
    *ret_number = (unsigned)number;
    return 0;
}

bool pt_wayland_is_name(const char *name, size_t length)
{
    return pt_value_accept_word(name, length) == PT_DROP_NOT && !has_dots(name, length) &&
           memchr(name, '/', length) == NULL && length <= PT_SOCKET_PATH &&
           !begins_with(name, length, "wayland-proxy-");
}

/* A plain name, or a path whose last part is one. */
static bool is_wayland(const char *bytes, size_t length)
{
    const char *slash = memrchr(bytes, '/', length);

    if (slash == NULL)
        return pt_wayland_is_name(bytes, length);
    return bytes[0] == '/' && !has_dots(bytes, length) && length <= PT_SOCKET_PATH &&
           pt_wayland_is_name(slash + 1, (size_t)(bytes + length - slash - 1));
}

static bool has_shape(enum kind kind, const char *bytes, size_t length)
{
    unsigned number;

    switch (kind) {
    case DISPLAY:
        return pt_display_number(bytes, length, &number) == 0;
    case WAYLAND:
        return is_wayland(bytes, length);
    case PATH:
        return bytes[0] == '/' && !has_dots(bytes, length);
    case BUS:
    case WORD:
        break;
    }
    return true;
}

enum pt_drop pt_value_accept(enum pt_value value, const char *bytes, size_t length,
                             struct pt_buffer *ret_text)
{
    enum pt_drop drop;

    pt_buffer_clear(ret_text);
    if (kinds[value] == BUS) {
        drop = accept_bus(bytes, length, ret_text);
    } else {
        drop = pt_value_accept_word(bytes, length);
        if (drop == PT_DROP_NOT && !has_shape(kinds[value], bytes, length))
            drop = PT_DROP_SHAPE;
        if (drop == PT_DROP_NOT)
            pt_buffer_append(ret_text, bytes, length);
    }
    if (drop != PT_DROP_NOT)
        pt_buffer_clear(ret_text);
    return drop;
}
