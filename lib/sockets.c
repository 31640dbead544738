/* Formats: proc(5), net/unix/af_unix.c (unix_seq_show), net/ipv4/tcp_ipv4.c (get_tcp4_sock). */
#include "sockets.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cursor.h"
#include "dir.h"
#include "procparse.h"
#include "source.h"
#include "tcp_diag.h"
#include "text.h"
#include "units.h"
#include "unix_diag.h"

/* A socket that listens has it in the column Flags of net/unix (SO_ACCEPTCON). */
#define ACCEPTS UINT32_C(0x10000)
#define TCP_LISTENS 0x0a /* in the column st */

#define DIAG_TIMEOUT PT_SECOND

/* --- lines --- */

static int parse_hex(const char *text, size_t length, uint32_t *ret_value)
{
    uint32_t value = 0;

    if (length == 0 || length > 8)
        return -EINVAL;
    for (size_t i = 0; i < length; i++) {
        int digit = pt_hex_digit(text[i]);

        if (digit < 0)
            return -EINVAL;
        value = value << 4 | (uint32_t)digit;
    }
    *ret_value = value;
    return 0;
}

static int skip_words(struct pt_cursor *cursor, int count)
{
    const char *word;
    size_t length;

    for (int i = 0; i < count; i++)
        if (pt_cursor_word(cursor, &word, &length) < 0)
            return -EINVAL;
    return 0;
}

/* 0000000000000000: 00000002 00000000 00010000 0001 01 25612 /run/apache2/cgisock.812 */
int pt_parse_unix_line(const char *line, size_t length, struct pt_socket_line *ret_line)
{
    struct pt_cursor cursor = {line, line + length};
    struct pt_socket_line parsed = {.socket.family = PT_SOCKET_UNIX};
    const char *word;
    size_t word_length;
    uint32_t flags;

    if (skip_words(&cursor, 3) < 0 || pt_cursor_word(&cursor, &word, &word_length) < 0 ||
        parse_hex(word, word_length, &flags) < 0 || skip_words(&cursor, 2) < 0 ||
        pt_cursor_u64(&cursor, UINT64_MAX, &parsed.socket.inode) < 0)
        return -EINVAL;
    parsed.listens = flags & ACCEPTS;
    if (cursor.at < cursor.end && *cursor.at == ' ') {
        parsed.socket.name = cursor.at + 1;
        parsed.socket.name_length = (size_t)(cursor.end - parsed.socket.name);
    }
    *ret_line = parsed;
    return 0;
}

/* `0100007F:1F90`, `00000000000000000000000001000000:0050`: words of 32 bits, each as this machine
 * reads the four bytes of the address. */
static int parse_address(const char *word, size_t length, struct pt_socket *socket)
{
    size_t digits = length >= 5 ? length - 5 : 0;
    uint32_t port;

    if ((digits != 8 && digits != 32) || word[digits] != ':' ||
        parse_hex(word + digits + 1, 4, &port) < 0)
        return -EINVAL;
    for (size_t i = 0; i < digits / 8; i++) {
        uint32_t part;

        if (parse_hex(word + i * 8, 8, &part) < 0)
            return -EINVAL;
        memcpy(socket->address + i * 4, &part, sizeof part);
    }
    socket->family = digits == 8 ? PT_SOCKET_TCP : PT_SOCKET_TCP6;
    socket->port = (uint16_t)port;
    return 0;
}

/*    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 25610
 * 1 */
int pt_parse_tcp_line(const char *line, size_t length, struct pt_socket_line *ret_line)
{
    struct pt_cursor cursor = {line, line + length};
    struct pt_socket_line parsed = {0};
    const char *word;
    size_t word_length;
    uint32_t state;

    if (skip_words(&cursor, 1) < 0 || pt_cursor_word(&cursor, &word, &word_length) < 0 ||
        parse_address(word, word_length, &parsed.socket) < 0 || skip_words(&cursor, 1) < 0 ||
        pt_cursor_word(&cursor, &word, &word_length) < 0 ||
        parse_hex(word, word_length, &state) < 0 || skip_words(&cursor, 5) < 0 ||
        pt_cursor_u64(&cursor, UINT64_MAX, &parsed.socket.inode) < 0)
        return -EINVAL;
    parsed.listens = state == TCP_LISTENS;
    *ret_line = parsed;
    return 0;
}

/* --- one namespace --- */

/* One AF_UNIX socket of the file: those that do not listen count too, as others may be forged. */
struct claim {
    struct pt_socket socket;
    bool listens;
    bool is_tcp;
};

struct reading {
    struct pt_sockets *sockets;
    struct claim *claims;
    size_t claim_count, claim_capacity;
    size_t capacity; /* of sockets->list */
};

