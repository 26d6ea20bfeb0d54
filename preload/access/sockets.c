/* sockets.c - sending, receiving, and how connections come about.
 *
 * What was done before a connect is known after an accept: of which, cannot be told in time, so all are one.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "preload/access/bridge.h"

static const char s_connections; /* only its address is used */

static ssize_t (*real_send)(int, const void *, size_t, int);
static ssize_t (*real_sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static ssize_t (*real_recv)(int, void *, size_t, int);
static ssize_t (*real_recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
static ssize_t (*real_recvmsg)(int, struct msghdr *, int);
static int (*real_sendmmsg)(int, struct mmsghdr *, unsigned, int);
static int (*real_recvmmsg)(int, struct mmsghdr *, unsigned, int, struct timespec *);
static ssize_t (*real_recv_chk)(int, void *, size_t, size_t, int);
static ssize_t (*real_recvfrom_chk)(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *);
static int (*real_socket)(int, int, int);
static int (*real_socketpair)(int, int, int, int *);
static int (*real_accept4)(int, struct sockaddr *, socklen_t *, int);
static int (*real_accept)(int, struct sockaddr *, socklen_t *);
static int (*real_connect)(int, const struct sockaddr *, socklen_t);

static const struct snarl_true s_true[] = {
    {"send", &real_send},           {"sendto", &real_sendto},
    {"sendmsg", &real_sendmsg},     {"recv", &real_recv},
    {"recvfrom", &real_recvfrom},   {"recvmsg", &real_recvmsg},
    {"sendmmsg", &real_sendmmsg},   {"recvmmsg", &real_recvmmsg},
    {"__recv_chk", &real_recv_chk}, {"__recvfrom_chk", &real_recvfrom_chk},
    {"socket", &real_socket},       {"socketpair", &real_socketpair},
    {"accept4", &real_accept4},     {"accept", &real_accept},
    {"connect", &real_connect},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* With MSG_TRUNC the result may be more than there is room for. */
static ssize_t stored(ssize_t result, size_t size)
{
    return result > 0 && (size_t)result > size ? (ssize_t)size : result;
}

/* The call has stored a name, as far as there was room. */
static void tell_name(const char *call, struct sockaddr *name, socklen_t room, const socklen_t *size,
                      struct snarl_site site)
{
    if (name)
        snarl_call_writes(call, name, *size < room ? *size : room, site);
}

SNARL_EXPORT ssize_t send(int fd, const void *buffer, size_t size, int flags)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_send(fd, buffer, size, flags);
    snarl_traffic_writing("send", fd, buffer, size, SNARL_SITE);
    ssize_t result = real_send(fd, buffer, size, flags);
    snarl_traffic_written("send", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to,
                            socklen_t to_size)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_sendto(fd, buffer, size, flags, to, to_size);
    snarl_traffic_writing("sendto", fd, buffer, size, SNARL_SITE);
    if (to)
        snarl_call_reads("sendto", to, to_size, SNARL_SITE);
    ssize_t result = real_sendto(fd, buffer, size, flags, to, to_size);
    snarl_traffic_written("sendto", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_recv(fd, buffer, size, flags);
    snarl_traffic_reading("recv", fd, SNARL_SITE);
    ssize_t result = real_recv(fd, buffer, size, flags);
    snarl_traffic_read("recv", fd, buffer, stored(result, size), SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t recvfrom(int fd, void *restrict buffer, size_t size, int flags,
                              struct sockaddr *restrict from, socklen_t *restrict from_size)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_recvfrom(fd, buffer, size, flags, from, from_size);
    snarl_traffic_reading("recvfrom", fd, SNARL_SITE);
    socklen_t room = from ? *from_size : 0;
    ssize_t result = real_recvfrom(fd, buffer, size, flags, from, from_size);
    snarl_traffic_read("recvfrom", fd, buffer, stored(result, size), SNARL_SITE);
    if (result >= 0)
        tell_name("recvfrom", from, room, from_size, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_sendmsg(fd, message, flags);
    snarl_traffic_gather("sendmsg", message->msg_iov, message->msg_iovlen, SNARL_SITE);
    snarl_traffic_writing("sendmsg", fd, NULL, 0, SNARL_SITE);
    ssize_t result = real_sendmsg(fd, message, flags);
    snarl_traffic_written("sendmsg", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_recvmsg(fd, message, flags);
    snarl_traffic_reading("recvmsg", fd, SNARL_SITE);
    ssize_t result = real_recvmsg(fd, message, flags);
    snarl_traffic_read("recvmsg", fd, NULL, result, SNARL_SITE);
    snarl_traffic_scatter("recvmsg", message->msg_iov, message->msg_iovlen, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t space, int flags);
SNARL_EXPORT ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t space, int flags)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_recv_chk(fd, buffer, size, space, flags);
    snarl_traffic_reading("recv", fd, SNARL_SITE);
    ssize_t result = real_recv_chk(fd, buffer, size, space, flags);
    snarl_traffic_read("recv", fd, buffer, stored(result, size), SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t space, int flags,
                                    struct sockaddr *from, socklen_t *from_size);
SNARL_EXPORT ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t space, int flags,
                                    struct sockaddr *from, socklen_t *from_size)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_recvfrom_chk(fd, buffer, size, space, flags, from, from_size);
    snarl_traffic_reading("recvfrom", fd, SNARL_SITE);
    socklen_t room = from ? *from_size : 0;
    ssize_t result = real_recvfrom_chk(fd, buffer, size, space, flags, from, from_size);
    snarl_traffic_read("recvfrom", fd, buffer, stored(result, size), SNARL_SITE);
    if (result >= 0)
        tell_name("recvfrom", from, room, from_size, SNARL_SITE);
    return result;
}

/* --- several messages at once --- */

SNARL_EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_sendmmsg(fd, messages, count, flags);
    for (unsigned i = 0; i < count; i++)
        snarl_traffic_gather("sendmmsg", messages[i].msg_hdr.msg_iov, messages[i].msg_hdr.msg_iovlen,
                             SNARL_SITE);
    snarl_traffic_writing("sendmmsg", fd, NULL, 0, SNARL_SITE);
    int result = real_sendmmsg(fd, messages, count, flags);
    snarl_traffic_written("sendmmsg", fd, result, SNARL_SITE);
    for (int i = 0; i < result; i++)
        snarl_call_writes("sendmmsg", &messages[i].msg_len, sizeof(messages[i].msg_len), SNARL_SITE);
    return result;
}

static void received(const char *name, struct mmsghdr *message, struct snarl_site site)
{
    snarl_traffic_scatter(name, message->msg_hdr.msg_iov, message->msg_hdr.msg_iovlen, message->msg_len,
                          site);
    snarl_call_writes(name, &message->msg_len, sizeof(message->msg_len), site);
}

SNARL_EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                          struct timespec *timeout)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_recvmmsg(fd, messages, count, flags, timeout);
    snarl_traffic_reading("recvmmsg", fd, SNARL_SITE);
    int result = real_recvmmsg(fd, messages, count, flags, timeout);
    snarl_traffic_read("recvmmsg", fd, NULL, result, SNARL_SITE);
    for (int i = 0; i < result; i++)
        received("recvmmsg", &messages[i], SNARL_SITE);
    return result;
}

/* --- connections --- */

SNARL_EXPORT int socket(int domain, int type, int protocol)
{
    prepare();
    return snarl_traffic_opened(real_socket(domain, type, protocol), SNARL_SITE);
}

SNARL_EXPORT int socketpair(int domain, int type, int protocol, int ends[2])
{
    prepare();
    int result = real_socketpair(domain, type, protocol, ends);
    struct snarl_thread *thr = result == 0 && snarl_calls_wanted() ? snarl_call_enter(SNARL_SITE) : NULL;
    if (!thr)
        return result;
    snarl_port_paired(thr, ends[0], ends[1]);
    snarl_call_leave(thr);
    return result;
}

static int accepted(const char *name, int listener, int fd, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_calls_wanted() ? snarl_call_enter(site) : NULL;
    if (!thr) {
        snarl_port_accepted(NULL, fd);
        return fd;
    }
    snarl_port_used(thr, name, listener, fd < 0 && saved == EBADF, site);
    if (fd >= 0) {
        snarl_port_accepted(thr, fd);
        snarl_call_acquire(thr, &s_connections);
    }
    snarl_call_leave(thr);
    errno = saved;
    return fd;
}

SNARL_EXPORT int accept(int fd, struct sockaddr *restrict name, socklen_t *restrict size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("accept", fd, SNARL_SITE);
    socklen_t room = name && size ? *size : 0;
    int result = accepted("accept", fd, real_accept(fd, name, size), SNARL_SITE);
    if (snarl_calls_wanted() && result >= 0)
        tell_name("accept", name, room, size, SNARL_SITE);
    return result;
}

SNARL_EXPORT int accept4(int fd, struct sockaddr *restrict name, socklen_t *restrict size, int flags)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("accept4", fd, SNARL_SITE);
    socklen_t room = name && size ? *size : 0;
    int result = accepted("accept4", fd, real_accept4(fd, name, size, flags), SNARL_SITE);
    if (snarl_calls_wanted() && result >= 0)
        tell_name("accept4", name, room, size, SNARL_SITE);
    return result;
}

SNARL_EXPORT int connect(int fd, const struct sockaddr *name, socklen_t size)
{
    prepare();
    struct snarl_thread *thr = snarl_calls_wanted() ? snarl_call_enter(SNARL_SITE) : NULL;
    if (thr) {
        snarl_port_use(thr, "connect", fd, SNARL_SITE);
        snarl_call_read(thr, "connect", name, size, SNARL_SITE);
        snarl_call_release(thr, &s_connections);
        snarl_call_leave(thr);
    }
    return real_connect(fd, name, size);
}
