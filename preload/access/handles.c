/* handles.c - descriptors that come about, are used and end without bytes being moved; and bytes that move
 * between two. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload/access/bridge.h"

static int (*real_timerfd_create)(__clockid_t, int);
static int (*real_memfd_create)(const char *, unsigned);
static int (*real_inotify_init)(void);
static int (*real_inotify_init1)(int);
static int (*real_mkstemp)(char *);
static int (*real_mkostemp)(char *, int);
static int (*real_mkstemps)(char *, int);
static int (*real_mkostemps)(char *, int, int);
static int (*real_mkstemp64)(char *);
static int (*real_mkostemp64)(char *, int);
static int (*real_shm_open)(const char *, int, mode_t);
static int (*real_posix_openpt)(int);
static int (*real_signalfd)(int, const sigset_t *, int);
static off_t (*real_lseek)(int, off_t, int);
static off64_t (*real_lseek64)(int, off64_t, int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_ftruncate64)(int, off64_t);
static int (*real_listen)(int, int);
static int (*real_shutdown)(int, int);
static int (*real_bind)(int, const struct sockaddr *, socklen_t);
static int (*real_setsockopt)(int, int, int, const void *, socklen_t);
static int (*real_getsockopt)(int, int, int, void *restrict, socklen_t *restrict);
static int (*real_getsockname)(int, struct sockaddr *restrict, socklen_t *restrict);
static int (*real_getpeername)(int, struct sockaddr *restrict, socklen_t *restrict);
static int (*real_timerfd_settime)(int, int, const struct itimerspec *, struct itimerspec *);
static ssize_t (*real_sendfile)(int, int, off_t *, size_t);
static ssize_t (*real_sendfile64)(int, int, off64_t *, size_t);
static ssize_t (*real_splice)(int, off64_t *, int, off64_t *, size_t, unsigned);
static ssize_t (*real_copy_file_range)(int, off64_t *, int, off64_t *, size_t, unsigned);
static ssize_t (*real_tee)(int, int, size_t, unsigned);

static const struct snarl_true s_true[] = {
    {"timerfd_create", &real_timerfd_create},
    {"memfd_create", &real_memfd_create},
    {"inotify_init", &real_inotify_init},
    {"inotify_init1", &real_inotify_init1},
    {"mkstemp", &real_mkstemp},
    {"mkostemp", &real_mkostemp},
    {"mkstemps", &real_mkstemps},
    {"mkostemps", &real_mkostemps},
    {"mkstemp64", &real_mkstemp64},
    {"mkostemp64", &real_mkostemp64},
    {"shm_open", &real_shm_open},
    {"posix_openpt", &real_posix_openpt},
    {"signalfd", &real_signalfd},
    {"lseek", &real_lseek},
    {"lseek64", &real_lseek64},
    {"fsync", &real_fsync},
    {"fdatasync", &real_fdatasync},
    {"ftruncate", &real_ftruncate},
    {"ftruncate64", &real_ftruncate64},
    {"listen", &real_listen},
    {"shutdown", &real_shutdown},
    {"bind", &real_bind},
    {"setsockopt", &real_setsockopt},
    {"getsockopt", &real_getsockopt},
    {"getsockname", &real_getsockname},
    {"getpeername", &real_getpeername},
    {"timerfd_settime", &real_timerfd_settime},
    {"sendfile", &real_sendfile},
    {"sendfile64", &real_sendfile64},
    {"splice", &real_splice},
    {"copy_file_range", &real_copy_file_range},
    {"tee", &real_tee},
};
static bool s_ready;

#define SIGNAL_HANDLES 1024 /* of those past it the order is not known */
static bool s_for_signals[SIGNAL_HANDLES];

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* --- new ones --- */

SNARL_EXPORT int timerfd_create(__clockid_t clock, int flags)
{
    prepare();
    return snarl_traffic_opened(real_timerfd_create(clock, flags), SNARL_SITE);
}

SNARL_EXPORT int memfd_create(const char *name, unsigned flags)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("memfd_create", name, snarl_string_size(name), SNARL_SITE);
    return snarl_traffic_opened(real_memfd_create(name, flags), SNARL_SITE);
}

SNARL_EXPORT int inotify_init(void)
{
    prepare();
    return snarl_traffic_opened(real_inotify_init(), SNARL_SITE);
}

SNARL_EXPORT int inotify_init1(int flags)
{
    prepare();
    return snarl_traffic_opened(real_inotify_init1(flags), SNARL_SITE);
}

SNARL_EXPORT int mkstemp(char *name)
{
    prepare();
    return snarl_traffic_opened(real_mkstemp(name), SNARL_SITE);
}

