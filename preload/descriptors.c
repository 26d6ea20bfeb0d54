/* descriptors.c - the program cannot close or replace our file descriptor by accident.
 *
 * Programs that close "all" descriptors, or copy onto a number they think free, get the answer they would get if
 * ours were not there. */
#include <errno.h>
#include <unistd.h>

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
    return real_close(fd);
}

SNARL_EXPORT int dup2(int from, int to)
{
    snarl_enter_refused();
    if (from != to && snarl_runfile_owns_fd(to))
        snarl_runfile_move_fd();
    return real_dup2(from, to);
}

SNARL_EXPORT int dup3(int from, int to, int flags)
{
    snarl_enter_refused();
    if (from != to && snarl_runfile_owns_fd(to))
        snarl_runfile_move_fd();
    return real_dup3(from, to, flags);
}

SNARL_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    snarl_enter_refused();
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
