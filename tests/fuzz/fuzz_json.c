/* Strings of any bytes in JSON: the output is UTF-8 without a control or a bare quote within, and
 * the exact bytes follow where, and only where, they are not UTF-8. */
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "text.h"

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;

    for (; (text = strstr(text, word)); text++)
        count++;
    return count;
}

/* All strings are closed, all brackets outside of them too. */
static void check_structure(const char *text)
{
    size_t depth = 0;

    for (; *text; text++) {
        if (*text == '"')
            for (text++; *text != '"'; text++) {
                REQUIRE((unsigned char)*text >= ' ');
                text += *text == '\\';
            }
        depth += *text == '{' || *text == '[';
        depth -= *text == '}' || *text == ']';
    }
    REQUIRE(depth == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct pt_json json;
    size_t length;
    char *text;
    FILE *file = open_memstream(&text, &length);

    REQUIRE(file != NULL);
    pt_json_init(&json, file, PT_JSON_COMPACT);
    pt_json_begin_object(&json, NULL);
    pt_json_string(&json, "comm", bytes, size);
    pt_json_strings(&json, "argv", bytes, size);
    pt_json_end_object(&json);
    REQUIRE(fclose(file) == 0);
    REQUIRE(strlen(text) == length && pt_utf8_is_valid(text, length));
    REQUIRE(text[length - 1] == '\n');
    check_structure(text);
    REQUIRE(count_of(text, "\"comm_b64\":") == !pt_utf8_is_valid(bytes, size));
    REQUIRE(count_of(text, "\"argv_b64\":") == !pt_utf8_is_valid(bytes, size));
    free(text);
    return 0;
}
