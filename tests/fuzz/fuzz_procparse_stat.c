/* stat: what is taken has its comm within the record, in parentheses, and is read again alike from
 * fields written out of it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "fuzz.h"
#include "procparse.h"

static void check_again(const struct pt_stat *stat)
{
    size_t room = stat->comm_length + 512, length;
    char *line = malloc(room);
    struct pt_stat again;

    REQUIRE(line != NULL);
    length = (size_t)snprintf(line, room, "%d (", stat->pid);
    memcpy(line + length, stat->comm, stat->comm_length);
    length += stat->comm_length;
    length +=
        (size_t)snprintf(line + length, room - length,
                         ") %c %d %d %d %" PRId32 " %d %" PRIu32 " 0 0 0 0 %" PRIu64 " %" PRIu64
                         " 0 0 20 %" PRId32 " %" PRIu32 " 0 %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                         stat->state, stat->ppid, stat->pgrp, stat->session, (int32_t)stat->tty,
                         stat->tpgid, stat->flags, stat->utime, stat->stime, stat->nice,
                         stat->threads, stat->starttime, stat->vsize, stat->rss);
    REQUIRE(pt_parse_stat(line, length, &again) == 0);
    REQUIRE(again.comm_length == stat->comm_length);
    REQUIRE(memcmp(again.comm, stat->comm, stat->comm_length) == 0);
    again.comm = stat->comm;
    REQUIRE(again.pid == stat->pid && again.ppid == stat->ppid && again.pgrp == stat->pgrp);
    REQUIRE(again.session == stat->session && again.tpgid == stat->tpgid);
    REQUIRE(again.tty == stat->tty && again.flags == stat->flags && again.nice == stat->nice);
    REQUIRE(again.threads == stat->threads && again.starttime == stat->starttime);
    REQUIRE(again.utime == stat->utime && again.stime == stat->stime);
    REQUIRE(again.vsize == stat->vsize && again.rss == stat->rss && again.state == stat->state);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct pt_stat stat;
    int error = pt_parse_stat(text, size, &stat);

    REQUIRE(error == 0 || error == -EINVAL || error == -ERANGE);
    if (error < 0)
        return 0;
    REQUIRE(stat.comm > text && stat.comm + stat.comm_length < text + size);
    REQUIRE(stat.comm[-1] == '(' && stat.comm[stat.comm_length] == ')');
    REQUIRE(stat.state > ' ' && stat.state <= '~');
    REQUIRE(stat.pid > 0 && stat.ppid >= 0 && stat.tpgid >= -1);
    check_again(&stat);
    return 0;
}
