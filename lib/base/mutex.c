/* mutex.c - see mutex.h. */
#include "base/mutex.h"

#include "base/os.h"

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
