/* mutex.h - mutexes for the other interceptors that take or wait on one (conditions, C11). Within the guard. */
#ifndef SNARL_PRELOAD_MUTEX_H
#define SNARL_PRELOAD_MUTEX_H

#include <pthread.h>

#include "engine.h"

enum snarl_kind snarl_mutex_kind(const pthread_mutex_t *mutex);
uint32_t snarl_mutex_flags(const pthread_mutex_t *mutex);
bool snarl_mutex_destroyed(const pthread_mutex_t *mutex);
int snarl_mutex_lock_at(struct snarl_thread *thr, pthread_mutex_t *mutex, struct snarl_site site);
int snarl_mutex_trylock_at(struct snarl_thread *thr, pthread_mutex_t *mutex, struct snarl_site site);
int snarl_mutex_timedlock_at(struct snarl_thread *thr, pthread_mutex_t *mutex, const struct timespec *deadline,
                             struct snarl_site site);
int snarl_mutex_unlock_at(struct snarl_thread *thr, pthread_mutex_t *mutex, struct snarl_site site);


/* condition.c: a whole wait, for C11; `thr` has entered, and has left when it returns. `deadline` may be NULL. */
int snarl_condition_wait_at(struct snarl_thread *thr, pthread_cond_t *condition, pthread_mutex_t *mutex,
                            const struct timespec *deadline, struct snarl_site site);

#endif
