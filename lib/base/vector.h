/* vector.h - keeping the program's vector and floating-point state over calls that may change it.
 *
 * The detector is entered between any two instructions of the program (rewritten code), so whatever it runs there is
 * compiled for general registers only. Its rare, long ways (a finding is written) call libc, whose string functions
 * use vector registers: those stand between save and restore. */
#ifndef SNARL_BASE_VECTOR_H
#define SNARL_BASE_VECTOR_H

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

#define SNARL_VECTOR_PARTS 0xe7u /* x87, SSE, AVX, and the three of AVX-512 */

/* XSAVE's area without the tiles of AMX takes less than 2,700 bytes. */
struct snarl_vector_state {
    uint8_t bytes[3072] __attribute__((aligned(64)));
};

/* Asked of the processor once: in a virtual machine each time costs as much as writing a finding. */
static inline bool snarl_vector_has_xsave(void)
{
    static int s_has; /* 1 no, 2 yes */
    uint32_t a, b, c = 0, d;
    int has = __atomic_load_n(&s_has, __ATOMIC_RELAXED);
    if (!has) {
        has = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE) ? 2 : 1;
        __atomic_store_n(&s_has, has, __ATOMIC_RELAXED);
    }
    return has == 2;
}

static inline void snarl_vector_save(struct snarl_vector_state *state)
{
    if (snarl_vector_has_xsave()) {
        for (int i = 512; i < 576; i += 8) /* the header must be zero */
            *(volatile uint64_t *)(state->bytes + i) = 0;
        __asm__ volatile("xsave64 %0" : "+m"(*state) : "a"(SNARL_VECTOR_PARTS), "d"(0) : "memory");
    } else {
        __asm__ volatile("fxsave64 %0" : "+m"(*state)::"memory");
    }
}

static inline void snarl_vector_restore(const struct snarl_vector_state *state)
{
    if (snarl_vector_has_xsave())
        __asm__ volatile("xrstor64 %0" ::"m"(*state), "a"(SNARL_VECTOR_PARTS), "d"(0) : "memory");
    else
        __asm__ volatile("fxrstor64 %0" ::"m"(*state) : "memory");
}

#endif