static int append(struct reading *reading, const struct pt_socket *socket)
{
    struct pt_sockets *sockets = reading->sockets;
    struct pt_socket *list =
        pt_grow(sockets->list, sockets->count, &reading->capacity, sizeof *list);

    if (list == NULL)
        return -ENOMEM;
    sockets->list = list;
    sockets->list[sockets->count++] = *socket;
    return 0;
}

static int keep_name(struct pt_arena *arena, struct pt_socket *socket)
{
    if (socket->name == NULL)
        return 0;
    socket->name = pt_arena_strndup(arena, socket->name, socket->name_length);
    return socket->name != NULL ? 0 : -ENOMEM;
}

static int take_claim(const char *line, size_t length, bool whole, void *data)
{
    struct reading *reading = data;
    struct pt_socket_line parsed;
    struct claim *claims;

    if (pt_parse_unix_line(line, length, &parsed) < 0)
        return 0;
    claims =
        pt_grow(reading->claims, reading->claim_count, &reading->claim_capacity, sizeof *claims);
    if (claims == NULL)
        return -ENOMEM;
    reading->claims = claims;
    if (!parsed.listens || !whole)
        parsed.socket.name = NULL;
    if (keep_name(&reading->sockets->arena, &parsed.socket) < 0)
        return -ENOMEM;
    reading->claims[reading->claim_count++] = (struct claim){parsed.socket, parsed.listens, false};
    return 0;
}

static int compare_inodes(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* struct claim begins with a socket. */
static int compare_sockets(const void *a, const void *b)
{
    const struct pt_socket *left = a, *right = b;

    return compare_inodes(left->inode, right->inode);
}

static void sort_claims(struct reading *reading)
{
    if (reading->claim_count > 0)
        qsort(reading->claims, reading->claim_count, sizeof *reading->claims, compare_sockets);
}

/* Every claim with this inode is somebody's invention: the socket is TCP's. */
static void refute(struct reading *reading, uint64_t inode)
{
    size_t low = 0, high = reading->claim_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (reading->claims[middle].socket.inode < inode)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < reading->claim_count && reading->claims[low].socket.inode == inode; low++)
        reading->claims[low].is_tcp = true;
}

static int take_tcp(const char *line, size_t length, bool whole, void *data)
{
    struct reading *reading = data;
    struct pt_socket_line parsed;

    (void)whole;
    if (pt_parse_tcp_line(line, length, &parsed) < 0)
        return 0;
    refute(reading, parsed.socket.inode);
    return parsed.listens ? append(reading, &parsed.socket) : 0;
}

static int take_listener(const struct pt_listener *listener, void *data)
{
    struct reading *reading = data;
    struct pt_socket socket = {.inode = listener->inode, .family = PT_SOCKET_UNIX};
    size_t length = listener->length;
    char *name;

    /* A path's length may count its NUL; an abstract name begins with one. */
    if (listener->name[0] != '\0')
        length = strnlen(listener->name, length);
    name = pt_arena_strndup(&reading->sockets->arena, listener->name, length);
    if (name == NULL)
        return -ENOMEM;
    if (length > 0 && name[0] == '\0')
        name[0] = '@';
    socket.name = name;
    socket.name_length = length;
    return append(reading, &socket);
}

