/* The escaper: what comes out is harmless, shows as it stands, and reads back to what went in. The
 * first byte chooses the flags. */
#include <string.h>

#include "fuzz.h"
#include "text.h"

static unsigned digit_value(char digit)
{
    REQUIRE((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'));
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a') + 10;
}

static void append_utf8(struct pt_buffer *buffer, uint32_t code)
{
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    char bytes[4];

    REQUIRE(code >= 0x80 && code < 0x110000);
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)((0xf00u >> size & 0xf0) | code);
    pt_buffer_append(buffer, bytes, size);
}

/* Takes the escape that stands behind a backslash; how many characters it has. */
static size_t unescape_one(const char *text, struct pt_buffer *ret_bytes)
{
    uint32_t code = 0;
    size_t i = 2;

    if (*text == 'x') {
        pt_buffer_append_byte(ret_bytes, (char)(digit_value(text[1]) << 4 | digit_value(text[2])));
        return 3;
    }
    if (*text != 'u') {
        REQUIRE(*text == '\\' || *text == '"');
        pt_buffer_append_byte(ret_bytes, *text);
        return 1;
    }
    REQUIRE(text[1] == '{');
    for (; text[i] != '}'; i++)
        code = code << 4 | digit_value(text[i]);
    append_utf8(ret_bytes, code);
    return i + 1;
}

static void unescape(const char *text, struct pt_buffer *ret_bytes)
{
    while (*text) {
        size_t plain = strcspn(text, "\\");

        pt_buffer_append(ret_bytes, text, plain);
        text += plain;
        if (*text == '\\')
            text += 1 + unescape_one(text + 1, ret_bytes);
    }
}

static void check_harmless(const struct pt_buffer *escaped, unsigned flags)
{
    const char *text = pt_buffer_text(escaped);

    for (size_t i = 0, size; i < escaped->length; i += size) {
        uint32_t code;

        size = pt_utf8_decode(text + i, escaped->length - i, &code);
        REQUIRE(code != PT_UTF8_INVALID && pt_utf8_is_printable(code));
        REQUIRE(code < 0x80 || flags & PT_ESCAPE_UTF8);
        REQUIRE(code != '"' || !(flags & PT_ESCAPE_QUOTE) || (i > 0 && text[i - 1] == '\\'));
    }
}

static void check_width(const struct pt_buffer *escaped)
{
    const char *text = pt_buffer_text(escaped);
    size_t width = pt_text_width(text, escaped->length);

    REQUIRE(width <= escaped->length);
    REQUIRE(pt_text_fit(text, escaped->length, width) == escaped->length);
    REQUIRE(width == 0 || pt_text_fit(text, escaped->length, width - 1) < escaped->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pt_buffer escaped = {0}, again = {0};
    const char *bytes = (const char *)data + 1;
    unsigned flags;

    if (size == 0)
        return 0;
    flags = *data & (PT_ESCAPE_UTF8 | PT_ESCAPE_QUOTE);
    REQUIRE(pt_buffer_escape(&escaped, bytes, size - 1, flags) == 0);
    check_harmless(&escaped, flags);
    check_width(&escaped);
    unescape(pt_buffer_text(&escaped), &again);
    REQUIRE(again.length == size - 1);
    REQUIRE(memcmp(pt_buffer_text(&again), bytes, size - 1) == 0);
    REQUIRE((pt_text_plain_length(bytes, size - 1, flags) == size - 1) ==
            (escaped.length == size - 1));
    pt_buffer_done(&escaped);
    pt_buffer_done(&again);
    return 0;
}
