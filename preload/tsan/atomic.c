/* atomic.c - the atomic operations of compiled code, with their orders as the program wrote them.
 *
 * The operation itself is done with sequential consistency, while the variable of its address is locked when clocks have to move with
 * it, so that the clocks' order is the modification order. Loads and relaxed read-modify-writes of addresses to which nothing
 * was ever released need no variable. */
#include "preload/tsan/tsan.h"

/* Enters the detector and notes the access; NULL: no clocks are kept (one thread, or inside of the detector). */
static struct snarl_thread *enter(const volatile void *at, uint32_t size, bool write, uintptr_t pc)
{
    if (!snarl_awake || snarl_race_current->frames == NULL)
        return NULL;
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return NULL;
    if (!thr->races || snarl_race_current != thr->races) {
        snarl_leave(thr);
        return NULL;
    }
    snarl_race_access(thr->races, (uintptr_t)at, size, SNARL_ACCESS_ATOMIC | (write ? SNARL_ACCESS_WRITE : 0), pc);
    return thr;
}

static enum snarl_order order_of(int order)
{
    return (enum snarl_order)(order & 0x7fff); /* above: hints about lock elision */
}

/* The variable for a store or read-modify-write; NULL when none is needed. */
static struct snarl_race_sync *variable(struct snarl_thread *thr, const volatile void *at, enum snarl_order order)
{
    const struct snarl_race_thread *races = thr->races;
    if (order == SNARL_ORDER_RELAXED && !races->has_fence_release)
        return snarl_race_atomic_find((uintptr_t)at);
    return snarl_race_atomic_lock(thr->races, (uintptr_t)at);
}

static void leave(struct snarl_thread *thr, struct snarl_race_sync *sync)
{
    if (sync)
        snarl_race_atomic_unlock(sync);
    snarl_leave(thr);
}

/* Each line defines the exported functions of one kind and size; the names are the ABI's. */
#define LOAD(name, type)                                                            \
    SNARL_EXPORT type name(const volatile type *at, int order);                     \
    SNARL_EXPORT type name(const volatile type *at, int order)                      \
    {                                                                               \
        struct snarl_thread *thr = enter(at, sizeof(*at), false, SNARL_PC);         \
        type value = get(at);                                                       \
        if (!thr)                                                                   \
            return value;                                                           \
        struct snarl_race_sync *sync = snarl_race_atomic_find((uintptr_t)at);       \
        if (sync) {                                                                 \
            value = get(at);                                                        \
            snarl_race_atomic_load(thr->races, sync, order_of(order));              \
        }                                                                           \
        leave(thr, sync);                                                           \
        return value;                                                               \
    }

#define STORE(name, type)                                                           \
    SNARL_EXPORT void name(volatile type *at, type value, int order);               \
    SNARL_EXPORT void name(volatile type *at, type value, int order)                \
    {                                                                               \
        struct snarl_thread *thr = enter(at, sizeof(*at), true, SNARL_PC);          \
        struct snarl_race_sync *sync = thr ? variable(thr, at, order_of(order)) : NULL; \
        if (sync)                                                                   \
            snarl_race_atomic_store(thr->races, sync, order_of(order));             \
        put(at, value);                                                             \
        if (thr)                                                                    \
            leave(thr, sync);                                                       \
    }

#define UPDATE(name, type, operation)                                               \
    SNARL_EXPORT type name(volatile type *at, type value, int order);               \
    SNARL_EXPORT type name(volatile type *at, type value, int order)                \
    {                                                                               \
        struct snarl_thread *thr = enter(at, sizeof(*at), true, SNARL_PC);          \
        struct snarl_race_sync *sync = thr ? variable(thr, at, order_of(order)) : NULL; \
        if (sync)                                                                   \
            snarl_race_atomic_rmw(thr->races, sync, order_of(order));               \
        type old = operation(at, value);                                            \
        if (thr)                                                                    \
            leave(thr, sync);                                                       \
        return old;                                                                 \
    }

/* A compare-and-exchange that fails is a load of its failure order. */
#define EXCHANGE_IF(name, type)                                                     \
    SNARL_EXPORT int name(volatile type *at, type *expected, type value, int order, int failure); \
    SNARL_EXPORT int name(volatile type *at, type *expected, type value, int order, int failure) \
    {                                                                               \
        struct snarl_thread *thr = enter(at, sizeof(*at), true, SNARL_PC);          \
        struct snarl_race_sync *sync = thr ? variable(thr, at, order_of(order)) : NULL; \
        type old = replace(at, *expected, value);                                   \
        bool done = old == *expected;                                               \
        if (sync && done)                                                           \
            snarl_race_atomic_rmw(thr->races, sync, order_of(order));               \
        else if (sync)                                                              \
            snarl_race_atomic_load(thr->races, sync, order_of(failure));            \
        if (thr)                                                                    \
            leave(thr, sync);                                                       \
        *expected = old;                                                            \
        return done;                                                                \
    }

