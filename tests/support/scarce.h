/*
 * What runs out: memory, descriptors. A loop refuses first the first request, then only the second,
 * and so on, until nothing was refused: no refusal may crash, leak a descriptor or give a result
 * that looks whole.
 *
 *     while (scarce_memory()) {
 *         int error = scarce_end(pt_thing_new(&thing));
 *
 *         if (error == 0)
 *             check that it is whole, and free it
 *     }
 */
#ifndef SCARCE_H
#define SCARCE_H

#include <stdbool.h>

/* A loop's condition: refuses, in round n, the n-th malloc, calloc, realloc or piece of an arena.
 * False when the round before went without a refusal. */
bool scarce_memory(void);

/* The same: in round n, n descriptors can be open beyond those that are. */
bool scarce_descriptors(void);

/* The one and then the other. */
bool scarce_anything(void);

/* Nothing is refused from here on. ERROR, which is returned, must be 0 or -ENOMEM, of
 * descriptors -EMFILE; in the last round 0. */
int scarce_end(int error);

#endif