/* What is left of the claims, one socket for each inode. */
static int take_claims(struct reading *reading)
{
    for (size_t i = 0, next; i < reading->claim_count; i = next) {
        struct claim claim = reading->claims[i];

        for (next = i + 1; next < reading->claim_count &&
                           reading->claims[next].socket.inode == claim.socket.inode;
             next++) {
            claim.listens |= reading->claims[next].listens;
            claim.socket.name = NULL;
        }
        if (claim.socket.name == NULL)
            claim.socket.name_length = 0;
        if (claim.listens && !claim.is_tcp && append(reading, &claim.socket) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* A kernel without IPv6 has no tcp6. */
static int read_tcp(struct reading *reading, const struct pt_dir *dir)
{
    static const char *const tables[] = {"net/tcp", "net/tcp6"};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        int error = pt_dir_lines(dir, tables[i], take_tcp, reading);

        if (error < 0 && error != -ENOENT)
            return error;
    }
    return 0;
}

static int take_tcp_listener(const struct pt_tcp_listener *listener, void *data)
{
    struct pt_socket socket = {
        .inode = listener->inode,
        .family = listener->version6 ? PT_SOCKET_TCP6 : PT_SOCKET_TCP,
        .port = listener->port,
    };

    memcpy(socket.address, listener->address, sizeof socket.address);
    return append(data, &socket);
}

/* The kernel's own answer, where it has one for us: of AF_UNIX and TCP, or it is none. */
static bool read_diag(struct reading *reading)
{
    struct pt_sockets *sockets = reading->sockets;
    int error = sockets->ours ? pt_unix_listeners(DIAG_TIMEOUT, take_listener, reading) : -ENOENT;

    if (error == 0)
        error = pt_tcp_listeners(false, DIAG_TIMEOUT, take_tcp_listener, reading);
    if (error == 0) {
        error = pt_tcp_listeners(true, DIAG_TIMEOUT, take_tcp_listener, reading);
        if (error == -ENOENT) /* a kernel without IPv6 */
            error = 0;
    }
    if (error != 0)
        sockets->count = 0;
    return error == 0;
}

static int read_tables(struct reading *reading, const struct pt_dir *dir)
{
    int error;

    if (read_diag(reading))
        return 0;
    error = pt_dir_lines(dir, "net/unix", take_claim, reading);
    sort_claims(reading);
    if (error == 0 || error == -ENOENT)
        error = read_tcp(reading, dir);
    if (error == 0)
        error = take_claims(reading);
    return error;
}

const struct pt_socket *pt_sockets_find(const struct pt_sockets *sockets, uint64_t inode)
{
    const struct pt_socket key = {.inode = inode};

    if (sockets->count == 0)
        return NULL;
    return bsearch(&key, sockets->list, sockets->count, sizeof key, compare_sockets);
}

/* --- all namespaces --- */

static void free_sockets(struct pt_sockets *sockets)
{
    free(sockets->list);
    pt_arena_done(&sockets->arena);
    free(sockets);
}

void pt_networks_init(struct pt_networks *networks, const struct pt_procfs *procfs)
{
    *networks = (struct pt_networks){.procfs = procfs};
}

void pt_networks_done(struct pt_networks *networks)
{
    for (size_t i = 0; i < networks->count; i++)
        free_sockets(networks->list[i]);
    free(networks->list);
    *networks = (struct pt_networks){.procfs = networks->procfs};
}

/* The number in `net:[4026531840]` or `socket:[25610]`, of a link whose text begins with PREFIX. */
static bool link_number(const struct pt_buffer *text, const char *prefix, uint64_t *ret_number)
{
    size_t length = strlen(prefix);
    const char *at = pt_buffer_text(text) + length, *end = pt_buffer_text(text) + text->length;

    return text->length > length && memcmp(text->data, prefix, length) == 0 &&
           pt_scan_u64(&at, end, ret_number) == 0 && at < end && *at == ']';
}

/* Of the process whose directory it is; 0 where that cannot be said. */
static uint64_t network_of(const struct pt_dir *dir, struct pt_buffer *text)
{
    uint64_t net;

    pt_buffer_clear(text);
    if (pt_dir_readlink(dir, "ns/net", text) < 0 || !link_number(text, "net:[", &net))
        return 0;
    return net;
}

static uint64_t own_network(const struct pt_procfs *procfs)
{
    struct pt_buffer text = {0};
    struct pt_dir dir;
    uint64_t net = 0;

    if (!procfs->own_namespace || pt_procfs_open_pid(procfs, getpid(), &dir) < 0)
        return 0;
    net = network_of(&dir, &text);
    pt_dir_close(&dir);
    pt_buffer_done(&text);
    return net;
}

static int read_sockets(struct pt_networks *networks, uint64_t net, pid_t pid,
                        struct pt_sockets *sockets)
{
    struct reading reading = {.sockets = sockets};
    struct pt_dir dir;
    int error = pt_procfs_open_pid(networks->procfs, pid, &dir);

    if (error < 0)
        return error == -ENOENT ? -ESRCH : error;
    sockets->net = net;
    sockets->ours = net != 0 && net == networks->own;
    error = read_tables(&reading, &dir);
    pt_dir_close(&dir);
    free(reading.claims);
    if (sockets->count > 0)
        qsort(sockets->list, sockets->count, sizeof *sockets->list, compare_sockets);
    return error;
}

int pt_networks_get(struct pt_networks *networks, uint64_t net, pid_t pid,
                    const struct pt_sockets **ret_sockets)
{
    struct pt_sockets **list, *sockets;
    int error;

    for (size_t i = 0; i < networks->count; i++) {
        if (networks->list[i]->net == net) {
            *ret_sockets = networks->list[i];
            return 0;
        }
    }
    if (networks->own == 0)
        networks->own = own_network(networks->procfs);
    list = realloc(networks->list, (networks->count + 1) * sizeof(struct pt_sockets *));
    if (list == NULL)
        return -ENOMEM;
    networks->list = list;
    sockets = calloc(1, sizeof *sockets);
    if (sockets == NULL)
        return -ENOMEM;
    error = read_sockets(networks, net, pid, sockets);
    if (error < 0) {
        free_sockets(sockets);
        return error;
    }
    list[networks->count++] = sockets;
    *ret_sockets = sockets;
    return 0;
}

/* --- descriptors --- */

struct walk {
    struct pt_dir fds;
    struct pt_buffer text;    /* of one link */
    struct pt_buffer inodes;  /* of sockets */
    struct pt_buffer numbers; /* of their descriptors */
    int poll;
};

static const char poll_link[] = "anon_inode:[eventpoll]";

static bool is_poll(const struct pt_buffer *text)
{
    return text->length == sizeof poll_link - 1 && memcmp(text->data, poll_link, text->length) == 0;
}

/* One that was closed meanwhile is no descriptor of the process's. */
static int take_descriptor(const char *name, unsigned char type, void *data)
{
    struct walk *walk = data;
    uint64_t value, inode;
    int number, error;

    (void)type;
    if (pt_parse_u64(name, 0, INT_MAX, &value, NULL) != 0)
        return 0;
    number = (int)value;
    pt_buffer_clear(&walk->text);
    error = pt_dir_readlink(&walk->fds, name, &walk->text);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    if (is_poll(&walk->text))
        walk->poll = number;
    if (!link_number(&walk->text, "socket:[", &inode))
        return 0;
    pt_buffer_append(&walk->numbers, (const char *)&number, sizeof number);
    return pt_buffer_append(&walk->inodes, (const char *)&inode, sizeof inode);
}

static int walk_descriptors(const struct pt_dir *dir, struct walk *walk)
{
    int error = pt_dir_open_at(&walk->fds, dir, "fd");

    if (error == 0)
        error = pt_dir_each(&walk->fds, take_descriptor, walk);
    pt_dir_close(&walk->fds);
    return error;
}

static int keep_descriptors(const struct walk *walk, struct pt_arena *arena,
                            struct pt_descriptors *descriptors)
{
    const struct pt_buffer *inodes = &walk->inodes, *numbers = &walk->numbers;

    if (numbers->error < 0)
        return numbers->error;
    descriptors->poll = walk->poll;
    descriptors->count = inodes->length / sizeof *descriptors->sockets;
    descriptors->sockets =
        pt_arena_memdup(arena, pt_buffer_text(inodes), inodes->length, PT_ALIGN_OF(uint64_t));
    descriptors->numbers =
        pt_arena_memdup(arena, pt_buffer_text(numbers), numbers->length, PT_ALIGN_OF(int));
    return descriptors->sockets != NULL && descriptors->numbers != NULL ? 0 : -ENOMEM;
}

int pt_descriptors_read(const struct pt_procfs *procfs, pid_t pid, uint64_t starttime,
                        struct pt_arena *arena, struct pt_descriptors *ret_descriptors)
{
    struct walk walk = {.fds = PT_DIR_CLOSED, .poll = -1};
    struct pt_descriptors descriptors = {0};
    struct pt_stat stat = {.pid = pid};
    struct pt_dir dir;
    int error = pt_procfs_open_pid(procfs, pid, &dir);

    if (error < 0)
        return error == -ENOENT ? -ESRCH : error;
    error = pt_source_read_stat(&dir, "stat", arena, &stat);
    if (error == 0 && stat.starttime != starttime)
        error = -ESRCH;
    if (error == 0)
        error = walk_descriptors(&dir, &walk);
    if (error == 0)
        descriptors.net = network_of(&dir, &walk.text);
    pt_dir_close(&dir);
    if (error == 0)
        error = keep_descriptors(&walk, arena, &descriptors);
    if (error == 0)
        *ret_descriptors = descriptors;
    pt_buffer_done(&walk.text);
    pt_buffer_done(&walk.inodes);
    pt_buffer_done(&walk.numbers);
    return error;
}

static bool read_descriptor(const struct pt_procfs *procfs, pid_t pid, int number,
                            struct pt_buffer *text)
{
    char name[24], path[PT_PROCFS_PATH];

    snprintf(name, sizeof name, "fd/%d", number);
    pt_buffer_clear(text);
    return pt_dir_readlink(&procfs->root, pt_procfs_path(path, pid, name), text) == 0;
}

bool pt_descriptors_alike(const struct pt_procfs *procfs, pid_t pid,
                          const struct pt_descriptors *sibling, size_t which)
{
    struct pt_buffer text = {0};
    uint64_t inode;
    bool alike = read_descriptor(procfs, pid, sibling->numbers[which], &text) &&
                 link_number(&text, "socket:[", &inode) && inode == sibling->sockets[which];

    if (alike && sibling->poll >= 0)
        alike = read_descriptor(procfs, pid, sibling->poll, &text) && is_poll(&text);
    pt_buffer_done(&text);
    return alike;
}