/* The same, giving the value found. */
#define EXCHANGE_VALUE(name, type)                                                  \
    SNARL_EXPORT type name(volatile type *at, type expected, type value, int order, int failure); \
    SNARL_EXPORT type name(volatile type *at, type expected, type value, int order, int failure) \
    {                                                                               \
        struct snarl_thread *thr = enter(at, sizeof(*at), true, SNARL_PC);          \
        struct snarl_race_sync *sync = thr ? variable(thr, at, order_of(order)) : NULL; \
        type old = replace(at, expected, value);                                    \
        if (sync && old == expected)                                                \
            snarl_race_atomic_rmw(thr->races, sync, order_of(order));               \
        else if (sync)                                                              \
            snarl_race_atomic_load(thr->races, sync, order_of(failure));            \
        if (thr)                                                                    \
            leave(thr, sync);                                                       \
        return old;                                                                 \
    }

/* The operations on 1 to 8 bytes. */
#define get(at) __atomic_load_n(at, __ATOMIC_SEQ_CST)
#define put(at, value) __atomic_store_n(at, value, __ATOMIC_SEQ_CST)
#define exchange(at, value) __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST)
#define add(at, value) __atomic_fetch_add(at, value, __ATOMIC_SEQ_CST)
#define subtract(at, value) __atomic_fetch_sub(at, value, __ATOMIC_SEQ_CST)
#define and_with(at, value) __atomic_fetch_and(at, value, __ATOMIC_SEQ_CST)
#define or_with(at, value) __atomic_fetch_or(at, value, __ATOMIC_SEQ_CST)
#define xor_with(at, value) __atomic_fetch_xor(at, value, __ATOMIC_SEQ_CST)
#define nand_with(at, value) __atomic_fetch_nand(at, value, __ATOMIC_SEQ_CST)
#define replace(at, expected, value) __sync_val_compare_and_swap(at, expected, value)

LOAD(__tsan_atomic8_load, uint8_t)
STORE(__tsan_atomic8_store, uint8_t)
UPDATE(__tsan_atomic8_exchange, uint8_t, exchange)
UPDATE(__tsan_atomic8_fetch_add, uint8_t, add)
UPDATE(__tsan_atomic8_fetch_sub, uint8_t, subtract)
UPDATE(__tsan_atomic8_fetch_and, uint8_t, and_with)
UPDATE(__tsan_atomic8_fetch_or, uint8_t, or_with)
UPDATE(__tsan_atomic8_fetch_xor, uint8_t, xor_with)
UPDATE(__tsan_atomic8_fetch_nand, uint8_t, nand_with)
EXCHANGE_IF(__tsan_atomic8_compare_exchange_strong, uint8_t)
EXCHANGE_IF(__tsan_atomic8_compare_exchange_weak, uint8_t)
EXCHANGE_VALUE(__tsan_atomic8_compare_exchange_val, uint8_t)

LOAD(__tsan_atomic16_load, uint16_t)
STORE(__tsan_atomic16_store, uint16_t)
UPDATE(__tsan_atomic16_exchange, uint16_t, exchange)
UPDATE(__tsan_atomic16_fetch_add, uint16_t, add)
UPDATE(__tsan_atomic16_fetch_sub, uint16_t, subtract)
UPDATE(__tsan_atomic16_fetch_and, uint16_t, and_with)
UPDATE(__tsan_atomic16_fetch_or, uint16_t, or_with)
UPDATE(__tsan_atomic16_fetch_xor, uint16_t, xor_with)
UPDATE(__tsan_atomic16_fetch_nand, uint16_t, nand_with)
EXCHANGE_IF(__tsan_atomic16_compare_exchange_strong, uint16_t)
EXCHANGE_IF(__tsan_atomic16_compare_exchange_weak, uint16_t)
EXCHANGE_VALUE(__tsan_atomic16_compare_exchange_val, uint16_t)

LOAD(__tsan_atomic32_load, uint32_t)
STORE(__tsan_atomic32_store, uint32_t)
UPDATE(__tsan_atomic32_exchange, uint32_t, exchange)
UPDATE(__tsan_atomic32_fetch_add, uint32_t, add)
UPDATE(__tsan_atomic32_fetch_sub, uint32_t, subtract)
UPDATE(__tsan_atomic32_fetch_and, uint32_t, and_with)
UPDATE(__tsan_atomic32_fetch_or, uint32_t, or_with)
UPDATE(__tsan_atomic32_fetch_xor, uint32_t, xor_with)
UPDATE(__tsan_atomic32_fetch_nand, uint32_t, nand_with)
EXCHANGE_IF(__tsan_atomic32_compare_exchange_strong, uint32_t)
EXCHANGE_IF(__tsan_atomic32_compare_exchange_weak, uint32_t)
EXCHANGE_VALUE(__tsan_atomic32_compare_exchange_val, uint32_t)