SNARL_EXPORT int mkostemp(char *name, int flags)
{
    prepare();
    return snarl_traffic_opened(real_mkostemp(name, flags), SNARL_SITE);
}

SNARL_EXPORT int mkstemps(char *name, int suffix)
{
    prepare();
    return snarl_traffic_opened(real_mkstemps(name, suffix), SNARL_SITE);
}

SNARL_EXPORT int mkostemps(char *name, int suffix, int flags)
{
    prepare();
    return snarl_traffic_opened(real_mkostemps(name, suffix, flags), SNARL_SITE);
}

SNARL_EXPORT int mkstemp64(char *name)
{
    prepare();
    return snarl_traffic_opened(real_mkstemp64(name), SNARL_SITE);
}

SNARL_EXPORT int mkostemp64(char *name, int flags)
{
    prepare();
    return snarl_traffic_opened(real_mkostemp64(name, flags), SNARL_SITE);
}

SNARL_EXPORT int shm_open(const char *name, int flags, mode_t mode)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("shm_open", name, snarl_string_size(name), SNARL_SITE);
    return snarl_traffic_opened(real_shm_open(name, flags, mode), SNARL_SITE);
}

SNARL_EXPORT int posix_openpt(int flags)
{
    prepare();
    return snarl_traffic_opened(real_posix_openpt(flags), SNARL_SITE);
}

/* One that is given is changed, not made. */
SNARL_EXPORT int signalfd(int fd, const sigset_t *mask, int flags)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("signalfd", mask, sizeof(*mask), SNARL_SITE);
    int result = real_signalfd(fd, mask, flags);
    if (result >= 0 && result < SIGNAL_HANDLES)
        s_for_signals[result] = true;
    return fd == -1 ? snarl_traffic_opened(result, SNARL_SITE) : result;
}

/* Of a descriptor that has been closed since, the numbers are none of signals, or order too much. */
void snarl_handle_read(int fd, const void *bytes, ssize_t size)
{
    if (fd < 0 || fd >= SIGNAL_HANDLES || __builtin_expect(!s_for_signals[fd], 1))
        return;
    const struct signalfd_siginfo *info = bytes;
    for (; size >= (ssize_t)sizeof(*info); info++, size -= (ssize_t)sizeof(*info))
        snarl_call_signal((int)info->ssi_signo);
}

/* --- uses --- */

