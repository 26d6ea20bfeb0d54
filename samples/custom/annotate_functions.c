/* A lock made of an atomic flag, told to the detector with the annotations of Valgrind and Chromium (Annotate...).
 *
 * expect: lock-order-inversion functions=worker_one,worker_two locks=lock_a,lock_b exit=66
 * fixed: nothing */
#include "../scene.h"

/* As dynamic_annotations.h declares them; weak, so that the program also runs without a detector. */
void AnnotateRWLockCreate(const char *file, int line, const volatile void *lock) __attribute__((weak));
void AnnotateRWLockDestroy(const char *file, int line, const volatile void *lock) __attribute__((weak));
void AnnotateRWLockAcquired(const char *file, int line, const volatile void *lock, long write) __attribute__((weak));
void AnnotateRWLockReleased(const char *file, int line, const volatile void *lock, long write) __attribute__((weak));

struct flag_lock {
    int taken;
};

static struct flag_lock lock_a, lock_b;

static void take(struct flag_lock *lock)
{
    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
        sched_yield();
    if (AnnotateRWLockAcquired)
        AnnotateRWLockAcquired(__FILE__, __LINE__, lock, 1);
}

static void give(struct flag_lock *lock)
{
    if (AnnotateRWLockReleased)
        AnnotateRWLockReleased(__FILE__, __LINE__, lock, 1);
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
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
    if (AnnotateRWLockCreate) {
        AnnotateRWLockCreate(__FILE__, __LINE__, &lock_a);
        AnnotateRWLockCreate(__FILE__, __LINE__, &lock_b);
    }
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    if (AnnotateRWLockDestroy) {
        AnnotateRWLockDestroy(__FILE__, __LINE__, &lock_a);
        AnnotateRWLockDestroy(__FILE__, __LINE__, &lock_b);
    }
    puts("done");
    return 0;
}
