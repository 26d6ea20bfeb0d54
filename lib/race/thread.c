/* thread.c - the race detector's threads and their slots in vector clocks.
 *
 * A slot belongs to one thread at a time and its epochs only grow, also over its owners. A new thread may take a
 * slot that is free when its creator knows of the slot's last epoch: then all that the former owner did happened before all that
 * the new one will do, and one component of the clocks can stand for both. It may also take one that no record names any
 * more (collect.c). A slot whose epochs have run out is not used again.
 *
 * One lock guards slots and the list of threads. A thread's record is freed by its joiner or dropper. Records and arrays of
 * frames are kept for the next threads: fresh pages cost more than all else that a short thread does. */
#include <string.h>
#include <sys/mman.h>

#include "base/counters.h"
#include "base/memory.h"
#include "base/os.h"
#include "race/state.h"

#define SLOTS 65536u
#define FRAMES ((size_t)1 << 20) /* calls in progress; 16 MiB of address space, touched as used */
#define FREE_SLOTS_LOOKED_AT 4096
#define KEPT 64u /* records and arrays of frames of ended threads, each */
#define STAMP_KEPT (1u << 30) /* a record whose stamps are used up this far is given back */
#define PAGE ((size_t)4096)

struct owner {
    uint32_t first_epoch; /* its epochs are above this */
    uint32_t host_id;
};

struct slot {
    uint32_t last_epoch; /* of the former owners */
    uint32_t serial;     /* of the last owner */
    bool busy, unnamed, spent;
    uint32_t owner_count, owner_capacity;
    struct owner *owner; /* in order of time */
};

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_RACE_THREAD}; /* guards all below */
static struct slot *s_slot;
static uint32_t s_slot_count;
static uint32_t s_free_count; /* slots that are neither busy nor spent */
static struct snarl_race_thread *s_threads;
static uint32_t s_thread_count;
static uint32_t s_serial;
static struct snarl_race_thread *s_kept[KEPT];
static uint32_t s_kept_count;
static struct snarl_race_frame *s_kept_frames[KEPT];
static uint32_t s_kept_frames_count;
uint32_t *snarl_race_slot_floor;
uint32_t *snarl_race_slot_told;

void snarl_race_threads_lock(void)
{
    snarl_mutex_lock(&s_lock);
}

void snarl_race_threads_unlock(void)
{
    snarl_mutex_unlock(&s_lock);
}

struct snarl_race_thread *snarl_race_threads_first(void)
{
    return s_threads;
}

uint32_t snarl_race_slot_count(void)
{
    return s_slot_count;
}

uint32_t snarl_race_thread_count(void)
{
    return __atomic_load_n(&s_thread_count, __ATOMIC_RELAXED);
}

static bool reserve_slots(void)
{
    if (!s_slot)
        s_slot = snarl_os_map(SLOTS * sizeof(*s_slot));
    if (!snarl_race_slot_floor)
        snarl_race_slot_floor = snarl_os_map(SLOTS * sizeof(*snarl_race_slot_floor));
    if (!snarl_race_slot_told)
        snarl_race_slot_told = snarl_os_map(SLOTS * sizeof(*snarl_race_slot_told));
    return s_slot && snarl_race_slot_floor && snarl_race_slot_told;
}

/* Whether everything done in this free slot happened before whoever has `clock`, or is forgotten. */
static bool usable(uint32_t index, const struct snarl_vclock *clock)
{
    const struct slot *slot = &s_slot[index];
    if (slot->busy || slot->spent)
        return false;
    return slot->unnamed || (clock && snarl_vclock_get(clock, index) >= slot->last_epoch);
}

static uint32_t find_free(const struct snarl_vclock *clock)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < s_slot_count && seen < s_free_count && seen < FREE_SLOTS_LOOKED_AT; i++) {
        if (usable(i, clock))
            return i;
        seen += !s_slot[i].busy && !s_slot[i].spent;
    }
    return SLOTS;
}

/* The table is full: any free slot, though its past will look as if it had happened before the new thread. */
static uint32_t find_any(void)
{
    snarl_count(SNARL_COUNT_RACE_SLOTS_FULL);
    for (uint32_t i = 0; i < s_slot_count; i++)
        if (!s_slot[i].busy && !s_slot[i].spent)
            return i;
    return SLOTS;
}

static bool add_owner(struct slot *slot, uint32_t host_id)
{
    if (slot->owner_count == slot->owner_capacity) {
        uint32_t capacity = slot->owner_capacity ? 2 * slot->owner_capacity : 1;
        struct owner *owner = snarl_memory_alloc(capacity * sizeof(*owner));
        if (!owner)
            return false;
        for (uint32_t i = 0; i < slot->owner_count; i++)
            owner[i] = slot->owner[i];
        snarl_memory_free(slot->owner, slot->owner_capacity * sizeof(*owner));
        slot->owner = owner;
        slot->owner_capacity = capacity;
    }
    slot->owner[slot->owner_count++] = (struct owner){slot->last_epoch, host_id};
    return true;
}

