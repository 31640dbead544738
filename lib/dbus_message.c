/* Parsing messages (D-Bus specification, "Message Format" and "Marshaling"). */
#include "dbus.h"

#include <errno.h>
#include <string.h>

enum { FIXED = 16 }; /* up to and with the length of the array of fields */

enum { FIELD_ERROR_NAME = 4, FIELD_REPLY_SERIAL = 5, FIELD_SIGNATURE = 8 };

static uint32_t get_u32(const char *bytes, bool big_endian)
{
    const unsigned char *at = (const unsigned char *)bytes;

    if (big_endian)
        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static size_t aligned(size_t at, size_t alignment)
{
    return (at + alignment - 1) & ~(alignment - 1);
}

/* A walk over the array of fields: offsets count from the message's first byte. */
struct walk {
    const char *bytes;
    size_t at, end;
    bool big_endian;
};

static int walk_u32(struct walk *walk, uint32_t *ret_number)
{
    size_t at = aligned(walk->at, 4);

    if (at > walk->end || walk->end - at < 4)
        return -EPROTO;
    *ret_number = get_u32(walk->bytes + at, walk->big_endian);
    walk->at = at + 4;
    return 0;
}

/* LENGTH bytes and a NUL, and none among them. */
static int walk_text(struct walk *walk, size_t length, const char **ret_text)
{
    const char *text = walk->bytes + walk->at;

    if (walk->end - walk->at <= length || text[length] != '\0' ||
        memchr(text, '\0', length) != NULL)
        return -EPROTO;
    *ret_text = text;
    walk->at += length + 1;
    return 0;
}

static int walk_string(struct walk *walk, const char **ret_text)
{
    uint32_t length;

    return walk_u32(walk, &length) != 0 ? -EPROTO : walk_text(walk, length, ret_text);
}

static int walk_signature(struct walk *walk, const char **ret_text)
{
    size_t length;

    if (walk->at >= walk->end)
        return -EPROTO;
    length = (unsigned char)walk->bytes[walk->at++];
    return walk_text(walk, length, ret_text);
}

/* A field is a struct of its code and a variant. The specification gives each code one type, and no
 * header field another than these. */
static int walk_field(struct walk *walk, struct pt_dbus_message *message)
{
    const char *type, *text = NULL;
    uint32_t number = 0;
    unsigned code;
    int error;

    walk->at = aligned(walk->at, 8);
    if (walk->at >= walk->end)
        return -EPROTO;
    code = (unsigned char)walk->bytes[walk->at++];
    if (walk_signature(walk, &type) != 0 || strlen(type) != 1)
        return -EPROTO;
    switch (type[0]) {
    case 's':
    case 'o':
        error = walk_string(walk, &text);
        break;
    case 'g':
        error = walk_signature(walk, &text);
        break;
    case 'u':
        error = walk_u32(walk, &number);
        break;
    default:
        return -EPROTO;
    }
    if (error != 0)
        return error;
    if (code == FIELD_ERROR_NAME && type[0] == 's')
        message->error_name = text;
    else if (code == FIELD_SIGNATURE && type[0] == 'g')
        message->signature = text;
    else if (code == FIELD_REPLY_SERIAL && type[0] == 'u')
        message->reply_to = number;
    return 0;
}

/* Byte order, type, flags, version, length of the body, serial, length of the fields. */
static int parse_fixed(const char *bytes, struct pt_dbus_message *message, size_t *ret_fields)
{
    uint32_t body, fields;

    if (bytes[0] != 'l' && bytes[0] != 'B')
        return -EPROTO;
    message->big_endian = bytes[0] == 'B';
    if (bytes[1] < PT_DBUS_CALL || bytes[1] > PT_DBUS_SIGNAL || bytes[3] != 1)
        return -EPROTO;
    message->type = (enum pt_dbus_type)bytes[1];
    body = get_u32(bytes + 4, message->big_endian);
    message->serial = get_u32(bytes + 8, message->big_endian);
    fields = get_u32(bytes + 12, message->big_endian);
    if (body > PT_DBUS_LIMIT || fields > PT_DBUS_LIMIT)
        return -EMSGSIZE;
    *ret_fields = fields;
    message->body_length = body;
    message->length = aligned(FIXED + (size_t)fields, 8) + body;
    return message->length > PT_DBUS_LIMIT ? -EMSGSIZE : 0;
}

int pt_dbus_parse(const void *bytes, size_t length, struct pt_dbus_message *ret_message)
{
    struct pt_dbus_message message = {.signature = "", .length = FIXED};
    struct walk walk = {.bytes = bytes, .at = FIXED};
    size_t fields = 0;
    int error;

    if (length >= FIXED) {
        error = parse_fixed(bytes, &message, &fields);
        if (error != 0)
            return error;
    }
    if (length < message.length || length < FIXED) {
        ret_message->length = message.length;
        return -EAGAIN;
    }
    walk.end = FIXED + fields;
    walk.big_endian = message.big_endian;
    while (walk.at < walk.end) {
        error = walk_field(&walk, &message);
        if (error != 0)
            return error;
    }
    message.body = (const char *)bytes + message.length - message.body_length;
    *ret_message = message;
    return 0;
}

/* The body begins at a multiple of 8: offsets within it align as those of the message do. */
static struct walk body_walk(const struct pt_dbus_reader *reader)
{
    return (struct walk){reader->message->body, reader->at, reader->message->body_length,
                         reader->message->big_endian};
}

int pt_dbus_read_u32(struct pt_dbus_reader *reader, uint32_t *ret_number)
{
    struct walk walk = body_walk(reader);
    int error = walk_u32(&walk, ret_number);

    reader->at = walk.at;
    return error;
}

int pt_dbus_read_text(struct pt_dbus_reader *reader, const char **ret_text)
{
    struct walk walk = body_walk(reader);
    int error = walk_string(&walk, ret_text);

    reader->at = walk.at;
    return error;
}

int pt_dbus_read_array(struct pt_dbus_reader *reader, size_t *ret_end)
{
    uint32_t length;

    if (pt_dbus_read_u32(reader, &length) != 0 ||
        length > reader->message->body_length - reader->at)
        return -EPROTO;
    *ret_end = reader->at + length;
    return 0;
}
