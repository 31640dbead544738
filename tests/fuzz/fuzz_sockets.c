/* Lines of net/unix and net/tcp: a name lies within its line, a port and an inode are those
 * written. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "sockets.h"

static void check_unix(const char *line, size_t length)
{
    struct pt_socket_line parsed;
    int error = pt_parse_unix_line(line, length, &parsed);

    REQUIRE(error == 0 || error == -EINVAL);
    if (error < 0)
        return;
    REQUIRE(parsed.socket.family == PT_SOCKET_UNIX);
    if (parsed.socket.name != NULL) {
        REQUIRE(parsed.socket.name > line && parsed.socket.name[-1] == ' ');
        REQUIRE(parsed.socket.name + parsed.socket.name_length == line + length);
    }
}

static bool holds(const char *line, size_t length, const char *word)
{
    for (size_t i = 0; i + strlen(word) <= length; i++)
        if (strncasecmp(line + i, word, strlen(word)) == 0)
            return true;
    return false;
}

static void check_tcp(const char *line, size_t length)
{
    struct pt_socket_line parsed;
    char port[8];
    int error = pt_parse_tcp_line(line, length, &parsed);

    REQUIRE(error == 0 || error == -EINVAL);
    if (error < 0)
        return;
    REQUIRE(parsed.socket.family == PT_SOCKET_TCP || parsed.socket.family == PT_SOCKET_TCP6);
    REQUIRE(parsed.socket.name == NULL);
    snprintf(port, sizeof port, ":%04X", parsed.socket.port);
    REQUIRE(holds(line, length, port));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_unix((const char *)data, size);
    check_tcp((const char *)data, size);
    return 0;
}
