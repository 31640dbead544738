/* UTF-8, the escaper, locales, widths: each row is what a process may call itself. */
#include <check.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "columns.h"
#include "suite.h"
#include "text.h"

/* A string literal that may hold NULs, and its length. */
#define BYTES(literal) literal, sizeof(literal) - 1

static const struct sequence {
    const char *bytes;
    size_t length;
    uint32_t code;
    size_t size;
} sequences[] = {
    {BYTES("a"), 'a', 1},
    {BYTES("\0"), 0, 1},
    {BYTES("\x7f"), 0x7f, 1},
    {BYTES("\xc2\x80"), 0x80, 2},
    {BYTES("\xdf\xbf"), 0x7ff, 2},
    {BYTES("\xe0\xa0\x80"), 0x800, 3},
    {BYTES("\xe2\x82\xac"
           "x"),
     0x20ac, 3},
    {BYTES("\xed\x9f\xbf"), 0xd7ff, 3},
    {BYTES("\xee\x80\x80"), 0xe000, 3},
    {BYTES("\xef\xbf\xbf"), 0xffff, 3},
    {BYTES("\xf0\x90\x80\x80"), 0x10000, 4},
    {BYTES("\xf4\x8f\xbf\xbf"), 0x10ffff, 4},
    /* lone, overlong, surrogates, too large; the size is that of Unicode's table 3-8 */
    {BYTES("\x80"), PT_UTF8_INVALID, 1},
    {BYTES("\xbf\x80"), PT_UTF8_INVALID, 1},
    {BYTES("\xc0\x80"), PT_UTF8_INVALID, 1},
    {BYTES("\xc1\xbf"), PT_UTF8_INVALID, 1},
    {BYTES("\xe0\x9f\xbf"), PT_UTF8_INVALID, 1},
    {BYTES("\xed\xa0\x80"), PT_UTF8_INVALID, 1},
    {BYTES("\xf0\x8f\xbf\xbf"), PT_UTF8_INVALID, 1},
    {BYTES("\xf4\x90\x80\x80"), PT_UTF8_INVALID, 1},
    {BYTES("\xf5\x80\x80\x80"), PT_UTF8_INVALID, 1},
    {BYTES("\xfe"), PT_UTF8_INVALID, 1},
    {BYTES("\xff"), PT_UTF8_INVALID, 1},
    /* cut off, by the end or by another character */
    {BYTES("\xc3"), PT_UTF8_INVALID, 1},
    {BYTES("\xc3"
           "a"),
     PT_UTF8_INVALID, 1},
    {BYTES("\xc3\xc3\xa9"), PT_UTF8_INVALID, 1},
    {BYTES("\xe2\x82"), PT_UTF8_INVALID, 2},
    {BYTES("\xe2\x82"
           "a"),
     PT_UTF8_INVALID, 2},
    {BYTES("\xf0\x9f\x98"), PT_UTF8_INVALID, 3},
    {BYTES("\xf0\x9f\x98\xf0"), PT_UTF8_INVALID, 3},
    {BYTES("\xf0\x9f"), PT_UTF8_INVALID, 2},
};

START_TEST(decodes)
{
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        const struct sequence *row = &sequences[i];
        char *bytes = malloc(row->length); /* of its own, for the sanitizer */
        uint32_t code;
        size_t size;

        memcpy(bytes, row->bytes, row->length);
        size = pt_utf8_decode(bytes, row->length, &code);
        ck_assert_msg(code == row->code && size == row->size, "row %zu: U+%x of %zu bytes", i,
                      (unsigned)code, size);
        if (row->code == PT_UTF8_INVALID)
            ck_assert_msg(!pt_utf8_is_valid(bytes, row->length), "row %zu is valid", i);
        free(bytes);
    }
}
END_TEST

