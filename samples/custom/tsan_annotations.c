/* A lock made of an atomic flag, told to the detector with the annotations of ThreadSanitizer's tsan_interface.h.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two locks=lock_a,lock_b exit=66
 * fixed: nothing */
#include "../scene.h"

/* As tsan_interface.h declares them; weak, so that the program also runs without a detector. */
void __tsan_mutex_create(void *lock, unsigned flags) __attribute__((weak));
void __tsan_mutex_destroy(void *lock, unsigned flags) __attribute__((weak));
void __tsan_mutex_pre_lock(void *lock, unsigned flags) __attribute__((weak));
void __tsan_mutex_post_lock(void *lock, unsigned flags, int recursion) __attribute__((weak));
int __tsan_mutex_pre_unlock(void *lock, unsigned flags) __attribute__((weak));
void __tsan_mutex_post_unlock(void *lock, unsigned flags) __attribute__((weak));

struct flag_lock {
    int taken;
};

static struct flag_lock lock_a, lock_b;

static void take(struct flag_lock *lock)
{
    if (__tsan_mutex_pre_lock)
        __tsan_mutex_pre_lock(lock, 0);
    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
        sched_yield();
    if (__tsan_mutex_post_lock)
        __tsan_mutex_post_lock(lock, 0, 1);
}

static void give(struct flag_lock *lock)
{
    if (__tsan_mutex_pre_unlock)
        __tsan_mutex_pre_unlock(lock, 0);
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
    if (__tsan_mutex_post_unlock)
        __tsan_mutex_post_unlock(lock, 0);
}

static void *worker_one(void *unused)
{
    take(&lock_a);
    take(&lock_b);
    give(&lock_b);
    give(&lock_a);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
#ifdef FIXED
    take(&lock_a);
    take(&lock_b);
#else
    take(&lock_b);
    take(&lock_a);
#endif
    give(&lock_a);
    give(&lock_b);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    if (__tsan_mutex_create) {
        __tsan_mutex_create(&lock_a, 0);
        __tsan_mutex_create(&lock_b, 0);
    }
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    if (__tsan_mutex_destroy) {
        __tsan_mutex_destroy(&lock_a, 0);
        __tsan_mutex_destroy(&lock_b, 0);
    }
    puts("done");
    return 0;
}
