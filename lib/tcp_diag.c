/* Format: include/uapi/linux/inet_diag.h. */
#include "tcp_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "sock_diag.h"

struct identity { /* inet_diag_sockid */
    uint16_t port, peer_port;
    uint8_t address[16], peer_address[16];
    uint32_t interface;
    uint32_t cookie[2];
};

struct request { /* inet_diag_req_v2 */
    uint8_t family, protocol, extensions, padding;
    uint32_t states;
    struct identity identity;
};

struct answer { /* inet_diag_msg */
    uint8_t family, state, timer, retransmits;
    struct identity identity;
    uint32_t expires, receive_queue, send_queue, uid, inode;
};

struct listing {
    pt_tcp_function *each;
    void *data;
};

static int take_socket(const unsigned char *bytes, size_t length, void *data)
{
    const struct listing *listing = data;
    struct pt_tcp_listener listener = {0};
    struct answer answer;

    if (length < sizeof answer)
        return -EPROTO;
    memcpy(&answer, bytes, sizeof answer);
    listener.version6 = answer.family == AF_INET6;
    memcpy(listener.address, answer.identity.address, listener.version6 ? 16 : 4);
    listener.port = ntohs(answer.identity.port);
    listener.inode = answer.inode;
    return listing->each(&listener, listing->data);
}

int pt_tcp_listeners(bool version6, int64_t timeout, pt_tcp_function *each, void *data)
{
    const struct request request = {
        .family = version6 ? AF_INET6 : AF_INET,
        .protocol = IPPROTO_TCP,
        .states = PT_DIAG_LISTENING,
    };
    struct listing listing = {each, data};

    return pt_diag_ask(&request, sizeof request, timeout, take_socket, &listing);
}
