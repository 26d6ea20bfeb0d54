/* polling.c - epoll, poll and select: what they read and write.
 *
 * Who adds a descriptor to an epoll set orders what it did before all later waits for the set. Who learns
 * that a descriptor can be read knows what was done before that was written: programs that are woken by an
 * eventfd often do not read it. */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "preload/access/bridge.h"

static int (*real_epoll_create1)(int);
static int (*real_epoll_ctl)(int, int, int, struct epoll_event *);
static int (*real_epoll_pwait)(int, struct epoll_event *, int, int, const sigset_t *);
static int (*real_epoll_wait)(int, struct epoll_event *, int, int);
static int (*real_poll)(struct pollfd *, nfds_t, int);
static int (*real_ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
static int (*real_select)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
static int (*real_pselect)(int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *);

static const struct snarl_true s_true[] = {
    {"epoll_create1", &real_epoll_create1},
    {"epoll_ctl", &real_epoll_ctl},
    {"epoll_pwait", &real_epoll_pwait},
    {"epoll_wait", &real_epoll_wait},
    {"poll", &real_poll},
    {"ppoll", &real_ppoll},
    {"select", &real_select},
    {"pselect", &real_pselect},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

SNARL_EXPORT int epoll_create1(int flags)
{
    prepare();
    return snarl_traffic_opened(real_epoll_create1(flags), SNARL_SITE);
}

SNARL_EXPORT int epoll_create(int size)
{
    prepare();
    return size > 0 ? snarl_traffic_opened(real_epoll_create1(0), SNARL_SITE) : real_epoll_create1(-1);
}

SNARL_EXPORT int epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    prepare();
    struct snarl_thread *thr = snarl_calls_wanted() ? snarl_call_enter(SNARL_SITE) : NULL;
    if (thr) {
        snarl_port_use(thr, "epoll_ctl", set, SNARL_SITE);
        snarl_port_use(thr, "epoll_ctl", fd, SNARL_SITE);
        if (event && operation != EPOLL_CTL_DEL)
            snarl_call_read(thr, "epoll_ctl", event, sizeof(*event), SNARL_SITE);
        snarl_port_release(thr, set);
        snarl_call_leave(thr);
    }
    if (event && operation != EPOLL_CTL_DEL) /* while there is one thread, too: it is asked later */
        snarl_port_watched(set, fd, event->data.u64);
    return real_epoll_ctl(set, operation, fd, event);
}

static void waited(const char *name, int set, struct epoll_event *events, int count, struct snarl_site site)
{
    snarl_traffic_read(name, set, events, count < 0 ? -1 : (ssize_t)((size_t)count * sizeof(*events)), site);
    int saved = errno;
    struct snarl_thread *thr = count > 0 ? snarl_call_enter(site) : NULL;
    if (!thr)
        return;
    for (int i = 0; i < count; i++)
        snarl_port_ready(thr, set, events[i].data.u64);
    snarl_call_leave(thr);
    errno = saved;
}

SNARL_EXPORT int epoll_wait(int set, struct epoll_event *events, int limit, int timeout)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_epoll_wait(set, events, limit, timeout);
    snarl_traffic_reading("epoll_wait", set, SNARL_SITE);
    int count = real_epoll_wait(set, events, limit, timeout);
    waited("epoll_wait", set, events, count, SNARL_SITE);
    return count;
}

SNARL_EXPORT int epoll_pwait(int set, struct epoll_event *events, int limit, int timeout,
                             const sigset_t *mask)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_epoll_pwait(set, events, limit, timeout, mask);
    snarl_traffic_reading("epoll_pwait", set, SNARL_SITE);
    int count = real_epoll_pwait(set, events, limit, timeout, mask);
    waited("epoll_pwait", set, events, count, SNARL_SITE);
    return count;
}

static void polling(const char *name, struct pollfd *list, nfds_t count, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_write(thr, name, list, count * sizeof(*list), site);
    for (nfds_t i = 0; i < count; i++)
        snarl_port_use(thr, name, list[i].fd, site);
    snarl_call_leave(thr);
}

/* What can be read was written before. */
static void polled(struct pollfd *list, nfds_t count, int result, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = result > 0 && snarl_calls_wanted() ? snarl_call_enter(site) : NULL;
    if (!thr)
        return;
    for (nfds_t i = 0; i < count; i++)
        if (list[i].revents & (POLLIN | POLLHUP | POLLRDHUP))
            snarl_port_acquire(thr, list[i].fd);
    snarl_call_leave(thr);
    errno = saved;
}

SNARL_EXPORT int poll(struct pollfd *list, nfds_t count, int timeout)
{
    prepare();
    if (snarl_calls_wanted())
        polling("poll", list, count, SNARL_SITE);
    int result = real_poll(list, count, timeout);
    polled(list, count, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int ppoll(struct pollfd *list, nfds_t count, const struct timespec *timeout,
                       const sigset_t *mask)
{
    prepare();
    if (snarl_calls_wanted())
        polling("ppoll", list, count, SNARL_SITE);
    int result = real_ppoll(list, count, timeout, mask);
    polled(list, count, result, SNARL_SITE);
    return result;
}

/* --- select: its sets are read and written; the descriptors in them are used --- */

/* `limit` bits of a set, in whole words as the kernel copies them. */
static size_t set_size(int limit)
{
    return limit > 0 ? ((size_t)limit + 63) / 64 * sizeof(long) : 0;
}

static void tell_set(struct snarl_thread *thr, const char *name, fd_set *set, int limit,
                     struct snarl_site site)
{
    if (!set)
        return;
    snarl_call_write(thr, name, set, set_size(limit), site);
    const unsigned long *word = (const unsigned long *)set;
    for (int fd = 0; fd < limit; fd++)
        if (word[fd / 64] >> (fd % 64) & 1)
            snarl_port_use(thr, name, fd, site);
}

static void selecting(const char *name, int limit, fd_set *const sets[3], struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    for (int i = 0; i < 3; i++)
        tell_set(thr, name, sets[i], limit, site);
    snarl_call_leave(thr);
}

static int selected(int limit, const fd_set *readable, int result, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = result > 0 && readable && snarl_calls_wanted() ? snarl_call_enter(site) : NULL;
    if (!thr)
        return result;
    const unsigned long *word = (const unsigned long *)readable;
    for (int fd = 0; fd < limit; fd++)
        if (word[fd / 64] >> (fd % 64) & 1)
            snarl_port_acquire(thr, fd);
    snarl_call_leave(thr);
    errno = saved;
    return result;
}

SNARL_EXPORT int select(int limit, fd_set *restrict readable, fd_set *restrict writable,
                        fd_set *restrict exceptional, struct timeval *restrict timeout)
{
    prepare();
    if (snarl_calls_wanted())
        selecting("select", limit, (fd_set *const[]){readable, writable, exceptional}, SNARL_SITE);
    return selected(limit, readable, real_select(limit, readable, writable, exceptional, timeout),
                    SNARL_SITE);
}

SNARL_EXPORT int pselect(int limit, fd_set *restrict readable, fd_set *restrict writable,
                         fd_set *restrict exceptional, const struct timespec *restrict timeout,
                         const sigset_t *restrict mask)
{
    prepare();
    if (snarl_calls_wanted())
        selecting("pselect", limit, (fd_set *const[]){readable, writable, exceptional}, SNARL_SITE);
    return selected(limit, readable, real_pselect(limit, readable, writable, exceptional, timeout, mask),
                    SNARL_SITE);
}
