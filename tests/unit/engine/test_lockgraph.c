/* The lock-order graph against an oracle.
 *
 * Random legal schedules of a few threads and locks (shared and exclusive, blocking and tried, with signals between
 * threads) are played to the engine. The oracle keeps every nested acquisition with its held set and the full weak clock,
 * and looks at all combinations of two to four of them by the definition in lockgraph.h. Both must agree
 * on whether a deadlock is possible. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage.h"

#define THREADS 4
#define LOCKS 4
#define STEPS 60
#define EVENTS 400

struct event {
    int thread, from, to, from_mode, to_mode, try;
    int held_mode[LOCKS]; /* -1: not held */
    int clock[THREADS];
};

struct world {
    struct snarl_thread *thr[THREADS];
    int mode[THREADS][LOCKS]; /* held: 0 exclusive, 1 shared, -1 not */
    int clock[THREADS][THREADS];
    int channel[THREADS]; /* a signal object per thread carries this clock */
    int channel_clock[THREADS][THREADS];
    struct event event[EVENTS];
    int events;
    unsigned place;
};

static uintptr_t lock_address(int lock)
{
    return 0x1000 + 64u * (unsigned)lock;
}

static bool can_acquire(const struct world *world, int lock, int mode)
{
    for (int t = 0; t < THREADS; t++)
        if (world->mode[t][lock] == 0 || (world->mode[t][lock] == 1 && mode == 0))
            return false;
    return true;
}

static void note(struct world *world, int t, int lock, int mode, int try)
{
    for (int from = 0; from < LOCKS; from++) {
        if (world->mode[t][from] < 0 || world->events == EVENTS)
            continue;
        struct event *event = &world->event[world->events++];
        *event = (struct event){t, from, lock, world->mode[t][from], mode, try, {0}, {0}};
        memcpy(event->held_mode, world->mode[t], sizeof(event->held_mode));
        memcpy(event->clock, world->clock[t], sizeof(event->clock));
    }
}

static void acquire(struct world *world, int t, int lock, int mode, int try)
{
    if (world->mode[t][lock] >= 0 || !can_acquire(world, lock, mode))
        return;
    note(world, t, lock, mode, try);
    world->mode[t][lock] = mode;
    snarl_lock_acquired(world->thr[t], lock_address(lock), SNARL_KIND_RWLOCK, 0,
                        mode ? SNARL_MODE_READ : SNARL_MODE_WRITE, try ? SNARL_HOW_TRY : SNARL_HOW_BLOCK,
                        stage_site(10 + world->place++));
}

static void release(struct world *world, int t, int lock)
{
    if (world->mode[t][lock] < 0)
        return;
    world->mode[t][lock] = -1;
    snarl_lock_releasing(world->thr[t], lock_address(lock), stage_site(0));
}

static void send(struct world *world, int t)
{
    for (int i = 0; i < THREADS; i++)
        if (world->clock[t][i] > world->channel_clock[t][i])
            world->channel_clock[t][i] = world->clock[t][i];
    world->clock[t][t]++;
    snarl_order_release(world->thr[t], 0x9000 + 64u * (unsigned)t);
}

static void receive(struct world *world, int t, int from)
{
    for (int i = 0; i < THREADS; i++)
        if (world->channel_clock[from][i] > world->clock[t][i])
            world->clock[t][i] = world->channel_clock[from][i];
    snarl_order_acquire(world->thr[t], 0x9000 + 64u * (unsigned)from);
}

static void step(struct world *world)
{
    int t = rand() % THREADS, what = rand() % 20;
    if (what < 9)
        acquire(world, t, rand() % LOCKS, rand() % 3 == 0, rand() % 5 == 0);
    else if (what < 18)
        release(world, t, rand() % LOCKS);
    else if (what == 18)
        send(world, t);
    else
        receive(world, t, rand() % THREADS);
}

static void set_up(struct world *world, struct snarl_thread *main_thread)
{
    memset(world, 0, sizeof(*world));
    memset(world->mode, -1, sizeof(world->mode));
    for (int t = 0; t < THREADS; t++)
        world->thr[t] = stage_thread(main_thread);
    for (int t = 0; t < THREADS; t++)
        world->clock[t][t] = 1;
}

/* --- the oracle --- */

static bool before(const struct event *a, const struct event *b)
{
    return b->clock[a->thread] >= a->clock[a->thread];
}

static bool together(const struct event *a, const struct event *b)
{
    if (a->thread == b->thread || before(a, b) || before(b, a))
        return false;
    for (int lock = 0; lock < LOCKS; lock++)
        if (a->held_mode[lock] >= 0 && b->held_mode[lock] >= 0 && !(a->held_mode[lock] && b->held_mode[lock]))
            return false;
    return true;
}

