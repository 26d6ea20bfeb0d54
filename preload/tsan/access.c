/* access.c - the functions that compiled code calls before each access.
 *
 * Fast path: the words of the cells touched say that this thread has done the same or more in this epoch (race.h). The compiler
 * promises natural alignment for the plain variants, so 4 bytes and more fill whole cells. */
#include "preload/tsan/tsan.h"

/* Not on the fast path: into the detector. */
__attribute__((noinline)) static void slow(uintptr_t address, uint32_t size, uint32_t flags, uintptr_t pc)
{
    struct snarl_race_thread *races = snarl_race_current;
    struct snarl_thread *thr = races->ignore ? NULL : snarl_enter();
    if (!thr)
        return;
    snarl_race_access_again(races, address, size, flags, pc);
    snarl_leave(thr);
}

/* Whether the `count` cells from that of `address` on are all current. */
static inline bool hit_cells(uintptr_t address, unsigned count, bool write)
{
    const struct snarl_race_thread *races = snarl_race_current;
    const uint32_t *cell = snarl_shadow_cell(address, snarl_race_plane(write));
    for (unsigned i = 0; i < count; i++) {
        if (i && cell[i] == cell[i - 1])
            continue;
        if (!snarl_race_hit(races, cell[i], write))
            return false;
    }
    return true;
}

/* The same for bytes inside of one cell. */
static inline bool hit_bytes(uintptr_t address, uint32_t mask, bool write)
{
    const struct snarl_race_thread *races = snarl_race_current;
    uint32_t word = *snarl_shadow_cell(address, snarl_race_plane(write));
    return snarl_race_is_current(races, word, mask << (address & 3)) || (!write && word == races->shared);
}

static inline void access(const volatile void *at, unsigned size, bool write, uintptr_t pc)
{
    uintptr_t address = (uintptr_t)at;
    bool hit = size < 4 ? hit_bytes(address, (1u << size) - 1, write) : hit_cells(address, size / 4, write);
    if (__builtin_expect(!hit, 0))
        slow(address, size, write ? SNARL_ACCESS_WRITE : 0, pc);
}

/* At any address: all cells touched must be current as a whole. */
static inline void access_unaligned(const volatile void *at, unsigned size, bool write, uintptr_t pc)
{
    uintptr_t address = (uintptr_t)at;
    unsigned cells = (unsigned)((address & 3) + size + 3) / 4;
    if (__builtin_expect(!hit_cells(address, cells, write), 0))
        slow(address, size, write ? SNARL_ACCESS_WRITE : 0, pc);
}

/* Each line defines exported functions of one kind and size; the names are the ABI's. */
#define ACCESS(name, how, size, write)                  \
    SNARL_EXPORT void name(void *address);              \
    SNARL_EXPORT void name(void *address)               \
    {                                                   \
        how(address, size, write, SNARL_PC);            \
    }
/* The same, told where the access is. */
#define ACCESS_AT(name, size, write)                    \
    SNARL_EXPORT void name(void *address, void *pc);    \
    SNARL_EXPORT void name(void *address, void *pc)     \
    {                                                   \
        access(address, size, write, (uintptr_t)pc);    \
    }

ACCESS(__tsan_read1, access, 1, false)
ACCESS(__tsan_write1, access, 1, true)
ACCESS(__tsan_read2, access, 2, false)
ACCESS(__tsan_write2, access, 2, true)
ACCESS(__tsan_read4, access, 4, false)
ACCESS(__tsan_write4, access, 4, true)
ACCESS(__tsan_read8, access, 8, false)
ACCESS(__tsan_write8, access, 8, true)
ACCESS(__tsan_read16, access, 16, false)
ACCESS(__tsan_write16, access, 16, true)

ACCESS(__tsan_volatile_read1, access, 1, false)
ACCESS(__tsan_volatile_write1, access, 1, true)
ACCESS(__tsan_volatile_read2, access, 2, false)
ACCESS(__tsan_volatile_write2, access, 2, true)
ACCESS(__tsan_volatile_read4, access, 4, false)
ACCESS(__tsan_volatile_write4, access, 4, true)
ACCESS(__tsan_volatile_read8, access, 8, false)
ACCESS(__tsan_volatile_write8, access, 8, true)
ACCESS(__tsan_volatile_read16, access, 16, false)
ACCESS(__tsan_volatile_write16, access, 16, true)

ACCESS(__tsan_unaligned_read2, access_unaligned, 2, false)
ACCESS(__tsan_unaligned_write2, access_unaligned, 2, true)
ACCESS(__tsan_unaligned_read4, access_unaligned, 4, false)
ACCESS(__tsan_unaligned_write4, access_unaligned, 4, true)
ACCESS(__tsan_unaligned_read8, access_unaligned, 8, false)
ACCESS(__tsan_unaligned_write8, access_unaligned, 8, true)
ACCESS(__tsan_unaligned_read16, access_unaligned, 16, false)
ACCESS(__tsan_unaligned_write16, access_unaligned, 16, true)

