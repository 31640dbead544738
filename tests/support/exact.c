#include "exact.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

char *exact(const char *bytes, size_t length)
{
    char *copy = malloc(length ? length : 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, length);
    return copy;
}
