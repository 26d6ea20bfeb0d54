/* race.c - starting the race detector. */
#include "race/race.h"

#include "history/history.h"
#include "race/bytes.h"
#include "race/compact.h"
#include "race/state.h"

bool snarl_race_init(const struct snarl_race_host *host, const struct snarl_race_options *options)
{
    if (!snarl_shadow_reserve() || !snarl_history_reserve() || !snarl_records_reserve() || !snarl_bytes_reserve())
        return false;
    if (host)
        snarl_race_global.host = *host;
    if (options)
        snarl_race_global.options = *options;
    snarl_race_global.ready = true;
    return true;
}

bool snarl_race_ready(void)
{
    return snarl_race_global.ready;
}

void snarl_race_reset(const struct snarl_race_options *options)
{
    snarl_race_threads_reset();
    snarl_race_atomics_reset();
    snarl_records_reset();
    snarl_compact_reset();
    snarl_race_global.options = options ? *options : (struct snarl_race_options){0};
}

struct snarl_race_moment snarl_race_now(struct snarl_race_thread *thr)
{
    if (thr->pending)
        snarl_race_begin_epoch(thr);
    return (struct snarl_race_moment){thr->slot, thr->epoch};
}

bool snarl_race_knows(const struct snarl_race_thread *thr, struct snarl_race_moment moment)
{
    return snarl_vclock_get(&thr->clock, moment.slot) >= moment.epoch;
}
