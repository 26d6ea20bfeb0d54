/* descriptors.c - close and dup: the program cannot close or replace our file descriptor by accident; and what
 * happens to its own is told to access/ports.c.
 *
 * Programs that close "all" descriptors, or copy onto a number they think free, get the answer they would get if
 * ours were not there. */
#include <errno.h>
#include <unistd.h>

#include "preload/access/ports.h"
#include "preload/real.h"
#include "preload/shim.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

SNARL_EXPORT int close(int fd)
{
    snarl_enter_refused();
    if (snarl_runfile_owns_fd(fd)) {
        errno = EBADF;
        return -1;
    }
    snarl_port_closing("close", fd, SNARL_SITE);
    int result = real_close(fd);
    if (result != 0 && errno == EBADF)
        snarl_port_not_open(fd, SNARL_SITE);
    return result;
}

SNARL_EXPORT int dup(int from)
{
    static int (*s_dup)(int);
    if (!s_dup)
        s_dup = (int (*)(int))snarl_real_find("dup");
    int fd = s_dup(from);
    if (fd >= 0)
        snarl_port_copied(from, fd);
    return fd;
}

/* What is at `to` is closed by it. */
static int copied(int from, int to, int result)
{
    if (result >= 0 && from != to)
        snarl_port_copied(from, to);
    return result;
}

SNARL_EXPORT int dup2(int from, int to)
{
    snarl_enter_refused();
    if (from != to && snarl_runfile_owns_fd(to))
        snarl_runfile_move_fd();
    if (from != to)
        snarl_port_closing("dup2", to, SNARL_SITE);
    return copied(from, to, real_dup2(from, to));
}

SNARL_EXPORT int dup3(int from, int to, int flags)
{
    snarl_enter_refused();
    if (from != to && snarl_runfile_owns_fd(to))
        snarl_runfile_move_fd();
    if (from != to)
        snarl_port_closing("dup3", to, SNARL_SITE);
    return copied(from, to, real_dup3(from, to, flags));
}

SNARL_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    snarl_enter_refused();
    if (!(flags & CLOSE_RANGE_CLOEXEC))
        snarl_ports_closing("close_range", first, last, SNARL_SITE);
    int ours = snarl_runfile_fd();
    if (ours < 0 || (unsigned)ours < first || (unsigned)ours > last || flags & CLOSE_RANGE_CLOEXEC)
        return real_close_range(first, last, flags);
    int result = 0;
    if ((unsigned)ours > first)
        result = real_close_range(first, (unsigned)ours - 1, flags);
    if (result == 0 && (unsigned)ours < last)
        result = real_close_range((unsigned)ours + 1, last, flags);
    return result;
}

SNARL_EXPORT void closefrom(int lowest)
{
    close_range(lowest < 0 ? 0 : (unsigned)lowest, ~0u, 0);
}
