/* A pattern, behind a byte that says what it is, and behind its NUL the text: what is refused is
 * told with a place in it; what is taken means the same written twice with a `|`. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "pattern.h"

static int compile(struct pt_pattern *ret_pattern, const char *text, bool glob)
{
    struct pt_fault fault = {.offset = SIZE_MAX};
    int result = glob ? pt_pattern_glob(ret_pattern, text, &fault)
                      : pt_pattern_regex(ret_pattern, text, &fault);

    REQUIRE(result == 0 || result == -EINVAL);
    REQUIRE(result == 0 || (fault.offset <= strlen(text) && fault.text));
    return result;
}

static void check_twice(const char *regex, const char *text, size_t length, bool yes)
{
    struct pt_pattern pattern;
    struct pt_buffer twice = {0};

    pt_buffer_append_format(&twice, "%s|%s", regex, regex);
    if (compile(&pattern, pt_buffer_text(&twice), false) == 0) {
        REQUIRE(pt_pattern_matches(&pattern, text, length) == yes);
        pt_pattern_done(&pattern);
    }
    pt_buffer_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *input = fuzz_string(data, size), *text;
    struct pt_pattern pattern;
    size_t length;
    bool glob, yes;

    if (size > 1 && memchr(data + 1, '\0', size - 1)) {
        glob = data[0] == 'g';
        text = input + 1 + strlen(input + 1) + 1;
        length = size - (size_t)(text - input);
        if (compile(&pattern, input + 1, glob) == 0) {
            yes = pt_pattern_matches(&pattern, text, length);
            if (!glob)
                check_twice(input + 1, text, length, yes);
            pt_pattern_done(&pattern);
        }
    }
    free(input);
    return 0;
}
