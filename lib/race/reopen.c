/* reopen.c - an epoch that one access began is taken up again by the same access.
 *
 * A thread goes round: it releases a variable that nobody else wants, does one access, and takes the variable back. The access comes after the
 * release, so it begins an epoch E, which a later release publishes. The next round's access is after that one: it would begin epoch E + 1,
 * with a record and perhaps a list of its own, each round again.
 *
 * Instead the variable's clock is set back from E to E - 1, which makes room in E: whoever acquires it then does not know of the access, as it
 * must be, but of all that was recorded before E. That is all that was done before the release when nothing but this one access was
 * recorded in E: it is done again just now, and stands for itself. The cells need no change as long as they name it: whoever comes
 * with something that conflicts finds it there, as he would find the new one.
 *
 * What has to hold (each is tested):
 *   - E has been published by the last release only, which nobody has seen (and not by a release before it, which ended E);
 *   - E - 1 was published with the same other components as E, so that (slot, E - 1) names what is left in the variable;
 *   - no unit was made in E after the access: another place would have made a record, and another address at the same place is told by
 *     snarl_race_not_first;
 *   - the record tells the truth: the same place, calls and locks.
 * What the caches know of E is void: in between, accesses of earlier epochs counted as of E. */
#include "race/state.h"
#include "race/story.h"

#define CELLS_MAX 4

/* The unit of the record that `first` made, if that is what it made first. */
static uint32_t record_of(const struct snarl_race_thread *thr, const struct snarl_race_first *first)
{
    uint32_t unit = thr->epoch_start;
    const struct snarl_access_record *record = &snarl_records[unit].access;
    bool inside = unit >= thr->run_start && unit < first->end && first->end <= thr->run_end;
    return inside && record->flags == first->flags && record->slot == thr->slot && record->epoch == first->epoch &&
                   record->lockset == first->lockset
               ? unit
               : 0;
}

static bool names(uint32_t word, uint32_t unit, uint32_t mask)
{
    uint32_t single, count;
    const uint32_t *member = snarl_cell_members(word, &single, &count);
    for (uint32_t i = 0; i < count; i++)
        if (snarl_cell_unit(member[i]) == unit)
            return !(mask & ~snarl_cell_mask(member[i]));
    return false;
}

/* Whether all cells of the access name it; *word is that of the last one. */
static bool is_named(const struct snarl_race_first *first, uint32_t unit, uint32_t *word)
{
    const uint32_t *cell = snarl_shadow_cell(first->address, snarl_race_plane(first->flags & SNARL_ACCESS_WRITE));
    uint32_t inside = first->address & 3, cells = (inside + first->size + 3) / 4, known = 0;
    uint32_t mask = first->size < 4 ? ((1u << first->size) - 1) << inside : 0xf;
    if (cells > CELLS_MAX || (inside && (first->size >= 4 || cells > 1)))
        return false;
    for (uint32_t i = 0; i < cells; i++, known = *word) {
        *word = __atomic_load_n(&cell[i], __ATOMIC_ACQUIRE);
        if (*word != known && !names(*word, unit, mask))
            return false;
    }
    return *word;
}

/* Whether the word that was found last time is still that of all cells: it names what it did. */
static inline bool is_as_found(const struct snarl_race_first *first)
{
    const uint32_t *cell = snarl_shadow_cell(first->address, snarl_race_plane(first->flags & SNARL_ACCESS_WRITE));
    return first->word && first->generation == __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE) &&
           cell[0] == first->word && (first->size == 4 || cell[1] == first->word);
}

static bool is_found(struct snarl_race_thread *thr)
{
    struct snarl_race_first *first = &thr->first;
    if (is_as_found(first))
        return true;
    __atomic_store_n(&thr->stepping, thr->generation + 1, __ATOMIC_RELEASE);
    uint32_t unit = record_of(thr, first), word = 0;
    bool found = unit && is_named(first, unit, &word);
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
    first->word = found && (first->size == 4 || first->size == 8) ? word : 0;
    first->generation = thr->generation;
    return found;
}

/* The last release, of an epoch that it ended, publishes the one before. */
static inline bool set_back(struct snarl_race_thread *thr)
{
    const struct snarl_boundary *top = &thr->boundary[thr->boundary_count - 1];
    struct snarl_race_sync *sync = top->sync;
    snarl_race_sync_lock(sync);
    bool done = top->first_epoch && snarl_race_is_unseen(thr, sync) && sync->slot == thr->slot && sync->epoch == thr->epoch;
    if (done)
        sync->clock.epoch[thr->slot] = sync->epoch = thr->epoch - 1;
    snarl_race_sync_unlock(sync);
    return done;
}

/* Whether the thread's first access of this epoch is the only one recorded in it. */
static inline bool is_alone(const struct snarl_race_thread *thr)
{
    const struct snarl_race_first *first = &thr->first;
    return first->epoch == thr->epoch && first->end == thr->next_unit && first->version == thr->version && thr->boundary_count &&
           !thr->late_load && !thr->ignore;
}

static inline bool is_called_alike(struct snarl_race_thread *thr)
{
    const struct snarl_race_first *first = &thr->first;
    return (first->node && thr->frame->node == first->node) || first->node == snarl_race_callers(thr);
}

