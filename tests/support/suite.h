/* The main of a unit test: one suite, its tests in order. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>

/* Runs TESTS (ended by NULL) as CK_FORK, CK_VERBOSITY and the like say: main's status. */
int run_suite(const char *name, const TTest *const *tests);

#define RUN_SUITE(name, ...) run_suite(name, (const TTest *const[]){__VA_ARGS__, NULL})

#endif
