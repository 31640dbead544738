/* Users and groups by their names, each looked up once. */
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "scarce.h"
#include "suite.h"
#include "user_names.h"

static struct pt_user_names names;

START_TEST(as_the_database_says)
{
    const struct passwd *user = getpwuid(0);
    const struct group *group = getgrgid(0);
    ck_assert_str_eq(pt_user_name(&names, 0), user ? user->pw_name : "0");
    ck_assert_str_eq(pt_group_name(&names, 0), group ? group->gr_name : "0");
    pt_user_names_done(&names);
}
END_TEST

START_TEST(numbers_without_a_name)
{
    ck_assert_str_eq(pt_user_name(&names, 4294967294u), "4294967294");
    ck_assert_str_eq(pt_group_name(&names, 4294967294u), "4294967294");
    ck_assert_str_eq(pt_user_name(&names, 2147483649u), "2147483649");
    pt_user_names_done(&names);
}
END_TEST

/* The same text again is the same pointer; ids of one bucket stay apart. */
START_TEST(looked_up_once)
{
    const char *texts[4 * PT_USER_NAMES_BUCKETS];
    for (uid_t i = 0; i < 4 * PT_USER_NAMES_BUCKETS; i++)
        texts[i] = pt_user_name(&names, 3000000000u + i);
    for (uid_t i = 0; i < 4 * PT_USER_NAMES_BUCKETS; i++) {
        char number[16];
        snprintf(number, sizeof number, "%u", (unsigned)(3000000000u + i));
        ck_assert_str_eq(texts[i], number);
        ck_assert_ptr_eq(pt_user_name(&names, 3000000000u + i), texts[i]);
    }
    pt_user_names_done(&names);
    pt_user_names_done(&names);
}
END_TEST

/* Without memory there is no text at all, and later there is; never half of one. */
START_TEST(out_of_memory)
{
    const struct passwd *user = getpwuid(0);
    char expected[64];
    snprintf(expected, sizeof expected, "%s", user ? user->pw_name : "0");
    while (scarce_memory()) {
        const char *name = pt_user_name(&names, 0);
        const char *group = name != NULL ? pt_group_name(&names, 4294967294u) : NULL;
        if (scarce_end(group != NULL ? 0 : -ENOMEM) == 0)
            ck_assert_str_eq(group, "4294967294");
        if (name != NULL)
            ck_assert(strcmp(name, expected) == 0 || strcmp(name, "0") == 0);
        pt_user_names_done(&names);
    }
}
END_TEST

START_TEST(ids_of_names)
{
    static const struct {
        const char *text;
        int64_t id; /* -1: none */
    } rows[] = {
        {"root", 0},        {"0", 0},   {"4294967294", 4294967294},
        {"4294967295", -1}, {"", -1},   {"no such one", -1},
        {"-1", -1},         {"1x", -1}, {" 0", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uid_t uid = 7;
        gid_t gid = 7;
        int expected = rows[i].id < 0 ? -ENOENT : 0;
        ck_assert_int_eq(pt_user_id(rows[i].text, &uid), expected);
        ck_assert_int_eq(pt_group_id(rows[i].text, &gid), expected);
        ck_assert_int_eq(uid, rows[i].id < 0 ? 7 : rows[i].id);
        ck_assert_int_eq(gid, rows[i].id < 0 ? 7 : rows[i].id);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("user_names", as_the_database_says, numbers_without_a_name, looked_up_once,
                     out_of_memory, ids_of_names);
}
