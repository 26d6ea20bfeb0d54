/* ports.c - file descriptors: who closed them, and which of them lead to the same place.
 *
 * Use and close. A descriptor is to the race detector a variable of four bytes (its address is never touched): each use reads
 * it, close writes it, open begins its life anew. Descriptors are also opened where we do not see it (inside libc);
 * so one that we know as closed is only looked at after its use has failed with EBADF, and is taken as opened
 * otherwise.
 *
 * Numbers. The kernel gives a number away again only when it has been closed. Servers keep a record for each connection in an array by
 * descriptor, and hand it on in no other way: who accepts a connection knows what was done before its number was closed. For
 * files the same is true, but chance: threads that open and close them would be ordered all the time, and their races hidden.
 *
 * Edges. Who reads from a channel (a pipe, a connection, a file) knows what was done by those who wrote to it before. Channels are
 * told apart by what the kernel says of the descriptor: the same file, or the same pair of addresses. Different ones may
 * fall on the same number, which can only hide a race. A number is an address of an atomic variable to the race detector. A server
 * writes to connections that nobody reads in this process: such releases of stock code are unheeded (race/sync.c).
 *
 * Numbers given out again. Servers keep what belongs to a connection in a table by descriptor: one thread clears the entry and closes, the
 * kernel gives the number to the next connection, and whoever serves that takes the entry over without a lock. The number itself
 * is the permission, and there is no time at which two have it: the close is before the accept. So it is an edge, but only from
 * the close of what accept gave to the accept that gives the number out again. Each reuse is in that order, most of them by
 * accident: of two threads that open and close files or sockets of their own, each would seem to wait for the other whenever the kernel
 * takes the lowest number that is free, and every race between them would be hidden (samples/race_calls/stdio.c; within a FILE
 * nobody even sees the number). Connections of a server are where tables are, and the one that accepts is mostly one
 * thread for all. What was done after the close is not covered: samples/race_calls/connections.c.
 *
 * Concurrency: a descriptor's fields are plain bytes and words, changed by whoever opens or closes it, and read by who uses it;
 * what a program does to one descriptor at the same time is a race that is to be reported, and costs us no more than that. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/os.h"
#include "preload/access/bridge.h"
#include "preload/access/ports.h"
#include "preload/access/start.h"
#include "preload/access/trust.h"
#include "preload/process.h"
#include "preload/tsan/tsan.h"

#define PORTS 65536u    /* descriptors past it are not followed */
#define CHANNELS 65536u /* numbers of channels */

enum state { UNKNOWN, OPEN, CLOSED };

struct port {
    uint8_t state;
    bool accepted;    /* it is a connection that came to us */
    uint16_t channel; /* 0: not asked for yet */
    uint32_t closed_by, closed_stack;
    struct snarl_race_moment birth;
};

static struct port s_ports[PORTS];
/* Only their addresses are used. */
static uint32_t s_variable[PORTS];
static uint32_t s_number[PORTS]; /* passes on what was done before an accepted connection was closed */
static uint64_t s_channel[CHANNELS];

static __thread int s_last_closed __attribute__((tls_model("initial-exec")));
static __thread uintptr_t s_last_close_pc __attribute__((tls_model("initial-exec")));

static struct port *port_of(int fd)
{
    return (unsigned)fd < PORTS ? &s_ports[fd] : NULL;
}

void snarl_ports_begin(void)
{
    snarl_races_descriptors = (struct snarl_descriptors){(uintptr_t)s_variable, sizeof(s_variable)};
}

void snarl_ports_forked(void)
{
    for (unsigned i = 0; i < PORTS; i++)
        if (s_ports[i].state)
            s_ports[i] = (struct port){.accepted = s_ports[i].accepted};
}

/* --- order --- */

static void release(struct snarl_thread *thr, uintptr_t address)
{
    struct snarl_race_sync *sync = address ? snarl_race_atomic_lock(thr->races, address) : NULL;
    if (!sync)
        return;
    if (snarl_race_stock_is_on())
        snarl_race_atomic_unheeded(thr->races, sync);
    else /* a program that says what it does is told exactly */
        snarl_race_atomic_rmw(thr->races, sync, SNARL_ORDER_RELEASE);
    snarl_race_atomic_unlock(sync);
}

static void acquire(struct snarl_thread *thr, uintptr_t address)
{
    struct snarl_race_sync *sync = address ? snarl_race_atomic_find(address) : NULL;
    if (!sync)
        return;
    snarl_race_atomic_load(thr->races, sync, SNARL_ORDER_ACQUIRE);
    snarl_race_atomic_unlock(sync);
}

/* --- use and close --- */

