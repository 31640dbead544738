/* What processes listen on: lines as the kernel writes them and as somebody may forge them, tables
 * of fixture roots, descriptors, and the kernel's own answer about sockets of this test. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fakeproc.h"
#include "process.h"
#include "scarce.h"
#include "sockets.h"
#include "suite.h"
#include "tcp_diag.h"
#include "units.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

#define UNIX_HEADER "Num       RefCount Protocol Flags    Type St Inode Path\n"
#define TCP_HEADER                                                                                 \
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "  \
    "inode\n"
#define UNIX_LINE(flags, inode, name)                                                              \
    "0000000000000000: 00000002 00000000 " flags " 0001 01 " inode name "\n"
#define TCP_LINE(address, state, inode)                                                            \
    "   0: " address " 00000000:0000 " state                                                       \
    " 00000000:00000000 00:00000000 00000000     0        0 " inode " 1\n"

/* --- lines --- */

START_TEST(unix_lines)
{
    static const struct {
        const char *line, *name; /* NULL: no line, or no name */
        uint64_t inode;          /* 0: no line */
        bool listens;
    } rows[] = {
        {"0000000000000000: 00000002 00000000 00010000 0001 01 25612 /run/apache2/cgisock.812",
         "/run/apache2/cgisock.812", 25612, true},
        {"ffff8881234560c0: 00000003 00000000 00000000 0001 03 7", NULL, 7, false},
        {"0000000000000000: 00000002 00000000 00010000 0001 01 9 @abstract name", "@abstract name",
         9, true},
        {"0000000000000000: 00000002 00000000 00010000 0001 01 9 /with  blanks ", "/with  blanks ",
         9, true},
        {"0000000000000000: 00000002 00000000 00010000 0001 01 9 ", "", 9, true},
        {"Num       RefCount Protocol Flags    Type St Inode Path", NULL, 0, false},
        {"0000000000000000: 00000002 00000000 0001000g 0001 01 9 /x", NULL, 0, false},
        {"0000000000000000: 00000002 00000000 111111111 0001 01 9 /x", NULL, 0, false},
        {"0000000000000000: 00000002 00000000 00010000 0001 01 x /x", NULL, 0, false},
        {"0000000000000000: 00000002 00000000 00010000 0001 01", NULL, 0, false},
        {"", NULL, 0, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_socket_line line = {0};
        int error = pt_parse_unix_line(rows[i].line, strlen(rows[i].line), &line);

        ck_assert_msg(error == (rows[i].inode != 0 ? 0 : -EINVAL), "%s", rows[i].line);
        ck_assert_uint_eq(line.socket.inode, rows[i].inode);
        ck_assert_int_eq(line.listens, rows[i].listens);
        ck_assert_int_eq(line.socket.name != NULL, rows[i].name != NULL);
        if (rows[i].name != NULL) {
            ck_assert_uint_eq(line.socket.name_length, strlen(rows[i].name));
            ck_assert_mem_eq(line.socket.name, rows[i].name, line.socket.name_length);
        }
    }
}
END_TEST

START_TEST(tcp_lines)
{
    static const uint8_t loopback[16] = {127, 0, 0, 1}, loopback6[16] = {[15] = 1};
    static const struct {
        const char *line;
        bool valid, version6, listens;
        uint16_t port;
        const uint8_t *address;
    } rows[] = {
        {TCP_LINE("0100007F:1F90", "0A", "25610"), true, false, true, 8080, loopback},
        {TCP_LINE("0100007F:0050", "01", "25610"), true, false, false, 80, loopback},
        {TCP_LINE("00000000000000000000000001000000:FFFF", "0A", "25610"), true, true, true, 65535,
         loopback6},
        {TCP_HEADER, false, false, false, 0, NULL},
        {TCP_LINE("0100007F1F90", "0A", "25610"), false, false, false, 0, NULL},
        {TCP_LINE("0100007F:1F9", "0A", "25610"), false, false, false, 0, NULL},
        {TCP_LINE("0100007G:1F90", "0A", "25610"), false, false, false, 0, NULL},
        {TCP_LINE(":1F90", "0A", "25610"), false, false, false, 0, NULL},
        {TCP_LINE("0100007F:1F90", "zz", "25610"), false, false, false, 0, NULL},
        {TCP_LINE("0100007F:1F90", "0A", "-1"), false, false, false, 0, NULL},
        {"   0: 0100007F:1F90", false, false, false, 0, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_socket_line line = {0};
        int error = pt_parse_tcp_line(rows[i].line, strlen(rows[i].line) - 1, &line);

        ck_assert_msg(error == (rows[i].valid ? 0 : -EINVAL), "%s", rows[i].line);
        if (!rows[i].valid)
            continue;
        ck_assert_uint_eq(line.socket.inode, 25610);
        ck_assert_int_eq(line.listens, rows[i].listens);
        ck_assert_int_eq(line.socket.family, rows[i].version6 ? PT_SOCKET_TCP6 : PT_SOCKET_TCP);
        ck_assert_uint_eq(line.socket.port, rows[i].port);
        ck_assert_mem_eq(line.socket.address, rows[i].address, 16);
    }
}
END_TEST

/* --- tables of a fixture --- */

static struct fakeproc proc;
static struct pt_procfs procfs;
static struct pt_networks networks;
static struct pt_arena arena;

static void set_up(void)
{
    fakeproc_init(&proc);
    fakeproc_add(&proc, &(struct fake_process){.pid = 5});
    ck_assert_int_eq(pt_procfs_open(&procfs, proc.path), 0);
    pt_networks_init(&networks, &procfs);
    pt_arena_init(&arena);
}

static void tear_down(void)
{
    pt_arena_done(&arena);
    pt_networks_done(&networks);
    pt_procfs_close(&procfs);
    fakeproc_done(&proc);
}

static const struct pt_sockets *read_tables(uint64_t net)
{
    const struct pt_sockets *sockets = NULL;

    ck_assert_int_eq(pt_networks_get(&networks, net, 5, &sockets), 0);
    ck_assert_ptr_nonnull(sockets);
    ck_assert(!sockets->ours);
    return sockets;
}

/* NAME is NULL for a listener without a believable one. */
static void check_unix(const struct pt_sockets *sockets, uint64_t inode, const char *name)
{
    const struct pt_socket *socket = pt_sockets_find(sockets, inode);

    ck_assert_msg(socket != NULL, "%u", (unsigned)inode);
    ck_assert_int_eq(socket->family, PT_SOCKET_UNIX);
    ck_assert_msg((socket->name != NULL) == (name != NULL), "%u", (unsigned)inode);
    ck_assert_uint_eq(socket->name_length, name != NULL ? strlen(name) : 0);
    if (name != NULL)
        ck_assert_str_eq(socket->name, name);
}

START_TEST(forged_names)
{
    static const char table[] = UNIX_HEADER UNIX_LINE("00010000", "10", " /run/honest")
        UNIX_LINE("00000000", "11", " /run/connected")
        /* An abstract name with a newline: the rest of it claims other sockets. */
        UNIX_LINE("00010000", "12", " @a") UNIX_LINE("00010000", "10", " /run/wsgi.1.0.1.sock")
            UNIX_LINE("00010000", "12", " @") UNIX_LINE("00010000", "20", " /run/cgisock.5")
                UNIX_LINE("00010000", "21", " /run/cgisock.5") UNIX_LINE("00010000", "13", "")
                    UNIX_LINE("00010000", "14", " /run/alone");
    const struct pt_sockets *sockets;

    set_up();
    fakeproc_text(&proc, 5, "net/unix", table);
    fakeproc_text(&proc, 5, "net/tcp",
                  TCP_HEADER TCP_LINE("0100007F:0050", "0A", "20")
                      TCP_LINE("0100007F:0050", "01", "21"));
    sockets = read_tables(1);
    check_unix(sockets, 10, NULL);
    check_unix(sockets, 12, NULL);
    check_unix(sockets, 13, NULL);
    check_unix(sockets, 14, "/run/alone");
    ck_assert_ptr_null(pt_sockets_find(sockets, 11));
    /* TCP's word counts: one listens, the other is a connection. */
    ck_assert_int_eq(pt_sockets_find(sockets, 20)->family, PT_SOCKET_TCP);
    ck_assert_uint_eq(pt_sockets_find(sockets, 20)->port, 80);
    ck_assert_ptr_null(pt_sockets_find(sockets, 21));
    ck_assert_uint_eq(sockets->count, 5);
    tear_down();
}
END_TEST

/* One socket's claim to listen is enough, where another line says that it does not. */
START_TEST(forged_flags)
{
    set_up();
    fakeproc_text(&proc, 5, "net/unix",
                  UNIX_HEADER UNIX_LINE("00000000", "10", " /run/a")
                      UNIX_LINE("00010000", "10", " /run/a"));
    check_unix(read_tables(1), 10, NULL);
    tear_down();
}
END_TEST

/* What is longer than a line may be has no name. */
START_TEST(endless_name)
{
    static char text[300000];
    size_t length =
        (size_t)snprintf(text, sizeof text, "%s", UNIX_HEADER UNIX_LINE("00010000", "10", " @"));

    set_up();
    memset(text + length - 1, 'x', sizeof text - length);
    snprintf(text + sizeof text - 100, 100, "\n%s", UNIX_LINE("00010000", "11", " /run/behind"));
    fakeproc_text(&proc, 5, "net/unix", text);
    check_unix(read_tables(1), 10, NULL);
    check_unix(read_tables(1), 11, "/run/behind");
    tear_down();
}
END_TEST

START_TEST(each_namespace_once)
{
    const struct pt_sockets *first, *second;

    set_up();
    ck_assert_ptr_null(pt_sockets_find(read_tables(9), 20)); /* nobody listens there */
    fakeproc_text(&proc, 5, "net/tcp", TCP_HEADER TCP_LINE("0100007F:0050", "0A", "20"));
    fakeproc_text(&proc, 5, "net/tcp6",
                  TCP_HEADER TCP_LINE("00000000000000000000000000000000:01BB", "0A", "22"));
    first = read_tables(1);
    ck_assert_int_eq(pt_sockets_find(first, 22)->family, PT_SOCKET_TCP6);
    fakeproc_text(&proc, 5, "net/tcp", TCP_HEADER TCP_LINE("0100007F:0051", "0A", "21"));
    ck_assert_ptr_eq(read_tables(1), first);
    ck_assert_ptr_null(pt_sockets_find(first, 21));
    second = read_tables(2);
    ck_assert_uint_eq(pt_sockets_find(second, 21)->port, 81);
    ck_assert_ptr_null(pt_sockets_find(second, 20));
    ck_assert_int_eq(pt_networks_get(&networks, 3, 6, &second), -ESRCH);
    tear_down();
}
END_TEST

/* --- descriptors --- */

static void check_descriptors(const struct pt_descriptors *descriptors)
{
    uint64_t inode_of[10] = {0};

    ck_assert_uint_eq(descriptors->net, 4026531840);
    ck_assert_int_eq(descriptors->poll, 7);
    ck_assert_uint_eq(descriptors->count, 2);
    for (size_t i = 0; i < descriptors->count; i++)
        inode_of[descriptors->numbers[i]] = descriptors->sockets[i];
    ck_assert_uint_eq(inode_of[4], 501);
    ck_assert_uint_eq(inode_of[5], 502);
}

START_TEST(descriptors)
{
    struct pt_descriptors found = {.count = 77};

    set_up();
    ck_assert_int_eq(pt_descriptors_read(&procfs, 6, 6, &arena, &found), -ESRCH);
    ck_assert_int_eq(pt_descriptors_read(&procfs, 5, 4, &arena, &found), -ESRCH);
    ck_assert_uint_eq(found.count, 77);
    fakeproc_link(&proc, 5, "fd/0", "/dev/null");
    fakeproc_link(&proc, 5, "fd/4", "socket:[501]");
    fakeproc_link(&proc, 5, "fd/5", "socket:[502]");
    fakeproc_link(&proc, 5, "fd/6", "socket:[x]");
    fakeproc_link(&proc, 5, "fd/7", "anon_inode:[eventpoll]");
    fakeproc_link(&proc, 5, "ns/net", "net:[4026531840]");
    ck_assert_int_eq(pt_descriptors_read(&procfs, 5, 5, &arena, &found), 0);
    check_descriptors(&found);
    tear_down();
}
END_TEST

START_TEST(alike)
{
    uint64_t sockets[] = {500, 501};
    int numbers[] = {3, 4};
    struct pt_descriptors sibling = {.sockets = sockets, .numbers = numbers, .count = 2, .poll = 7};

    set_up();
    fakeproc_link(&proc, 5, "fd/4", "socket:[501]");
    ck_assert(!pt_descriptors_alike(&procfs, 5, &sibling, 1));
    fakeproc_link(&proc, 5, "fd/7", "anon_inode:[eventfd]");
    ck_assert(!pt_descriptors_alike(&procfs, 5, &sibling, 1));
    fakeproc_link(&proc, 5, "fd/7", "anon_inode:[eventpoll]");
    ck_assert(pt_descriptors_alike(&procfs, 5, &sibling, 1));
    ck_assert(!pt_descriptors_alike(&procfs, 5, &sibling, 0));
    ck_assert(!pt_descriptors_alike(&procfs, 6, &sibling, 1));
    fakeproc_link(&proc, 5, "fd/4", "socket:[5010]");
    ck_assert(!pt_descriptors_alike(&procfs, 5, &sibling, 1));
    fakeproc_link(&proc, 5, "fd/4", "socket:[501]");
    sibling.poll = -1;
    fakeproc_unlink(&proc, 5, "fd/7");
    ck_assert(pt_descriptors_alike(&procfs, 5, &sibling, 1));
    tear_down();
}
END_TEST

/* --- what runs out --- */

/* A table holds all that listen, or there is none; the next question finds it still. */
START_TEST(nothing_left_to_read_with)
{
    static char table[30000];
    const struct pt_sockets *sockets;
    size_t length = 0;

    set_up();
    for (int i = 0; i < 300; i++)
        length += (size_t)snprintf(table + length, sizeof table - length,
                                   UNIX_LINE("00010000", "%d", " /run/%d"), 1000 + i, i);
    fakeproc_text(&proc, 5, "net/unix", table);
    fakeproc_text(&proc, 5, "net/tcp", TCP_HEADER TCP_LINE("0100007F:0050", "0A", "20"));
    while (scarce_anything()) {
        if (scarce_end(pt_networks_get(&networks, 1, 5, &sockets)) == 0) {
            ck_assert_uint_eq(sockets->count, 301);
            pt_networks_done(&networks);
        } else {
            ck_assert_uint_eq(networks.count, 0);
        }
    }
    fakeproc_link(&proc, 5, "ns/net", "net:[4026531840]");
    fakeproc_link(&proc, 5, "fd/4", "socket:[501]");
    fakeproc_link(&proc, 5, "fd/5", "socket:[502]");
    fakeproc_link(&proc, 5, "fd/7", "anon_inode:[eventpoll]");
    while (scarce_anything()) {
        struct pt_descriptors found = {.count = 77};
        struct pt_arena own = {0};

        if (scarce_end(pt_descriptors_read(&procfs, 5, 5, &own, &found)) == 0)
            check_descriptors(&found);
        else
            ck_assert_uint_eq(found.count, 77);
        pt_arena_done(&own);
    }
    tear_down();
}
END_TEST

/* --- the kernel's own answer --- */

static int listen_on_loopback(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int listen_by_name(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path + 1, name, length);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)),
                     0);
    ck_assert_int_eq(listen(fd, 1), 0);
    return fd;
}

