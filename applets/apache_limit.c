/*
 * How many slots the server may use: as the user says, or as its own status page does. No
 * configuration is read: it may be newer than the start, and only the server knows what of it
 * holds.
 *
 * Only this machine is ever asked, and only an address where nobody but the server itself can
 * answer. The answer is a stranger's all the same: of bounded length, within a bounded time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "apache_mem.h"
#include "buffer.h"
#include "cursor.h"
#include "stream.h"
#include "units.h"

#define PATIENCE (2 * PT_SECOND)
#define ANSWER_LIMIT ((size_t)1 << 20)
#define SLOTS_LIMIT 200000

static const char status_path[] = "/server-status?auto";

/* --- the URL --- */

static int parse_address(const char *host, size_t length, struct apache_url *url)
{
    char text[INET6_ADDRSTRLEN];
    static const uint8_t loopback6[16] = {[15] = 1};

    if (length == strlen("localhost") && memcmp(host, "localhost", length) == 0) {
        url->by_name = true;
        return 0;
    }
    if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
        url->version6 = true;
        host++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof text)
        return -EINVAL;
    memcpy(text, host, length);
    text[length] = '\0';
    if (inet_pton(url->version6 ? AF_INET6 : AF_INET, text, url->address) != 1)
        return -EINVAL;
    if (url->version6)
        return memcmp(url->address, loopback6, sizeof loopback6) == 0 ? 0 : -EINVAL;
    return url->address[0] == 127 ? 0 : -EINVAL;
}

/* Blanks and controls would end the request's line; a fragment is not for servers. */
static const char *find_unfit(const char *text)
{
    while (*text > ' ' && *text < 0x7f && *text != '#')
        text++;
    return *text != '\0' ? text : NULL;
}

int apache_parse_url(const char *text, struct apache_url *ret_url, struct pt_fault *fault)
{
    static const char scheme[] = "http://";
    struct apache_url url = {.given = true, .port = 80};
    const char *at, *unfit = find_unfit(text);
    size_t length, host;
    uint64_t port;

    if (strcmp(text, "auto") == 0) {
        *ret_url = (struct apache_url){.given = true, .automatic = true};
        return 0;
    }
    if (strncmp(text, scheme, strlen(scheme)) != 0)
        return pt_fault_set(fault, 0, "neither auto nor http://");
    if (unfit != NULL)
        return pt_fault_set(fault, (size_t)(unfit - text), "no character of a URL");
    at = text + strlen(scheme);
    length = strcspn(at, "/?");
    host = *at == '[' ? strcspn(at, "]") + 1 : strcspn(at, ":/?");
    if (host > length || parse_address(at, host, &url) < 0)
        return pt_fault_set(fault, strlen(scheme), "neither 127.x.x.x, [::1] nor localhost");
    if (host < length) {
        const char *digits = at + host + 1;

        if (at[host] != ':' || pt_scan_u64(&digits, at + length, &port) < 0 ||
            digits != at + length || port < 1 || port > UINT16_MAX)
            return pt_fault_set(fault, (size_t)(at + host - text), "no port");
        url.port = (uint16_t)port;
    }
    url.host = at;
    url.host_length = host;
    url.path = at + length;
    *ret_url = url;
    return 0;
}

/* --- whose address it is --- */

