/* memory.c - the life of the program's memory.
 *
 * New memory has no past: its cells are emptied, and so are the synchronisation variables of atomics that
 * lay there. A program may put memory where no kernel would: its shadow is then made. The end of memory is a write to all of it, which races with whoever has not finished with it, and stays
 * in the cells, so that a later access that is not ordered after it is found too. Of large pieces only the blocks
 * that were ever accessed are looked at, and the cells are given back at once. */
#include "race/bytes.h"
#include "race/state.h"

/* From here on a piece is cleared rather than marked: its shadow goes back to the system. */
#define LARGE ((size_t)128 << 10)

void snarl_race_alloc(struct snarl_race_thread *thr, uintptr_t address, size_t size)
{
    (void)thr;
    if (!snarl_race_global.ready || (!snarl_shadow_covers(address, size) && !snarl_shadow_extend(address, size)))
        return;
    snarl_shadow_clear(address, size);
    snarl_race_atomics_clear(address, size);
}

void snarl_race_free(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    if (!snarl_race_global.ready || !snarl_shadow_covers(address, size))
        return;
    uintptr_t end = address + size;
    for (uintptr_t at = address; at < end;) {
        uintptr_t next = (at | (SNARL_SHADOW_BLOCK - 1)) + 1;
        if (snarl_shadow_touched(at))
            snarl_race_range(thr, at, (next < end ? next : end) - at, flags | SNARL_ACCESS_WRITE, pc);
        at = next;
    }
    if (size >= LARGE) {
        snarl_shadow_clear(address, size);
        snarl_bytes_clear(address, size);
    }
}