LOAD(__tsan_atomic64_load, uint64_t)
STORE(__tsan_atomic64_store, uint64_t)
UPDATE(__tsan_atomic64_exchange, uint64_t, exchange)
UPDATE(__tsan_atomic64_fetch_add, uint64_t, add)
UPDATE(__tsan_atomic64_fetch_sub, uint64_t, subtract)
UPDATE(__tsan_atomic64_fetch_and, uint64_t, and_with)
UPDATE(__tsan_atomic64_fetch_or, uint64_t, or_with)
UPDATE(__tsan_atomic64_fetch_xor, uint64_t, xor_with)
UPDATE(__tsan_atomic64_fetch_nand, uint64_t, nand_with)
EXCHANGE_IF(__tsan_atomic64_compare_exchange_strong, uint64_t)
EXCHANGE_IF(__tsan_atomic64_compare_exchange_weak, uint64_t)
EXCHANGE_VALUE(__tsan_atomic64_compare_exchange_val, uint64_t)

/* --- 16 bytes: all by compare-and-swap --- */

#undef get
#undef put
#undef exchange
#undef add
#undef subtract
#undef and_with
#undef or_with
#undef xor_with
#undef nand_with

typedef unsigned __int128 wide; /* the type of the ABI's functions has no name of its own in C */

static wide get(const volatile wide *at)
{
    return __sync_val_compare_and_swap((volatile wide *)at, (wide)0, (wide)0);
}

static wide exchange(volatile wide *at, wide value)
{
    wide old = *at, seen;
    while ((seen = __sync_val_compare_and_swap(at, old, value)) != old)
        old = seen;
    return old;
}

static void put(volatile wide *at, wide value)
{
    exchange(at, value);
}

static wide add(volatile wide *at, wide value)
{
    wide old = *at, seen;
    while ((seen = __sync_val_compare_and_swap(at, old, old + value)) != old)
        old = seen;
    return old;
}

static wide subtract(volatile wide *at, wide value)
{
    wide old = *at, seen;
    while ((seen = __sync_val_compare_and_swap(at, old, old - value)) != old)
        old = seen;
    return old;
}

static wide and_with(volatile wide *at, wide value)
{
    wide old = *at, seen;
    while ((seen = __sync_val_compare_and_swap(at, old, old & value)) != old)
        old = seen;
    return old;
}

static wide or_with(volatile wide *at, wide value)
{
    wide old = *at, seen;
    while ((seen = __sync_val_compare_and_swap(at, old, old | value)) != old)
        old = seen;
    return old;
}

static wide xor_with(volatile wide *at, wide value)
{
    wide old = *at, seen;
    while ((seen = __sync_val_compare_and_swap(at, old, old ^ value)) != old)
        old = seen;
    return old;
}

static wide nand_with(volatile wide *at, wide value)
{
    wide old = *at, seen;
    while ((seen = __sync_val_compare_and_swap(at, old, ~(old & value))) != old)
        old = seen;
    return old;
}

LOAD(__tsan_atomic128_load, wide)
STORE(__tsan_atomic128_store, wide)
UPDATE(__tsan_atomic128_exchange, wide, exchange)
UPDATE(__tsan_atomic128_fetch_add, wide, add)
UPDATE(__tsan_atomic128_fetch_sub, wide, subtract)
UPDATE(__tsan_atomic128_fetch_and, wide, and_with)
UPDATE(__tsan_atomic128_fetch_or, wide, or_with)
UPDATE(__tsan_atomic128_fetch_xor, wide, xor_with)
UPDATE(__tsan_atomic128_fetch_nand, wide, nand_with)
EXCHANGE_IF(__tsan_atomic128_compare_exchange_strong, wide)
EXCHANGE_IF(__tsan_atomic128_compare_exchange_weak, wide)
EXCHANGE_VALUE(__tsan_atomic128_compare_exchange_val, wide)

/* --- fences --- */

SNARL_EXPORT void __tsan_atomic_thread_fence(int order);
SNARL_EXPORT void __tsan_atomic_thread_fence(int order)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    struct snarl_thread *thr = snarl_awake ? snarl_enter() : NULL;
    if (!thr)
        return;
    if (thr->races)
        snarl_race_fence(thr->races, order_of(order));
    snarl_leave(thr);
}

/* Between a thread and its own signal handlers: nothing for other threads. */
SNARL_EXPORT void __tsan_atomic_signal_fence(int order);
SNARL_EXPORT void __tsan_atomic_signal_fence(int order)
{
    (void)order;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}
