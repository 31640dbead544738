#include "error_names.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#define ROW(name)                                                                                  \
    {                                                                                              \
        name, #name                                                                                \
    }

static const struct {
    int error;
    char name[PT_ERROR_NAME_SIZE];
} rows[] = {
    ROW(EPERM),     ROW(ENOENT),       ROW(ESRCH),     ROW(EINTR),  ROW(EIO),
    ROW(ENXIO),     ROW(EBADF),        ROW(ECHILD),    ROW(EAGAIN), ROW(ENOMEM),
    ROW(EACCES),    ROW(EFAULT),       ROW(EBUSY),     ROW(EXDEV),  ROW(ENODEV),
    ROW(ENOTDIR),   ROW(EISDIR),       ROW(EINVAL),    ROW(ENFILE), ROW(EMFILE),
    ROW(ENOTTY),    ROW(EFBIG),        ROW(ENOSPC),    ROW(EROFS),  ROW(EPIPE),
    ROW(ERANGE),    ROW(ENAMETOOLONG), ROW(ENOSYS),    ROW(ELOOP),  ROW(ENODATA),
    ROW(EOVERFLOW), ROW(EOPNOTSUPP),   ROW(ETIMEDOUT), ROW(ESTALE), ROW(ECONNREFUSED),
};

const char *pt_error_name(int error, char buffer[PT_ERROR_NAME_SIZE])
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].error == error) {
            snprintf(buffer, PT_ERROR_NAME_SIZE, "%s", rows[i].name);
            return buffer;
        }
    snprintf(buffer, PT_ERROR_NAME_SIZE, "E%d", error);
    return buffer;
}
