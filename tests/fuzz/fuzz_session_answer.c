/* What a probe that was led astray may say: nothing of it is believed that is not acceptable. */
#include <string.h>

#include "fuzz.h"
#include "session_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"SSH_AUTH_SOCK", "PATH"};
    static const struct pt_imports imports = {names, 2};
    struct pt_answer answer = {0};
    struct pt_buffer text = {0};
    struct pt_ballot ballot;
    struct pt_arena arena;

    pt_arena_init(&arena);
    REQUIRE(pt_ballot_init(&ballot, &imports, &arena) == 0);
    if (pt_answer_parse((const char *)data, size, &ballot, &answer) == 0) {
        REQUIRE(pt_refusal_text(answer.refusal) != NULL);
        for (int i = 0; i < PT_VALUE_COUNT; i++) {
            const char *value = answer.values[i];

            REQUIRE(value == NULL ||
                    pt_value_accept((enum pt_value)i, value, strlen(value), &text) == PT_DROP_NOT);
        }
        for (size_t i = 0; i < imports.count; i++) {
            const char *value = answer.imports[i];

            REQUIRE(value == NULL || pt_value_accept_word(value, strlen(value)) == PT_DROP_NOT);
        }
    }
    REQUIRE(ballot.dropped_count <= PT_DROPPED_MAX);
    pt_buffer_done(&text);
    pt_arena_done(&arena);
    return 0;
}
