/* stock.c - atomics in code that says nothing of them: what machine instructions tell.
 *
 * On x86 an atomic load or store is a plain instruction; only locked instructions show themselves. So an object is known as atomic
 * once something has told so: a locked instruction, an instruction that the planner knows for an atomic access, a
 * C++ guard. It stays so until its memory ends (`known` of its synchronisation variable). Plain accesses to it are
 * atomic ones: a store releases, a load acquires.
 *
 * Two things come late:
 *   - the knowledge. What plain instructions did to the object before was atomic too. Their stores had released, if only it had been
 *     known; the epochs of their records stand for these clocks. Of two accesses that seem to race one may have been
 *     recorded as a plain one meanwhile: an object that is known by the time of the report does not race with itself.
 *   - the load, which comes after its check. What it may have seen is acquired before the thread's clock is used next
 *     (`late_load`). A load that was checked while its object was not known yet cannot be acquired so: its thread is noted
 *     (`s_late`), and when it seems to race with anybody, it acquires what that load may have seen before it is believed.
 *
 * And a part may be missing: the quick half of a lock is inlined into code that is looked at, while the slow half, for a lock that is taken, is
 * in a library that is not. A thread whose compare-and-exchange failed (`refused`) may thus have the lock when it is seen again. So what is
 * released to the object until the thread's next access is acquired like what a late load may have seen, whatever that library
 * itself releases on the way; and what comes later, once, before a race of the thread is believed.
 *
 * What is not reported for these reasons is counted. Concurrency: `known` is written under the variable's lock and may be read without;
 * s_late is changed by compare-and-swap. */
#include "base/counters.h"
#include "race/bytes.h"
#include "race/state.h"

#define OBJECT_MAX 16 /* bytes of an atomic object */
#define LATE 64
#define ENDINGS (SNARL_ACCESS_FREE | SNARL_ACCESS_UNMAP | SNARL_ACCESS_CLOSE)

static bool s_on;
static uint64_t s_late[LATE]; /* a variable's address << 16 | the slot of who may have loaded it; 0: free */

_Static_assert(SNARL_ADDRESS_BITS <= 48, "an address and a slot fit into 64 bits");

void snarl_race_stock_begin(void)
{
    s_on = true;
}

bool snarl_race_stock_is_on(void)
{
    return s_on;
}

/* --- loads that were checked too early --- */

static void note_late(struct snarl_race_sync *sync, uint32_t slot)
{
    uint64_t wanted = (uint64_t)(uintptr_t)sync << 16 | slot;
    for (unsigned i = 0; i < LATE; i++) {
        uint64_t there = __atomic_load_n(&s_late[i], __ATOMIC_RELAXED);
        if (there == wanted ||
            (!there && __atomic_compare_exchange_n(&s_late[i], &there, wanted, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)))
            return;
    }
    __atomic_store_n(&s_late[wanted % LATE], wanted, __ATOMIC_RELEASE);
}

static void acquire(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    snarl_race_sync_lock(sync);
    snarl_race_atomic_load(thr, sync, SNARL_ORDER_ACQUIRE);
    snarl_race_sync_unlock(sync);
}

