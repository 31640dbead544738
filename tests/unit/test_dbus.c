/* Messages of the bus: parsed whole, cut at every byte, and with lies in every length. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "busmessage.h"
#include "dbus.h"
#include "suite.h"

/* Exactly as much memory as the message has, so that reading beyond it is seen. */
static int parse_exact(const char *bytes, size_t length, struct pt_dbus_message *ret_message)
{
    char *exact = malloc(length > 0 ? length : 1);
    int result;

    memcpy(exact, bytes, length);
    result = pt_dbus_parse(exact, length, ret_message);
    free(exact);
    return result;
}

START_TEST(parses_whole_ones)
{
    char bytes[256];
    size_t length = bus_message(bytes, 2, BYTES(BUS_REPLY BUS_TEXT), BYTES("\4\0\0\0:1.5\0"));
    struct pt_dbus_message message;
    struct pt_dbus_reader reader = {&message, 0};
    const char *text;

    ck_assert_int_eq(pt_dbus_parse(bytes, length, &message), 0);
    ck_assert_int_eq(message.type, PT_DBUS_RETURN);
    ck_assert_uint_eq(message.serial, 7);
    ck_assert_uint_eq(message.reply_to, 1);
    ck_assert_str_eq(message.signature, "s");
    ck_assert_uint_eq(message.length, length);
    ck_assert_int_eq(pt_dbus_read_text(&reader, &text), 0);
    ck_assert_str_eq(text, ":1.5");
    ck_assert_int_eq(pt_dbus_read_text(&reader, &text), -EPROTO);
    /* Cut anywhere it is not whole yet, and says how much is missing. */
    for (size_t cut = 0; cut < length; cut++) {
        ck_assert_int_eq(parse_exact(bytes, cut, &message), -EAGAIN);
        ck_assert_uint_eq(message.length, cut < 16 ? 16 : length);
    }
}
END_TEST

START_TEST(refuses_lies)
{
    static const struct {
        const char *fields;
        size_t length;
    } rows[] = {
        {BYTES("\5\1u\0\1\0\0")},           /* cut within a number */
        {BYTES("\5\2u\0\0\1\0\0\0")},       /* a signature longer than it is */
        {BYTES("\5\1s\0\377\377\377\377")}, /* a text of 4 GiB */
        {BYTES("\5\1s\0\7\0\0\0abc")},      /* a text beyond the fields */
        {BYTES("\4\1s\0\3\0\0\0abcd")},     /* a text without its NUL */
        {BYTES("\4\1s\0\3\0\0\0a\0c\0")},   /* a text with one in the middle */
        {BYTES("\10\1g\0\377s\0")},         /* a signature beyond the fields */
        {BYTES("\5\1v\0\1u\0\0")},          /* types that no field has */
        {BYTES("\5\1a\0\1u\0\0")},
        {BYTES("\5\0\0")},                   /* no type at all */
        {BYTES("\5\2uu\0\1\0\0\0\1\0\0\0")}, /* two */
        {BYTES("\5")},
        {BYTES(BUS_TEXT "\0")}, /* a field that begins behind the last one */
    };
    struct pt_dbus_message message;
    char bytes[256];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = bus_message(bytes, 2, rows[i].fields, rows[i].length, BYTES(""));

        ck_assert_msg(parse_exact(bytes, length, &message) == -EPROTO, "row %zu", i);
    }
}
END_TEST

START_TEST(refuses_heads)
{
    static const struct {
        size_t at;
        const char *bytes;
        size_t length;
        int result;
    } rows[] = {
        {0, BYTES("x"), -EPROTO},  /* no byte order */
        {1, BYTES("\0"), -EPROTO}, /* no type */
        {1, BYTES("\5"), -EPROTO},
        {3, BYTES("\2"), -EPROTO},           /* another version */
        {4, BYTES("\0\0\0\200"), -EMSGSIZE}, /* a body of 2 GiB */
        {12, BYTES("\377\377\377\377"), -EMSGSIZE},
        {12, BYTES("\0\0\20\0"), -EMSGSIZE}, /* 1 MiB of fields, and the rest */
        {0, BYTES("B"), -EMSGSIZE},          /* 8 in the other order */
    };
    struct pt_dbus_message message;
    char bytes[64];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = bus_message(bytes, 2, BYTES(BUS_REPLY), BYTES(""));

        memcpy(bytes + rows[i].at, rows[i].bytes, rows[i].length);
        ck_assert_msg(parse_exact(bytes, length, &message) == rows[i].result, "row %zu", i);
    }
}
END_TEST

START_TEST(reads_lists)
{
    static const struct {
        const char *body;
        size_t length;
        int texts; /* -1: refused */
    } rows[] = {
        {BYTES("\0\0\0\0"), 0},
        {BYTES("\14\0\0\0\2\0\0\0ab\0\0\3\0\0\0"), -1},
        {BYTES("\20\0\0\0\2\0\0\0ab\0\0\3\0\0\0cde\0"), 2},
        {BYTES("\377\377\377\377\2\0\0\0ab\0"), -1},
        {BYTES("\4\0\0\0\377\377\377\377"), -1},
        {BYTES("\0\0"), -1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *exact = malloc(rows[i].length);
        const struct pt_dbus_message message = {.body = exact, .body_length = rows[i].length};
        struct pt_dbus_reader reader = {&message, 0};
        const char *text;
        size_t end = 0;
        int texts = 0;

        memcpy(exact, rows[i].body, rows[i].length);
        if (pt_dbus_read_array(&reader, &end) != 0)
            texts = -1;
        while (texts >= 0 && reader.at < end)
            texts = pt_dbus_read_text(&reader, &text) == 0 ? texts + 1 : -1;
        ck_assert_msg(texts == rows[i].texts, "row %zu: %d", i, texts);
        free(exact);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("dbus", parses_whole_ones, refuses_lies, refuses_heads, reads_lists);
}