static uint64_t inode_of(int fd)
{
    struct stat found;

    ck_assert_int_eq(fstat(fd, &found), 0);
    return found.st_ino;
}

struct search {
    uint64_t inode;
    struct pt_tcp_listener found;
};

static int take(const struct pt_tcp_listener *listener, void *data)
{
    struct search *search = data;

    ck_assert(!listener->version6);
    if (listener->inode == search->inode)
        search->found = *listener;
    return 0;
}

START_TEST(tcp_diag)
{
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    struct search search = {0};
    uint16_t port;
    int fd = listen_on_loopback(&port), error;

    search.inode = inode_of(fd);
    error = pt_tcp_listeners(false, PT_SECOND, take, &search);
    if (error == 0) { /* else a kernel without it */
        ck_assert_uint_eq(search.found.inode, search.inode);
        ck_assert_uint_eq(search.found.port, port);
        ck_assert_mem_eq(search.found.address, loopback, sizeof loopback);
    } else {
        ck_assert_msg(error == -ENOENT || error == -EPROTONOSUPPORT || error == -EPERM, "%d",
                      error);
    }
    close(fd);
}
END_TEST

static int ignore(const struct pt_tcp_listener *listener, void *data)
{
    (void)listener;
    (void)data;
    return 0;
}

/* NAME: how that of NAMED is shown. */
static void check_our_own(const struct pt_sockets *sockets, int tcp, uint16_t port, int named,
                          const char *name)
{
    const struct pt_socket *socket = pt_sockets_find(sockets, inode_of(tcp));

    ck_assert_ptr_nonnull(socket);
    ck_assert_int_eq(socket->family, PT_SOCKET_TCP);
    ck_assert_uint_eq(socket->port, port);
    check_unix(sockets, inode_of(named), name);
}

