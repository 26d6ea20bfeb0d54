/* races.c - the race detector's place in the engine: its clocks follow the objects, its races become findings.
 *
 * An object's clock hangs on its record and is emptied when the record serves another object (`id`). A lockset is a path in the
 * history's tree, oldest first, below a root of its own: in place of an address each node has the number of the lock held and, in
 * the upper half, that of the stack that took it (the topmost bit: shared). */
#include "sync/races.h"

#include <string.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/vector.h"
#include "history/history.h"
#include "stack/depot.h"
#include "stack/modules.h"
#include "sync/sync.h"

#define LOCKSET_ROOT ((uintptr_t)1) /* a pc that no code has */
#define LOCK_SHARED ((uintptr_t)1 << 63)
#define HOLDS_TOLD 8                /* of each access: more locks are named, but not where they were taken */
#define TOLD 1024u                  /* pairs of places of which the finding is known; of two in one entry the later one */

/* The race detector's part of a synchronisation object. */
struct part {
    uint32_t id; /* of the object that the clocks belong to */
    struct snarl_race_sync clock;
    struct snarl_race_sync other; /* what gathers at a barrier; what holders in shared mode leave */
};

bool snarl_races_on;
struct snarl_descriptors snarl_races_descriptors;
bool (*snarl_races_trust)(struct snarl_thread *thr, const struct snarl_race *race);
bool (*snarl_races_locate)(struct snarl_thread *thr, uintptr_t byte, struct snarl_location *location);

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_MISUSE}; /* guards s_finding */
static struct snarl_finding s_finding;

/* Which finding a pair of places is: what to count when it comes again, without expanding two stacks for it. Each word is
 * written for itself, by whoever tells a race; `check` is the key mixed with the pair, so that halves of two entries make a key
 * that is nobody's, and the race is told at length once more. */
static struct {
    uint64_t places;
    uint64_t check;
} s_told[TOLD];

/* --- synchronisation objects --- */

