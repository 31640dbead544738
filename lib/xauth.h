/*
 * What an X server must be told to believe us: the cookie in an Xauthority file (Xsecurity(7),
 * libXau's Xauth.h), and the first bytes of a connection (X Window System Protocol, appendix B).
 * Pure; the file and the server are a user's, and what they say is hostile.
 */
#ifndef PT_XAUTH_H
#define PT_XAUTH_H

#include <stdbool.h>
#include <stddef.h>

#define PT_COOKIE_SIZE 16

struct pt_cookie {
    unsigned char bytes[PT_COOKIE_SIZE];
};

/*
 * Finds the MIT-MAGIC-COOKIE-1 that a client on HOST sends to the local display NUMBER, as libXau
 * chooses: the first entry whose family is local and whose address is HOST, or whose family is
 * wild, and whose number is that or empty. -ENOENT; a cut entry ends the file.
 */
int pt_xauth_find(const void *bytes, size_t length, const char *host, unsigned number,
                  struct pt_cookie *ret_cookie);

#define PT_X_SETUP_SIZE 48

/* The request that opens a connection: protocol 11.0, this machine's byte order. COOKIE NULL: none,
 * the rest is zero then. Always PT_X_SETUP_SIZE bytes with a cookie, 12 without; returns which. */
size_t pt_x_setup(const struct pt_cookie *cookie, unsigned char ret_bytes[PT_X_SETUP_SIZE]);

/* The first byte of the answer. */
enum { PT_X_FAILED = 0, PT_X_SUCCESS = 1, PT_X_AUTHENTICATE = 2 };

#endif