static bool stops(const struct event *waiter, const struct event *holder)
{
    return waiter->to == holder->from && !(waiter->to_mode && holder->from_mode);
}

static bool closes(const struct world *world, int *path, int length)
{
    if (length >= 2 && stops(&world->event[path[length - 1]], &world->event[path[0]]))
        return true;
    if (length == THREADS)
        return false;
    for (int next = 0; next < world->events; next++) {
        const struct event *event = &world->event[next];
        bool fits = !event->try && stops(&world->event[path[length - 1]], event);
        for (int i = 0; i < length && fits; i++)
            fits = together(&world->event[path[i]], event);
        path[length] = next;
        if (fits && closes(world, path, length + 1))
            return true;
    }
    return false;
}

static bool oracle(const struct world *world)
{
    int path[THREADS];
    for (path[0] = 0; path[0] < world->events; path[0]++)
        if (!world->event[path[0]].try && closes(world, path, 1))
            return true;
    return false;
}

static void play(unsigned seed)
{
    static struct world s_world;
    srand(seed);
    struct snarl_thread *main_thread = stage_open();
    set_up(&s_world, main_thread);
    for (int i = 0; i < STEPS; i++)
        step(&s_world);
    bool expected = oracle(&s_world);
    cr_assert_eq(snarl_finding_count() > 0, expected, "seed %u: %u findings, oracle says %s", seed,
                 snarl_finding_count(), expected ? "possible" : "impossible");
}

/* The engine's state lives as long as the process: each trace has its own. */
static void play_in_child(unsigned seed)
{
    pid_t pid = fork();
    if (pid == 0) {
        play(seed);
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "seed %u", seed);
}

Test(lockgraph, agrees_with_the_oracle_on_random_schedules)
{
    for (unsigned seed = 1; seed <= 1500; seed++)
        play_in_child(seed);
}

static void two_orders(struct snarl_thread *one, struct snarl_thread *two)
{
    stage_lock(one, 0x100, 1);
    stage_lock(one, 0x200, 2);
    stage_unlock(one, 0x200);
    stage_unlock(one, 0x100);
    stage_lock(two, 0x200, 3);
    stage_lock(two, 0x100, 4);
    stage_unlock(two, 0x100);
    stage_unlock(two, 0x200);
}

Test(lockgraph, finds_the_classic_inversion_once)
{
    struct snarl_thread *main_thread = stage_open();
    struct snarl_thread *one = stage_thread(main_thread), *two = stage_thread(main_thread);
    for (int i = 0; i < 100; i++)
        two_orders(one, two);
    cr_assert_eq(snarl_finding_count(), 1);
}

Test(lockgraph, a_destroyed_lock_starts_anew)
{
    struct snarl_thread *main_thread = stage_open();
    struct snarl_thread *one = stage_thread(main_thread), *two = stage_thread(main_thread);
    stage_lock(one, 0x100, 1);
    stage_lock(one, 0x200, 2);
    stage_unlock(one, 0x200);
    stage_unlock(one, 0x100);
    snarl_lock_destroy(one, 0x100, SNARL_KIND_MUTEX, stage_site(5));
    stage_lock(two, 0x200, 3);
    stage_lock(two, 0x100, 4);
    cr_assert_eq(snarl_finding_count(), 0);
}

Test(lockgraph, a_thread_that_joins_the_other_is_ordered)
{
    struct snarl_thread *main_thread = stage_open();
    struct snarl_thread *one = stage_thread(main_thread);
    stage_lock(one, 0x100, 1);
    stage_lock(one, 0x200, 2);
    stage_unlock(one, 0x200);
    stage_unlock(one, 0x100);
    snarl_engine_thread_end(one);
    snarl_join_over(main_thread, one, true);
    stage_lock(main_thread, 0x200, 3);
    stage_lock(main_thread, 0x100, 4);
    cr_assert_eq(snarl_finding_count(), 0);
    cr_assert_gt(snarl_counters[SNARL_COUNT_CYCLE_ORDERED], 0);
}

/* A long chain of orders must not make each new edge search the whole graph. */
Test(lockgraph, long_chains_stay_cheap, .timeout = 20)
{
    struct snarl_thread *main_thread = stage_open();
    for (uintptr_t i = 0; i < 50000; i++) {
        stage_lock(main_thread, 0x100000 + i * 64, 1);
        stage_lock(main_thread, 0x100000 + (i + 1) * 64, 2);
        stage_unlock(main_thread, 0x100000 + (i + 1) * 64);
        stage_unlock(main_thread, 0x100000 + i * 64);
    }
    cr_assert_eq(snarl_counters[SNARL_COUNT_EDGES], 50000);
    cr_assert_eq(snarl_finding_count(), 0);
}
