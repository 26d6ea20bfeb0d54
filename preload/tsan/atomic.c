/* atomic.c - the atomic operations of compiled code, with their orders as the program wrote them.
 *
 * The operation itself is done with sequential consistency, while the variable of its address is locked when clocks have to move with
 * it, so that the clocks' order is the modification order. The access counts after what the operation acquires and before
 * what it releases. In between lies, for each kind of operation, as little as its order asks for:
 *   - relaxed, and no acquire fence anywhere: only the access is noted, most often by finding that it is;
 *   - loads and stores of addresses to which nothing was ever released, and loads that learn nothing new: no lock;
 *   - the rest: the variable's lock, which is in the thread's cache. */
#include "preload/tsan/tsan.h"

static enum snarl_order order_of(int order)
{
    return (enum snarl_order)(order & 0x7fff); /* above: hints about lock elision */
}

/* Whether clocks are kept for this thread: not while the process has one thread, nor in the detector. */
static inline bool is_watched(const struct snarl_race_thread *races)
{
    return snarl_awake && !races->ignore;
}

static inline struct snarl_thread *enter(const struct snarl_race_thread *races)
{
    struct snarl_thread *thr = is_watched(races) ? snarl_enter() : NULL;
    if (!thr || thr->races == races)
        return thr;
    snarl_leave(thr);
    return NULL;
}

/* The access of an operation that moves no clock. */
static inline void note(const volatile void *at, uint32_t size, uint32_t flags, uintptr_t pc)
{
    struct snarl_race_thread *races = snarl_race_current;
    if (!is_watched(races) || (!races->pending && snarl_race_atomic_hit(races, (uintptr_t)at, size, flags)))
        return;
    struct snarl_thread *thr = enter(races);
    if (!thr)
        return;
    snarl_race_access_again(races, (uintptr_t)at, size, flags, pc);
    snarl_leave(thr);
}

/* The same of one whose variable is locked. */
static inline void note_inside(struct snarl_race_thread *races, const volatile void *at, uint32_t size, uint32_t flags, uintptr_t pc)
{
    snarl_race_not_first(races, pc);
    snarl_race_atomic_access(races, (uintptr_t)at, size, flags, pc);
}

enum {
    READ = SNARL_ACCESS_ATOMIC,
    WRITE = SNARL_ACCESS_ATOMIC | SNARL_ACCESS_WRITE,
};

static inline bool is_simple(int order)
{
    return order_of(order) == SNARL_ORDER_RELAXED && !snarl_race_fences;
}

/* An operation that moves clocks: the thread is in the detector and the variable locked. `thr` NULL: not watched; `sync` NULL: there
 * is nothing to move. */
struct operation {
    struct snarl_thread *thr;
    struct snarl_race_sync *sync;
};

static struct operation begin_load(const volatile void *at)
{
    struct operation operation = {.thr = enter(snarl_race_current)};
    if (operation.thr && snarl_race_atomic_look(operation.thr->races, (uintptr_t)at))
        operation.sync = snarl_race_atomic_lock(operation.thr->races, (uintptr_t)at);
    return operation;
}

static void end_load(struct operation operation, const volatile void *at, uint32_t size, int order, uintptr_t pc)
{
    if (!operation.thr)
        return;
    if (operation.sync) {
        snarl_race_atomic_load(operation.thr->races, operation.sync, order_of(order));
        snarl_race_sync_unlock(operation.sync);
    }
    note_inside(operation.thr->races, at, size, READ, pc);
    snarl_leave(operation.thr);
}

static struct operation begin_store(const volatile void *at, uint32_t size, int order, uintptr_t pc)
{
    struct operation operation = {.thr = enter(snarl_race_current)};
    struct snarl_race_thread *races = operation.thr ? operation.thr->races : NULL;
    bool wanted = order_of(order) != SNARL_ORDER_RELAXED || (races && races->has_fence_release);
    if (!races)
        return operation;
    if (wanted || snarl_race_atomic_look(races, (uintptr_t)at))
        operation.sync = snarl_race_atomic_lock(races, (uintptr_t)at);
    if (operation.sync)
        snarl_race_atomic_take_back(races, operation.sync, order_of(order));
    note_inside(races, at, size, WRITE, pc);
    if (operation.sync)
        snarl_race_atomic_store(races, operation.sync, order_of(order));
    return operation;
}

/* A read-modify-write of any order: where the order is weak, the variable may not be there and is not made. */
static void begin_update(struct operation *operation, const volatile void *at, int order)
{
    struct snarl_race_thread *races = operation->thr ? operation->thr->races : NULL;
    if (!races)
        return;
    bool gives = order_of(order) >= SNARL_ORDER_RELEASE || races->has_fence_release;
    if (gives || snarl_race_atomic_look(races, (uintptr_t)at))
        operation->sync = snarl_race_atomic_lock(races, (uintptr_t)at);
}

/* Where nothing but the operation itself is left to do: the variable, locked. */
static inline struct snarl_race_sync *going_on(struct snarl_thread *thr, const volatile void *at, uint32_t size, int order)
{
    return thr && order_of(order) >= SNARL_ORDER_RELEASE ? snarl_race_atomic_round(thr->races, (uintptr_t)at, size) : NULL;
}

