#include "dbus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "units.h"

#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define NOTIFICATIONS "org.freedesktop.Notifications"
#define NOTIFICATIONS_PATH "/org/freedesktop/Notifications"

/* --- writing: little-endian always, which every bus takes --- */

static void put_padding(struct pt_buffer *out, size_t alignment)
{
    size_t over = out->length % alignment;

    if (over != 0)
        pt_buffer_append_fill(out, '\0', alignment - over);
}

static void set_u32(char *bytes, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (char)(unsigned char)(number >> 8 * i);
}

static void put_u32(struct pt_buffer *out, uint32_t number)
{
    char bytes[4];

    set_u32(bytes, number);
    put_padding(out, 4);
    pt_buffer_append(out, bytes, sizeof bytes);
}

static void put_text(struct pt_buffer *out, const char *text)
{
    put_u32(out, (uint32_t)strlen(text));
    pt_buffer_append(out, text, strlen(text) + 1);
}

static void put_signature(struct pt_buffer *out, const char *signature)
{
    pt_buffer_append_byte(out, (char)(unsigned char)strlen(signature));
    pt_buffer_append(out, signature, strlen(signature) + 1);
}

static void put_field(struct pt_buffer *out, char code, const char *type, const char *text)
{
    put_padding(out, 8);
    pt_buffer_append_byte(out, code);
    put_signature(out, type);
    if (type[0] == 'g')
        put_signature(out, text);
    else
        put_text(out, text);
}

struct call {
    const char *destination, *path, *interface, *member, *signature;
};

/* The call up to its body: put that, then end_call. Fields: 1 PATH, 2 INTERFACE, 3 MEMBER,
 * 6 DESTINATION, 8 SIGNATURE. */
static size_t begin_call(struct pt_buffer *out, const struct call *call, uint32_t serial)
{
    static const char fixed[] = {'l', PT_DBUS_CALL, 0, 1, 0, 0, 0, 0};

    pt_buffer_init(out);
    pt_buffer_append(out, fixed, sizeof fixed);
    put_u32(out, serial);
    put_u32(out, 0); /* the fields' length */
    put_field(out, 1, "o", call->path);
    put_field(out, 2, "s", call->interface);
    put_field(out, 3, "s", call->member);
    put_field(out, 6, "s", call->destination);
    if (call->signature[0] != '\0')
        put_field(out, 8, "g", call->signature);
    if (out->error == 0)
        set_u32(out->data + 12, (uint32_t)out->length - 16);
    put_padding(out, 8);
    return out->length;
}

static void end_call(struct pt_buffer *out, size_t body)
{
    if (out->error == 0)
        set_u32(out->data + 4, (uint32_t)(out->length - body));
}

/* --- what has come --- */

/* Adds what is there, at least one byte. */
static int receive_some(struct pt_dbus *bus)
{
    int got = pt_stream_receive(&bus->stream, &bus->in);

    if (got == 0)
        return -ECONNRESET;
    return got > 0 ? 0 : got;
}

static void drop_used(struct pt_dbus *bus)
{
    if (bus->used == 0)
        return;
    memmove(bus->in.data, bus->in.data + bus->used, bus->in.length - bus->used);
    pt_buffer_truncate(&bus->in, bus->in.length - bus->used);
    bus->used = 0;
}

/* --- calls --- */

/* Sends OUT and waits for the answer to it; other messages are passed over. The answer stays until
 * the next call. */
static int exchange(struct pt_dbus *bus, const struct pt_buffer *out,
                    struct pt_dbus_message *ret_reply)
{
    int error = out->error != 0 ? out->error : pt_stream_send(&bus->stream, out->data, out->length);

    while (error == 0) {
        struct pt_dbus_message message;

        drop_used(bus);
        error = pt_dbus_parse(bus->in.data, bus->in.length, &message);
        if (error == -EAGAIN) {
            error = receive_some(bus);
            continue;
        }
        if (error != 0)
            break;
        bus->used = message.length;
        if (message.reply_to == bus->serial &&
            (message.type == PT_DBUS_RETURN || message.type == PT_DBUS_ERROR)) {
            *ret_reply = message;
            return 0;
        }
    }
    return error;
}

/* A method of the bus itself, with one text at the most. */
static int ask_bus(struct pt_dbus *bus, const char *member, const char *text,
                   const char *answer_type, struct pt_dbus_message *ret_reply)
{
    const struct call call = {BUS, BUS_PATH, BUS, member, text != NULL ? "s" : ""};
    struct pt_buffer out;
    size_t body = begin_call(&out, &call, ++bus->serial);
    int error;

    if (text != NULL)
        put_text(&out, text);
    end_call(&out, body);
    error = exchange(bus, &out, ret_reply);
    pt_buffer_done(&out);
    if (error == 0 &&
        (ret_reply->type != PT_DBUS_RETURN || strcmp(ret_reply->signature, answer_type) != 0))
        error = -EPROTO;
    return error;
}

