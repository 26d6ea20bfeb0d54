/* bytes.c - the memory of bytes.h. */
#include "race/bytes.h"

#include <sys/mman.h>

#include "base/os.h"
#include "shadow/shadow.h"

#define BLOCK_CELLS ((size_t)1 << (SNARL_BYTES_SHIFT - 2))
#define BLOCK_SIZE (BLOCK_CELLS * sizeof(struct snarl_bytes))
#define PAGE ((uintptr_t)4096)

struct snarl_bytes **snarl_bytes_table;

bool snarl_bytes_reserve(void)
{
    if (!snarl_bytes_table)
        snarl_bytes_table = snarl_os_map(sizeof(*snarl_bytes_table) << (SNARL_ADDRESS_BITS - SNARL_BYTES_SHIFT));
    return snarl_bytes_table != NULL;
}

struct snarl_bytes *snarl_bytes_make(uintptr_t cell)
{
    struct snarl_bytes **entry = &snarl_bytes_table[cell >> SNARL_BYTES_SHIFT], *none = NULL;
    if (!__atomic_load_n(entry, __ATOMIC_ACQUIRE)) {
        struct snarl_bytes *block = snarl_os_map(BLOCK_SIZE);
        if (!block)
            return NULL;
        if (!__atomic_compare_exchange_n(entry, &none, block, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            snarl_os_unmap(block, BLOCK_SIZE);
    }
    return snarl_bytes_of(cell);
}

void snarl_bytes_clear(uintptr_t start, size_t size)
{
    uintptr_t end = start + size;
    while (start < end) {
        uintptr_t next = (start | (((uintptr_t)1 << SNARL_BYTES_SHIFT) - 1)) + 1, stop = next < end ? next : end;
        struct snarl_bytes *first = snarl_bytes_of(start);
        if (first) {
            uintptr_t from = ((uintptr_t)first + PAGE - 1) & ~(PAGE - 1);
            uintptr_t until = ((uintptr_t)first + (stop - start) / 4 * sizeof(*first)) & ~(PAGE - 1);
            if (until > from)
                snarl_os_advise((void *)from, until - from, MADV_DONTNEED);
        }
        start = next;
    }
}