/* As a process of ours is looked at: its descriptors tell the namespace. */
START_TEST(our_own)
{
    const struct pt_sockets *sockets;
    struct pt_descriptors held;
    struct pt_process self;
    char name[64];
    uint16_t port;
    int tcp = listen_on_loopback(&port), named;

    snprintf(name, sizeof name, "@proctool test %d\n@", (int)getpid());
    named = listen_by_name(name + 1);
    ck_assert_int_eq(pt_procfs_open(&procfs, NULL), 0);
    pt_networks_init(&networks, &procfs);
    pt_arena_init(&arena);
    ck_assert_int_eq(
        pt_process_read(&procfs, getpid(), PT_SOURCE_BIT(PT_SOURCE_STAT), &arena, &self), 0);
    ck_assert_int_eq(pt_descriptors_read(&procfs, getpid(), self.stat.starttime, &arena, &held), 0);
    ck_assert_int_eq(pt_networks_get(&networks, held.net, getpid(), &sockets), 0);
    /* Without sock_diag the name, which has a newline, would not be believed. */
    if (sockets->ours && pt_tcp_listeners(false, PT_SECOND, ignore, NULL) == 0) {
        check_our_own(sockets, tcp, port, named, name);
        pt_networks_done(&networks);
        while (scarce_memory()) {
            if (scarce_end(pt_networks_get(&networks, held.net, getpid(), &sockets)) == 0)
                ck_assert_ptr_nonnull(pt_sockets_find(sockets, inode_of(tcp)));
            pt_networks_done(&networks);
        }
    }
    pt_arena_done(&arena);
    pt_networks_done(&networks);
    pt_procfs_close(&procfs);
    close(tcp);
    close(named);
}
END_TEST

int main(void)
{
    return RUN_SUITE("sockets", unix_lines, tcp_lines, forged_names, forged_flags, endless_name,
                     each_namespace_once, descriptors, alike, nothing_left_to_read_with, tcp_diag,
                     our_own);
}
