#include "notify_builtin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "dbus.h"
#include "options.h"
#include "report.h"
#include "session_probe.h"
#include "text.h"
#include "units.h"
#include "waitset.h"

/* Nobody waits longer for our own client, whatever --session-timeout says. */
#define PATIENCE (25 * PT_SECOND)

enum {
    URGENCY = PT_OPTION_OWN,
    EXPIRY,
    APPLICATION,
    ICON,
    WAITS, /* an action, or until it is closed */
    OTHER  /* what only notify-send does */
};

/* notify-send's own, of libnotify 0.8. */
static const struct pt_option rows[] = {
    {'u', PT_TAKES_VALUE, URGENCY, "urgency", "LEVEL", NULL, ""},
    {'t', PT_TAKES_VALUE, EXPIRY, "expire-time", "TIME", NULL, ""},
    {'a', PT_TAKES_VALUE, APPLICATION, "app-name", "NAME", NULL, ""},
    {'i', PT_TAKES_VALUE, ICON, "icon", "ICON", NULL, ""},
    {'n', PT_TAKES_VALUE, ICON, "app-icon", "ICON", NULL, ""},
    {'w', PT_TAKES_NOTHING, WAITS, "wait", NULL, NULL, ""},
    {'A', PT_TAKES_VALUE, WAITS, "action", "ACTION", NULL, ""},
    {'c', PT_TAKES_VALUE, OTHER, "category", "TYPE", NULL, ""},
    {'h', PT_TAKES_VALUE, OTHER, "hint", "HINT", NULL, ""},
    {'r', PT_TAKES_VALUE, OTHER, "replace-id", "ID", NULL, ""},
    {'p', PT_TAKES_NOTHING, OTHER, "print-id", NULL, NULL, ""},
    {'e', PT_TAKES_NOTHING, OTHER, "transient", NULL, NULL, ""},
    {'v', PT_TAKES_NOTHING, OTHER, "version", NULL, NULL, ""},
    {'?', PT_TAKES_NOTHING, OTHER, "help", NULL, NULL, ""},
    {0},
};

static const struct pt_option_group groups[] = {{NULL, rows}, {0}};

static const struct pt_options options = {.name = "notify-send", .groups = groups};

static void take_urgency(struct notify_message *message, const char *value)
{
    static const char *const words[] = {"low", "normal", "critical"};

    for (uint8_t i = 0; i < 3; i++) {
        if (strcmp(value, words[i]) == 0) {
            message->urgency = i;
            return;
        }
    }
    message->wrong = "the urgency is low, normal or critical";
}

static void take_expiry(struct notify_message *message, const char *value)
{
    uint64_t time;

    if (strcmp(value, "-1") == 0)
        return;
    if (pt_parse_u64(value, 0, INT32_MAX, &time, NULL) == 0)
        message->expiry = (int32_t)time;
    else
        message->wrong = "the time to expire is a number of milliseconds";
}

static void take_operand(struct notify_message *message, const char *text)
{
    if (message->summary == NULL)
        message->summary = text;
    else if (message->body == NULL)
        message->body = text;
    else
        message->wrong = "a summary and a body are all it takes";
}

static void take(struct notify_message *message, const struct pt_parser *parser, int id)
{
    switch (id) {
    case PT_OPTION_OPERAND:
        take_operand(message, parser->value);
        break;
    case URGENCY:
        take_urgency(message, parser->value);
        break;
    case EXPIRY:
        take_expiry(message, parser->value);
        break;
    case APPLICATION:
        message->application = parser->value;
        break;
    case ICON:
        message->icon = parser->value;
        break;
    default: /* also what neither knows: notify-send says so better */
        message->waits |= id == WAITS;
        if (message->unsupported[0] == '\0')
            snprintf(message->unsupported, sizeof message->unsupported, "%.*s", parser->name_length,
                     parser->name);
    }
}

void notify_builtin_parse(char **argv, struct notify_message *ret_message)
{
    struct notify_message message = {
        .application = "notify-send", .icon = "", .urgency = 1, .expiry = -1};
    struct pt_parser parser;
    struct pt_fault fault;
    int argc = 0, id;

    while (argv[argc] != NULL)
        argc++;
    pt_parser_init(&parser, &options, argc, argv);
    while ((id = pt_parser_step(&parser, &fault)) != PT_OPTION_END)
        take(&message, &parser, id);
    if (message.summary == NULL || message.summary[0] == '\0')
        message.wrong = "a summary is missing";
    *ret_message = message;
}

/* notify-send's body has C's escapes (g_strcompress): `\n` is a new line, `\101` an A. What they
 * make need not be UTF-8, without which the bus hangs up. */
static void resolve_escapes(struct pt_buffer *ret_text, const char *body)
{
    static const char letters[] = "bfnrtv", meant[] = "\b\f\n\r\t\v";
    struct pt_buffer text = {0};

    for (; *body != '\0'; body++) {
        const char *letter;
        int code = 0, digits = 0;

        if (*body != '\\' || body[1] == '\0') {
            pt_buffer_append_byte(&text, *body);
            continue;
        }
        body++;
        while (digits < 3 && body[digits] >= '0' && body[digits] <= '7')
            code = code * 8 + (body[digits++] - '0');
        letter = strchr(letters, *body);
        if (digits > 0) {
            pt_buffer_append_byte(&text, (char)(unsigned char)code);
            body += digits - 1;
        } else {
            pt_buffer_append_byte(&text, letter != NULL ? meant[letter - letters] : *body);
        }
    }
    pt_buffer_append_utf8(ret_text, pt_buffer_text(&text), text.length);
    pt_buffer_done(&text);
}

static int send(const struct notify_message *message, const char *body, const char *address,
                uid_t uid, int64_t deadline)
{
    const struct pt_notification notification = {
        .application = message->application,
        .icon = message->icon,
        .summary = message->summary,
        .body = body,
        .urgency = message->urgency,
        .expiry = message->expiry,
    };
    struct pt_buffer why = {0};
    struct pt_dbus bus;
    int error = pt_probe_connect_bus(address, uid, deadline);

    if (error >= 0)
        error = pt_dbus_open(&bus, error, uid, deadline);
    if (error == 0) {
        error = pt_dbus_notify(&bus, &notification, &why);
        pt_dbus_close(&bus);
    }
    if (error == -EREMOTEIO)
        pt_warn("%s: %s", address, pt_buffer_text(&why));
    else if (error != 0)
        pt_warn("%s: %s", address, strerror(-error));
    pt_buffer_done(&why);
    return error == 0 ? PT_EXIT_OK : PT_EXIT_NOTHING;
}

int notify_builtin_send(const struct notify_message *message, const char *address, uid_t uid,
                        int64_t timeout)
{
    int64_t patience = timeout < PATIENCE ? timeout : PATIENCE;
    struct pt_buffer body = {0};
    int status;

    if (message->unsupported[0] != '\0') {
        pt_warn("%s takes notify-send, which is not run: install its package (libnotify-bin)",
                message->unsupported);
        return PT_EXIT_NOT_FOUND;
    }
    if (message->wrong != NULL) {
        pt_warn("%s", message->wrong);
        return PT_EXIT_NOTHING;
    }
    if (message->body != NULL)
        resolve_escapes(&body, message->body);
    status =
        send(message, pt_buffer_text(&body), address, uid, pt_deadline(pt_monotonic(), patience));
    pt_buffer_done(&body);
    return status;
}
