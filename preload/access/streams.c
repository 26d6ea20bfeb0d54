/* streams.c - see streams.h; and how streams begin and end. */
#include "preload/access/streams.h"

#include <errno.h>

static FILE *(*real_fopen)(const char *, const char *);
static FILE *(*real_fdopen)(int, const char *);
static FILE *(*real_freopen)(const char *, const char *, FILE *);
static int (*real_fclose)(FILE *);
static FILE *(*real_popen)(const char *, const char *);
static int (*real_pclose)(FILE *);
static FILE *(*real_tmpfile)(void);
static void (*real_flockfile)(FILE *);
static int (*real_ftrylockfile)(FILE *);
static void (*real_funlockfile)(FILE *);
static int (*real_fflush)(FILE *);
static int (*real_fseek)(FILE *, long, int);
static int (*real_fseeko)(FILE *, off_t, int);
static void (*real_rewind)(FILE *);
static long (*real_ftell)(FILE *);
static int (*real_setvbuf)(FILE *, char *, int, size_t);

static const struct snarl_true s_true[] = {
    {"fopen", &real_fopen},
    {"fdopen", &real_fdopen},
    {"freopen", &real_freopen},
    {"fclose", &real_fclose},
    {"popen", &real_popen},
    {"pclose", &real_pclose},
    {"tmpfile", &real_tmpfile},
    {"flockfile", &real_flockfile},
    {"ftrylockfile", &real_ftrylockfile},
    {"funlockfile", &real_funlockfile},
    {"fflush", &real_fflush},
    {"fseek", &real_fseek},
    {"fseeko", &real_fseeko},
    {"rewind", &real_rewind},
    {"ftell", &real_ftell},
    {"setvbuf", &real_setvbuf},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* --- what calls have in common --- */

static void use(struct snarl_thread *thr, const char *name, FILE *stream, struct snarl_site site)
{
    snarl_call_read(thr, name, &stream->_flags, sizeof(stream->_flags), site);
}

/* Streams that are buffered by lines have no room at any time, as far as these fields tell. */
static bool may_flush(const FILE *stream, size_t size)
{
    ptrdiff_t room = stream->_IO_write_end - stream->_IO_write_ptr;
    return room <= 0 || (size_t)room <= size;
}

void snarl_stream_using(const char *name, FILE *stream, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    use(thr, name, stream, site);
    snarl_call_leave(thr);
    errno = saved;
}

void snarl_stream_writing(const char *name, FILE *stream, const void *buffer, size_t size,
                          struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    use(thr, name, stream, site);
    if (buffer)
        snarl_call_read(thr, name, buffer, size, site);
    if (stream->_fileno >= 0 && may_flush(stream, size))
        snarl_port_release(thr, stream->_fileno);
    snarl_call_leave(thr);
    errno = saved;
}

void snarl_stream_read(const char *name, FILE *stream, void *buffer, size_t size, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    if (stream->_fileno >= 0)
        snarl_port_acquire(thr, stream->_fileno);
    if (buffer)
        snarl_call_write(thr, name, buffer, size, site);
    snarl_call_leave(thr);
    errno = saved;
}

void snarl_stream_unlocked(const char *name, FILE *stream, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_write(thr, name, &stream->_IO_read_ptr, sizeof(stream->_IO_read_ptr), site);
    snarl_call_leave(thr);
    errno = saved;
}

void snarl_stream_closing(const char *name, FILE *stream, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    int fd = stream->_fileno;
    if (fd >= 0)
        snarl_port_release(thr, fd);
    snarl_call_end(thr, name, &stream->_flags, sizeof(stream->_flags), site);
    snarl_call_leave(thr);
    if (fd >= 0)
        snarl_port_closing(name, fd, site);
    errno = saved;
}

/* --- beginning and end --- */

static void tell_names(const char *name, const char *path, const char *mode, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_calls_wanted() ? snarl_call_enter(site) : NULL;
    if (!thr)
        return;
    if (path)
        snarl_call_read(thr, name, path, snarl_string_size(path), site);
    snarl_call_read(thr, name, mode, snarl_string_size(mode), site);
    snarl_call_leave(thr);
}

static FILE *opened(FILE *stream, struct snarl_site site)
{
    if (stream && snarl_calls_wanted())
        snarl_traffic_opened(stream->_fileno, site);
    return stream;
}

SNARL_EXPORT FILE *fopen(const char *restrict path, const char *restrict mode)
{
    prepare();
    tell_names("fopen", path, mode, SNARL_SITE);
    return opened(real_fopen(path, mode), SNARL_SITE);
}

SNARL_EXPORT FILE *fopen64(const char *restrict path, const char *restrict mode)
{
    prepare();
    tell_names("fopen", path, mode, SNARL_SITE);
    return opened(real_fopen(path, mode), SNARL_SITE);
}

SNARL_EXPORT FILE *fdopen(int fd, const char *mode)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("fdopen", fd, SNARL_SITE);
    return real_fdopen(fd, mode);
}

