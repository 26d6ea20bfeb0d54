/* Messages handed over by one atomic flag, in all the ways that order them, none of which may be reported, and in ways that look alike
 * and do not, each of which must be. One message and one flag for each way; the sender is done before the receiver looks.
 *
 * expect: data-race functions=put_relaxed,get_relaxed lines=@put_relaxed,@get_relaxed location=s_relaxed exit=66
 * expect: data-race functions=put_released,get_released lines=@put_released,@get_released location=s_released
 * expect: data-race functions=put_unfenced,get_unfenced lines=@put_unfenced,@get_unfenced location=s_unfenced
 * expect: data-race functions=put_after,get_after lines=@put_after,@get_after location=s_after
 * expect: data-race functions=put_overwritten,get_overwritten lines=@put_overwritten,@get_overwritten location=s_overwritten
 * expect: data-race functions=put_elsewhere,get_elsewhere lines=@put_elsewhere,@get_elsewhere location=s_elsewhere
 * expect: data-race functions=put_failed,get_failed lines=@put_failed,@get_failed location=s_failed
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

#ifdef FIXED
#define RELEASE_IF_FIXED __ATOMIC_RELEASE
#define ACQUIRE_IF_FIXED __ATOMIC_ACQUIRE
#else
#define RELEASE_IF_FIXED __ATOMIC_RELAXED
#define ACQUIRE_IF_FIXED __ATOMIC_RELAXED
#endif

static int s_flag[16];
static int s_relaxed, s_released, s_unfenced, s_after, s_overwritten, s_elsewhere, s_failed;
static int s_right[9];

/* --- ways that look as if they did --- */

static void put_relaxed(void)
{
    s_relaxed = 1; /* @put_relaxed */
    __atomic_store_n(&s_flag[0], 1, RELEASE_IF_FIXED);
}

static int get_relaxed(void)
{
    (void)__atomic_load_n(&s_flag[0], __ATOMIC_ACQUIRE);
    return s_relaxed; /* @get_relaxed */
}

static void put_released(void)
{
    s_released = 1; /* @put_released */
    __atomic_store_n(&s_flag[1], 1, __ATOMIC_RELEASE);
}

static int get_released(void)
{
    (void)__atomic_load_n(&s_flag[1], ACQUIRE_IF_FIXED);
    return s_released; /* @get_released */
}