static bool is_same(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    const struct snarl_race_first *first = &thr->first;
    return first->address == address && first->pc == pc && first->size == size && first->flags == flags && is_alone(thr) &&
           !thr->told && !thr->note && thr->generation == __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE) &&
           is_called_alike(thr) && first->lockset == snarl_race_lockset(thr);
}

static bool reopen(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    if (!is_same(thr, address, size, flags, pc) || !is_found(thr) || !set_back(thr))
        return false;
    thr->pending = false;
    thr->first_epoch = thr->epoch;
    snarl_race_set_range(thr, thr->epoch_start);
    snarl_race_new_stamp(thr);
    if (!flags)
        thr->shared = thr->first.word ? thr->first.word : SNARL_CELL_NONE;
    return true;
}

__attribute__((noinline)) static void first_slowly(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags,
                                                     uintptr_t pc)
{
    if (reopen(thr, address, size, flags, pc))
        return;
    uint32_t epoch = thr->epoch;
    uint64_t version = thr->version;
    bool follows = thr->pending && thr->published == version && !thr->told && !thr->note;
    if (!snarl_race_quick_atomic(thr, address, size, flags, pc))
        snarl_race_access(thr, address, size, flags, pc);
    thr->first = (struct snarl_race_first){.address = address, .pc = pc, .size = (uint32_t)size, .flags = flags};
    if (!follows || thr->pending || thr->epoch != epoch + 1 || thr->version != version || address >> SNARL_ADDRESS_BITS)
        return;
    thr->first.epoch = thr->epoch;
    thr->first.version = version;
    thr->first.end = thr->next_unit;
    thr->first.node = snarl_race_callers(thr);
    thr->first.lockset = snarl_race_lockset(thr);
}

/* All is as the last time: nothing is called. */
void snarl_race_access_first(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    struct snarl_race_first *first = &thr->first;
    struct snarl_boundary *top = &thr->boundary[thr->boundary_count - 1];
    struct snarl_race_sync *sync;
    uint32_t free = 0;
    if (first->address != address || first->pc != pc || first->size != size || first->flags != flags || !is_alone(thr) ||
        first->node != thr->frame->node || !first->node || first->lockset != thr->lockset || !is_as_found(first) ||
        first->generation != thr->generation || thr->told || thr->note || thr->window || thr->stamp == UINT32_MAX ||
        !top->first_epoch || !__atomic_compare_exchange_n(&(sync = top->sync)->lock, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        first_slowly(thr, address, size, flags, pc);
        return;
    }
    bool unseen = snarl_race_is_unseen(thr, sync) && sync->slot == thr->slot && sync->epoch == thr->epoch;
    if (unseen)
        sync->clock.epoch[thr->slot] = sync->epoch = thr->epoch - 1;
    snarl_race_sync_unlock(sync);
    if (!unseen) {
        first_slowly(thr, address, size, flags, pc);
        return;
    }
    thr->pending = false;
    thr->first_epoch = thr->epoch;
    thr->base = thr->epoch_start | SNARL_CELL_MASK;
    thr->span = thr->next_unit - thr->epoch_start;
    thr->stamp++;
    snarl_chunks[(thr->next_unit - 1) / SNARL_CHUNK_UNITS].stamp = thr->stamp;
    thr->shared = SNARL_CELL_NONE;
    if (!flags)
        thr->shared = first->word;
}

/* The release that it takes back and the one that it is itself have the same boundary: what is released is of this epoch now. */
static void release_again(struct snarl_race_thread *thr, struct snarl_boundary *top)
{
    struct snarl_race_sync *sync = top->sync;
    bool same_run = top->run == thr->run_end && top->first_unit <= thr->next_unit;
    top->first_unit = same_run ? top->first_unit : thr->run_start;
    top->run = thr->run_end;
    top->serial = ++sync->serial;
    sync->clock.epoch[thr->slot] = sync->epoch = thr->epoch;
    thr->pending = true;
    thr->shared = SNARL_CELL_NONE;
    thr->base = SNARL_CELL_MASK;
    thr->span = 0;
}

struct snarl_race_sync *snarl_race_atomic_round(struct snarl_race_thread *thr, uintptr_t address, size_t size)
{
    const struct snarl_race_first *first = &thr->first;
    struct snarl_boundary *top = &thr->boundary[thr->boundary_count - 1];
    struct snarl_race_sync *sync;
    uint32_t free = 0;
    if (first->address != address || first->size != size || first->flags != (SNARL_ACCESS_ATOMIC | SNARL_ACCESS_WRITE) ||
        !is_alone(thr) || thr->window || !top->first_epoch || thr->published != thr->version || !is_as_found(first) ||
        (sync = top->sync)->address != address ||
        !__atomic_compare_exchange_n(&sync->lock, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return NULL;
    if (__builtin_expect(snarl_race_is_unseen(thr, sync) && sync->slot == thr->slot && sync->version == thr->version &&
                         is_as_found(first), 1)) {
        release_again(thr, top);
        return sync;
    }
    snarl_race_sync_unlock(sync);
    return NULL;
}
