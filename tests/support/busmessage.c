#include "busmessage.h"

#include <string.h>

size_t bus_message(char *bytes, char type, const char *fields, size_t fields_length,
                   const char *body, size_t body_length)
{
    size_t padded = (16 + fields_length + 7) & ~(size_t)7;

    memset(bytes, 0, padded);
    memcpy(bytes, "l\2\0\1", 4);
    bytes[1] = type;
    bytes[4] = (char)body_length;
    bytes[8] = 7;
    bytes[12] = (char)fields_length;
    memcpy(bytes + 16, fields, fields_length);
    memcpy(bytes + padded, body, body_length);
    return padded + body_length;
}