static void acquire_late(struct snarl_race_thread *thr)
{
    struct snarl_race_sync *sync = thr->refused ? snarl_race_atomic_peek(thr->refused) : NULL;
    thr->refused = 0;
    if (sync)
        acquire(thr, sync);
    for (unsigned i = 0; i < LATE; i++) {
        uint64_t there = __atomic_load_n(&s_late[i], __ATOMIC_ACQUIRE);
        if (there && (there & 0xffff) == thr->slot &&
            __atomic_compare_exchange_n(&s_late[i], &there, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            acquire(thr, (struct snarl_race_sync *)(uintptr_t)(there >> 16));
    }
}

/* --- objects known as atomic --- */

/* The variable of a known object that covers `byte`. */
static struct snarl_race_sync *known_at(uintptr_t byte)
{
    for (uintptr_t distance = 0; distance < OBJECT_MAX && distance <= byte; distance++) {
        struct snarl_race_sync *sync = snarl_race_atomic_peek(byte - distance);
        if (sync && __atomic_load_n(&sync->known, __ATOMIC_ACQUIRE) > distance)
            return sync;
    }
    return NULL;
}

/* A plain access to the object before it was known. */
static void adopt_access(struct snarl_race_thread *thr, struct snarl_race_sync *sync,
                         const struct snarl_access_record *record)
{
    bool mine = record->slot == thr->slot;
    if (record->flags & (SNARL_ACCESS_ATOMIC | ENDINGS))
        return;
    if (record->flags & SNARL_ACCESS_WRITE) {
        if (snarl_vclock_get(&sync->clock, record->slot) < record->epoch &&
            snarl_vclock_set(&sync->clock, record->slot, record->epoch))
            sync->pure = false;
    } else if (!mine && snarl_vclock_get(&thr->clock, record->slot) < record->epoch) {
        note_late(sync, record->slot);
    }
}

/* The plain accesses that a cell remembers; one that is the object's own becomes empty. */
static void adopt_cell(struct snarl_race_thread *thr, struct snarl_race_sync *sync, uintptr_t cell, enum snarl_shadow_plane plane,
                       bool own)
{
    uint32_t *at = snarl_shadow_cell(cell, plane);
    uint32_t single, count, word = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    const uint32_t *member = snarl_cell_members(word, &single, &count);
    for (uint32_t i = 0; i < count; i++)
        adopt_access(thr, sync, &snarl_record_at(member[i])->access);
    const struct snarl_bytes *bytes = word & SNARL_CELL_BYTES ? snarl_bytes_of(cell) : NULL;
    for (uint32_t i = 0; bytes && i < 4; i++)
        if (bytes->word[i])
            adopt_access(thr, sync, &snarl_record_at(bytes->word[i])->access);
    if (own)
        __atomic_compare_exchange_n(at, &word, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* The variable is locked. */
static void adopt(struct snarl_race_thread *thr, struct snarl_race_sync *sync, uintptr_t address, size_t size)
{
    uint32_t generation = __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE);
    __atomic_store_n(&thr->stepping, generation + 1, __ATOMIC_RELEASE);
    for (uintptr_t cell = address & ~(uintptr_t)3; cell < address + size; cell += 4) {
        bool own = cell >= address && cell + 4 <= address + size;
        adopt_cell(thr, sync, cell, SNARL_SHADOW_WRITES, own);
        adopt_cell(thr, sync, cell, SNARL_SHADOW_READS, own);
    }
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
}

/* The variable of an object that is atomic, locked. NULL: no memory. */
static struct snarl_race_sync *know(struct snarl_race_thread *thr, uintptr_t address, size_t size)
{
    struct snarl_race_sync *sync = snarl_race_atomic_lock(thr, address);
    if (!sync || sync->known >= size || size > OBJECT_MAX || (address + size) >> SNARL_ADDRESS_BITS ||
        !snarl_shadow_touch(address) || !snarl_shadow_touch(address + size - 1))
        return sync;
    adopt(thr, sync, address, size);
    __atomic_store_n(&sync->known, (uint32_t)size, __ATOMIC_RELEASE);
    return sync;
}

static struct snarl_race_sync *find_known(uintptr_t address)
{
    struct snarl_race_sync *sync = snarl_race_atomic_peek(address);
    if (!sync || !__atomic_load_n(&sync->known, __ATOMIC_ACQUIRE))
        return NULL;
    snarl_race_sync_lock(sync);
    return sync;
}

void snarl_race_stock_know(struct snarl_race_thread *thr, uintptr_t address, size_t size)
{
    struct snarl_race_sync *sync = s_on && thr ? know(thr, address, size) : NULL;
    if (sync)
        snarl_race_atomic_unlock(sync);
}

/* --- accesses --- */

/* The thread is seen to change the object: it waits for it nowhere. */
static void got(struct snarl_race_thread *thr, uintptr_t address)
{
    if (thr->refused == address)
        thr->refused = 0;
}

void snarl_race_catch_up_slowly(struct snarl_race_thread *thr)
{
    struct snarl_race_sync *sync = snarl_race_atomic_peek(thr->late_load);
    thr->late_load = 0;
    if (sync)
        acquire(thr, sync);
}

/* Other objects inside of what is loaded at once: both counts of a shared pointer. */
static void acquire_inside(struct snarl_race_thread *thr, uintptr_t address, size_t size)
{
    for (uintptr_t at = address + 4; at < address + size && size <= OBJECT_MAX; at += 4) {
        struct snarl_race_sync *sync = snarl_race_atomic_peek(at);
        if (sync && __atomic_load_n(&sync->known, __ATOMIC_ACQUIRE))
            acquire(thr, sync);
    }
}

static void release(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    snarl_race_sync_lock(sync);
    snarl_race_atomic_rmw(thr, sync, SNARL_ORDER_RELEASE);
    snarl_race_sync_unlock(sync);
}

/* Variables of memory that ended are found, too: they have nothing, and nobody is about to make them known. */
static bool may_be_released(const struct snarl_race_sync *sync)
{
    return sync && (__atomic_load_n(&sync->known, __ATOMIC_ACQUIRE) || __atomic_load_n(&sync->lock, __ATOMIC_ACQUIRE) ||
                    __atomic_load_n(&sync->clock.size, __ATOMIC_ACQUIRE));
}

void snarl_race_stock_access(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc,
                             bool atomic)
{
    bool write = flags & SNARL_ACCESS_WRITE, fits = size <= OBJECT_MAX;
    snarl_race_catch_up(thr);
    struct snarl_race_sync *sync = !fits ? NULL : atomic ? know(thr, address, size) : find_known(address);
    if (!sync) {
        snarl_race_access(thr, address, size, flags, pc);
        if (!write && fits && may_be_released(snarl_race_atomic_peek(address))) /* made meanwhile */
            thr->late_load = address;
        return;
    }
    if (!write)
        snarl_race_atomic_load(thr, sync, SNARL_ORDER_ACQUIRE);
    snarl_race_atomic_unlock(sync);
    if (!write)
        acquire_inside(thr, address, size);
    snarl_race_access(thr, address, size, flags | SNARL_ACCESS_ATOMIC, pc);
    if (write) { /* the access itself happens before what acquires it */
        release(thr, sync);
        got(thr, address);
    } else {
        thr->late_load = address;
    }
}

void snarl_race_stock_before(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    snarl_race_catch_up(thr);
    struct snarl_race_sync *sync = know(thr, address, size);
    if (!sync)
        return;
    sync->unheeded = 0; /* a lock, or a last reference: it is no mere count, whoever has it */
    snarl_race_atomic_load(thr, sync, SNARL_ORDER_ACQUIRE);
    snarl_race_atomic_unlock(sync);
    snarl_race_access(thr, address, size, flags | SNARL_ACCESS_ATOMIC, pc);
    release(thr, sync);
}

void snarl_race_stock_after(struct snarl_race_thread *thr, uintptr_t address)
{
    struct snarl_race_sync *sync = snarl_race_atomic_peek(address);
    if (sync)
        acquire(thr, sync);
    got(thr, address);
}

void snarl_race_stock_unheeded(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    snarl_race_catch_up(thr);
    struct snarl_race_sync *sync = know(thr, address, size);
    if (!sync)
        return;
    if (!snarl_race_atomic_hit(thr, address, size, flags | SNARL_ACCESS_ATOMIC)) {
        snarl_race_atomic_unlock(sync);
        snarl_race_access(thr, address, size, flags | SNARL_ACCESS_ATOMIC, pc);
        snarl_race_sync_lock(sync);
    }
    snarl_race_atomic_unheeded(thr, sync);
    snarl_race_atomic_unlock(sync);
    got(thr, address);
}

void snarl_race_stock_refused(struct snarl_race_thread *thr, uintptr_t address)
{
    thr->late_load = thr->refused = address;
}

/* --- what seems to be a race --- */

static enum snarl_explained explain(struct snarl_race_thread *thr, uintptr_t byte, uint32_t flags,
                                    const struct snarl_access_record *record)
{
    struct snarl_race_sync *sync = (flags | record->flags) & ENDINGS ? NULL : known_at(byte);
    if (sync && !(record->flags & SNARL_ACCESS_ATOMIC)) {
        snarl_race_sync_lock(sync);
        adopt_access(thr, sync, record);
        snarl_race_sync_unlock(sync);
    }
    if (sync)
        return SNARL_ACCESSES_ATOMIC;
    acquire_late(thr);
    return snarl_vclock_get(&thr->clock, record->slot) >= record->epoch ? SNARL_ORDERED_LATE : SNARL_RACES;
}

enum snarl_explained snarl_race_explain(struct snarl_race_thread *thr, uintptr_t byte, uint32_t flags,
                                        const struct snarl_access_record *record)
{
    enum snarl_explained why = s_on ? explain(thr, byte, flags, record) : SNARL_RACES;
    if (why != SNARL_RACES)
        snarl_count(SNARL_COUNT_RACE_HIDDEN);
    return why;
}
