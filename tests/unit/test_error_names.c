/* Names of errors, as scripts are told them. */
#include <check.h>
#include <errno.h>

#include "error_names.h"
#include "suite.h"

START_TEST(names)
{
    static const struct {
        int error;
        const char *name;
    } rows[] = {
        {EPERM, "EPERM"},
        {ENOENT, "ENOENT"},
        {EACCES, "EACCES"},
        {ESRCH, "ESRCH"},
        {ETIMEDOUT, "ETIMEDOUT"},
        {ENAMETOOLONG, "ENAMETOOLONG"},
        {EFBIG, "EFBIG"},
        {ENOSYS, "ENOSYS"},
        {ECONNREFUSED, "ECONNREFUSED"},
        {9999, "E9999"},
        {0, "E0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char buffer[PT_ERROR_NAME_SIZE];
        ck_assert_str_eq(pt_error_name(rows[i].error, buffer), rows[i].name);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("error_names", names);
}
