/* What notify-send's arguments say, and sending it without notify-send. */
#ifndef NOTIFY_BUILTIN_H
#define NOTIFY_BUILTIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct notify_message {
    const char *application, *icon, *summary, *body;
    uint8_t urgency;
    int32_t expiry;       /* milliseconds, -1: the daemon's choice */
    bool waits;           /* -w, -A: notify-send stays */
    char unsupported[32]; /* an option that only notify-send knows, as typed; "": none */
    const char *wrong;    /* what notify-send would refuse; NULL: nothing */
};

/* Reads notify-send's ARGV as GLib would; texts point into it. */
void notify_builtin_parse(char **argv, struct notify_message *ret_message);

/* Sends it to the bus at ADDRESS, as the user that we are: 0, 1 as notify-send exits, 127 when it
 * takes notify-send; messages were said. */
int notify_builtin_send(const struct notify_message *message, const char *address, uid_t uid,
                        int64_t timeout);

#endif
