/* bridge.c - see bridge.h.
 *
 * The name of the function called is the innermost frame of an access's stack: its address, which lies in one
 * of our own modules, so that reports (lib/sync/races.c) tell it from code. Equal calls from equal places
 * thus have equal nodes of the history, and records need no room for the name. */
#include "preload/access/bridge.h"

#include <errno.h>

#include "history/history.h"
#include "preload/access.h"
#include "preload/access/start.h"
#include "preload/access/trust.h"
#include "preload/own.h"
#include "preload/real.h"
#include "preload/signal_order.h"
#include "preload/tsan/tsan.h"
#include "preload/unchecked.h"

bool snarl_calls_on;

void snarl_calls_begin(struct snarl_thread *thr)
{
    if (snarl_options.races != SNARL_RACES_CALLS || snarl_races_on || !snarl_races_begin(thr))
        return;
    snarl_heap_begin();
    snarl_trust_begin();
    snarl_engine_note(
        "only library calls were checked for races (--races=calls): atomic operations of the program itself "
        "were not seen, and nothing is said of threads that hand memory to each other by them");
}

void snarl_calls_wake(void)
{
    if (snarl_calls_on == snarl_races_on)
        return;
    snarl_ports_begin();
    snarl_calls_on = snarl_races_on;
}

struct snarl_thread *snarl_call_enter(struct snarl_site site)
{
    struct snarl_race_thread *races = snarl_current->races;
    if (!races || races->ignore || snarl_is_own(site.pc))
        return NULL;
    return snarl_enter();
}

void snarl_call_leave(struct snarl_thread *thr)
{
    snarl_leave(thr);
}

/* Noted calls (code compiled for it) are cheaper than walking the stack. */
static uint32_t where_of(struct snarl_thread *thr, struct snarl_site site)
{
    struct snarl_race_thread *races = thr->races;
    return races->frame != races->frames ? snarl_race_where(races, site.pc) : snarl_access_where(thr, site);
}

void snarl_call_tell(struct snarl_thread *thr, const char *name, uintptr_t start, size_t size, uint32_t flags,
                     struct snarl_site site)
{
    struct snarl_race_thread *races = thr->races;
    if (!size || snarl_race_range_hit(races, start, size, flags & SNARL_ACCESS_WRITE))
        return;
    if (snarl_unchecked_holds(site.pc))
        return;
    uint32_t where = where_of(thr, site);
    if (snarl_unchecked_called(where))
        return;
    uintptr_t pc = (uintptr_t)name;
    races->told = snarl_history_node(where, pc);
    snarl_race_range(races, start, size, flags | SNARL_ACCESS_CALL, pc);
    races->told = 0;
}

void snarl_call_read(struct snarl_thread *thr, const char *name, const volatile void *start, size_t size,
                     struct snarl_site site)
{
    snarl_call_tell(thr, name, (uintptr_t)start, size, 0, site);
}

void snarl_call_write(struct snarl_thread *thr, const char *name, volatile void *start, size_t size,
                      struct snarl_site site)
{
    snarl_call_tell(thr, name, (uintptr_t)start, size, SNARL_ACCESS_WRITE, site);
}

void snarl_call_end(struct snarl_thread *thr, const char *name, volatile void *start, size_t size,
                    struct snarl_site site)
{
    snarl_call_tell(thr, name, (uintptr_t)start, size, SNARL_ACCESS_WRITE | SNARL_ACCESS_CLOSE, site);
}

void snarl_call_release(struct snarl_thread *thr, const volatile void *address)
{
    snarl_order_memory_release(thr, (uintptr_t)address);
}

void snarl_call_acquire(struct snarl_thread *thr, const volatile void *address)
{
    snarl_order_memory_acquire(thr, (uintptr_t)address);
}

void snarl_call_atomic(struct snarl_thread *thr, const volatile void *address, size_t size)
{
    snarl_race_stock_know(thr->races, (uintptr_t)address, size);
}

void snarl_call_reads(const char *name, const volatile void *start, size_t size, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_read(thr, name, start, size, site);
    snarl_leave(thr);
    errno = saved;
}

void snarl_call_writes(const char *name, volatile void *start, size_t size, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_write(thr, name, start, size, site);
    snarl_leave(thr);
    errno = saved;
}

void snarl_call_signal(int signal)
{
    snarl_signal_received(signal);
}

/* Runs before strchr and its like are known. */
void *snarl_call_true(const char *name)
{
    char bare[32];
    size_t length = 0;
    while (name[length] && name[length] != '@' && length + 1 < sizeof(bare)) {
        bare[length] = name[length];
        length++;
    }
    bare[length] = '\0';
    return name[length] == '@' ? snarl_real_find_version(bare, name + length + 1) : snarl_real_find(name);
}
