/* status, statm, smaps, meminfo and uptime: numbers within their bounds, nothing read beyond. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "procparse.h"

static void check_status(const char *text, size_t size)
{
    struct pt_status status;
    int error = pt_parse_status(text, size, &status);

    REQUIRE(error == 0 || error == -EINVAL || error == -ERANGE);
    if (error < 0)
        return;
    REQUIRE(status.nspid_count <= PT_NSPID_MAX && status.tracer >= 0);
    REQUIRE(status.rss % 1024 == 0 && status.swap % 1024 == 0);
    REQUIRE(status.has_memory || status.rss == 0);
}

static void check_smaps(const char *text, size_t size)
{
    struct pt_smaps smaps, lines = {0};
    int error = pt_parse_smaps_rollup(text, size, &smaps);

    REQUIRE(error == 0 || error == -ESRCH);
    for (size_t begin = 0; begin < size;) {
        const char *newline = memchr(text + begin, '\n', size - begin);
        size_t end = newline ? (size_t)(newline - text) : size;

        pt_parse_smaps_line(text + begin, end - begin, &lines);
        begin = end + 1;
    }
    REQUIRE(lines.any == (error == 0));
    if (error == 0)
        REQUIRE(lines.pss == smaps.pss && lines.rss == smaps.rss);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct pt_statm statm;
    int64_t nanoseconds = 0;
    uint64_t bytes = 0;
    int error;

    check_status(text, size);
    check_smaps(text, size);
    error = pt_parse_statm(text, size, &statm);
    REQUIRE(error == 0 || error == -EINVAL);
    error = pt_parse_meminfo(text, size, "Pss", &bytes);
    REQUIRE((error == 0 || error == -EINVAL || error == -ENOENT) && bytes % 1024 == 0);
    error = pt_parse_uptime(text, size, &nanoseconds);
    REQUIRE((error == 0 || error == -EINVAL) && nanoseconds >= 0);
    return 0;
}
