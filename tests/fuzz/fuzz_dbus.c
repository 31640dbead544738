/* Messages of any bytes, and what is read from their bodies: never beyond them. */
#include <errno.h>
#include <string.h>

#include "dbus.h"
#include "fuzz.h"

static void read_body(const struct pt_dbus_message *message)
{
    struct pt_dbus_reader reader = {message, 0};
    uint32_t number;
    size_t end;

    if (pt_dbus_read_array(&reader, &end) == 0) {
        const char *text;

        REQUIRE(end <= message->body_length);
        while (reader.at < end && pt_dbus_read_text(&reader, &text) == 0) {
            REQUIRE(text >= message->body && text < message->body + message->body_length);
            REQUIRE(strlen(text) < message->body_length);
        }
        REQUIRE(reader.at <= message->body_length);
    }
    reader.at = 0;
    (void)pt_dbus_read_u32(&reader, &number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pt_dbus_message message = {.length = 0};
    int result = pt_dbus_parse(data, size, &message);

    REQUIRE(result == 0 || result == -EAGAIN || result == -EPROTO || result == -EMSGSIZE);
    if (result == -EAGAIN)
        REQUIRE(message.length > size && message.length <= PT_DBUS_LIMIT);
    if (result != 0)
        return 0;
    REQUIRE(message.length <= size && message.body_length <= message.length);
    REQUIRE(strlen(message.signature) < size);
    REQUIRE(message.error_name == NULL || strlen(message.error_name) < size);
    read_body(&message);
    return 0;
}
