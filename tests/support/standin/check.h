/* As much of Check's interface as our unit tests use, for the static build: Check itself is a
 * library of the system's libc. Each test runs in a child of its own, as Check does it, with the
 * same time limit; fixtures are checked ones. https://libcheck.github.io/check/ describes the
 * interface. */
#ifndef PT_STANDIN_CHECK_H
#define PT_STANDIN_CHECK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CK_SILENT, CK_MINIMAL, CK_NORMAL, CK_VERBOSE, CK_ENV, STANDIN_MOST = 256 };

typedef struct TTest {
    const char *name;
    void (*run)(int _i);
} TTest;

typedef struct TCase {
    struct {
        const TTest *test;
        int from, to;
    } tests[STANDIN_MOST];
    size_t count;
    void (*setup)(void);
    void (*teardown)(void);
    unsigned timeout; /* seconds */
    struct TCase *next;
} TCase;

typedef struct Suite {
    const char *name;
    TCase *cases;
    struct Suite *next;
} Suite;

typedef struct SRunner {
    Suite *suites;
    int failed;
} SRunner;

#define START_TEST(test)                                                                           \
    static void test##_run(int _i);                                                                \
    static const TTest test##_row = {#test, test##_run}, *const test = &test##_row;                \
    static void test##_run(int _i __attribute__((unused)))
#define END_TEST

static inline void *standin_new(size_t size)
{
    void *made = calloc(1, size);

    if (made == NULL)
        abort();
    return made;
}

static inline Suite *suite_create(const char *name)
{
    Suite *suite = standin_new(sizeof *suite);

    suite->name = name;
    return suite;
}

static inline TCase *tcase_create(const char *name)
{
    TCase *tests = standin_new(sizeof *tests);

    (void)name;
    tests->timeout = 50;
    return tests;
}

static inline void suite_add_tcase(Suite *suite, TCase *tests)
{
    TCase **last = &suite->cases;

    while (*last != NULL)
        last = &(*last)->next;
    *last = tests;
}

static inline void tcase_add_loop_test(TCase *tests, const TTest *test, int from, int to)
{
    if (tests->count == STANDIN_MOST)
        abort();
    tests->tests[tests->count].test = test;
    tests->tests[tests->count].from = from;
    tests->tests[tests->count++].to = to;
}

static inline void tcase_add_test(TCase *tests, const TTest *test)
{
    tcase_add_loop_test(tests, test, 0, 1);
}

static inline void tcase_set_timeout(TCase *tests, double seconds)
{
    tests->timeout = (unsigned)seconds;
}

static inline void tcase_add_checked_fixture(TCase *tests, void (*setup)(void),
                                             void (*teardown)(void))
{
    tests->setup = setup;
    tests->teardown = teardown;
}

static inline SRunner *srunner_create(Suite *suite)
{
    SRunner *runner = standin_new(sizeof *runner);

    runner->suites = suite;
    return runner;
}

static inline void srunner_add_suite(SRunner *runner, Suite *suite)
{
    suite->next = runner->suites;
    runner->suites = suite;
}

static inline void standin_run_one(SRunner *runner, const TCase *tests, const TTest *test, int i)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        alarm(tests->timeout);
        if (tests->setup != NULL)
            tests->setup();
        test->run(i);
        if (tests->teardown != NULL)
            tests->teardown();
        exit(EXIT_SUCCESS);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        printf("failed: %s:%d (wait status %#x)\n", test->name, i, (unsigned)status);
        runner->failed++;
    }
}

static inline void srunner_run_all(SRunner *runner, int mode)
{
    (void)mode;
    for (Suite *suite = runner->suites; suite != NULL; suite = suite->next) {
        for (TCase *tests = suite->cases; tests != NULL; tests = tests->next) {
            for (size_t t = 0; t < tests->count; t++) {
                for (int i = tests->tests[t].from; i < tests->tests[t].to; i++)
                    standin_run_one(runner, tests, tests->tests[t].test, i);
            }
        }
    }
}