static struct part *part_of(struct snarl_sync *sync)
{
    struct part *part = __atomic_load_n(&sync->races, __ATOMIC_ACQUIRE);
    if (__builtin_expect(part && part->id == sync->id, 1))
        return part;
    if (!part) {
        struct part *fresh = snarl_memory_alloc(sizeof(*fresh));
        if (!fresh)
            return NULL;
        fresh->id = sync->id;
        void *none = NULL;
        if (__atomic_compare_exchange_n(&sync->races, &none, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return fresh;
        snarl_memory_free(fresh, sizeof(*fresh));
        part = none;
    }
    if (part->id != sync->id) {
        snarl_race_sync_clear(&part->clock);
        snarl_race_sync_clear(&part->other);
        part->id = sync->id;
    }
    return part;
}

void snarl_races_acquire_slowly(struct snarl_thread *thr, struct snarl_sync *sync)
{
    struct part *part = part_of(sync);
    if (part)
        snarl_race_acquire(thr->races, &part->clock);
}

/* Only its holder can release it, so nobody else acquires it meanwhile. */
static bool is_exclusive(const struct snarl_sync *sync)
{
    return sync->kind >= SNARL_KIND_MUTEX && sync->kind <= SNARL_KIND_SPINLOCK;
}

void snarl_races_locked_slowly(struct snarl_thread *thr, struct snarl_sync *sync, enum snarl_mode mode)
{
    struct part *part = part_of(sync);
    if (!part)
        return;
    if (mode == SNARL_MODE_WRITE && is_exclusive(sync))
        snarl_race_acquire_exclusive(thr->races, &part->clock);
    else
        snarl_race_acquire(thr->races, &part->clock);
    if (mode == SNARL_MODE_WRITE && part->other.clock.size)
        snarl_race_acquire(thr->races, &part->other);
}

void snarl_races_unlocking_slowly(struct snarl_thread *thr, struct snarl_sync *sync, enum snarl_mode mode)
{
    struct part *part = part_of(sync);
    if (part)
        snarl_race_release(thr->races, mode == SNARL_MODE_READ ? &part->other : &part->clock);
}

void snarl_races_release_slowly(struct snarl_thread *thr, struct snarl_sync *sync)
{
    struct part *part = part_of(sync);
    if (part)
        snarl_race_release(thr->races, &part->clock);
}

void snarl_races_barrier_arrive(struct snarl_thread *thr, struct snarl_sync *barrier, bool last)
{
    struct part *part = snarl_races_wanted(thr) ? part_of(barrier) : NULL;
    if (!part)
        return;
    snarl_race_release(thr->races, &part->other);
    if (!last)
        return;
    snarl_race_acquire(thr->races, &part->other);
    snarl_race_release_store(thr->races, &part->clock);
    snarl_race_sync_clear(&part->other);
}

void snarl_races_barrier_leave(struct snarl_thread *thr, struct snarl_sync *barrier)
{
    struct part *part = snarl_races_wanted(thr) ? part_of(barrier) : NULL;
    if (part)
        snarl_race_acquire(thr->races, &part->clock);
}

void snarl_races_release_at(struct snarl_thread *thr, uintptr_t address)
{
    struct snarl_race_sync *sync =
        snarl_races_wanted(thr) ? snarl_race_atomic_lock(thr->races, address) : NULL;
    if (!sync)
        return;
    snarl_race_atomic_rmw(thr->races, sync, SNARL_ORDER_RELEASE);
    snarl_race_atomic_unlock(sync);
}

void snarl_races_acquire_at(struct snarl_thread *thr, uintptr_t address)
{
    struct snarl_race_sync *sync = snarl_races_wanted(thr) ? snarl_race_atomic_find(address) : NULL;
    if (!sync)
        return;
    snarl_race_atomic_load(thr->races, sync, SNARL_ORDER_ACQUIRE);
    snarl_race_atomic_unlock(sync);
}

/* --- threads --- */

static struct snarl_race_thread *take_part(struct snarl_thread *thr)
{
    return __atomic_exchange_n(&thr->races, NULL, __ATOMIC_ACQ_REL);
}

void snarl_races_wake(struct snarl_thread *thr)
{
    if (thr->races)
        snarl_race_ignore_end(thr->races); /* since snarl_races_begin */
}

void snarl_races_thread_created(struct snarl_thread *thr, struct snarl_thread *child)
{
    child->races = NULL;
    if (!thr->races)
        return;
    struct snarl_race_thread *races = snarl_race_thread_new(thr->races, child->id);
    if (!races)
        return;
    races->host = child;
    child->races = races;
}

void snarl_races_thread_not_created(struct snarl_thread *child)
{
    struct snarl_race_thread *races = take_part(child);
    if (!races)
        return;
    snarl_race_thread_exit(races);
    snarl_race_thread_drop(races);
}

/* Its stack, and the thread-local variables above it, may have been another thread's. */
void snarl_races_thread_started(struct snarl_thread *thr, uint64_t handle)
{
    if (thr->races && thr->stack_low && handle > thr->stack_low)
        snarl_race_alloc(thr->races, thr->stack_low, handle - thr->stack_low);
}

/* A detached thread's part goes with the last of its end and its detachment. */
static void drop_if_over(struct snarl_thread *thr)
{
    struct snarl_race_thread *races = __atomic_load_n(&thr->races, __ATOMIC_ACQUIRE);
    if (!races || !thr->detached || !__atomic_load_n(&races->ended, __ATOMIC_ACQUIRE))
        return;
    races = take_part(thr);
    if (races)
        snarl_race_thread_drop(races);
}

void snarl_races_thread_ended(struct snarl_thread *thr)
{
    if (!thr->races)
        return;
    snarl_race_thread_exit(thr->races);
    drop_if_over(thr);
}

void snarl_races_thread_detached(struct snarl_thread *target)
{
    drop_if_over(target);
}

void snarl_races_thread_joined(struct snarl_thread *thr, struct snarl_thread *target)
{
    struct snarl_race_thread *races = take_part(target);
    if (races && thr->races)
        snarl_race_thread_join(thr->races, races);
    else if (races)
        snarl_race_thread_drop(races);
}

void snarl_races_forked(struct snarl_thread *thr)
{
    if (!thr->races)
        return;
    for (struct snarl_thread *other = snarl_thread_first(); other; other = other->next)
        if (other != thr)
            other->races = NULL;
    snarl_race_forked(thr->races);
}

/* --- findings --- */

/* Asked for whenever a lock is taken: nodes stay what they are. */
static uint32_t lockset_root(void)
{
    static uint32_t s_root;
    uint32_t root = __atomic_load_n(&s_root, __ATOMIC_RELAXED);
    if (!root) {
        root = snarl_history_node(0, LOCKSET_ROOT);
        __atomic_store_n(&s_root, root, __ATOMIC_RELAXED);
    }
    return root;
}

static uint32_t lockset(struct snarl_race_thread *races)
{
    const struct snarl_thread *thr = races->host;
    uint32_t node = 0;
    for (uint32_t i = 0; i < thr->held_count; i++) {
        if (!snarl_held_valid(thr, &thr->held[i]))
            continue;
        if (!node)
            node = lockset_root();
        const struct snarl_held *held = &thr->held[i];
        uintptr_t shared = held->mode == SNARL_MODE_READ ? LOCK_SHARED : 0;
        node = snarl_history_node(node, shared | (uintptr_t)held->stack << 32 | held->lock_id);
    }
    return node;
}

/* The locks of a lockset, oldest first, as the nodes have them; their number. The root is not one of them: the first lock of a
 * process has its number. */
static uint32_t locks_of(uint32_t node, uintptr_t lock[SNARL_EVENT_HELD + 1])
{
    bool complete;
    uint32_t count = snarl_history_expand(node, lock, SNARL_EVENT_HELD + 1, &complete);
    count -= count && complete;
    for (uint32_t i = 0; i < count / 2; i++) {
        uintptr_t kept = lock[i];
        lock[i] = lock[count - 1 - i];
        lock[count - 1 - i] = kept;
    }
    return count < SNARL_EVENT_HELD ? count : SNARL_EVENT_HELD;
}

static void add_lockset(struct snarl_event *event, uint32_t node)
{
    uintptr_t lock[SNARL_EVENT_HELD + 1];
    event->held_count = locks_of(node, lock);
    for (uint32_t i = 0; i < event->held_count; i++)
        event->held[i] = (uint32_t)lock[i];
}

/* Where the thread of an access took the locks that it held: an event each. */
static void add_holds(const struct snarl_race_access *access)
{
    uintptr_t lock[SNARL_EVENT_HELD + 1];
    uint32_t count = locks_of(access->lockset, lock);
    for (uint32_t i = 0; i < count && i < HOLDS_TOLD; i++) {
        bool shared = lock[i] & LOCK_SHARED;
        struct snarl_event *event = snarl_finding_event(&s_finding, "hold", shared ? "acquired shared" : "acquired");
        event->thread = access->thread;
        event->lock = (uint32_t)lock[i];
        event->stack = (uint32_t)((lock[i] & ~LOCK_SHARED) >> 32);
    }
}

/* The frames of a history node as an interned stack, without our own (a thread's trampoline). */
static uint32_t stack_of(uint32_t node)
{
    uintptr_t frame[SNARL_STACK_DEPTH];
    bool complete;
    uint32_t count = snarl_history_expand(node, frame, SNARL_STACK_DEPTH, &complete), kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_module *module = snarl_modules_find(frame[i], true);
        if (!module || !module->ours)
            frame[kept++] = frame[i];
    }
    return snarl_stack_put(frame, kept, complete, false);
}

/* The library function that did the access: its name is the innermost frame (preload/access/bridge.c). */
static const char *function_of(const struct snarl_race_access *access)
{
    uintptr_t pc = access->flags & SNARL_ACCESS_CALL ? snarl_history_pc(access->where) : 0;
    const struct snarl_module *module = pc ? snarl_modules_find(pc, true) : NULL;
    return module && module->ours ? (const char *)pc : NULL;
}

/* The descriptor that an address stands for, or -1. */
static int descriptor_of(uintptr_t address)
{
    uintptr_t offset = address - snarl_races_descriptors.start;
    return offset < snarl_races_descriptors.size ? (int)(offset / sizeof(uint32_t)) : -1;
}

/* `all` is the flags of both accesses: what one of them closes is used by the other. */
static const char *what_of(const struct snarl_race_access *access, uint32_t all, char *buffer, size_t size)
{
    if (access->flags & SNARL_ACCESS_FREE)
        return "free of the memory";
    if (access->flags & SNARL_ACCESS_UNMAP)
        return "unmapping of the memory";
    struct snarl_text text = snarl_text_in(buffer, size);
    if (descriptor_of(access->address) >= 0 || all & SNARL_ACCESS_CLOSE) {
        snarl_text_add(&text, access->flags & SNARL_ACCESS_CLOSE ? "closing of the " : "use of the ");
        snarl_text_add(&text, descriptor_of(access->address) >= 0 ? "descriptor" : "stream");
    } else {
        snarl_text_add(&text, access->flags & SNARL_ACCESS_ATOMIC ? "atomic " : "");
        snarl_text_add(&text, access->flags & SNARL_ACCESS_WRITE ? "write" : "read");
        if (access->size)
            snarl_text_add_uint(snarl_text_add(&text, " of "), access->size);
        if (access->size)
            snarl_text_add(&text, access->size == 1 ? " byte" : " bytes");
    }
    const char *function = function_of(access);
    if (function)
        snarl_text_add(snarl_text_add(&text, " by "), function);
    if (access->flags & SNARL_ACCESS_NEARBY)
        snarl_text_add(&text, " (told for one of several accesses to the same 4 bytes)");
    return buffer;
}

static const char *rule_of(uint32_t flags)
{
    if (flags & SNARL_ACCESS_FREE)
        return "use-after-free";
    if (flags & SNARL_ACCESS_UNMAP)
        return "use-after-unmap";
    return flags & SNARL_ACCESS_CLOSE ? "use-after-close" : "";
}

static void add_access(const struct snarl_race_access *access, uint32_t all, char *what, size_t size)
{
    struct snarl_event *event = snarl_finding_event(&s_finding, "access", what_of(access, all, what, size));
    event->thread = access->thread;
    event->stack = stack_of(access->where);
    event->address = access->address;
    event->size = access->size;
    event->flags = (access->flags & SNARL_ACCESS_ATOMIC ? SNARL_EVENT_ATOMIC : 0) |
                   (access->flags & SNARL_ACCESS_WRITE ? SNARL_EVENT_WRITE : 0);
    add_lockset(event, access->lockset);
}

static void describe_held(const struct snarl_event *event)
{
    for (uint32_t i = 0; i < event->held_count; i++)
        snarl_object_describe_number(event->held[i]);
}

static void describe_thread(uint32_t id)
{
    struct snarl_thread *thr = snarl_thread_by_id(id);
    if (thr)
        snarl_thread_describe(thr);
}

static void locate(struct snarl_thread *thr, uintptr_t byte)
{
    struct snarl_location *location = &s_finding.location;
    location->address = location->byte = byte;
    if (descriptor_of(byte) >= 0) {
        location->kind = "fd";
        location->address = (uint64_t)descriptor_of(byte);
        return;
    }
    if (snarl_races_locate && snarl_races_locate(thr, byte, location))
        return;
    location->kind = snarl_modules_find(byte, true) ? "global" : "unknown";
}

static uint64_t places_of(const struct snarl_race *race)
{
    return (uint64_t)race->now.where << 32 | race->before.where;
}

/* The rule is part of a finding's key as well, and so is which library of two is at the same addresses. */
static uint64_t mix_of(const struct snarl_race *race)
{
    uint64_t rule = (race->now.flags | race->before.flags) & SNARL_ACCESS_ENDS;
    return snarl_hash_join(places_of(race), rule << 32 | snarl_modules_turn());
}

/* Whether its finding is there already; then it is counted once more. A race that a program does not mind comes a
 * hundred thousand times. */
static bool was_told(const struct snarl_race *race)
{
    uint64_t mix = mix_of(race);
    uint32_t entry = mix % TOLD;
    return __atomic_load_n(&s_told[entry].places, __ATOMIC_RELAXED) == places_of(race) &&
           snarl_finding_seen(__atomic_load_n(&s_told[entry].check, __ATOMIC_RELAXED) ^ mix);
}

static void note_told(const struct snarl_race *race, uint64_t key)
{
    uint64_t mix = mix_of(race);
    uint32_t entry = mix % TOLD;
    __atomic_store_n(&s_told[entry].check, key ^ mix, __ATOMIC_RELAXED);
    __atomic_store_n(&s_told[entry].places, places_of(race), __ATOMIC_RELAXED);
}

static void write_finding(struct snarl_race_thread *races, const struct snarl_race *race)
{
    char what_now[64], what_before[64];
    struct snarl_thread *thr = races->host;
    snarl_mutex_lock(&s_lock);
    uint32_t all = race->now.flags | race->before.flags;
    snarl_finding_clear(&s_finding, "data-race", rule_of(all), "observed");
    add_access(&race->now, all, what_now, sizeof(what_now));
    add_access(&race->before, all, what_before, sizeof(what_before));
    s_finding.event[0].time_ns = snarl_runfile_now();
    uint64_t key = snarl_finding_key(&s_finding);
    note_told(race, key);
    if (!snarl_finding_seen(key)) {
        locate(thr, race->byte);
        snarl_runfile_begin();
        describe_thread(race->now.thread);
        describe_thread(race->before.thread);
        describe_thread(s_finding.location.thread);
        describe_held(&s_finding.event[0]);
        describe_held(&s_finding.event[1]);
        add_holds(&race->now);
        add_holds(&race->before);
        snarl_finding_report(&s_finding);
        snarl_runfile_end();
    }
    snarl_mutex_unlock(&s_lock);
}

static bool is_told(struct snarl_race_thread *races, const struct snarl_race *race)
{
    return !snarl_races_trust || snarl_races_trust(races->host, race);
}

/* Rare and long: it may call libc. But it may be for nothing, and often: it is what was told before, or with --races=calls what
 * is not told (there is no checked code then that would mind its registers). */
static void report(struct snarl_race_thread *races, const struct snarl_race *race)
{
    bool calls = snarl_options.races == SNARL_RACES_CALLS;
    if (calls && !is_told(races, race))
        return;
    if ((calls || !snarl_races_trust) && was_told(race))
        return;
    struct snarl_vector_state state;
    snarl_vector_save(&state);
    if (calls || is_told(races, race))
        write_finding(races, race);
    snarl_vector_restore(&state);
}

uint32_t (*snarl_races_callers)(struct snarl_race_thread *races);
void (*snarl_races_forget)(void);
bool (*snarl_races_outside)(uintptr_t pc);
uint32_t (*snarl_races_around)(struct snarl_race_thread *races, uintptr_t pc, uintptr_t sp);

bool snarl_races_begin(struct snarl_thread *thr)
{
    if (snarl_races_on || thr->races)
        return true;
    if (snarl_awake)
        return false; /* what the threads did so far is not known */
    const struct snarl_race_host host = {
        .report = report, .lockset = lockset, .callers = snarl_races_callers, .forget = snarl_races_forget, .outside = snarl_races_outside,
        .around = snarl_races_around};
    if (!snarl_race_init(&host, NULL)) {
        snarl_engine_note("races are not looked for: the address space has no room for the shadow memory "
                          "(a limit on virtual memory, `ulimit -v`?)");
        return false;
    }
    struct snarl_race_thread *races = snarl_race_thread_new(NULL, thr->id);
    if (!races)
        return false;
    races->host = thr;
    snarl_race_ignore_begin(races); /* until snarl_races_wake */
    thr->races = races;
    snarl_races_on = true;
    return true;
}