void snarl_port_use(struct snarl_thread *thr, const char *name, int fd, struct snarl_site site)
{
    struct port *port = port_of(fd);
    if (!port || port->state == CLOSED)
        return;
    port->state = OPEN;
    snarl_call_read(thr, name, &s_variable[fd], sizeof(*s_variable), site);
}

void snarl_port_used(struct snarl_thread *thr, const char *name, int fd, bool bad, struct snarl_site site)
{
    struct port *port = port_of(fd);
    if (!port || port->state != CLOSED)
        return;
    if (!bad)
        snarl_port_opened(thr, fd);
    snarl_call_read(thr, name, &s_variable[fd], sizeof(*s_variable), site);
}

void snarl_port_opened(struct snarl_thread *thr, int fd)
{
    struct port *port = port_of(fd);
    if (!port)
        return;
    if (thr->races)
        snarl_race_alloc(thr->races, (uintptr_t)&s_variable[fd], sizeof(*s_variable));
    *port = (struct port){.state = OPEN, .birth = snarl_trust_moment(thr)};
}

void snarl_port_accepted(struct snarl_thread *thr, int fd)
{
    struct port *port = port_of(fd);
    if (!port)
        return;
    if (thr) {
        snarl_call_acquire(thr, &s_number[fd]);
        snarl_port_opened(thr, fd);
    }
    port->accepted = true;
}

/* The last one alone counts: the others were before the accept that came between. */
static void give_number_back(struct snarl_race_thread *races, int fd)
{
    struct snarl_race_sync *sync = snarl_race_atomic_lock(races, (uintptr_t)&s_number[fd]);
    if (!sync)
        return;
    snarl_race_atomic_store(races, sync, SNARL_ORDER_RELEASE);
    snarl_race_atomic_unlock(sync);
}

static void close_variable(struct snarl_thread *thr, const char *name, int fd, struct snarl_site site)
{
    snarl_call_tell(thr, name, (uintptr_t)&s_variable[fd], sizeof(*s_variable), SNARL_ACCESS_WRITE | SNARL_ACCESS_CLOSE,
                    site);
}

/* The child of a vfork has descriptors of its own, but our memory. */
static struct snarl_thread *enter(int fd)
{
    return snarl_awake && port_of(fd) && snarl_process_is_ours() ? snarl_enter() : NULL;
}

void snarl_port_closing(const char *name, int fd, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = enter(fd);
    if (!thr)
        return;
    struct port *port = port_of(fd);
    if (port->state != CLOSED) {
        struct snarl_race_thread *races = thr->races;
        if (snarl_calls_on && races && !races->ignore)
            close_variable(thr, name, fd, site);
        if (snarl_calls_on && races && port->accepted)
            give_number_back(races, fd);
        *port = (struct port){
            .state = CLOSED, .birth = port->birth, .closed_by = thr->id, .closed_stack = snarl_unwind_site(site, &thr->sites, true)};
    }
    snarl_leave(thr);
    errno = saved;
}

/* Of those that the program is known to use. */
void snarl_ports_closing(const char *name, unsigned first, unsigned last, struct snarl_site site)
{
    for (unsigned fd = first; fd <= last && fd < PORTS; fd++)
        if (s_ports[fd].state == OPEN && !snarl_runfile_owns_fd((int)fd))
            snarl_port_closing(name, (int)fd, site);
}

/* Programs that close all numbers one after the other mean no certain one. */
static bool is_sweep(int fd, uintptr_t pc)
{
    int distance = fd - s_last_closed;
    bool sweep = s_last_close_pc == pc && (distance == 1 || distance == -1);
    s_last_closed = fd;
    s_last_close_pc = pc;
    return sweep;
}

void snarl_port_not_open(int fd, struct snarl_site site)
{
    int saved = errno;
    bool sweep = is_sweep(fd, site.pc);
    struct snarl_thread *thr = enter(fd);
    if (!thr)
        return;
    const struct port *port = port_of(fd);
    if (port->state == CLOSED && port->closed_by && !sweep)
        snarl_descriptor_closed_twice(thr, fd, port->closed_by, port->closed_stack, site);
    snarl_leave(thr);
    errno = saved;
}

bool snarl_port_birth(uintptr_t address, struct snarl_race_moment *birth)
{
    uintptr_t offset = address - (uintptr_t)s_variable;
    if (offset >= sizeof(s_variable))
        return false;
    *birth = s_ports[offset / sizeof(*s_variable)].birth;
    return true;
}

/* --- channels --- */

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    for (const unsigned char *at = bytes; size--; at++)
        hash = (hash ^ *at) * 0x100000001b3u;
    return hash;
}

