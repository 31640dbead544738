/*
 * A client of a message bus (D-Bus specification 0.38), as small as our few questions: SASL
 * EXTERNAL, Hello, one call at a time, its reply. It works on a connected socket and never looks
 * for one. A bus may be anybody's program: every answer is parsed as hostile, what it may cost is
 * bounded in bytes and by one deadline.
 */
#ifndef PT_DBUS_H
#define PT_DBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "stream.h"

/* A message longer than that is refused (-EMSGSIZE). */
#define PT_DBUS_LIMIT ((size_t)1 << 20)

enum pt_dbus_type { PT_DBUS_CALL = 1, PT_DBUS_RETURN = 2, PT_DBUS_ERROR = 3, PT_DBUS_SIGNAL = 4 };

/* A parsed message; everything points into its bytes. */
struct pt_dbus_message {
    enum pt_dbus_type type;
    bool big_endian;
    uint32_t serial;
    uint32_t reply_to;      /* 0: none */
    const char *error_name; /* NULL: none */
    const char *signature;  /* "" without a body */
    const char *body;
    size_t body_length;
    size_t length; /* of the whole message */
};

/*
 * Parses the message at the beginning of BYTES. 0; -EAGAIN: it is not whole yet,
 * RET_MESSAGE->length says how long it is, or 16 when that cannot be told yet; -EPROTO: it is none;
 * -EMSGSIZE.
 */
int pt_dbus_parse(const void *bytes, size_t length, struct pt_dbus_message *ret_message);

/* A message's body, read value by value: -EPROTO when there is something else. */
struct pt_dbus_reader {
    const struct pt_dbus_message *message;
    size_t at;
};
int pt_dbus_read_u32(struct pt_dbus_reader *reader, uint32_t *ret_number);
/* NUL-terminated, within the message. */
int pt_dbus_read_text(struct pt_dbus_reader *reader, const char **ret_text);
/* The length of an array in bytes, checked against the body; elements of four bytes' alignment. */
int pt_dbus_read_array(struct pt_dbus_reader *reader, size_t *ret_end);

/* A connection. */
struct pt_dbus {
    struct pt_stream stream;
    uint32_t serial; /* of the last call */
    struct pt_buffer in;
    size_t used; /* bytes of `in` that the last reply took */
};

/* Takes over FD, a connected stream socket, authenticates as UID and says Hello. -ETIMEDOUT;
 * -EACCES: the bus does not believe us; -EPROTO; -ECONNRESET. FD is closed on failure too. */
int pt_dbus_open(struct pt_dbus *ret_bus, int fd, uid_t uid, int64_t deadline);
void pt_dbus_close(struct pt_dbus *bus);

/* Whether NAME is owned (never starts anything): 1, 0 or -errno. */
int pt_dbus_has_owner(struct pt_dbus *bus, const char *name);

/* Whether the bus could start NAME: 1, 0 or -errno. */
int pt_dbus_is_activatable(struct pt_dbus *bus, const char *name);

/* A notification; texts are UTF-8. */
struct pt_notification {
    const char *application, *icon, *summary, *body;
    uint8_t urgency; /* 0 low, 1 normal, 2 critical */
    int32_t expiry;  /* milliseconds; -1: the daemon's choice; 0: never */
};

/* Calls Notify of org.freedesktop.Notifications; the bus may start the daemon. -EREMOTEIO with the
 * error's name appended to RET_ERROR when an error came back; else as pt_dbus_open. */
int pt_dbus_notify(struct pt_dbus *bus, const struct pt_notification *notification,
                   struct pt_buffer *ret_error);

#endif
