/* Xauthority files: the entry that a client of libXau would take, and files of any length. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "xauth.h"

#define MIT "\0\22MIT-MAGIC-COOKIE-1"
#define KEY(c) "\0\20" c c c c c c c c c c c c c c c c
#define HERE "\1\0\0\4host"
#define BYTES(text) text, sizeof text - 1

static const struct {
    const char *file;
    size_t length;
    char key; /* each byte of the cookie found; 0: none */
} rows[] = {
    {BYTES(HERE "\0\0017" MIT KEY("a")), 'a'},
    {BYTES(HERE "\0\0018" MIT KEY("a") HERE "\0\0017" MIT KEY("b")), 'b'},
    {BYTES(HERE "\0\0" MIT KEY("c")), 'c'},           /* any display */
    {BYTES("\377\377\0\0\0\0017" MIT KEY("d")), 'd'}, /* any host */
    {BYTES("\377\377\0\3any\0\0" MIT KEY("e")), 'e'},
    {BYTES(HERE "\0\0017" MIT KEY("f") HERE "\0\0017" MIT KEY("g")), 'f'}, /* the first */
    {BYTES("\1\0\0\5other\0\0017" MIT KEY("a")), 0},
    {BYTES("\0\0\0\4\177\0\0\1\0\0017" MIT KEY("a")), 0}, /* TCP */
    {BYTES(HERE "\0\00277" MIT KEY("a")), 0},
    {BYTES(HERE "\0\0017\0\7OTHER-1" KEY("a")), 0},
    {BYTES(HERE "\0\0017" MIT "\0\17aaaaaaaaaaaaaaa"), 0},    /* a short cookie */
    {BYTES(HERE "\0\0017" MIT "\377\377aaaaaaaaaaaaaaa"), 0}, /* longer than the file */
    {BYTES("\1"), 0},
    {BYTES(""), 0},
};

START_TEST(finds)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *exact = malloc(rows[i].length > 0 ? rows[i].length : 1);
        struct pt_cookie cookie = {{0}};
        int result;

        memcpy(exact, rows[i].file, rows[i].length);
        result = pt_xauth_find(exact, rows[i].length, "host", 7, &cookie);
        ck_assert_msg(result == (rows[i].key != 0 ? 0 : -ENOENT), "row %zu: %d", i, result);
        for (int j = 0; j < PT_COOKIE_SIZE; j++)
            ck_assert_int_eq(cookie.bytes[j], rows[i].key);
        free(exact);
    }
}
END_TEST

/* A file that is cut anywhere has what came before. */
START_TEST(survives_cuts)
{
    static const char file[] = HERE "\0\0017" MIT KEY("a");

    for (size_t length = 0; length < sizeof file - 1; length++) {
        char *exact = malloc(length > 0 ? length : 1);
        struct pt_cookie cookie;

        memcpy(exact, file, length);
        ck_assert_int_eq(pt_xauth_find(exact, length, "host", 7, &cookie), -ENOENT);
        free(exact);
    }
}
END_TEST

START_TEST(asks)
{
    unsigned char bytes[PT_X_SETUP_SIZE];
    struct pt_cookie cookie;

    memset(cookie.bytes, 'k', sizeof cookie.bytes);
    ck_assert_uint_eq(pt_x_setup(NULL, bytes), 12);
    ck_assert_uint_eq(pt_x_setup(&cookie, bytes), 48);
    ck_assert(bytes[0] == 'l' || bytes[0] == 'B');
    ck_assert_int_eq(bytes[bytes[0] == 'l' ? 2 : 3], 11);
    ck_assert_int_eq(bytes[bytes[0] == 'l' ? 6 : 7], 18);
    ck_assert_int_eq(bytes[bytes[0] == 'l' ? 8 : 9], 16);
    ck_assert_mem_eq(bytes + 12, "MIT-MAGIC-COOKIE-1\0\0", 20);
    ck_assert_mem_eq(bytes + 32, cookie.bytes, 16);
}
END_TEST

int main(void)
{
    return RUN_SUITE("xauth", finds, survives_cuts, asks);
}