static uint64_t hash_of_name(const struct sockaddr_storage *name, socklen_t size)
{
    if (name->ss_family == AF_UNIX && size > offsetof(struct sockaddr_un, sun_path))
        return mix(1, ((const struct sockaddr_un *)name)->sun_path, size - offsetof(struct sockaddr_un, sun_path));
    if (name->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)name;
        return mix(mix(2, &in->sin_addr, sizeof(in->sin_addr)), &in->sin_port, sizeof(in->sin_port));
    }
    if (name->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)name;
        if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr)) /* the other end may call it by the older kind */
            return mix(mix(2, &in->sin6_addr.s6_addr[12], 4), &in->sin6_port, sizeof(in->sin6_port));
        return mix(mix(3, &in->sin6_addr, sizeof(in->sin6_addr)), &in->sin6_port, sizeof(in->sin6_port));
    }
    return 0;
}

/* The same from both ends. All datagrams are one channel, as each may go to another place. Sockets without names at either end (socketpair) are told apart when they are made. */
static uint64_t hash_of_socket(int fd)
{
    struct sockaddr_storage own = {0}, peer = {0};
    socklen_t own_size = sizeof(own), peer_size = sizeof(peer);
    uint64_t hash = 7;
    int type = 0;
    socklen_t type_size = sizeof(type);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_DGRAM)
        return hash;
    if (getsockname(fd, (struct sockaddr *)&own, &own_size) == 0)
        hash += hash_of_name(&own, own_size);
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0)
        hash += hash_of_name(&peer, peer_size);
    return hash;
}

static uint64_t hash_of_descriptor(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return 0;
    if (S_ISSOCK(status.st_mode))
        return hash_of_socket(fd);
    if (!(status.st_mode & S_IFMT)) /* an eventfd and the like: they all have the same inode */
        return mix(4, &fd, sizeof(fd));
    return mix(mix(5, &status.st_dev, sizeof(status.st_dev)), &status.st_ino, sizeof(status.st_ino));
}

static uint16_t number_of(uint64_t hash)
{
    uint16_t number = (uint16_t)(hash * 0x9e3779b97f4a7c15u >> 48);
    return number ? number : 1;
}

static uintptr_t channel_of(int fd)
{
    struct port *port = port_of(fd);
    if (!port)
        return 0;
    if (!port->channel) {
        int saved = errno;
        port->channel = number_of(hash_of_descriptor(fd));
        errno = saved;
    }
    return (uintptr_t)&s_channel[port->channel];
}

void snarl_port_release(struct snarl_thread *thr, int fd)
{
    release(thr, channel_of(fd));
}

void snarl_port_acquire(struct snarl_thread *thr, int fd)
{
    acquire(thr, channel_of(fd));
}

/* --- sets of epoll: who learns that there is something to read knows what was done before it was written --- */

#define WATCHED 4096u /* of which the data is known; beyond these who is told by the set learns no order */
#define PROBES 4u

struct watched {
    uint64_t data;
    int set, fd;
};

/* One entry for each descriptor: a program may have used the same data for another before. */
static struct watched s_watched[WATCHED];

static struct watched *watched_at(int set, uint64_t data, uint32_t probe)
{
    uint64_t hash = mix(mix(8, &set, sizeof(set)), &data, sizeof(data));
    return &s_watched[((hash >> 20) + probe) % WATCHED];
}

void snarl_port_watched(int set, int fd, uint64_t data)
{
    struct watched *place = watched_at(set, data, 0);
    for (uint32_t i = 0; i < PROBES; i++) {
        struct watched *entry = watched_at(set, data, i);
        bool same = entry->set == set && entry->data == data && entry->fd == fd;
        if (same || !entry->fd) {
            place = entry;
            break;
        }
    }
    *place = (struct watched){data, set, fd};
}

void snarl_port_ready(struct snarl_thread *thr, int set, uint64_t data)
{
    for (uint32_t i = 0; i < PROBES; i++) {
        const struct watched *entry = watched_at(set, data, i);
        if (entry->set == set && entry->data == data)
            snarl_port_acquire(thr, entry->fd);
    }
}

void snarl_port_paired(struct snarl_thread *thr, int one, int other)
{
    static uint32_t s_pairs;
    snarl_port_opened(thr, one);
    snarl_port_opened(thr, other);
    uint32_t pair = __atomic_add_fetch(&s_pairs, 1, __ATOMIC_RELAXED);
    if (port_of(one) && port_of(other))
        port_of(one)->channel = port_of(other)->channel = number_of(mix(6, &pair, sizeof(pair)));
}

void snarl_port_copied(int from, int fd)
{
    struct snarl_thread *thr = enter(fd);
    if (!thr)
        return;
    if (snarl_calls_on && thr->races)
        channel_of(from); /* it may not have been used yet */
    snarl_port_opened(thr, fd);
    if (port_of(from))
        port_of(fd)->channel = port_of(from)->channel;
    snarl_leave(thr);
}
