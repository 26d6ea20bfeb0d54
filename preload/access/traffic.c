/* traffic.c - what calls on descriptors have in common; see bridge.h. */
#include <errno.h>
#include <sys/uio.h>

#include "preload/access/bridge.h"

void snarl_traffic_reading(const char *name, int fd, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_port_use(thr, name, fd, site);
    snarl_call_leave(thr);
}

void snarl_traffic_read(const char *name, int fd, void *buffer, ssize_t result, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_port_used(thr, name, fd, result < 0 && saved == EBADF, site);
    if (result >= 0)
        snarl_port_acquire(thr, fd);
    if (result > 0 && buffer)
        snarl_call_write(thr, name, buffer, (size_t)result, site);
    snarl_call_leave(thr);
    errno = saved;
}

void snarl_traffic_writing(const char *name, int fd, const void *buffer, size_t size, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_port_use(thr, name, fd, site);
    if (buffer)
        snarl_call_read(thr, name, buffer, size, site);
    snarl_port_release(thr, fd);
    snarl_call_leave(thr);
    errno = saved;
}

void snarl_traffic_written(const char *name, int fd, ssize_t result, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_port_used(thr, name, fd, result < 0 && saved == EBADF, site);
    snarl_call_leave(thr);
    errno = saved;
}

void snarl_traffic_gather(const char *name, const struct iovec *part, size_t count, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_read(thr, name, part, count * sizeof(*part), site);
    for (size_t i = 0; i < count; i++)
        snarl_call_read(thr, name, part[i].iov_base, part[i].iov_len, site);
    snarl_call_leave(thr);
}

void snarl_traffic_scatter(const char *name, const struct iovec *part, size_t count, ssize_t result,
                           struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = result > 0 ? snarl_call_enter(site) : NULL;
    if (!thr)
        return;
    size_t left = (size_t)result;
    for (size_t i = 0; i < count && left; i++) {
        size_t size = part[i].iov_len < left ? part[i].iov_len : left;
        snarl_call_write(thr, name, part[i].iov_base, size, site);
        left -= size;
    }
    snarl_call_leave(thr);
    errno = saved;
}

int snarl_traffic_opened(int fd, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = fd >= 0 && snarl_calls_wanted() ? snarl_call_enter(site) : NULL;
    if (!thr)
        return fd;
    snarl_port_opened(thr, fd);
    snarl_call_leave(thr);
    errno = saved;
    return fd;
}
