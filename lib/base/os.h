/* os.h - every call that the analysis makes of the operating system, as raw system calls.
 *
 * The analysis runs inside the program under test, below its interceptors: it must not call a libc function
 * that is intercepted, set errno, or allocate from the program's heap. All functions are async-signal-safe
 * and return a negative errno value on failure. */
#ifndef SNARL_BASE_OS_H
#define SNARL_BASE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Zeroed private memory of `size` bytes (rounded up to pages), NULL when there is none. Pages are backed
 * only when touched (MAP_NORESERVE). */
void *snarl_os_map(size_t size);
/* The same at exactly `address`, which must be free: NULL when it is not. */
void *snarl_os_map_at(uintptr_t address, size_t size);
void snarl_os_unmap(void *address, size_t size);
/* The program break. */
uintptr_t snarl_os_break(void);
/* madvise(2). */
int snarl_os_advise(void *address, size_t size, int advice);

/* Waits while *word == expected, at most timeout_ns (0: for ever). */
void snarl_os_futex_wait(const uint32_t *word, uint32_t expected, uint64_t timeout_ns);
void snarl_os_futex_wake(const uint32_t *word, int count);
void snarl_os_sleep(uint64_t nanoseconds);
void snarl_os_yield(void);

uint64_t snarl_os_monotonic_ns(void);
uint64_t snarl_os_realtime_ns(void);
pid_t snarl_os_pid(void);
pid_t snarl_os_parent_pid(void);
pid_t snarl_os_thread_id(void);

int snarl_os_open(const char *path, int flags, int mode);
int snarl_os_close(int fd);
/* Writes all of it or fails: a short write is continued, EINTR repeated. */
int snarl_os_write_all(int fd, const void *bytes, size_t length);
ssize_t snarl_os_read(int fd, void *bytes, size_t length);
/* Raw directory entries (getdents64) of an open directory: bytes filled, 0 at the end. */
ssize_t snarl_os_list(int fd, void *entries, size_t size);
int snarl_os_mkdir(const char *path, int mode);
ssize_t snarl_os_readlink(const char *path, char *buffer, size_t size);
/* A copy of fd at or above `lowest`, close-on-exec. */
int snarl_os_dup_high(int fd, int lowest);
/* Ends the process at once with `status`; no handler runs. */
_Noreturn void snarl_os_exit(int status);
/* execve(2): returns only when it fails. */
void snarl_os_execute(const char *path, char *const arguments[], char *const environment[]);
/* Blocks all signals of the calling thread; *saved (8 bytes, the kernel's sigset) is to be given back. */
void snarl_os_block_signals(uint64_t *saved);
void snarl_os_restore_signals(const uint64_t *saved);

#endif