ACCESS(__tsan_unaligned_volatile_read2, access_unaligned, 2, false)
ACCESS(__tsan_unaligned_volatile_write2, access_unaligned, 2, true)
ACCESS(__tsan_unaligned_volatile_read4, access_unaligned, 4, false)
ACCESS(__tsan_unaligned_volatile_write4, access_unaligned, 4, true)
ACCESS(__tsan_unaligned_volatile_read8, access_unaligned, 8, false)
ACCESS(__tsan_unaligned_volatile_write8, access_unaligned, 8, true)
ACCESS(__tsan_unaligned_volatile_read16, access_unaligned, 16, false)
ACCESS(__tsan_unaligned_volatile_write16, access_unaligned, 16, true)

/* A read and then a write of the same bytes by one statement: the write races with whatever the read does. */
ACCESS(__tsan_read_write1, access, 1, true)
ACCESS(__tsan_read_write2, access, 2, true)
ACCESS(__tsan_read_write4, access, 4, true)
ACCESS(__tsan_read_write8, access, 8, true)
ACCESS(__tsan_read_write16, access, 16, true)
ACCESS(__tsan_unaligned_read_write2, access_unaligned, 2, true)
ACCESS(__tsan_unaligned_read_write4, access_unaligned, 4, true)
ACCESS(__tsan_unaligned_read_write8, access_unaligned, 8, true)
ACCESS(__tsan_unaligned_read_write16, access_unaligned, 16, true)

ACCESS_AT(__tsan_read1_pc, 1, false)
ACCESS_AT(__tsan_write1_pc, 1, true)
ACCESS_AT(__tsan_read2_pc, 2, false)
ACCESS_AT(__tsan_write2_pc, 2, true)
ACCESS_AT(__tsan_read4_pc, 4, false)
ACCESS_AT(__tsan_write4_pc, 4, true)
ACCESS_AT(__tsan_read8_pc, 8, false)
ACCESS_AT(__tsan_write8_pc, 8, true)
ACCESS_AT(__tsan_read16_pc, 16, false)
ACCESS_AT(__tsan_write16_pc, 16, true)

/* --- vtable pointers --- */

SNARL_EXPORT void __tsan_vptr_read(void **pointer);
SNARL_EXPORT void __tsan_vptr_read(void **pointer)
{
    access(pointer, sizeof(*pointer), false, SNARL_PC);
}

/* Storing the value that is there changes nothing that another thread could see: constructors and destructors do. */
SNARL_EXPORT void __tsan_vptr_update(void **pointer, void *value);
SNARL_EXPORT void __tsan_vptr_update(void **pointer, void *value)
{
    if (*pointer != value)
        access(pointer, sizeof(*pointer), true, SNARL_PC);
}

/* --- ranges --- */

static void range(const void *start, size_t size, uint32_t flags, uintptr_t pc)
{
    struct snarl_race_thread *races = snarl_race_current;
    struct snarl_thread *thr = races->ignore || !size ? NULL : snarl_enter();
    if (!thr)
        return;
    snarl_race_range(races, (uintptr_t)start, size, flags, pc);
    snarl_leave(thr);
}

SNARL_EXPORT void __tsan_read_range(void *start, unsigned long size);
SNARL_EXPORT void __tsan_read_range(void *start, unsigned long size)
{
    range(start, size, 0, SNARL_PC);
}

SNARL_EXPORT void __tsan_write_range(void *start, unsigned long size);
SNARL_EXPORT void __tsan_write_range(void *start, unsigned long size)
{
    range(start, size, SNARL_ACCESS_WRITE, SNARL_PC);
}

SNARL_EXPORT void __tsan_read_range_pc(void *start, unsigned long size, void *pc);
SNARL_EXPORT void __tsan_read_range_pc(void *start, unsigned long size, void *pc)
{
    range(start, size, 0, (uintptr_t)pc);
}

SNARL_EXPORT void __tsan_write_range_pc(void *start, unsigned long size, void *pc);
SNARL_EXPORT void __tsan_write_range_pc(void *start, unsigned long size, void *pc)
{
    range(start, size, SNARL_ACCESS_WRITE, (uintptr_t)pc);
}

SNARL_EXPORT void *__tsan_memcpy(void *to, const void *from, size_t size);
SNARL_EXPORT void *__tsan_memcpy(void *to, const void *from, size_t size)
{
    range(from, size, 0, SNARL_PC);
    range(to, size, SNARL_ACCESS_WRITE, SNARL_PC);
    return __builtin_memcpy(to, from, size);
}

SNARL_EXPORT void *__tsan_memmove(void *to, const void *from, size_t size);
SNARL_EXPORT void *__tsan_memmove(void *to, const void *from, size_t size)
{
    range(from, size, 0, SNARL_PC);
    range(to, size, SNARL_ACCESS_WRITE, SNARL_PC);
    return __builtin_memmove(to, from, size);
}

SNARL_EXPORT void *__tsan_memset(void *to, int value, size_t size);
SNARL_EXPORT void *__tsan_memset(void *to, int value, size_t size)
{
    range(to, size, SNARL_ACCESS_WRITE, SNARL_PC);
    return __builtin_memset(to, value, size);
}