/* The fence comes after the store that should carry it. */
static void put_unfenced(void)
{
    s_unfenced = 1; /* @put_unfenced */
#ifdef FIXED
    __atomic_thread_fence(__ATOMIC_RELEASE);
#endif
    __atomic_store_n(&s_flag[2], 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static int get_unfenced(void)
{
    (void)__atomic_load_n(&s_flag[2], __ATOMIC_ACQUIRE);
    return s_unfenced; /* @get_unfenced */
}

/* Written after the release. */
static void put_after(void)
{
#ifdef FIXED
    s_after = 1;
#endif
    __atomic_store_n(&s_flag[3], 1, __ATOMIC_RELEASE);
#ifndef FIXED
    s_after = 1; /* @put_after */
#endif
}

static int get_after(void)
{
    (void)__atomic_load_n(&s_flag[3], __ATOMIC_ACQUIRE);
    return s_after; /* @get_after */
}

/* A relaxed store ends the release sequence, also by the thread that began it (C++20). */
static void put_overwritten(void)
{
    s_overwritten = 1; /* @put_overwritten */
    __atomic_store_n(&s_flag[4], 1, __ATOMIC_RELEASE);
    __atomic_store_n(&s_flag[4], 2, RELEASE_IF_FIXED);
}

static int get_overwritten(void)
{
    (void)__atomic_load_n(&s_flag[4], __ATOMIC_ACQUIRE);
    return s_overwritten; /* @get_overwritten */
}

static void put_elsewhere(void)
{
    s_elsewhere = 1; /* @put_elsewhere */
    __atomic_store_n(&s_flag[5], 1, __ATOMIC_SEQ_CST);
}

static int get_elsewhere(void)
{
#ifdef FIXED
    (void)__atomic_load_n(&s_flag[5], __ATOMIC_SEQ_CST);
#else
    (void)__atomic_load_n(&s_flag[6], __ATOMIC_SEQ_CST);
#endif
    return s_elsewhere; /* @get_elsewhere */
}

/* A compare-and-exchange that fails has only its second order. */
static void put_failed(void)
{
    s_failed = 1; /* @put_failed */
    __atomic_store_n(&s_flag[7], 1, __ATOMIC_RELEASE);
}

static int get_failed(void)
{
    int expected = 5;
    (void)__atomic_compare_exchange_n(&s_flag[7], &expected, 6, 0, __ATOMIC_ACQ_REL, ACQUIRE_IF_FIXED);
    return s_failed; /* @get_failed */
}

/* --- ways that do --- */

static void put_right(void)
{
    int expected = 0;
    for (int i = 0; i < 9; i++)
        s_right[i] = 1;
    __atomic_store_n(&s_flag[8], 1, __ATOMIC_RELEASE);
    __atomic_store_n(&s_flag[9], 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&s_flag[10], 1, __ATOMIC_RELEASE);
    __atomic_fetch_add(&s_flag[10], 1, __ATOMIC_RELAXED); /* goes on with the release sequence */
    (void)__atomic_compare_exchange_n(&s_flag[11], &expected, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    __atomic_exchange_n(&s_flag[12], 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&s_flag[13], 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    __atomic_fetch_or(&s_flag[14], 1, __ATOMIC_RELAXED);
    __atomic_store_n(&s_flag[15], 1, __ATOMIC_RELEASE);
}

static int get_right(int way)
{
    int expected = 1;
    switch (way) {
    case 0:
        (void)__atomic_load_n(&s_flag[8], __ATOMIC_ACQUIRE);
        break;
    case 1:
        (void)__atomic_load_n(&s_flag[9], __ATOMIC_SEQ_CST);
        break;
    case 2:
        (void)__atomic_load_n(&s_flag[10], __ATOMIC_ACQUIRE);
        break;
    case 3:
        (void)__atomic_load_n(&s_flag[11], __ATOMIC_CONSUME);
        break;
    case 4:
        (void)__atomic_fetch_add(&s_flag[12], 1, __ATOMIC_ACQUIRE);
        break;
    case 5:
        (void)__atomic_load_n(&s_flag[13], __ATOMIC_ACQUIRE);
        break;
    case 6:
        (void)__atomic_load_n(&s_flag[14], __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        break;
    case 7:
        (void)__atomic_load_n(&s_flag[8], __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        break;
    default:
        (void)__atomic_compare_exchange_n(&s_flag[15], &expected, 2, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
        break;
    }
    return s_right[way];
}

/* --- a pair of threads for each way --- */

static void (*const s_put[])(void) = {put_relaxed, put_released, put_unfenced, put_after, put_overwritten,
                                      put_elsewhere, put_failed, put_right};
static int (*const s_get[])(void) = {get_relaxed, get_released, get_unfenced, get_after, get_overwritten, get_elsewhere,
                                     get_failed};
enum { PUTS = sizeof(s_put) / sizeof(s_put[0]), GETS = sizeof(s_get) / sizeof(s_get[0]) };

static void *send(void *way)
{
    s_put[(size_t)way]();
    scene_arrive();
    return NULL;
}

static void *receive(void *argument)
{
    size_t way = (size_t)argument;
    scene_await(PUTS);
    int value = way < GETS ? s_get[way]() : get_right((int)(way - GETS));
    if (value != 1)
        abort();
    return NULL;
}

int main(void)
{
    enum { RIGHT = sizeof(s_right) / sizeof(s_right[0]) };
    pthread_t sender[PUTS], receiver[GETS + RIGHT];
    for (size_t i = 0; i < GETS + RIGHT; i++)
        pthread_create(&receiver[i], NULL, receive, (void *)i);
    for (size_t i = 0; i < PUTS; i++)
        pthread_create(&sender[i], NULL, send, (void *)i);
    for (size_t i = 0; i < PUTS; i++)
        pthread_join(sender[i], NULL);
    for (size_t i = 0; i < GETS + RIGHT; i++)
        pthread_join(receiver[i], NULL);
    return 0;
}