/* Every code point, written by the definition and read back. */
START_TEST(decodes_all_code_points)
{
    for (uint32_t code = 0x80; code < 0x110000; code++) {
        char bytes[4];
        uint32_t found;
        size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

        for (size_t i = size - 1, rest = code; i > 0; i--, rest >>= 6)
            bytes[i] = (char)(0x80 | (rest & 0x3f));
        bytes[0] = (char)((0xf00u >> size & 0xf0) | code >> 6 * (size - 1));
        if (code >= 0xd800 && code < 0xe000) {
            if (pt_utf8_is_valid(bytes, size))
                ck_abort_msg("U+%x", (unsigned)code);
        } else if (pt_utf8_decode(bytes, size, &found) != size || found != code) {
            ck_abort_msg("U+%x read as U+%x", (unsigned)code, (unsigned)found);
        }
    }
}
END_TEST

START_TEST(validity)
{
    ck_assert(pt_utf8_is_valid(BYTES("")));
    ck_assert(pt_utf8_is_valid(BYTES("a\0\x1b\xc3\xa9\xf0\x9f\x98\x80")));
    ck_assert(!pt_utf8_is_valid(BYTES("caf\xe9")));
    ck_assert(!pt_utf8_is_valid(BYTES("ok\xc3")));
}
END_TEST

START_TEST(made_valid)
{
    static const char text[] = "a\xff"
                               "b\xc3\xbc\xe2\x82"
                               "c\0d";
    struct pt_buffer valid = {0};

    ck_assert_int_eq(pt_buffer_append_utf8(&valid, text, sizeof text - 1), 0);
    ck_assert_uint_eq(valid.length, 13);
    ck_assert_mem_eq(valid.data,
                     "a\xef\xbf\xbd"
                     "b\xc3\xbc\xef\xbf\xbd"
                     "c\0d",
                     13);
    pt_buffer_done(&valid);
}
END_TEST

START_TEST(printability)
{
    static const uint32_t shown[] = {' ',    '~',    0xa0,   0xe9,   0x301,   0x20ac,  0x2500,
                                     0x3042, 0xe000, 0xfe0f, 0xfffd, 0x1f600, 0x20000, 0x10fffd};
    static const uint32_t hidden[] = {
        0,       0x1b,    '\n',     0x7f,   0x80,     0x9b,           0xad,   0x34f,  0x61c,
        0x180e,  0x200b,  0x200d,   0x200e, 0x200f,   0x2028,         0x2029, 0x202a, 0x202e,
        0x2060,  0x2066,  0x2069,   0x3164, 0xfdd0,   0xfeff,         0xfff9, 0xfffe, 0x1fffe,
        0xe0001, 0xe0041, 0x10ffff, 0xd800, 0x110000, PT_UTF8_INVALID};

    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        ck_assert_msg(pt_utf8_is_printable(shown[i]), "U+%x is shown", (unsigned)shown[i]);
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        ck_assert_msg(!pt_utf8_is_printable(hidden[i]), "U+%x is not", (unsigned)hidden[i]);
}
END_TEST