/* What it was is known: `order` of the success or of the failure. */
static void end_update(struct operation operation, const volatile void *at, uint32_t size, bool done, int order, uintptr_t pc)
{
    struct snarl_race_thread *races = operation.thr ? operation.thr->races : NULL;
    if (!races)
        return;
    if (operation.sync && done)
        snarl_race_atomic_take(races, operation.sync, order_of(order));
    else if (operation.sync)
        snarl_race_atomic_load(races, operation.sync, order_of(order));
    note_inside(races, at, size, done ? WRITE : READ, pc);
    if (operation.sync && done)
        snarl_race_atomic_give(races, operation.sync, order_of(order));
    if (operation.sync)
        snarl_race_sync_unlock(operation.sync);
    snarl_leave(operation.thr);
}

static inline void leave(struct operation operation)
{
    if (operation.sync)
        snarl_race_sync_unlock(operation.sync);
    if (operation.thr)
        snarl_leave(operation.thr);
}

/* Whether an acquiring load needs no lock: `serial` tells whether that was still so when the value had been loaded. */
static inline bool learns_nothing(const volatile void *at, struct snarl_race_sync **sync, uint32_t *serial)
{
    struct snarl_race_thread *races = snarl_race_current;
    if (!is_watched(races))
        return false;
    *sync = snarl_race_atomic_look(races, (uintptr_t)at);
    return *sync && snarl_race_atomic_is_known(races, *sync, serial);
}

/* Each line defines the exported functions of one kind and size; the names are the ABI's. */
#define LOAD(name, type)                                                            \
    SNARL_EXPORT type name(const volatile type *at, int order);                     \
    SNARL_EXPORT type name(const volatile type *at, int order)                      \
    {                                                                               \
        struct snarl_race_sync *sync;                                               \
        uint32_t serial;                                                            \
        type value;                                                                 \
        if (is_simple(order)) {                                                     \
            note(at, sizeof(*at), READ, SNARL_PC);                                  \
            return get(at);                                                         \
        }                                                                           \
        if (learns_nothing(at, &sync, &serial)) {                                   \
            value = get(at);                                                        \
            if (snarl_race_atomic_is_unchanged(sync, serial)) {                     \
                note(at, sizeof(*at), READ, SNARL_PC);                              \
                return value;                                                       \
            }                                                                       \
        }                                                                           \
        value = get(at); /* before the variable is looked for: a store makes it first */ \
        struct operation operation = begin_load(at);                                \
        if (operation.sync)                                                         \
            value = get(at);                                                        \
        end_load(operation, at, sizeof(*at), order, SNARL_PC);                      \
        return value;                                                               \
    }

#define STORE(name, type)                                                           \
    SNARL_EXPORT void name(volatile type *at, type value, int order);               \
    SNARL_EXPORT void name(volatile type *at, type value, int order)                \
    {                                                                               \
        struct operation operation = begin_store(at, sizeof(*at), order, SNARL_PC); \
        put(at, value);                                                             \
        leave(operation);                                                           \
    }

#define UPDATE(name, type, operate)                                                 \
    SNARL_EXPORT type name(volatile type *at, type value, int order);               \
    SNARL_EXPORT type name(volatile type *at, type value, int order)                \
    {                                                                               \
        if (is_simple(order)) {                                                     \
            note(at, sizeof(*at), WRITE, SNARL_PC);                                 \
            return operate(at, value);                                              \
        }                                                                           \
        type old;                                                                   \
        struct operation operation = {.thr = enter(snarl_race_current)};            \
        struct snarl_race_sync *same = going_on(operation.thr, at, sizeof(*at), order); \
        if (same) {                                                                 \
            old = operate(at, value);                                               \
            snarl_race_sync_unlock(same);                                           \
            snarl_leave(operation.thr);                                             \
            return old;                                                             \
        }                                                                           \
        begin_update(&operation, at, order);                                        \
        old = operate(at, value);                                                   \
        end_update(operation, at, sizeof(*at), true, order, SNARL_PC);              \
        return old;                                                                 \
    }

/* A compare-and-exchange that fails is a load of its failure order. */
#define EXCHANGE_IF(name, type)                                                     \
    SNARL_EXPORT int name(volatile type *at, type *expected, type value, int order, int failure); \
    SNARL_EXPORT int name(volatile type *at, type *expected, type value, int order, int failure) \
    {                                                                               \
        struct operation operation = {.thr = enter(snarl_race_current)};            \
        begin_update(&operation, at, order);                                        \
        type old = replace(at, *expected, value);                                   \
        bool done = old == *expected;                                               \
        end_update(operation, at, sizeof(*at), done, done ? order : failure, SNARL_PC); \
        *expected = old;                                                            \
        return done;                                                                \
    }

/* The same, giving the value found. */
#define EXCHANGE_VALUE(name, type)                                                  \
    SNARL_EXPORT type name(volatile type *at, type expected, type value, int order, int failure); \
    SNARL_EXPORT type name(volatile type *at, type expected, type value, int order, int failure) \
    {                                                                               \
        struct operation operation = {.thr = enter(snarl_race_current)};            \
        begin_update(&operation, at, order);                                        \
        type old = replace(at, expected, value);                                    \
        bool done = old == expected;                                                \
        end_update(operation, at, sizeof(*at), done, done ? order : failure, SNARL_PC); \
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