/* Under the lock. SLOTS when there is none. */
static uint32_t take_slot(const struct snarl_vclock *clock, uint32_t host_id)
{
    uint32_t index = find_free(clock);
    if (index != SLOTS)
        s_free_count--;
    else if (s_slot_count < SLOTS)
        index = s_slot_count++;
    else if ((index = find_any()) != SLOTS)
        s_free_count--;
    if (index == SLOTS || !add_owner(&s_slot[index], host_id))
        return SLOTS;
    if (!clock || snarl_vclock_get(clock, index) < s_slot[index].last_epoch)
        snarl_race_slot_floor[index] = s_slot[index].last_epoch;
    s_slot[index].busy = true;
    s_slot[index].unnamed = false;
    s_slot[index].serial = s_serial + 1;
    return index;
}

static void leave_slot(uint32_t index, uint32_t last_epoch)
{
    uint32_t limit = snarl_race_global.options.epoch_limit ? snarl_race_global.options.epoch_limit : SNARL_EPOCH_LIMIT;
    s_slot[index].busy = false;
    s_slot[index].last_epoch = last_epoch;
    s_slot[index].spent = last_epoch >= limit;
    s_free_count += !s_slot[index].spent;
}

static void link_thread(struct snarl_race_thread *thr)
{
    thr->serial = ++s_serial;
    thr->version = (uint64_t)thr->serial << 40 | 1;
    thr->next = s_threads;
    s_threads = thr;
    s_thread_count++;
}

static bool give_slot(struct snarl_race_thread *thr)
{
    snarl_mutex_lock(&s_lock);
    bool given = reserve_slots();
    if (given) {
        thr->slot = take_slot(&thr->clock, thr->host_id);
        given = thr->slot != SLOTS;
    }
    if (given) {
        thr->epoch = s_slot[thr->slot].last_epoch;
        link_thread(thr);
    }
    snarl_mutex_unlock(&s_lock);
    return given && snarl_vclock_set(&thr->clock, thr->slot, thr->epoch);
}

static struct snarl_race_frame *new_frames(void)
{
    struct snarl_race_frame *frames = NULL;
    snarl_mutex_lock(&s_lock);
    if (s_kept_frames_count)
        frames = s_kept_frames[--s_kept_frames_count];
    snarl_mutex_unlock(&s_lock);
    if (!frames)
        return snarl_os_map(FRAMES * sizeof(*frames));
    frames[0] = (struct snarl_race_frame){0};
    return frames;
}

static void free_frames(struct snarl_race_frame *frames)
{
    if (!frames)
        return;
    snarl_os_advise((char *)frames + PAGE, FRAMES * sizeof(*frames) - PAGE, MADV_DONTNEED);
    snarl_mutex_lock(&s_lock);
    bool keep = s_kept_frames_count < KEPT;
    if (keep)
        s_kept_frames[s_kept_frames_count++] = frames;
    snarl_mutex_unlock(&s_lock);
    if (!keep)
        snarl_os_unmap(frames, FRAMES * sizeof(*frames));
}

/* Of a record that another thread had, what has a stamp is void already: stamps go on. */
static void clear_record(struct snarl_race_thread *thr)
{
    uint32_t stamp = thr->stamp;
    memset(thr, 0, offsetof(struct snarl_race_thread, step));
    memset(thr->place, 0, sizeof(thr->place));
    memset(thr->node, 0, sizeof(thr->node));
    memset(thr->agreed, 0, sizeof(thr->agreed));
    memset(thr->variable, 0, sizeof(thr->variable));
    thr->stamp = stamp;
}

static struct snarl_race_thread *new_record(void)
{
    struct snarl_race_thread *thr = NULL;
    snarl_mutex_lock(&s_lock);
    if (s_kept_count)
        thr = s_kept[--s_kept_count];
    snarl_mutex_unlock(&s_lock);
    if (!thr)
        return snarl_memory_alloc(sizeof(*thr));
    clear_record(thr);
    return thr;
}

static void free_thread(struct snarl_race_thread *thr)
{
    free_frames(thr->frames);
    snarl_vclock_free(&thr->clock);
    snarl_vclock_free(&thr->fence_release);
    snarl_vclock_free(&thr->fence_acquire);
    snarl_mutex_lock(&s_lock);
    bool keep = s_kept_count < KEPT && thr->stamp < STAMP_KEPT;
    if (keep)
        s_kept[s_kept_count++] = thr;
    snarl_mutex_unlock(&s_lock);
    if (!keep)
        snarl_memory_free(thr, sizeof(*thr));
}

struct snarl_race_thread *snarl_race_thread_new(struct snarl_race_thread *creator, uint32_t host_id)
{
    struct snarl_race_thread *thr = new_record();
    if (!thr)
        return NULL;
    thr->frames = new_frames();
    thr->frame = thr->frames;
    thr->frame_end = thr->frames + FRAMES;
    thr->host_id = host_id;
    thr->lockset = SNARL_LOCKSET_UNKNOWN;
    thr->stamp++;
    thr->shared = SNARL_CELL_NONE;
    thr->pending = true;
    bool done = thr->frames != NULL;
    if (done && creator) {
        snarl_race_catch_up(creator);
        snarl_race_publish(creator);
        creator->boundary_count = 0;
        done = snarl_vclock_copy(&thr->clock, &creator->clock);
    }
    if (!done || !give_slot(thr)) {
        free_thread(thr);
        return NULL;
    }
    snarl_race_set_range(thr, 0);
    return thr;
}

