/* oracle.c - see oracle.h. */
#include "oracle.h"

#include <string.h>

static void join(oracle_clock into, const oracle_clock from)
{
    for (int i = 0; i < ORACLE_THREADS; i++)
        if (from[i] > into[i])
            into[i] = from[i];
}

static void tick(struct oracle *oracle, int thread)
{
    oracle->clock[thread][thread]++;
}

void oracle_clear(struct oracle *oracle)
{
    memset(oracle, 0, sizeof(*oracle));
}

int oracle_create(struct oracle *oracle, int creator)
{
    int thread = oracle->threads++;
    if (creator >= 0) {
        join(oracle->clock[thread], oracle->clock[creator]);
        tick(oracle, creator);
    }
    tick(oracle, thread);
    return thread;
}

void oracle_join(struct oracle *oracle, int thread, int ended)
{
    join(oracle->clock[thread], oracle->clock[ended]);
}

void oracle_acquire(struct oracle *oracle, int thread, struct oracle_sync *sync)
{
    join(oracle->clock[thread], sync->clock);
}

void oracle_release(struct oracle *oracle, int thread, struct oracle_sync *sync, bool store)
{
    if (store)
        memset(sync->clock, 0, sizeof(sync->clock));
    join(sync->clock, oracle->clock[thread]);
    tick(oracle, thread);
}

static bool acquires(enum snarl_order order)
{
    return order == SNARL_ORDER_ACQUIRE || order == SNARL_ORDER_CONSUME || order == SNARL_ORDER_ACQ_REL ||
           order == SNARL_ORDER_SEQ_CST;
}

static bool releases(enum snarl_order order)
{
    return order == SNARL_ORDER_RELEASE || order == SNARL_ORDER_ACQ_REL || order == SNARL_ORDER_SEQ_CST;
}

void oracle_load(struct oracle *oracle, int thread, struct oracle_sync *sync, enum snarl_order order)
{
    join(acquires(order) ? oracle->clock[thread] : oracle->fence_acquire[thread], sync->clock);
}

void oracle_store(struct oracle *oracle, int thread, struct oracle_sync *sync, enum snarl_order order)
{
    if (releases(order)) {
        oracle_release(oracle, thread, sync, true);
        return;
    }
    memset(sync->clock, 0, sizeof(sync->clock)); /* C++20: it ends any release sequence */
    if (oracle->has_fence_release[thread])
        join(sync->clock, oracle->fence_release[thread]);
}

void oracle_rmw(struct oracle *oracle, int thread, struct oracle_sync *sync, enum snarl_order order)
{
    oracle_load(oracle, thread, sync, order);
    if (releases(order)) {
        oracle_release(oracle, thread, sync, false);
    } else if (oracle->has_fence_release[thread]) {
        join(sync->clock, oracle->fence_release[thread]);
    }
}

void oracle_fence(struct oracle *oracle, int thread, enum snarl_order order)
{
    if (acquires(order))
        join(oracle->clock[thread], oracle->fence_acquire[thread]);
    if (releases(order)) {
        memcpy(oracle->fence_release[thread], oracle->clock[thread], sizeof(oracle_clock));
        oracle->has_fence_release[thread] = true;
        tick(oracle, thread);
    }
}

static bool races(const struct oracle *oracle, const struct oracle_access *a, const struct oracle_access *now,
                  uint32_t byte)
{
    bool shared = byte >= a->first && byte < a->end && byte >= now->first && byte < now->end;
    bool write = (a->flags | now->flags) & SNARL_ACCESS_WRITE;
    bool atomic = a->flags & now->flags & SNARL_ACCESS_ATOMIC;
    return shared && write && !atomic && oracle->clock[now->thread][a->thread] < a->time;
}

void oracle_access(struct oracle *oracle, int thread, uint32_t first, uint32_t size, uint32_t flags, uint32_t site,
                   bool *raced_now)
{
    tick(oracle, thread);
    struct oracle_access now = {.thread = (uint16_t)thread, .time = oracle->clock[thread][thread],
                                .flags = flags, .site = site, .first = first, .end = first + size};
    for (uint32_t byte = first; byte < first + size; byte++) {
        raced_now[byte] = false;
        for (int i = 0; i < oracle->accesses && !raced_now[byte]; i++)
            raced_now[byte] = races(oracle, &oracle->access[i], &now, byte);
    }
    oracle->access[oracle->accesses++] = now;
}

bool oracle_confirms(const struct oracle *oracle, uint32_t byte, int thread, uint32_t site, uint32_t flags)
{
    const struct oracle_access *now = &oracle->access[oracle->accesses - 1];
    for (int i = 0; i < oracle->accesses - 1; i++) {
        const struct oracle_access *a = &oracle->access[i];
        if (a->thread == thread && a->site == site && a->flags == flags && races(oracle, a, now, byte))
            return true;
    }
    return false;
}