/* What is open there is closed, but the stream lives on. */
static FILE *reopen(const char *path, const char *mode, FILE *stream, struct snarl_site site)
{
    tell_names("freopen", path, mode, site);
    if (snarl_calls_wanted()) {
        snarl_stream_writing("freopen", stream, NULL, SNARL_STREAM_FLUSHES, site);
        if (path && stream->_fileno >= 0)
            snarl_port_closing("freopen", stream->_fileno, site);
    }
    return opened(real_freopen(path, mode, stream), site);
}

SNARL_EXPORT FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict stream)
{
    prepare();
    return reopen(path, mode, stream, SNARL_SITE);
}

SNARL_EXPORT FILE *freopen64(const char *restrict path, const char *restrict mode, FILE *restrict stream)
{
    prepare();
    return reopen(path, mode, stream, SNARL_SITE);
}

SNARL_EXPORT int fclose(FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_closing("fclose", stream, SNARL_SITE);
    return real_fclose(stream);
}

SNARL_EXPORT FILE *popen(const char *command, const char *mode)
{
    prepare();
    tell_names("popen", command, mode, SNARL_SITE);
    return opened(real_popen(command, mode), SNARL_SITE);
}

SNARL_EXPORT int pclose(FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_closing("pclose", stream, SNARL_SITE);
    return real_pclose(stream);
}

SNARL_EXPORT FILE *tmpfile(void)
{
    prepare();
    return opened(real_tmpfile(), SNARL_SITE);
}

SNARL_EXPORT FILE *tmpfile64(void)
{
    prepare();
    return opened(real_tmpfile(), SNARL_SITE);
}

/* --- the program's own locking --- */

static void locked(FILE *stream, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_calls_wanted() ? snarl_call_enter(site) : NULL;
    if (!thr)
        return;
    snarl_call_acquire(thr, stream);
    snarl_call_leave(thr);
}

SNARL_EXPORT void flockfile(FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_using("flockfile", stream, SNARL_SITE);
    real_flockfile(stream);
    locked(stream, SNARL_SITE);
}

SNARL_EXPORT int ftrylockfile(FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_using("ftrylockfile", stream, SNARL_SITE);
    int result = real_ftrylockfile(stream);
    if (result == 0)
        locked(stream, SNARL_SITE);
    return result;
}

SNARL_EXPORT void funlockfile(FILE *stream)
{
    prepare();
    struct snarl_thread *thr = snarl_calls_wanted() ? snarl_call_enter(SNARL_SITE) : NULL;
    if (thr) {
        use(thr, "funlockfile", stream, SNARL_SITE);
        snarl_call_release(thr, stream);
        snarl_call_leave(thr);
    }
    real_funlockfile(stream);
}

/* --- positions and buffers --- */

SNARL_EXPORT int fflush(FILE *stream)
{
    prepare();
    if (snarl_calls_wanted() && stream)
        snarl_stream_writing("fflush", stream, NULL, SNARL_STREAM_FLUSHES, SNARL_SITE);
    return real_fflush(stream);
}

SNARL_EXPORT int fseek(FILE *stream, long offset, int from)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("fseek", stream, NULL, SNARL_STREAM_FLUSHES, SNARL_SITE);
    return real_fseek(stream, offset, from);
}

SNARL_EXPORT int fseeko(FILE *stream, off_t offset, int from)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("fseeko", stream, NULL, SNARL_STREAM_FLUSHES, SNARL_SITE);
    return real_fseeko(stream, offset, from);
}

SNARL_EXPORT int fseeko64(FILE *stream, off64_t offset, int from)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("fseeko", stream, NULL, SNARL_STREAM_FLUSHES, SNARL_SITE);
    return real_fseeko(stream, offset, from);
}

SNARL_EXPORT void rewind(FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("rewind", stream, NULL, SNARL_STREAM_FLUSHES, SNARL_SITE);
    real_rewind(stream);
}

SNARL_EXPORT long ftell(FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_using("ftell", stream, SNARL_SITE);
    return real_ftell(stream);
}

SNARL_EXPORT int setvbuf(FILE *restrict stream, char *restrict buffer, int mode, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_using("setvbuf", stream, SNARL_SITE);
    return real_setvbuf(stream, buffer, mode, size);
}
