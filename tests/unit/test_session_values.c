/* What is accepted for a session's variables: hostile values as rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_values.h"
#include "suite.h"

#define TEN "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define GUID "0123456789abcdef0123456789ABCDEF"

static const struct {
    enum pt_value value;
    const char *text;
    const char *accepted; /* NULL: dropped */
    enum pt_drop drop;
} rows[] = {
    {PT_VALUE_BUS, "unix:path=/run/user/1000/bus", "unix:path=/run/user/1000/bus", 0},
    {PT_VALUE_BUS, "unix:path=/run/user/1000/bus,guid=" GUID, "unix:path=/run/user/1000/bus", 0},
    {PT_VALUE_BUS, "unix:guid=" GUID ",path=/b", "unix:path=/b", 0},
    {PT_VALUE_BUS, "unix:abstract=/tmp/dbus-XYZ", "unix:abstract=/tmp/dbus-XYZ", 0},
    {PT_VALUE_BUS, "unix:abstract=x", "unix:abstract=x", 0},
    {PT_VALUE_BUS, "unix:path=/a%2db%20c%C3%a9", "unix:path=/a-b%20c%c3%a9", 0},
    {PT_VALUE_BUS, "unix:path=/a'$(id)", "unix:path=/a%27%24%28id%29", 0},
    {PT_VALUE_BUS, ";;unix:path=/a;unixexec:path=/bin/sh;unix:path=/b;",
     "unix:path=/a;unix:path=/b", 0},
    {PT_VALUE_BUS, "unix:path=/a;tcp:host=x;unix:abstract=b", "unix:path=/a;unix:abstract=b", 0},
    {PT_VALUE_BUS, "unix:path=/" HUNDRED "aaaaaa", "unix:path=/" HUNDRED "aaaaaa", 0},
    {PT_VALUE_BUS, "unix:path=/" HUNDRED "aaaaaaa", NULL, PT_DROP_SHAPE},
    {PT_VALUE_BUS, "unix:path=/a/../b", NULL, PT_DROP_SHAPE},
    {PT_VALUE_BUS, "unix:path=/a/%2e%2e/b", NULL, PT_DROP_SHAPE},
    {PT_VALUE_BUS, "unix:path=a", NULL, PT_DROP_SHAPE},
    {PT_VALUE_BUS, "unix:path=", NULL, PT_DROP_SHAPE},
    {PT_VALUE_BUS, "unix:path=/a%2", NULL, PT_DROP_SHAPE},
    {PT_VALUE_BUS, "unix:path=/a%zz", NULL, PT_DROP_SHAPE},
    {PT_VALUE_BUS, "unix:path=/a%00b", NULL, PT_DROP_CHARACTERS},
    {PT_VALUE_BUS, "unix:path=/a%0ab", NULL, PT_DROP_CHARACTERS},
    {PT_VALUE_BUS, "unix:path=/a\nb", NULL, PT_DROP_CHARACTERS},
    {PT_VALUE_BUS, "unix:path=/a,guid=12", NULL, PT_DROP_SHAPE},
    {PT_VALUE_BUS, "unix:path=/a,guid=0123456789abcdef0123456789abcdeg", NULL, PT_DROP_SHAPE},
    {PT_VALUE_BUS, "unix:path=/a,path=/b", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "unix:path=/a,abstract=b", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "unix:path=/a,", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "unix:path=/a,noncefile=/etc/shadow", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "unix:guid=" GUID, NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "unix:tmpdir=/tmp", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "unix:", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "unix", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "unixexec:path=/bin/sh,argv1=-c,argv2=id", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "nonce-tcp:host=localhost,port=1,noncefile=/etc/shadow", NULL,
     PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "tcp:host=evil,port=1", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "autolaunch:", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "UNIX:path=/a", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "disabled:", NULL, PT_DROP_TRANSPORT},
    {PT_VALUE_BUS, "", NULL, PT_DROP_SHAPE},
    {PT_VALUE_BUS, ";;", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, ":0", ":0", 0},
    {PT_VALUE_DISPLAY, ":10.0", ":10.0", 0},
    {PT_VALUE_DISPLAY, ":65535", ":65535", 0},
    {PT_VALUE_DISPLAY, ":65536", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, ":99999999999999999999999", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, ":0.", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, ":0.0.0", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, ":", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, "0", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, ":-1", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, ":0x1", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, "localhost:10.0", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, "unix:0", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, "::1:0", NULL, PT_DROP_SHAPE},
    {PT_VALUE_DISPLAY, ":0'", NULL, PT_DROP_CHARACTERS},
    {PT_VALUE_DISPLAY, "", NULL, PT_DROP_CHARACTERS},
    {PT_VALUE_WAYLAND, "wayland-0", "wayland-0", 0},
    {PT_VALUE_WAYLAND, "my.display", "my.display", 0},
    {PT_VALUE_WAYLAND, "/run/user/1000/wayland-1", "/run/user/1000/wayland-1", 0},
    {PT_VALUE_WAYLAND, "wayland-proxy-4711", NULL, PT_DROP_SHAPE},
    {PT_VALUE_WAYLAND, "/run/user/1000/wayland-proxy-4711", NULL, PT_DROP_SHAPE},
    {PT_VALUE_WAYLAND, "../wayland-0", NULL, PT_DROP_SHAPE},
    {PT_VALUE_WAYLAND, "a/wayland-0", NULL, PT_DROP_SHAPE},
    {PT_VALUE_WAYLAND, "/run/../wayland-0", NULL, PT_DROP_SHAPE},
    {PT_VALUE_WAYLAND, "/run/", NULL, PT_DROP_SHAPE},
    {PT_VALUE_WAYLAND, "..", NULL, PT_DROP_SHAPE},
    {PT_VALUE_WAYLAND, HUNDRED TEN, NULL, PT_DROP_SHAPE},
    {PT_VALUE_RUNTIME_DIR, "/run/user/1000", "/run/user/1000", 0},
    {PT_VALUE_RUNTIME_DIR, "run", NULL, PT_DROP_SHAPE},
    {PT_VALUE_RUNTIME_DIR, "/run/user/../..", NULL, PT_DROP_SHAPE},
    {PT_VALUE_RUNTIME_DIR, "/a b", NULL, PT_DROP_CHARACTERS},
    {PT_VALUE_XAUTHORITY, "/run/user/1000/.mutter-Xwaylandauth.ABC",
     "/run/user/1000/.mutter-Xwaylandauth.ABC", 0},
    {PT_VALUE_XAUTHORITY, "~/.Xauthority", NULL, PT_DROP_CHARACTERS},
    {PT_VALUE_XAUTHORITY, "/tmp/'; rm -rf /;'", NULL, PT_DROP_CHARACTERS},
    {PT_VALUE_LANG, "de_DE.UTF-8@euro", "de_DE.UTF-8@euro", 0},
    {PT_VALUE_LANG, "C\xc3\xa9", NULL, PT_DROP_CHARACTERS},
    {PT_VALUE_LANG, "$(id)", NULL, PT_DROP_CHARACTERS},
    {PT_VALUE_DESKTOP, "ubuntu:GNOME", "ubuntu:GNOME", 0},
    {PT_VALUE_DESKTOP, "a=b", NULL, PT_DROP_CHARACTERS},
    {PT_VALUE_DATA_DIRS, "/usr/share:/home/a/.local/share", "/usr/share:/home/a/.local/share", 0},
    {PT_VALUE_DATA_DIRS, "/usr/share:\t", NULL, PT_DROP_CHARACTERS},
};