static inline int srunner_ntests_failed(const SRunner *runner)
{
    return runner->failed;
}

/* The process ends soon; what tests made goes with it. */
static inline void srunner_free(SRunner *runner)
{
    (void)runner;
}

static inline void srunner_set_fork_status(SRunner *runner, int status)
{
    (void)runner;
    (void)status;
}

#define ck_abort_msg(...)                                                                          \
    (printf("%s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), putchar('\n'), exit(EXIT_FAILURE))
#define ck_assert_msg(holds, ...) ((holds) ? (void)0 : (void)ck_abort_msg(__VA_ARGS__))
#define ck_assert(holds) ck_assert_msg(holds, "%s", #holds)

#define STANDIN_COMPARE(type, form, a, op, b)                                                      \
    do {                                                                                           \
        type standin_a = (a);                                                                      \
        type standin_b = (b);                                                                      \
        ck_assert_msg(standin_a op standin_b, "%s " #op " %s: %" form ", %" form, #a, #b,          \
                      standin_a, standin_b);                                                       \
    } while (0)
#define ck_assert_int_eq(a, b) STANDIN_COMPARE(intmax_t, PRIdMAX, a, ==, b)
#define ck_assert_int_ne(a, b) STANDIN_COMPARE(intmax_t, PRIdMAX, a, !=, b)
#define ck_assert_int_lt(a, b) STANDIN_COMPARE(intmax_t, PRIdMAX, a, <, b)
#define ck_assert_int_le(a, b) STANDIN_COMPARE(intmax_t, PRIdMAX, a, <=, b)
#define ck_assert_int_gt(a, b) STANDIN_COMPARE(intmax_t, PRIdMAX, a, >, b)
#define ck_assert_int_ge(a, b) STANDIN_COMPARE(intmax_t, PRIdMAX, a, >=, b)
#define ck_assert_uint_eq(a, b) STANDIN_COMPARE(uintmax_t, PRIuMAX, a, ==, b)
#define ck_assert_uint_ne(a, b) STANDIN_COMPARE(uintmax_t, PRIuMAX, a, !=, b)
#define ck_assert_uint_lt(a, b) STANDIN_COMPARE(uintmax_t, PRIuMAX, a, <, b)
#define ck_assert_uint_le(a, b) STANDIN_COMPARE(uintmax_t, PRIuMAX, a, <=, b)
#define ck_assert_uint_gt(a, b) STANDIN_COMPARE(uintmax_t, PRIuMAX, a, >, b)
#define ck_assert_uint_ge(a, b) STANDIN_COMPARE(uintmax_t, PRIuMAX, a, >=, b)
#define ck_assert_ptr_eq(a, b) STANDIN_COMPARE(const void *, "p", a, ==, b)
#define ck_assert_ptr_ne(a, b) STANDIN_COMPARE(const void *, "p", a, !=, b)
#define ck_assert_ptr_null(a) ck_assert_msg((a) == NULL, "%s is not NULL", #a)
#define ck_assert_ptr_nonnull(a) ck_assert_msg((a) != NULL, "%s is NULL", #a)

#define ck_assert_str_eq(a, b)                                                                     \
    do {                                                                                           \
        const char *standin_a = (a), *standin_b = (b);                                             \
        ck_assert_msg(standin_a != NULL && standin_b != NULL && strcmp(standin_a, standin_b) == 0, \
                      "%s == %s: '%s', '%s'", #a, #b, standin_a ? standin_a : "(null)",            \
                      standin_b ? standin_b : "(null)");                                           \
    } while (0)
#define ck_assert_str_ne(a, b) ck_assert_msg(strcmp((a), (b)) != 0, "%s is %s: '%s'", #a, #b, (a))
#define ck_assert_mem_eq(a, b, size)                                                               \
    ck_assert_msg(memcmp((a), (b), (size)) == 0, "%s and %s differ", #a, #b)
#define ck_assert_mem_ne(a, b, size)                                                               \
    ck_assert_msg(memcmp((a), (b), (size)) != 0, "%s and %s are the same", #a, #b)

#endif
