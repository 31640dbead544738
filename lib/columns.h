/*
 * Columns that a character takes on a terminal. Of our own, for wcwidth(3) knows none without an
 * installed locale, and differs from libc to libc.
 */
#ifndef PT_COLUMNS_H
#define PT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pt_range {
    uint32_t first, last;
};

/* Whether one of RANGES, which are in order, holds CODE. */
bool pt_range_holds(const struct pt_range *ranges, size_t count, uint32_t code);

/* 0, 1 or 2. */
unsigned pt_columns(uint32_t code);

#endif
