/* bridge.h - what the interceptors of libsnarl-calls.so ask of libsnarl.so.
 *
 * libsnarl-calls.so has the library calls that matter only to the race detector: they read and write the program's memory,
 * or carry an order from one thread to another. It is preloaded behind libsnarl.so when races are looked for, and
 * only then, so that memcpy and its like cost nothing otherwise; see docs/decisions/calls-library.md. Each of
 * its interceptors has the same steps: while `snarl_calls_on` is not set, the true function and nothing else; else enter
 * (NULL: the true function), tell, leave. A true call that may block or never return is made outside.
 *
 * Families, a file each; those in libsnarl.so itself have a star:
 *   bytes.c        memcpy memmove memset memcmp memchr ... bcopy bzero bcmp, and their fortified forms
 *   strings.c      str* and stp*                        wide.c        wcs* and wmem*
 *   traffic.c      what all calls on descriptors have in common
 *   files.c        read write pread readv ... open: buffers and edges
 *   sockets.c      send recv ... accept socketpair: the same      polling.c     eventfd epoll poll select
 *   streams.c      fopen fclose flockfile fflush ...    stdio.c       fread fgets getline putc fwrite ...
 *   printing.c     printf and its relatives             scanning.c    scanf and its relatives; format.c: their formats
 *   handles.c      lseek bind ... timerfd_create mkstemp: uses and new ones; sendfile splice
 *   paths.c        stat readlink realpath readdir ...   resolving.c   getaddrinfo inet_pton ...
 *   clocks.c       clock_gettime mktime strftime ...    numbers.c     strtoll atoi drand48 ...
 *   sorting.c      qsort bsearch lfind tsearch hsearch  conversion.c  mbstowcs iconv regexec ...
 *   queues.c       mq_send msgsnd semop ...             rings.c       liburing
 *   variables.c    getenv setenv putenv unsetenv        statics.c     localtime strtok getpwnam setlocale ...
 *   ports.c *      descriptors: who closed them, which ends belong together
 * Elsewhere: allocators and mappings (preload/memory.c, heap.c), close and dup (preload/descriptors.c). */
#ifndef SNARL_PRELOAD_ACCESS_BRIDGE_H
#define SNARL_PRELOAD_ACCESS_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <wchar.h>

#include "preload/shim.h"

#pragma GCC visibility push(default)

/* Whether there is anything to tell: races are looked for, and the process has had a second thread. */
extern bool snarl_calls_on;

static inline bool snarl_calls_wanted(void)
{
    return __builtin_expect(snarl_calls_on, 0);
}

/* The calling thread with its guard set, or NULL: it is inside the detector, unknown, or its accesses are ignored; or it is
 * the detector itself that calls. */
struct snarl_thread *snarl_call_enter(struct snarl_site site);
void snarl_call_leave(struct snarl_thread *thr);

/* `name` is the function called; it must be a literal of libsnarl-calls.so or libsnarl.so. */
void snarl_call_read(struct snarl_thread *thr, const char *name, const volatile void *start, size_t size,
                     struct snarl_site site);
void snarl_call_write(struct snarl_thread *thr, const char *name, volatile void *start, size_t size,
                      struct snarl_site site);
/* The life of what is at `start` ends: an access that nothing may come after. */
void snarl_call_end(struct snarl_thread *thr, const char *name, volatile void *start, size_t size, struct snarl_site site);
/* What `thr` did before is known to who acquires the same address later. */
void snarl_call_release(struct snarl_thread *thr, const volatile void *address);
void snarl_call_acquire(struct snarl_thread *thr, const volatile void *address);
/* What is there is an atomic object: loads and stores of it by stock code acquire and release. */
void snarl_call_atomic(struct snarl_thread *thr, const volatile void *address, size_t size);

/* One access and nothing else, guard not held. */
void snarl_call_reads(const char *name, const volatile void *start, size_t size, struct snarl_site site);
void snarl_call_writes(const char *name, volatile void *start, size_t size, struct snarl_site site);

/* Descriptors, within the guard (ports.c). A use is told before the call; afterwards with `bad` whether it failed with EBADF. */
void snarl_port_use(struct snarl_thread *thr, const char *name, int fd, struct snarl_site site);
void snarl_port_used(struct snarl_thread *thr, const char *name, int fd, bool bad, struct snarl_site site);
/* Before it is closed. Guard not held; keeps errno. */
void snarl_port_closing(const char *name, int fd, struct snarl_site site);
/* A new descriptor; one that accept gave (with `thr` NULL while the process has one thread); two that are the ends of one channel. */
void snarl_port_opened(struct snarl_thread *thr, int fd);
void snarl_port_accepted(struct snarl_thread *thr, int fd);
void snarl_port_paired(struct snarl_thread *thr, int one, int other);
/* Before something is written to it, after something was read from it. */
void snarl_port_release(struct snarl_thread *thr, int fd);
void snarl_port_acquire(struct snarl_thread *thr, int fd);

/* `fd` is watched by the epoll set `set`, which will tell of it by `data`; the set has told. */
void snarl_port_watched(int set, int fd, uint64_t data);
void snarl_port_ready(struct snarl_thread *thr, int set, uint64_t data);

/* A signal was taken from a descriptor for signals. Guard not held; keeps errno. */
void snarl_call_signal(int signal);

/* libc's function of that name, or of "NAME@VERSION"; NULL when it has none. */
void *snarl_call_true(const char *name);

#pragma GCC visibility pop

/* --- within libsnarl-calls.so --- */

/* traffic.c: around a call that moves bytes through a descriptor. The guard is not held between the two, so the call may
 * be cancelled, or interrupted by a handler. The second keeps errno; `result` is what the call returned. */
void snarl_traffic_reading(const char *name, int fd, struct snarl_site site);
void snarl_traffic_read(const char *name, int fd, void *buffer, ssize_t result, struct snarl_site site);
void snarl_traffic_writing(const char *name, int fd, const void *buffer, size_t size, struct snarl_site site);
void snarl_traffic_written(const char *name, int fd, ssize_t result, struct snarl_site site);
/* The same for several buffers; to be followed by the others with none. */
struct iovec;
void snarl_traffic_gather(const char *name, const struct iovec *part, size_t count, struct snarl_site site);
void snarl_traffic_scatter(const char *name, const struct iovec *part, size_t count, ssize_t result,
                           struct snarl_site site);
/* A call returned a new descriptor, or -1. */
int snarl_traffic_opened(int fd, struct snarl_site site);

/* A true function and where it is kept. */
struct snarl_true {
    const char *name;
    void *kept; /* the address of a function pointer */
};

/* handles.c: what was read from `fd` may be signals. */
void snarl_handle_read(int fd, const void *bytes, ssize_t size);
/* variables.c: what looks at the environment, as the functions of time do for the time zone. */
void snarl_environment_read(const char *name, struct snarl_site site);

/* Bytes that a read of a whole string touches, or of at most `limit` characters of it. */
size_t snarl_string_size(const char *string);
size_t snarl_string_extent(const char *string, size_t limit);
size_t snarl_wide_extent(const wchar_t *string, size_t limit);

/* Fills all pointers of a family, then sets *done. Again at the same time is harmless. */
void snarl_true_find(const struct snarl_true *list, size_t count, bool *done);

#endif