/* One line of the SASL talk, without its end. */
static int read_line(struct pt_dbus *bus, const char **ret_line)
{
    for (;;) {
        char *end = bus->in.length > 0 ? memmem(bus->in.data, bus->in.length, "\r\n", 2) : NULL;
        int error;

        if (end != NULL) {
            *end = '\0';
            bus->used = (size_t)(end + 2 - bus->in.data);
            *ret_line = bus->in.data;
            return 0;
        }
        if (bus->in.length > 16384)
            return -EPROTO;
        error = receive_some(bus);
        if (error != 0)
            return error;
    }
}

/* A NUL, then `AUTH EXTERNAL` with the uid's digits in hexadecimal (specification, "Authentication
 * Protocol"); the bus asks the kernel who we are. */
static int authenticate(struct pt_dbus *bus, uid_t uid)
{
    char text[96], digits[16];
    int length = snprintf(digits, sizeof digits, "%u", uid), at;
    const char *line;
    int error;

    at = snprintf(text, sizeof text, "%cAUTH EXTERNAL ", '\0');
    for (int i = 0; i < length; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%02x", (unsigned)digits[i]);
    at += snprintf(text + at, sizeof text - (size_t)at, "\r\n");
    error = pt_stream_send(&bus->stream, text, (size_t)at);
    if (error == 0)
        error = read_line(bus, &line);
    if (error != 0)
        return error;
    if (strncmp(line, "OK ", 3) != 0)
        return strncmp(line, "REJECTED", 8) == 0 ? -EACCES : -EPROTO;
    drop_used(bus);
    return pt_stream_send(&bus->stream, "BEGIN\r\n", 7);
}

int pt_dbus_open(struct pt_dbus *ret_bus, int fd, uid_t uid, int64_t deadline)
{
    struct pt_dbus bus = {0};
    struct pt_dbus_message reply;
    int error = pt_stream_open(&bus.stream, fd, deadline);

    if (error != 0)
        return error;
    error = authenticate(&bus, uid);
    if (error == 0)
        error = ask_bus(&bus, "Hello", NULL, "s", &reply);
    if (error == 0)
        *ret_bus = bus;
    else
        pt_dbus_close(&bus);
    return error;
}

void pt_dbus_close(struct pt_dbus *bus)
{
    pt_buffer_done(&bus->in);
    pt_stream_close(&bus->stream);
}

int pt_dbus_has_owner(struct pt_dbus *bus, const char *name)
{
    struct pt_dbus_message reply;
    struct pt_dbus_reader reader = {&reply, 0};
    uint32_t answer = 0;
    int error = ask_bus(bus, "NameHasOwner", name, "b", &reply);

    if (error == 0)
        error = pt_dbus_read_u32(&reader, &answer);
    return error != 0 ? error : answer == 1;
}

int pt_dbus_is_activatable(struct pt_dbus *bus, const char *name)
{
    struct pt_dbus_message reply;
    struct pt_dbus_reader reader = {&reply, 0};
    size_t end = 0;
    int error = ask_bus(bus, "ListActivatableNames", NULL, "as", &reply);

    if (error == 0)
        error = pt_dbus_read_array(&reader, &end);
    while (error == 0 && reader.at < end) {
        const char *text;

        error = pt_dbus_read_text(&reader, &text);
        if (error == 0 && strcmp(text, name) == 0)
            return 1;
    }
    return error;
}

/* susssasa{sv}i: the hints hold the urgency, a byte. */
static void put_notification(struct pt_buffer *out, const struct pt_notification *notification)
{
    size_t begin, length_at;

    put_text(out, notification->application);
    put_u32(out, 0); /* replaces none */
    put_text(out, notification->icon);
    put_text(out, notification->summary);
    put_text(out, notification->body);
    put_u32(out, 0); /* no actions */
    put_u32(out, 0); /* the hints' length */
    length_at = out->length - 4;
    put_padding(out, 8); /* not part of that length */
    begin = out->length;
    put_text(out, "urgency");
    put_signature(out, "y");
    pt_buffer_append_byte(out, (char)notification->urgency);
    if (out->error == 0)
        set_u32(out->data + length_at, (uint32_t)(out->length - begin));
    put_u32(out, (uint32_t)notification->expiry);
}

int pt_dbus_notify(struct pt_dbus *bus, const struct pt_notification *notification,
                   struct pt_buffer *ret_error)
{
    static const struct call call = {NOTIFICATIONS, NOTIFICATIONS_PATH, NOTIFICATIONS, "Notify",
                                     "susssasa{sv}i"};
    struct pt_dbus_message reply;
    struct pt_buffer out;
    size_t body = begin_call(&out, &call, ++bus->serial);
    int error;

    put_notification(&out, notification);
    end_call(&out, body);
    error = exchange(bus, &out, &reply);
    pt_buffer_done(&out);
    if (error != 0 || reply.type == PT_DBUS_RETURN)
        return error;
    pt_buffer_append_text(ret_error, reply.error_name != NULL ? reply.error_name : "an error");
    return -EREMOTEIO;
}
