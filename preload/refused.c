/* refused.c - after a compare-and-exchange in copied code that has not exchanged.
 *
 * Runs like the checks (checks.c). What it means is in lib/race/stock.c. */
#include "preload/instrument.h"
#include "preload/rewrite/entry.h"
#include "race/race.h"

void snarl_entry_on_refused(struct snarl_entry_frame *frame)
{
    struct snarl_thread *thr = snarl_current;
    struct snarl_race_thread *races = thr->races;
    uintptr_t address = snarl_area.atomic;
    (void)frame;
    if (!address || thr->guard || !races || races->ignore)
        return;
    thr = snarl_enter();
    snarl_race_stock_refused(races, address);
    snarl_leave(thr);
}