static bool holds(const struct pt_descriptors *descriptors, uint64_t inode)
{
    for (size_t i = 0; i < descriptors->count; i++)
        if (descriptors->sockets[i] == inode)
            return true;
    return false;
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* Whether a connection to ADDRESS may reach the listener. An IPv6 socket takes IPv4's too unless it
 * was told otherwise, which the table does not say. */
static bool may_reach(const struct pt_socket *socket, bool version6, const uint8_t *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (socket->family == PT_SOCKET_TCP)
        return !version6 &&
               (is_zero(socket->address, 4) || memcmp(socket->address, address, 4) == 0);
    if (socket->family != PT_SOCKET_TCP6)
        return false;
    if (is_zero(socket->address, 16))
        return true;
    if (version6)
        return memcmp(socket->address, address, 16) == 0;
    return memcmp(socket->address, mapped, sizeof mapped) == 0 &&
           (is_zero(socket->address + 12, 4) || memcmp(socket->address + 12, address, 4) == 0);
}

/* Whether the server listens there, and nobody else does. */
static bool is_its_own(const struct apache_instance *instance, uint16_t port, bool version6,
                       const uint8_t *address)
{
    const struct pt_sockets *sockets = instance->sockets;
    bool found = false;

    if (sockets == NULL || !sockets->ours)
        return false;
    for (size_t i = 0; i < sockets->count; i++) {
        const struct pt_socket *socket = &sockets->list[i];

        if (socket->family == PT_SOCKET_UNIX || socket->port != port ||
            !may_reach(socket, version6, address))
            continue;
        if (!holds(&instance->descriptors, socket->inode))
            return false;
        found = true;
    }
    return found;
}

struct target {
    union {
        struct sockaddr any;
        struct sockaddr_in version4;
        struct sockaddr_in6 version6;
    } address;
    socklen_t length;
};

static bool set_target(const struct apache_instance *instance, uint16_t port, bool version6,
                       const uint8_t *address, struct target *ret_target)
{
    struct target target = {.length = sizeof target.address.version4};

    if (!is_its_own(instance, port, version6, address))
        return false;
    if (version6) {
        target.address.version6.sin6_family = AF_INET6;
        target.address.version6.sin6_port = htons(port);
        memcpy(&target.address.version6.sin6_addr, address, 16);
        target.length = sizeof target.address.version6;
    } else {
        target.address.version4.sin_family = AF_INET;
        target.address.version4.sin_port = htons(port);
        memcpy(&target.address.version4.sin_addr, address, 4);
    }
    *ret_target = target;
    return true;
}

static bool find_target(const struct apache_url *url, const struct apache_instance *instance,
                        struct target *ret_target)
{
    static const uint8_t loopback4[16] = {127, 0, 0, 1}, loopback6[16] = {[15] = 1};
    uint16_t port = url->automatic ? instance->port : url->port;

    if (!url->automatic && !url->by_name)
        return set_target(instance, port, url->version6, url->address, ret_target);
    if (set_target(instance, port, false, loopback4, ret_target))
        return true;
    return url->by_name && set_target(instance, port, true, loopback6, ret_target);
}

/* --- asking --- */

static int connect_to(const struct pt_stream *stream, const struct target *target)
{
    int error = 0;
    socklen_t length = sizeof error;

    if (connect(stream->fd, &target->address.any, target->length) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    error = pt_stream_wait(stream, true);
    if (error == 0 && getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        return -errno;
    return error > 0 ? -error : error;
}

static int receive_all(const struct pt_stream *stream, struct pt_buffer *answer)
{
    int got;

    while ((got = pt_stream_receive(stream, answer)) > 0) {
        if (answer->length > ANSWER_LIMIT)
            return -EFBIG;
    }
    return got;
}

/* HTTP 1.0: the answer is whole when the connection ends, and comes in one piece. */
static int put_request(const struct apache_url *url, struct pt_buffer *request)
{
    pt_buffer_append_text(request, "GET ");
    if (url->automatic) {
        pt_buffer_append_text(request, status_path);
    } else {
        if (url->path[0] != '/')
            pt_buffer_append_byte(request, '/');
        pt_buffer_append_text(request, url->path);
        if (strchr(url->path, '?') == NULL)
            pt_buffer_append_text(request, "?auto");
    }
    pt_buffer_append_text(request, " HTTP/1.0\r\nHost: ");
    if (url->automatic)
        pt_buffer_append_text(request, "127.0.0.1");
    else
        pt_buffer_append(request, url->host, url->host_length);
    return pt_buffer_append_text(request,
                                 "\r\nUser-Agent: apache-mem\r\nConnection: close\r\n\r\n");
}

static int ask(const struct apache_url *url, const struct target *target, struct pt_buffer *answer)
{
    struct pt_buffer request = {0};
    struct pt_stream stream;
    int fd = socket(target->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0)
        return -errno;
    error = pt_stream_open(&stream, fd, pt_deadline(pt_monotonic(), PATIENCE));
    if (error < 0)
        return error;
    error = put_request(url, &request);
    if (error == 0)
        error = connect_to(&stream, target);
    if (error == 0)
        error = pt_stream_send(&stream, request.data, request.length);
    if (error == 0)
        error = receive_all(&stream, answer);
    pt_buffer_done(&request);
    pt_stream_close(&stream);
    return error;
}

/* --- the answer --- */

/* HTTP/1.1 200 OK, headers, an empty line, the body. NULL: it is none of that. */
static const char *find_body(const struct pt_buffer *answer)
{
    const char *text = pt_buffer_text(answer);

    if (answer->length < 13 || memcmp(text, "HTTP/1.", 7) != 0 || memcmp(text + 8, " 200", 4) != 0)
        return NULL;
    for (size_t i = 12; i + 4 <= answer->length; i++)
        if (memcmp(text + i, "\r\n\r\n", 4) == 0)
            return text + i + 4;
    return NULL;
}

/* A character a slot (mod_status, the page's key). */
static bool is_scoreboard(const struct pt_cursor *value)
{
    for (const char *at = value->at; at < value->end; at++)
        if (*at == '\0' || strchr("_SRWKDCLGI.", *at) == NULL)
            return false;
    return value->at < value->end;
}

static void take_line(struct pt_line *line, struct apache_instance *instance,
                      struct apache_limit *limit)
{
    pt_cursor_skip_blanks(&line->value);
    while (line->value.end > line->value.at && line->value.end[-1] == '\r')
        line->value.end--;
    if (pt_line_has_key(line, "Scoreboard") && limit->slots == 0) {
        size_t length = (size_t)(line->value.end - line->value.at);

        if (length <= SLOTS_LIMIT && is_scoreboard(&line->value))
            limit->slots = length;
    } else if (pt_line_has_key(line, "BusyWorkers") && !limit->has_busy) {
        limit->has_busy = pt_cursor_u64(&line->value, SLOTS_LIMIT, &limit->busy) == 0;
    } else if (pt_line_has_key(line, "ServerMPM") && instance->mpm == APACHE_MPM_UNKNOWN) {
        bool prefork =
            line->value.end - line->value.at == 7 && memcmp(line->value.at, "prefork", 7) == 0;

        instance->mpm = prefork ? APACHE_MPM_PREFORK : APACHE_MPM_THREADED;
    }
}

static void read_answer(const struct pt_buffer *answer, struct apache_instance *instance)
{
    struct apache_limit *limit = &instance->limit;
    const char *body = find_body(answer);
    struct pt_cursor cursor = {body, pt_buffer_text(answer) + answer->length};
    struct pt_line line;

    limit->unknown = "the status URL gave no status page";
    if (body == NULL)
        return;
    while (pt_cursor_line(&cursor, &line))
        take_line(&line, instance, limit);
    if (limit->slots == 0)
        return;
    limit->known = true;
    limit->unknown = NULL;
    limit->source = "status";
}

/* --- slots and processes --- */

/*
 * How many requests one process takes at a time. Beside those threads a process of event and worker
 * has its first one and the one that listens; modules may add some, so the smallest says it.
 */
static uint64_t threads_of(const struct apache_world *world, const struct apache_instance *instance)
{
    uint64_t fewest = 0;

    if (!instance->is_apache || instance->mpm == APACHE_MPM_PREFORK)
        return 1;
    for (size_t i = 0; i < instance->worker_count; i++) {
        const struct apache_worker *worker = &instance->workers[i];
        uint64_t threads = world->snapshot.processes[worker->index].stat.threads;

        if (worker->role == APACHE_WORKER && !worker->stopping && (fewest == 0 || threads < fewest))
            fewest = threads;
    }
    if (fewest <= 2)
        return instance->mpm == APACHE_MPM_THREADED ? 0 : fewest;
    return fewest - 2;
}

/* -EPERM: the URL is another's. */
static int ask_server(const struct apache_world *world, struct apache_instance *instance)
{
    const struct apache_url *url = &world->settings->url;
    struct apache_limit *limit = &instance->limit;
    struct pt_buffer answer = {0};
    struct target target;
    int error;

    limit->unknown = "it cannot be seen where the server listens";
    if (instance->sockets == NULL)
        return 0;
    if (!find_target(url, instance, &target)) {
        limit->unknown = url->automatic ? "no port of 127.0.0.1 is this server's alone"
                                        : "the status URL is not this server's own";
        return url->automatic ? 0 : -EPERM;
    }
    error = ask(url, &target, &answer);
    if (error == 0)
        read_answer(&answer, instance);
    else if (error == -ETIMEDOUT)
        limit->unknown = "the status URL did not answer within 2 seconds";
    else
        limit->unknown = error == -EFBIG ? "the answer of the status URL is too long"
                                         : "the status URL could not be asked";
    pt_buffer_done(&answer);
    return error == -ENOMEM ? error : 0;
}

int apache_ask_limit(const struct apache_world *world, struct apache_instance *instance)
{
    const struct apache_settings *settings = world->settings;
    struct apache_limit *limit = &instance->limit;
    int error = 0;

    if (settings->limit != 0) {
        limit->known = true;
        limit->slots = settings->limit;
        limit->source = "option";
    } else if (settings->url.given) {
        error = ask_server(world, instance);
    } else {
        limit->unknown = instance->has_status && instance->port != 0
                             ? "--limit N or --status-url auto would tell"
                             : "--limit N would tell";
    }
    limit->threads = threads_of(world, instance);
    return error;
}