static const struct escape {
    const char *bytes;
    size_t length;
    unsigned flags;
    const char *escaped;
} escapes[] = {
    {BYTES(""), PT_ESCAPE_UTF8, ""},
    {BYTES("sshd: user [priv]"), PT_ESCAPE_UTF8, "sshd: user [priv]"},
    {BYTES("a\nb\tc\r"), PT_ESCAPE_UTF8, "a\\x0ab\\x09c\\x0d"},
    {BYTES("\x1b[2J\x7f\0"), PT_ESCAPE_UTF8, "\\x1b[2J\\x7f\\x00"},
    {BYTES("C:\\x41"), PT_ESCAPE_UTF8, "C:\\\\x41"},
    {BYTES("\"q\""), PT_ESCAPE_UTF8, "\"q\""},
    {BYTES("\"q\""), PT_ESCAPE_UTF8 | PT_ESCAPE_QUOTE, "\\\"q\\\""},
    {BYTES("caf\xc3\xa9 \xe2\x82\xac"), PT_ESCAPE_UTF8, "caf\xc3\xa9 \xe2\x82\xac"},
    {BYTES("caf\xc3\xa9"), 0, "caf\\xc3\\xa9"},
    {BYTES("caf\xe9"), PT_ESCAPE_UTF8, "caf\\xe9"},
    {BYTES("\xe2\x82"), PT_ESCAPE_UTF8, "\\xe2\\x82"},
    {BYTES("\xe2\x82z"), PT_ESCAPE_UTF8, "\\xe2\\x82z"},
    {BYTES("\xff\xfe"), PT_ESCAPE_UTF8, "\\xff\\xfe"},
    {BYTES("\x9b"
           "31m"),
     PT_ESCAPE_UTF8, "\\x9b31m"},
    {BYTES("\xc2\x9b"
           "31m"),
     PT_ESCAPE_UTF8, "\\u{9b}31m"},
    {BYTES("a\xe2\x80\xae"
           "dcb"),
     PT_ESCAPE_UTF8, "a\\u{202e}dcb"},
    {BYTES("a\xe2\x80\xae"), 0, "a\\xe2\\x80\\xae"},
    {BYTES("\xe2\x80\x8b\xef\xbb\xbf"), PT_ESCAPE_UTF8, "\\u{200b}\\u{feff}"},
    {BYTES("\xf3\xa0\x81\x81"), PT_ESCAPE_UTF8, "\\u{e0041}"},
    {BYTES("\xed\xa0\x80"), PT_ESCAPE_UTF8, "\\xed\\xa0\\x80"},
    {BYTES("\\u{202e}"), PT_ESCAPE_UTF8, "\\\\u{202e}"},
};

START_TEST(escapes_text)
{
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        const struct escape *row = &escapes[i];
        struct pt_buffer buffer = {0};

        ck_assert_int_eq(pt_buffer_escape(&buffer, row->bytes, row->length, row->flags), 0);
        ck_assert_msg(strcmp(pt_buffer_text(&buffer), row->escaped) == 0, "row %zu: %s", i,
                      pt_buffer_text(&buffer));
        ck_assert_int_eq(pt_text_plain_length(row->bytes, row->length, row->flags) == row->length,
                         buffer.length == row->length);
        pt_buffer_done(&buffer);
    }
}
END_TEST

/* No byte and no flag lets a control, or in ASCII a high byte, through. */
START_TEST(escapes_every_byte)
{
    for (unsigned flags = 0; flags < 4; flags++) {
        for (int byte = 0; byte < 256; byte++) {
            char raw = (char)byte;
            struct pt_buffer buffer = {0};

            ck_assert_int_eq(pt_buffer_escape(&buffer, &raw, 1, flags), 0);
            for (size_t i = 0; i < buffer.length; i++)
                ck_assert(buffer.data[i] >= ' ' && buffer.data[i] < 0x7f);
            ck_assert_uint_eq(pt_text_plain_length(&raw, 1, flags), buffer.length == 1);
            pt_buffer_done(&buffer);
        }
    }
}
END_TEST

static const struct environment {
    const char *all, *ctype, *lang;
    bool utf8;
} environments[] = {
    {NULL, NULL, NULL, false},
    {NULL, NULL, "C", false},
    {NULL, NULL, "C.UTF-8", true},
    {NULL, NULL, "de_DE.utf8", true},
    {NULL, NULL, "xx_XX.Utf-8", true},
    {NULL, NULL, "UTF-8", true},
    {NULL, NULL, "de_DE.UTF-8@euro", true},
    {NULL, NULL, "de_DE@UTF-8", false},
    {NULL, NULL, "de_DE.ISO-8859-1", false},
    {NULL, NULL, "de_DE.UTF-16", false},
    {NULL, NULL, "utf", false},
    {"", "", "C.UTF-8", true},
    {"POSIX", "C.UTF-8", "C.UTF-8", false},
    {"C.UTF-8", "C", "C", true},
    {"", "C", "C.UTF-8", false},
    {NULL, "C.UTF-8", "C", true},
    {NULL, NULL, "", false},
};

