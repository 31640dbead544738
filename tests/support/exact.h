/* Bytes in memory of exactly their length, so that a step beyond them is seen. */
#ifndef EXACT_H
#define EXACT_H

#include <stddef.h>

/* A copy that the caller frees. */
char *exact(const char *bytes, size_t length);

#endif
