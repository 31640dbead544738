/* What fuzz targets share. A target is LLVMFuzzerTestOneInput over its input; libFuzzer calls it,
 * or replay.c does with the corpus where there is none (https://llvm.org/docs/LibFuzzer.html). */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run with what was found to be wrong. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* SIZE bytes as a string of its own, which the caller frees: for parsers that take one. */
char *fuzz_string(const uint8_t *data, size_t size);

#endif
