/* Answers of sock_diag of any bytes: names stay within them. */
#include "fuzz.h"
#include "unix_diag.h"

struct bounds {
    const char *begin, *end;
};

static int see(const struct pt_listener *listener, void *data)
{
    const struct bounds *bounds = data;

    REQUIRE(listener->length > 0);
    REQUIRE(listener->name >= bounds->begin &&
            listener->length <= (size_t)(bounds->end - listener->name));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct bounds bounds = {bytes, bytes + size};

    REQUIRE(pt_unix_parse(data, size, see, &bounds) <= 1);
    return 0;
}
