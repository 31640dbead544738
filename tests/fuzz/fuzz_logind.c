/* State files of any bytes: read within their bounds, and only what is whole is a session. */
#include <string.h>

#include "fuzz.h"
#include "logind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pt_logind_session session = {.uid = 0};
    struct pt_arena arena;

    pt_arena_init(&arena);
    if (pt_logind_parse("1", (const char *)data, size, &arena, &session) == 0) {
        REQUIRE(strcmp(session.id, "1") == 0);
        REQUIRE(session.uid != (uid_t)-1);
        REQUIRE(strlen(session.class_name) <= size && strlen(session.seat) <= size);
        REQUIRE(session.type != NULL && session.remote_host != NULL && session.state != NULL);
        REQUIRE(pt_logind_exclusion(&session) != NULL || !pt_logind_is_greeter(&session));
    }
    pt_arena_done(&arena);
    return 0;
}
