#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "columns.h"

/* What a lead byte promises (Unicode 15, table 3-7): how many bytes follow, and the bounds of the
 * first of these, which exclude overlong forms, surrogates and what lies above U+10FFFF. */
struct lead {
    unsigned char first, last; /* lead bytes */
    unsigned char follow;
    unsigned char low, high;
};

static const struct lead leads[] = {
    {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf}, {0xe1, 0xec, 2, 0x80, 0xbf},
    {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static const struct lead *find_lead(unsigned char byte)
{
    for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
        if (byte >= leads[i].first && byte <= leads[i].last)
            return &leads[i];
    return NULL;
}

size_t pt_utf8_decode(const char *bytes, size_t length, uint32_t *ret_code)
{
    const unsigned char *text = (const unsigned char *)bytes;
    const struct lead *lead;
    uint32_t code;

    *ret_code = text[0];
    if (text[0] < 0x80)
        return 1;
    *ret_code = PT_UTF8_INVALID;
    lead = find_lead(text[0]);
    if (!lead)
        return 1;
    code = text[0] & (0x3fu >> lead->follow);
    for (size_t i = 1; i <= lead->follow; i++) {
        unsigned char low = i == 1 ? lead->low : 0x80, high = i == 1 ? lead->high : 0xbf;
        if (i == length || text[i] < low || text[i] > high)
            return i;
        code = code << 6 | (text[i] & 0x3fu);
    }
    *ret_code = code;
    return 1u + lead->follow;
}

bool pt_utf8_is_valid(const char *bytes, size_t length)
{
    uint32_t code;

    for (size_t i = 0; i < length;) {
        i += pt_utf8_decode(bytes + i, length - i, &code);
        if (code == PT_UTF8_INVALID)
            return false;
    }
    return true;
}

int pt_buffer_append_utf8(struct pt_buffer *buffer, const char *bytes, size_t length)
{
    uint32_t code;

    for (size_t i = 0; i < length;) {
        size_t size = pt_utf8_decode(bytes + i, length - i, &code);

        if (code == PT_UTF8_INVALID)
            pt_buffer_append_text(buffer, "\xef\xbf\xbd");
        else
            pt_buffer_append(buffer, bytes + i, size);
        i += size;
    }
    return buffer->error;
}

/* What is not shown as it is (Unicode 15): the controls (Cc), all of Cf, the separators U+2028 and
 * U+2029, what Default_Ignorable_Code_Point holds besides (fillers that take a column and show
 * nothing, marks that take none), and noncharacters. The variation selectors U+FE00 to U+FE0F stay:
 * emoji are written with them. Our own list, for iswprint(3) calls U+202E printable. */
static const struct pt_range unprintable[] = {
    {0x0, 0x1f},        {0x7f, 0x9f},           {0xad, 0xad},
    {0x34f, 0x34f},     {0x600, 0x605},         {0x61c, 0x61c},
    {0x6dd, 0x6dd},     {0x70f, 0x70f},         {0x890, 0x891},
    {0x8e2, 0x8e2},     {0x115f, 0x1160},       {0x17b4, 0x17b5},
    {0x180b, 0x180f},   {0x200b, 0x200f},       {0x2028, 0x202e},
    {0x2060, 0x206f},   {0x3164, 0x3164},       {0xd800, 0xdfff},
    {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},       {0xffa0, 0xffa0},
    {0xfff0, 0xfffb},   {0x110bd, 0x110bd},     {0x110cd, 0x110cd},
    {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},     {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff}, {0x110000, UINT32_MAX},
};

bool pt_utf8_is_printable(uint32_t code)
{
    if (code >= ' ' && code < 0x7f)
        return true;
    return (code & 0xfffe) != 0xfffe &&
           !pt_range_holds(unprintable, sizeof unprintable / sizeof *unprintable, code);
}

/* Whether the LENGTH bytes of a locale's name end in WORD, in any case. */
static bool ends_in(const char *name, size_t length, const char *word)
{
    size_t end = strlen(word);

    return length >= end && strncasecmp(name + length - end, word, end) == 0;
}

bool pt_text_utf8_locale(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *name = getenv(variables[i]);
        size_t length = name ? strcspn(name, "@") : 0;
        if (name && *name)
            return ends_in(name, length, "UTF-8") || ends_in(name, length, "utf8");
    }
    return false;
}

unsigned pt_text_escape_flags(void)
{
    return pt_text_utf8_locale() ? PT_ESCAPE_UTF8 : 0;
}

/* What stands at BYTES for somebody whose locale FLAGS tell. */
static size_t decode(const char *bytes, size_t length, unsigned flags, uint32_t *ret_code)
{
    if (flags & PT_ESCAPE_UTF8)
        return pt_utf8_decode(bytes, length, ret_code);
    *ret_code = (unsigned char)*bytes < 0x80 ? (unsigned char)*bytes : PT_UTF8_INVALID;
    return 1;
}

static bool stays(uint32_t code, unsigned flags)
{
    if (code == '\\' || (code == '"' && flags & PT_ESCAPE_QUOTE))
        return false;
    return pt_utf8_is_printable(code);
}

static void append_byte_escape(struct pt_buffer *buffer, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    const char escape[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};

    pt_buffer_append(buffer, escape, sizeof escape);
}

static void append_escape(struct pt_buffer *buffer, uint32_t code, const char *bytes, size_t size)
{
    if (code == '\\' || code == '"') {
        pt_buffer_append_byte(buffer, '\\');
        pt_buffer_append_byte(buffer, *bytes);
    } else if (code < 0x80 || code == PT_UTF8_INVALID) {
        for (size_t i = 0; i < size; i++)
            append_byte_escape(buffer, (unsigned char)bytes[i]);
    } else {
        pt_buffer_append_format(buffer, "\\u{%x}", (unsigned)code);
    }
}

size_t pt_text_plain_length(const char *bytes, size_t length, unsigned flags)
{
    size_t plain = 0, size;
    uint32_t code;

    for (; plain < length; plain += size) {
        size = decode(bytes + plain, length - plain, flags, &code);
        if (!stays(code, flags))
            break;
    }
    return plain;
}

int pt_buffer_escape(struct pt_buffer *buffer, const char *bytes, size_t length, unsigned flags)
{
    for (size_t i = 0, size; i < length; i += size) {
        uint32_t code;

        size = pt_text_plain_length(bytes + i, length - i, flags);
        pt_buffer_append(buffer, bytes + i, size);
        i += size;
        if (i == length)
            break;
        size = decode(bytes + i, length - i, flags, &code);
        append_escape(buffer, code, bytes + i, size);
    }
    return buffer->error;
}

/* Columns of what stands at TEXT, and its bytes in *RET_SIZE. */
static size_t columns_of(const char *text, size_t length, size_t *ret_size)
{
    uint32_t code;

    *ret_size = pt_utf8_decode(text, length, &code);
    return pt_columns(code);
}

size_t pt_text_width(const char *text, size_t length)
{
    size_t width = 0;

    for (size_t i = 0, size; i < length; i += size)
        width += columns_of(text + i, length - i, &size);
    return width;
}

size_t pt_text_fit(const char *text, size_t length, size_t columns)
{
    size_t i = 0, size;

    for (size_t width = 0; i < length; i += size) {
        width += columns_of(text + i, length - i, &size);
        if (width > columns)
            break;
    }
    return i;
}

size_t pt_base64(const void *bytes, size_t size, char *ret_text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *next = bytes;
    char *text = ret_text;

    for (; size > 0; next += 3, text += 4) {
        size_t taken = size < 3 ? size : 3;
        unsigned bits = (unsigned)next[0] << 16;
        bits |= taken > 1 ? (unsigned)next[1] << 8 : 0;
        bits |= taken > 2 ? next[2] : 0;
        text[0] = digits[bits >> 18];
        text[1] = digits[bits >> 12 & 63];
        text[2] = taken > 1 ? digits[bits >> 6 & 63] : '=';
        text[3] = taken > 2 ? digits[bits & 63] : '=';
        size -= taken;
    }
    return (size_t)(text - ret_text);
}
