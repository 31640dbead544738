/* Messages of the bus, put together by hand: fields and body as they stand. */
#ifndef BUSMESSAGE_H
#define BUSMESSAGE_H

#include <stddef.h>

#define BYTES(text) text, sizeof text - 1

#define BUS_REPLY "\5\1u\0\1\0\0\0" /* to serial 1 */
#define BUS_TEXT "\10\1g\0\1s\0"    /* the body is a text */

/* Writes a message of this type, little-endian and with the serial 7; its length, below 256 bytes
 * of fields and of body. */
size_t bus_message(char *bytes, char type, const char *fields, size_t fields_length,
                   const char *body, size_t body_length);

#endif
