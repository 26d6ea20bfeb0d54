/* pages.c - see pages.h. */
#include "preload/rewrite/pages.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

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

void *snarl_pages_map(uintptr_t address, size_t size, int protection, int fd, uint64_t offset, int replace)
{
    int flags = MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS | MAP_NORESERVE : 0) |
                (!address ? 0 : replace ? MAP_FIXED : MAP_FIXED_NOREPLACE);
    long result = call6(SYS_mmap, (long)address, (long)size, protection, flags, fd, (long)offset);
    if (result < 0 && result > -4096)
        return NULL;
    if (address && (uintptr_t)result != address) { /* a kernel before 4.17 takes the address for a wish */
        snarl_pages_unmap((void *)result, size);
        return NULL;
    }
    return (void *)result;
}

int snarl_pages_protect(uintptr_t address, size_t size, int protection)
{
    return (int)call6(SYS_mprotect, (long)address, (long)size, protection, 0, 0, 0);
}

void snarl_pages_unmap(void *address, size_t size)
{
    call6(SYS_munmap, (long)address, (long)size, 0, 0, 0, 0);
}

int64_t snarl_pages_own_file(int fd)
{
    struct stat status;
    long result = call6(SYS_fstat, fd, (long)&status, 0, 0, 0, 0);
    if (result < 0)
        return result;
    long user = call6(SYS_geteuid, 0, 0, 0, 0, 0, 0);
    if (!S_ISREG(status.st_mode) || status.st_uid != (uid_t)user || status.st_mode & 022)
        return -EPERM;
    return status.st_size;
}
