/* A set of pids: what was added is there, nothing else, also when it grows and is emptied. */
#include <check.h>

#include "pid_set.h"
#include "scarce.h"
#include "suite.h"

START_TEST(empty)
{
    struct pt_pid_set set = {0};

    ck_assert(!pt_pid_set_has(&set, 1));
    pt_pid_set_clear(&set);
    pt_pid_set_done(&set);
    pt_pid_set_done(&set);
}
END_TEST

START_TEST(what_was_added)
{
    struct pt_pid_set set = {0};

    for (pid_t pid = 1; pid < 100000; pid += 3)
        ck_assert_int_eq(pt_pid_set_add(&set, pid), 0);
    for (pid_t pid = 1; pid < 100000; pid += 3)
        ck_assert_int_eq(pt_pid_set_add(&set, pid), 0);
    ck_assert_uint_eq(set.count, 33333);
    for (pid_t pid = 1; pid < 100000; pid++)
        ck_assert_int_eq(pt_pid_set_has(&set, pid), pid % 3 == 1);
    pt_pid_set_clear(&set);
    ck_assert_uint_eq(set.count, 0);
    for (pid_t pid = 1; pid < 100000; pid++)
        ck_assert(!pt_pid_set_has(&set, pid));
    ck_assert_int_eq(pt_pid_set_add(&set, 4194304), 0);
    ck_assert(pt_pid_set_has(&set, 4194304));
    pt_pid_set_done(&set);
}
END_TEST

/* A pid that could not be added is not there, and all others still are. */
START_TEST(out_of_memory)
{
    while (scarce_memory()) {
        struct pt_pid_set set = {0};
        pid_t pid = 1;
        int error = 0;

        while (error == 0 && pid <= 1000)
            error = pt_pid_set_add(&set, pid++);
        if (scarce_end(error) != 0)
            pid--;
        for (pid_t each = 1; each <= 1000; each++)
            ck_assert_int_eq(pt_pid_set_has(&set, each), each < pid);
        pt_pid_set_done(&set);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("pid_set", empty, what_was_added, out_of_memory);
}
