/* os.c - see os.h. */
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

static long call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static long call4(long number, long a, long b, long c, long d)
{
    return call6(number, a, b, c, d, 0, 0);
}

static void *map(uintptr_t address, size_t size, int extra)
{
    long result = call6(SYS_mmap, (long)address, (long)size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | extra, -1, 0);
    return result < 0 && result > -4096 ? NULL : (void *)result;
}

void *snarl_os_map(size_t size)
{
    return map(0, size, 0);
}

void *snarl_os_map_at(uintptr_t address, size_t size)
{
    void *at = map(address, size, MAP_FIXED_NOREPLACE);
    if (at && (uintptr_t)at != address) { /* a kernel before 4.17 ignores the flag */
        snarl_os_unmap(at, size);
        return NULL;
    }
    return at;
}

void snarl_os_unmap(void *address, size_t size)
{
    call4(SYS_munmap, (long)address, (long)size, 0, 0);
}

uintptr_t snarl_os_break(void)
{
    return (uintptr_t)call4(SYS_brk, 0, 0, 0, 0);
}

int snarl_os_advise(void *address, size_t size, int advice)
{
    return (int)call4(SYS_madvise, (long)address, (long)size, advice, 0);
}

void snarl_os_futex_wait(const uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000u),
                               .tv_nsec = (long)(timeout_ns % 1000000000u)};
    call6(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, expected, (long)(timeout_ns ? &timeout : NULL), 0, 0);
}

void snarl_os_futex_wake(const uint32_t *word, int count)
{
    call4(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, count, 0);
}

void snarl_os_sleep(uint64_t nanoseconds)
{
    struct timespec rest = {.tv_sec = (time_t)(nanoseconds / 1000000000u),
                            .tv_nsec = (long)(nanoseconds % 1000000000u)};
    while (call4(SYS_nanosleep, (long)&rest, (long)&rest, 0, 0) == -EINTR)
        ;
}

void snarl_os_yield(void)
{
    call4(SYS_sched_yield, 0, 0, 0, 0);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now); /* the vdso's: neither intercepted nor touching errno */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t snarl_os_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t snarl_os_realtime_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

pid_t snarl_os_pid(void)
{
    return (pid_t)call4(SYS_getpid, 0, 0, 0, 0);
}

pid_t snarl_os_parent_pid(void)
{
    return (pid_t)call4(SYS_getppid, 0, 0, 0, 0);
}

pid_t snarl_os_thread_id(void)
{
    return (pid_t)call4(SYS_gettid, 0, 0, 0, 0);
}

int snarl_os_open(const char *path, int flags, int mode)
{
    long fd;
    do
        fd = call4(SYS_openat, AT_FDCWD, (long)path, flags, mode);
    while (fd == -EINTR);
    return (int)fd;
}

int snarl_os_close(int fd)
{
    return (int)call4(SYS_close, fd, 0, 0, 0);
}

int snarl_os_write_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length) {
        long count = call4(SYS_write, fd, (long)at, (long)length, 0);
        if (count == -EINTR)
            continue;
        if (count < 0)
            return (int)count;
        if (count == 0)
            return -EIO;
        at += count;
        length -= (size_t)count;
    }
    return 0;
}

ssize_t snarl_os_read(int fd, void *bytes, size_t length)
{
    long count;
    do
        count = call4(SYS_read, fd, (long)bytes, (long)length, 0);
    while (count == -EINTR);
    return count;
}

ssize_t snarl_os_list(int fd, void *entries, size_t size)
{
    return call4(SYS_getdents64, fd, (long)entries, (long)size, 0);
}

int snarl_os_mkdir(const char *path, int mode)
{
    return (int)call4(SYS_mkdirat, AT_FDCWD, (long)path, mode, 0);
}

ssize_t snarl_os_readlink(const char *path, char *buffer, size_t size)
{
    return call4(SYS_readlinkat, AT_FDCWD, (long)path, (long)buffer, (long)size);
}

int snarl_os_dup_high(int fd, int lowest)
{
    return (int)call4(SYS_fcntl, fd, F_DUPFD_CLOEXEC, lowest, 0);
}

void snarl_os_exit(int status)
{
    for (;;)
        call4(SYS_exit_group, status, 0, 0, 0);
}

void snarl_os_block_signals(uint64_t *saved)
{
    uint64_t all = ~0ull;
    call4(SYS_rt_sigprocmask, SIG_BLOCK, (long)&all, (long)saved, sizeof(all));
}

void snarl_os_restore_signals(const uint64_t *saved)
{
    call4(SYS_rt_sigprocmask, SIG_SETMASK, (long)saved, 0, sizeof(*saved));
}

void snarl_os_execute(const char *path, char *const arguments[], char *const environment[])
{
    call4(SYS_execve, (long)path, (long)arguments, (long)environment, 0);
}