static void check_row(size_t i)
{
    struct pt_buffer text;
    enum pt_drop drop;
    size_t length = strlen(rows[i].text);
    char *exact = malloc(length > 0 ? length : 1);

    memcpy(exact, rows[i].text, length);
    pt_buffer_init(&text);
    drop = pt_value_accept(rows[i].value, exact, length, &text);
    ck_assert_msg(drop == rows[i].drop, "%s: %s", rows[i].text, pt_drop_text(drop));
    ck_assert_str_eq(pt_buffer_text(&text), rows[i].accepted != NULL ? rows[i].accepted : "");
    pt_buffer_done(&text);
    free(exact);
}

START_TEST(accepts)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(i);
}
END_TEST

/* No byte but the harmless ones gets through, wherever it stands; nor what is too long. */
START_TEST(refuses_bytes)
{
    static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   ":._/@+-";
    char *longest = malloc(4096);
    struct pt_buffer text;

    pt_buffer_init(&text);
    for (int byte = 0; byte < 256; byte++) {
        char value[3] = {'a', (char)byte, 'b'};
        bool good = byte != 0 && strchr(harmless, byte) != NULL;

        ck_assert_int_eq(pt_value_accept(PT_VALUE_NAME, value, 3, &text) == PT_DROP_NOT, good);
        ck_assert_uint_eq(text.length, good ? 3 : 0);
    }
    memset(longest, 'a', 4096);
    ck_assert_int_eq(pt_value_accept_word(longest, 4095), PT_DROP_NOT);
    ck_assert_int_eq(pt_value_accept_word(longest, 4096), PT_DROP_CHARACTERS);
    memcpy(longest, "unix:path=/", 11);
    ck_assert_int_eq(pt_value_accept(PT_VALUE_BUS, longest, 4096, &text), PT_DROP_CHARACTERS);
    free(longest);
    pt_buffer_done(&text);
}
END_TEST