void snarl_race_thread_exit(struct snarl_race_thread *thr)
{
    if (thr->ended)
        return;
    snarl_race_catch_up(thr);
    thr->ended = true;
    free_frames(thr->frames);
    thr->frames = thr->frame = thr->frame_end = NULL;
}

void snarl_race_thread_drop(struct snarl_race_thread *ended)
{
    snarl_mutex_lock(&s_lock);
    struct snarl_race_thread **link = &s_threads;
    while (*link != ended)
        link = &(*link)->next;
    *link = ended->next;
    s_thread_count--;
    leave_slot(ended->slot, ended->epoch);
    snarl_mutex_unlock(&s_lock);
    free_thread(ended);
}

void snarl_race_thread_join(struct snarl_race_thread *thr, struct snarl_race_thread *ended)
{
    snarl_race_join_clock(thr, &ended->clock);
    snarl_race_thread_drop(ended);
}

void snarl_race_thread_move(struct snarl_race_thread *thr)
{
    snarl_mutex_lock(&s_lock);
    uint32_t index = take_slot(&thr->clock, thr->host_id);
    if (index == SLOTS) {
        snarl_mutex_unlock(&s_lock);
        snarl_count(SNARL_COUNT_RACE_SLOTS_FULL);
        thr->epoch--; /* stays in its last epoch: accesses may look ordered that are not */
        return;
    }
    leave_slot(thr->slot, thr->epoch);
    thr->slot = index;
    thr->epoch = s_slot[index].last_epoch;
    thr->version++; /* the old slot is one of the others now */
    thr->boundary_count = 0;
    snarl_mutex_unlock(&s_lock);
    snarl_race_leave_run(thr); /* all records of a chunk are of one slot */
}

uint32_t snarl_race_thread_owner(uint32_t index, uint32_t epoch)
{
    snarl_mutex_lock(&s_lock);
    const struct slot *slot = &s_slot[index];
    uint32_t host_id = 0;
    for (uint32_t i = slot->owner_count; i-- > 0 && !host_id;)
        if (slot->owner[i].first_epoch < epoch)
            host_id = slot->owner[i].host_id;
    snarl_mutex_unlock(&s_lock);
    return host_id;
}

uint32_t snarl_race_last_serial(void)
{
    return s_serial;
}

void snarl_race_slots_unnamed(const uint8_t *named, uint32_t count, uint32_t serial)
{
    snarl_mutex_lock(&s_lock);
    for (uint32_t i = 0; i < count; i++)
        if (!s_slot[i].busy && !named[i] && s_slot[i].serial <= serial)
            s_slot[i].unnamed = true;
    snarl_mutex_unlock(&s_lock);
}

void snarl_race_ignore_begin(struct snarl_race_thread *thr)
{
    if (thr->ignore++ == 0)
        snarl_race_set_range(thr, 0);
}

void snarl_race_ignore_end(struct snarl_race_thread *thr)
{
    if (!thr->ignore || --thr->ignore)
        return;
    /* Where the range began is not known any more: it begins here. */
    snarl_race_set_range(thr, thr->next_unit);
}

void snarl_race_lockset_changed(struct snarl_race_thread *thr)
{
    thr->lockset = SNARL_LOCKSET_UNKNOWN;
    snarl_race_new_stamp(thr);
}

void snarl_race_call_overflow(struct snarl_race_thread *thr)
{
    thr->lost_frames++;
    snarl_count(SNARL_COUNT_RACE_CALLS_DEEP);
}

void snarl_race_threads_reset(void)
{
    snarl_mutex_reset(&s_lock);
    while (s_threads) {
        struct snarl_race_thread *thr = s_threads;
        s_threads = thr->next;
        free_thread(thr);
    }
    for (uint32_t i = 0; i < s_slot_count; i++) {
        snarl_memory_free(s_slot[i].owner, s_slot[i].owner_capacity * sizeof(*s_slot[i].owner));
        s_slot[i] = (struct slot){0};
        snarl_race_slot_floor[i] = snarl_race_slot_told[i] = 0;
    }
    s_slot_count = s_free_count = s_thread_count = 0;
}

void snarl_race_forked(struct snarl_race_thread *thr)
{
    snarl_mutex_reset(&s_lock);
    snarl_race_collect_forked();
    s_kept_count = s_kept_frames_count = 0; /* a thread that is not here may have been about to put one there or take it */
    struct snarl_race_thread **link = &s_threads;
    while (*link) {
        struct snarl_race_thread *other = *link;
        if (other == thr) {
            link = &other->next;
            continue;
        }
        *link = other->next;
        s_thread_count--;
        snarl_race_join_clock(thr, &other->clock); /* nothing of theirs goes on here */
        leave_slot(other->slot, other->epoch);
    }
}
