/* mutex.c - see mutex.h. */
#include "base/mutex.h"

#include "base/os.h"

/* The linker's names for the bounds of the section that SNARL_MUTEX uses. */
extern struct snarl_mutex __start_snarl_mutexes[] __attribute__((visibility("hidden")));
extern struct snarl_mutex __stop_snarl_mutexes[] __attribute__((visibility("hidden")));

void snarl_mutex_lock(struct snarl_mutex *mutex)
{
    for (int spin = 0; spin < 100; spin++) {
        uint32_t expected = 0;
        if (__atomic_compare_exchange_n(&mutex->state, &expected, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return;
        __builtin_ia32_pause();
    }
    while (__atomic_exchange_n(&mutex->state, 2, __ATOMIC_ACQUIRE) != 0)
        snarl_os_futex_wait(&mutex->state, 2, 0);
}

void snarl_mutex_unlock(struct snarl_mutex *mutex)
{
    if (__atomic_exchange_n(&mutex->state, 0, __ATOMIC_RELEASE) == 2)
        snarl_os_futex_wake(&mutex->state, 1);
}

void snarl_mutex_reset(struct snarl_mutex *mutex)
{
    __atomic_store_n(&mutex->state, 0, __ATOMIC_RELEASE);
}

void snarl_mutex_lock_all(void)
{
    for (uint32_t rank = 1; rank < SNARL_RANK_MAX; rank++)
        for (struct snarl_mutex *mutex = __start_snarl_mutexes; mutex < __stop_snarl_mutexes; mutex++)
            if (mutex->rank == rank)
                snarl_mutex_lock(mutex);
}

void snarl_mutex_unlock_all(void)
{
    for (struct snarl_mutex *mutex = __start_snarl_mutexes; mutex < __stop_snarl_mutexes; mutex++)
        snarl_mutex_unlock(mutex);
}
