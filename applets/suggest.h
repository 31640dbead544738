/* The nearest of some names to a mistyped one. */
#ifndef PT_SUGGEST_H
#define PT_SUGGEST_H

#include <stddef.h>

/* The distance of two words in single-character insertions, deletions and substitutions. Words
 * beyond 32 bytes are no mistyped names of ours: SIZE_MAX. */
size_t pt_edit_distance(const char *a, size_t a_length, const char *b, size_t b_length);

/* How far a word of this length may be from the name it is taken for. */
size_t pt_edit_allowance(size_t length);

#endif
