#include "xauth.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char cookie_name[] = "MIT-MAGIC-COOKIE-1";

enum { FAMILY_LOCAL = 256, FAMILY_WILD = 65535 };

struct text {
    const unsigned char *bytes;
    size_t length;
};

/* An entry: a number of two bytes, then four counted texts; numbers are big-endian. */
struct entry {
    unsigned family;
    struct text address, number, name, data;
};

struct cursor {
    const unsigned char *at, *end;
};

static bool take_number(struct cursor *cursor, unsigned *ret_number)
{
    if (cursor->end - cursor->at < 2)
        return false;
    *ret_number = (unsigned)cursor->at[0] << 8 | cursor->at[1];
    cursor->at += 2;
    return true;
}

static bool take_text(struct cursor *cursor, struct text *ret_text)
{
    unsigned length;

    if (!take_number(cursor, &length) || (size_t)(cursor->end - cursor->at) < length)
        return false;
    *ret_text = (struct text){cursor->at, length};
    cursor->at += length;
    return true;
}

static bool take_entry(struct cursor *cursor, struct entry *ret_entry)
{
    return take_number(cursor, &ret_entry->family) && take_text(cursor, &ret_entry->address) &&
           take_text(cursor, &ret_entry->number) && take_text(cursor, &ret_entry->name) &&
           take_text(cursor, &ret_entry->data);
}

static bool is_text(const struct text *text, const char *word)
{
    return text->length == strlen(word) && memcmp(text->bytes, word, text->length) == 0;
}

static bool is_meant(const struct entry *entry, const char *host, const char *number)
{
    if (entry->family != FAMILY_WILD &&
        (entry->family != FAMILY_LOCAL || !is_text(&entry->address, host)))
        return false;
    return (entry->number.length == 0 || is_text(&entry->number, number)) &&
           is_text(&entry->name, cookie_name) && entry->data.length == PT_COOKIE_SIZE;
}

int pt_xauth_find(const void *bytes, size_t length, const char *host, unsigned number,
                  struct pt_cookie *ret_cookie)
{
    struct cursor cursor = {bytes, (const unsigned char *)bytes + length};
    struct entry entry;
    char text[16];

    snprintf(text, sizeof text, "%u", number);
    while (take_entry(&cursor, &entry)) {
        if (is_meant(&entry, host, text)) {
            memcpy(ret_cookie->bytes, entry.data.bytes, PT_COOKIE_SIZE);
            return 0;
        }
    }
    return -ENOENT;
}

/* Byte order, a pad, major and minor version, lengths of name and data, a pad; name and data, each
 * padded to four bytes. */
size_t pt_x_setup(const struct pt_cookie *cookie, unsigned char ret_bytes[PT_X_SETUP_SIZE])
{
    const uint16_t one = 1;
    uint16_t fields[6] = {0, 11, 0, 0, 0, 0};
    bool little = *(const unsigned char *)&one == 1;

    memset(ret_bytes, 0, PT_X_SETUP_SIZE);
    if (cookie != NULL) {
        fields[3] = sizeof cookie_name - 1;
        fields[4] = PT_COOKIE_SIZE;
        memcpy(ret_bytes + 12, cookie_name, sizeof cookie_name - 1);
        memcpy(ret_bytes + 32, cookie->bytes, PT_COOKIE_SIZE);
    }
    memcpy(ret_bytes, fields, sizeof fields);
    ret_bytes[0] = little ? 'l' : 'B';
    ret_bytes[1] = 0;
    return cookie != NULL ? PT_X_SETUP_SIZE : 12;
}
