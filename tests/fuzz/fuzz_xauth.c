/* Xauthority files of any bytes: a cookie that is found is in them. */
#include <string.h>

#include "fuzz.h"
#include "xauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char setup[PT_X_SETUP_SIZE];
    struct pt_cookie cookie;

    if (pt_xauth_find(data, size, "host", 0, &cookie) != 0)
        return 0;
    REQUIRE(size >= PT_COOKIE_SIZE);
    REQUIRE(memmem(data, size, cookie.bytes, PT_COOKIE_SIZE) != NULL);
    REQUIRE(pt_x_setup(&cookie, setup) == PT_X_SETUP_SIZE);
    return 0;
}
