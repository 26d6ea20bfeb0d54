/* mutex.h - the detector's own lock: three states in a futex word, after Drepper's "Futexes Are Tricky".
 *
 * It never calls into libc and is not recursive. Signals are the caller's matter: whoever may be interrupted
 * by a handler that comes back into the detector is guarded by its thread's guard counter (the handler
 * then bypasses us), so no lock here blocks signals. The order of all such locks, outermost first:
 * lock graph < registry < waits < finding < stack depot < modules < memory.
 * After fork the child calls snarl_mutex_reset on each of them (snarl_engine_forked). */
#ifndef SNARL_BASE_MUTEX_H
#define SNARL_BASE_MUTEX_H

#include <stdint.h>

struct snarl_mutex {
    uint32_t state; /* 0 free, 1 held, 2 held and somebody may wait */
};

void snarl_mutex_lock(struct snarl_mutex *mutex);
void snarl_mutex_unlock(struct snarl_mutex *mutex);
/* Makes it free whatever it was: for the child of a fork, where its holder may not exist. */
void snarl_mutex_reset(struct snarl_mutex *mutex);

#endif