START_TEST(knows_names)
{
    static const struct {
        const char *name;
        bool good;
    } names[] = {{"A", true},    {"SSH_AUTH_SOCK", true}, {"_x9", true},
                 {"", false},    {"9A", false},           {"A-B", false},
                 {"A B", false}, {"A=", false},           {"\xc3\xa9", false}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_int_eq(pt_value_is_name(names[i].name, strlen(names[i].name)), names[i].good);
    for (size_t i = 0; i < PT_VALUE_COUNT; i++) {
        ck_assert_uint_eq(pt_value_find(pt_value_names[i], strlen(pt_value_names[i])), i);
        ck_assert(pt_value_is_name(pt_value_names[i], strlen(pt_value_names[i])));
    }
    ck_assert_uint_eq(pt_value_find("DISPLAY ", 8), PT_VALUE_COUNT);
    ck_assert_uint_eq(pt_value_find("DISPLA", 6), PT_VALUE_COUNT);
    for (size_t i = 0; i < PT_DROP_COUNT; i++)
        ck_assert_ptr_nonnull(pt_drop_text((enum pt_drop)i));
}
END_TEST

/* What goes out comes back as the same socket. */
START_TEST(formats_what_it_parses)
{
    struct pt_bus_entry entry = {.abstract = true}, again;
    struct pt_buffer text;
    const char *cursor;
    enum pt_drop drop;

    pt_buffer_init(&text);
    for (int byte = 0x20; byte < 256; byte++) {
        if (byte != 0x7f && byte != '.')
            entry.path[entry.length++] = (char)byte;
        if (entry.length < 100 && byte != 255)
            continue;
        pt_buffer_clear(&text);
        ck_assert_int_eq(pt_bus_format(&entry, &text), 0);
        cursor = pt_buffer_text(&text);
        ck_assert(pt_bus_next(&cursor, cursor + text.length, &again, &drop));
        ck_assert_int_eq(drop, PT_DROP_NOT);
        ck_assert(again.abstract);
        ck_assert_uint_eq(again.length, entry.length);
        ck_assert_mem_eq(again.path, entry.path, entry.length);
        entry.length = 0;
    }
    pt_buffer_done(&text);
}
END_TEST

int main(void)
{
    return RUN_SUITE("session_values", accepts, refuses_bytes, knows_names, formats_what_it_parses);
}