static void set_variable(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

START_TEST(locales)
{
    for (size_t i = 0; i < sizeof environments / sizeof *environments; i++) {
        set_variable("LC_ALL", environments[i].all);
        set_variable("LC_CTYPE", environments[i].ctype);
        set_variable("LANG", environments[i].lang);
        ck_assert_msg(pt_text_utf8_locale() == environments[i].utf8, "row %zu", i);
    }
}
END_TEST

static const struct width {
    const char *text;
    size_t columns;
} widths[] = {
    {"", 0},
    {"abc", 3},
    {"caf\xc3\xa9", 4},
    {"cafe\xcc\x81", 4},             /* a combining acute */
    {"\xe6\xbc\xa2\xe5\xad\x97", 4}, /* two ideographs */
    {"\xf0\x9f\x98\x80", 2},         /* an emoji */
    {"\xe2\x94\x9c\xe2\x94\x80", 2}, /* what trees are drawn with */
    {"\xcd\xb8", 1},                 /* unassigned */
    {"\xff\xfe", 2},
    {"a\xe2\x82", 2},
};

/* No locale is needed for it. */
START_TEST(widths_in_columns)
{
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        size_t columns = pt_text_width(widths[i].text, strlen(widths[i].text));
        ck_assert_msg(columns == widths[i].columns, "row %zu: %zu", i, columns);
    }
}
END_TEST

/* Versions of Unicode differ in some hundred characters, and wcwidth(3) may not be asked for those
 * that are never shown as they are. */
START_TEST(widths_are_wcwidths)
{
    unsigned known = 0, different = 0;

    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return;
    for (uint32_t code = 0x80; code < 0x110000; code++) {
        int theirs = wcwidth((wchar_t)code);

        if (theirs < 0 || !pt_utf8_is_printable(code))
            continue;
        known++;
        different += pt_columns(code) != (unsigned)theirs;
    }
    ck_assert_uint_gt(known, 100000);
    ck_assert_msg(different * 100 < known, "%u of %u", different, known);
}
END_TEST

START_TEST(fits)
{
    static const struct {
        const char *text;
        size_t columns, bytes;
    } rows[] = {
        {"abcdef", 3, 3},
        {"abc", 9, 3},
        {"abc", 0, 0},
        {"caf\xc3\xa9s", 4, 5},
        {"e\xcc\x81x", 1, 3},               /* the mark stays with its letter */
        {"\xe6\xbc\xa2\xe5\xad\x97", 3, 3}, /* half an ideograph does not go */
        {"\xe6\xbc\xa2", 1, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(pt_text_fit(rows[i].text, strlen(rows[i].text), rows[i].columns) ==
                          rows[i].bytes,
                      "row %zu", i);
}
END_TEST

/* RFC 4648, section 10, and bytes that are not text. */
START_TEST(base64)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *text;
    } rows[] = {
        {BYTES(""), ""},
        {BYTES("f"), "Zg=="},
        {BYTES("fo"), "Zm8="},
        {BYTES("foo"), "Zm9v"},
        {BYTES("foob"), "Zm9vYg=="},
        {BYTES("fooba"), "Zm9vYmE="},
        {BYTES("foobar"), "Zm9vYmFy"},
        {BYTES("\xff\xfe\xfd\0"), "//79AA=="},
        {BYTES("\xfb\xef\xbe"), "++++"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[PT_BASE64_LENGTH(8) + 1];
        size_t length = pt_base64(rows[i].bytes, rows[i].length, text);

        text[length] = '\0';
        ck_assert_str_eq(text, rows[i].text);
        ck_assert_uint_eq(length, PT_BASE64_LENGTH(rows[i].length));
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("text", decodes, decodes_all_code_points, validity, made_valid, printability,
                     escapes_text, escapes_every_byte, locales, widths_in_columns,
                     widths_are_wcwidths, fits, base64);
}
