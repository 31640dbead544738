/* cgroup, mountinfo, cmdline, lists of PIDs: every part lies within the text, every walk ends. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "procparse.h"

static void check_within(const char *text, size_t size, const char *part, size_t length)
{
    REQUIRE(part >= text && part <= text + size && length <= (size_t)(text + size - part));
}

static void check_cgroup(const char *text, size_t size)
{
    static const char *const controllers[] = {"", "memory", "name=systemd", "a"};

    for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) {
        const char *path;
        size_t length;
        int error = pt_parse_cgroup(text, size, controllers[i], &path, &length);

        REQUIRE(error == 0 || error == -ENOENT);
        if (error == 0) {
            check_within(text, size, path, length);
            REQUIRE(memchr(path, '\n', length) == NULL);
        }
    }
}

static void check_mount(const char *text, size_t size)
{
    struct pt_mount mount;
    int error = pt_parse_mountinfo_line(text, size, &mount);

    REQUIRE(error == 0 || error == -EINVAL);
    if (error < 0)
        return;
    check_within(text, size, mount.root, mount.root_length);
    check_within(text, size, mount.mount_point, mount.mount_point_length);
    check_within(text, size, mount.type, mount.type_length);
    check_within(text, size, mount.super_options, mount.super_options_length);
}

/* The strings, each with its NUL, are the whole; only the last one's may be missing. */
static void check_strings(const char *text, size_t size)
{
    size_t offset = 0, expected = 0, length;
    const char *string;

    while (pt_next_string(text, size, &offset, &string, &length)) {
        REQUIRE(string == text + expected);
        check_within(text, size, string, length);
        REQUIRE(memchr(string, '\0', length) == NULL);
        expected += length + 1;
        REQUIRE(offset == expected);
    }
    REQUIRE(expected == size || expected == size + 1);
}

static void check_pids(const char *text, size_t size)
{
    char *name = fuzz_string((const uint8_t *)text, size);
    size_t offset = 0, before = 0;
    pid_t pid;

    while (pt_next_pid(text, size, &offset, &pid)) {
        REQUIRE(pid > 0 && offset > before && offset <= size);
        before = offset;
    }
    REQUIRE(pt_parse_pid_name(name) >= 0);
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;

    check_cgroup(text, size);
    check_mount(text, size);
    check_strings(text, size);
    check_pids(text, size);
    return 0;
}
