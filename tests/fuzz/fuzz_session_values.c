/* A variable of any bytes; the first byte says which. What is accepted is harmless and accepted
 * again as it is. */
#include <string.h>

#include "fuzz.h"
#include "session_values.h"

static void check_harmless(enum pt_value value, const char *text, size_t length)
{
    static const char more[] = ":._/@+-%=,;"; /* the last four in a bus's address alone */

    for (size_t i = 0; i < length; i++) {
        char byte = text[i];
        const char *found = strchr(more, byte);

        REQUIRE(byte != '\0');
        if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
            (byte >= 'A' && byte <= 'Z'))
            continue;
        REQUIRE(found != NULL && (value == PT_VALUE_BUS || found - more < 7));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pt_buffer text = {0}, again = {0};
    enum pt_value value;
    const char *bytes = (const char *)data + 1;
    enum pt_drop drop;

    if (size == 0)
        return 0;
    value = (enum pt_value)(data[0] % PT_VALUE_COUNT);
    drop = pt_value_accept(value, bytes, size - 1, &text);
    REQUIRE((drop == PT_DROP_NOT) == (text.length > 0));
    REQUIRE(pt_drop_text(drop) != NULL);
    check_harmless(value, pt_buffer_text(&text), text.length);
    if (drop == PT_DROP_NOT && text.length <= 4095) {
        REQUIRE(pt_value_accept(value, text.data, text.length, &again) == PT_DROP_NOT);
        REQUIRE(again.length == text.length && memcmp(again.data, text.data, text.length) == 0);
    }
    pt_buffer_done(&text);
    pt_buffer_done(&again);
    return 0;
}