SNARL_EXPORT off_t lseek(int fd, off_t offset, int from)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("lseek", fd, SNARL_SITE);
    off_t result = real_lseek(fd, offset, from);
    if (snarl_calls_wanted())
        snarl_traffic_written("lseek", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT off64_t lseek64(int fd, off64_t offset, int from)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("lseek", fd, SNARL_SITE);
    off64_t result = real_lseek64(fd, offset, from);
    if (snarl_calls_wanted())
        snarl_traffic_written("lseek", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int fsync(int fd)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("fsync", fd, SNARL_SITE);
    int result = real_fsync(fd);
    if (snarl_calls_wanted())
        snarl_traffic_written("fsync", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int fdatasync(int fd)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("fdatasync", fd, SNARL_SITE);
    int result = real_fdatasync(fd);
    if (snarl_calls_wanted())
        snarl_traffic_written("fdatasync", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int ftruncate(int fd, off_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("ftruncate", fd, SNARL_SITE);
    int result = real_ftruncate(fd, size);
    if (snarl_calls_wanted())
        snarl_traffic_written("ftruncate", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int ftruncate64(int fd, off64_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("ftruncate", fd, SNARL_SITE);
    int result = real_ftruncate64(fd, size);
    if (snarl_calls_wanted())
        snarl_traffic_written("ftruncate", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int listen(int fd, int limit)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("listen", fd, SNARL_SITE);
    int result = real_listen(fd, limit);
    if (snarl_calls_wanted())
        snarl_traffic_written("listen", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int shutdown(int fd, int how)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("shutdown", fd, SNARL_SITE);
    int result = real_shutdown(fd, how);
    if (snarl_calls_wanted())
        snarl_traffic_written("shutdown", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int bind(int fd, const struct sockaddr *name, socklen_t size)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_bind(fd, name, size);
    snarl_traffic_reading("bind", fd, SNARL_SITE);
    snarl_call_reads("bind", name, size, SNARL_SITE);
    int result = real_bind(fd, name, size);
    snarl_traffic_written("bind", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("setsockopt", value, size, SNARL_SITE);
        snarl_traffic_reading("setsockopt", fd, SNARL_SITE);
    }
    int result = real_setsockopt(fd, level, option, value, size);
    if (snarl_calls_wanted())
        snarl_traffic_written("setsockopt", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int getsockopt(int fd, int level, int option, void *restrict value, socklen_t *restrict size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("getsockopt", fd, SNARL_SITE);
    int result = real_getsockopt(fd, level, option, value, size);
    if (snarl_calls_wanted())
        snarl_traffic_written("getsockopt", fd, result, SNARL_SITE);
    if (snarl_calls_wanted() && result == 0) {
        snarl_call_writes("getsockopt", value, *size, SNARL_SITE);
        snarl_call_writes("getsockopt", size, sizeof(*size), SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT int getsockname(int fd, struct sockaddr *restrict name, socklen_t *restrict size)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getsockname(fd, name, size);
    socklen_t room = *size;
    snarl_traffic_reading("getsockname", fd, SNARL_SITE);
    int result = real_getsockname(fd, name, size);
    snarl_traffic_written("getsockname", fd, result, SNARL_SITE);
    if (result == 0)
        snarl_call_writes("getsockname", name, *size < room ? *size : room, SNARL_SITE);
    return result;
}

SNARL_EXPORT int getpeername(int fd, struct sockaddr *restrict name, socklen_t *restrict size)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getpeername(fd, name, size);
    socklen_t room = *size;
    snarl_traffic_reading("getpeername", fd, SNARL_SITE);
    int result = real_getpeername(fd, name, size);
    snarl_traffic_written("getpeername", fd, result, SNARL_SITE);
    if (result == 0)
        snarl_call_writes("getpeername", name, *size < room ? *size : room, SNARL_SITE);
    return result;
}

/* What was done before a timer is set is known to who reads it when it has gone off. */
static void release(int fd, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_port_release(thr, fd);
    snarl_call_leave(thr);
}

SNARL_EXPORT int timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *before)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("timerfd_settime", when, sizeof(*when), SNARL_SITE);
        release(fd, SNARL_SITE);
        snarl_traffic_reading("timerfd_settime", fd, SNARL_SITE);
    }
    int result = real_timerfd_settime(fd, flags, when, before);
    if (snarl_calls_wanted())
        snarl_traffic_written("timerfd_settime", fd, result, SNARL_SITE);
    if (snarl_calls_wanted() && result == 0 && before)
        snarl_call_writes("timerfd_settime", before, sizeof(*before), SNARL_SITE);
    return result;
}

/* --- from one to another --- */

static void moving(const char *name, int from, int to, struct snarl_site site)
{
    snarl_traffic_reading(name, from, site);
    snarl_traffic_writing(name, to, NULL, 0, site);
}

static ssize_t moved(const char *name, int from, int to, ssize_t result, struct snarl_site site)
{
    snarl_traffic_read(name, from, NULL, result, site);
    snarl_traffic_written(name, to, result, site);
    return result;
}

SNARL_EXPORT ssize_t sendfile(int to, int from, off_t *offset, size_t size)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_sendfile(to, from, offset, size);
    moving("sendfile", from, to, SNARL_SITE);
    ssize_t result = real_sendfile(to, from, offset, size);
    return moved("sendfile", from, to, result, SNARL_SITE);
}

SNARL_EXPORT ssize_t sendfile64(int to, int from, off64_t *offset, size_t size)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_sendfile64(to, from, offset, size);
    moving("sendfile", from, to, SNARL_SITE);
    ssize_t result = real_sendfile64(to, from, offset, size);
    return moved("sendfile", from, to, result, SNARL_SITE);
}

SNARL_EXPORT ssize_t splice(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t size,
                            unsigned flags)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_splice(from, from_offset, to, to_offset, size, flags);
    moving("splice", from, to, SNARL_SITE);
    ssize_t result = real_splice(from, from_offset, to, to_offset, size, flags);
    return moved("splice", from, to, result, SNARL_SITE);
}

SNARL_EXPORT ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t size,
                                     unsigned flags)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_copy_file_range(from, from_offset, to, to_offset, size, flags);
    moving("copy_file_range", from, to, SNARL_SITE);
    ssize_t result = real_copy_file_range(from, from_offset, to, to_offset, size, flags);
    return moved("copy_file_range", from, to, result, SNARL_SITE);
}

SNARL_EXPORT ssize_t tee(int from, int to, size_t size, unsigned flags)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_tee(from, to, size, flags);
    moving("tee", from, to, SNARL_SITE);
    ssize_t result = real_tee(from, to, size, flags);
    return moved("tee", from, to, result, SNARL_SITE);
}
