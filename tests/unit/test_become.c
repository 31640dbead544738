/* Who is to be become, by the system's databases. Becoming itself is seen from inside, by
 * tests/real/session_leaks.py. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "become.h"
#include "scarce.h"
#include "suite.h"

START_TEST(finds_users)
{
    struct pt_user user = {.name = "untouched"};
    struct pt_arena arena = {0};
    bool in_own_group = false;

    ck_assert_int_eq(pt_user_find(0, &arena, &user), 0);
    ck_assert_str_eq(user.name, "root");
    ck_assert_int_eq(user.home[0], '/');
    ck_assert_int_eq(user.shell[0], '/');
    ck_assert(user.known);
    for (size_t i = 0; i < user.group_count; i++)
        in_own_group |= user.groups[i] == user.gid;
    ck_assert(in_own_group);
    user.name = "untouched";
    ck_assert_int_eq(pt_user_find((uid_t)-2, &arena, &user), -ENOENT);
    ck_assert_str_eq(user.name, "untouched");
    pt_arena_done(&arena);
    while (scarce_memory()) {
        struct pt_arena own = {0};

        if (scarce_end(pt_user_find(0, &own, &user)) == 0)
            ck_assert_str_eq(user.name, "root");
        pt_arena_done(&own);
    }
}
END_TEST

START_TEST(whether_it_is_us)
{
    ck_assert(pt_user_is_us(getuid()) && !pt_user_is_us(getuid() + 1));
}
END_TEST

/* All from the first on; and where the kernel cannot, all that our directory of them lists. */
START_TEST(closes_others)
{
    int low = open("/dev/null", O_RDONLY), high;

    high = fcntl(low, F_DUPFD, low + 20);
    ck_assert_int_eq(high, low + 20);
    ck_assert_int_eq(pt_become_close_others(high), 0);
    ck_assert_int_eq(fcntl(high, F_GETFD), -1);
    ck_assert_int_ge(fcntl(low, F_GETFD), 0);
    close(low);
}
END_TEST

int main(void)
{
    return RUN_SUITE("become", finds_users, whether_it_is_us, closes_others);
}
