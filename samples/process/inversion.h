/* inversion.h - two threads, two locks, opposite order, one after the other: something to be found in a process. */
#ifndef SAMPLES_INVERSION_H
#define SAMPLES_INVERSION_H

#include "../scene.h"

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;

static inline void *first_order(void *unused)
{
    pthread_mutex_lock(&lock_a);
    pthread_mutex_lock(&lock_b);
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
    scene_arrive();
    return unused;
}

static inline void *second_order(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&lock_b);
    pthread_mutex_lock(&lock_a);
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_b);
    return unused;
}

static inline void invert(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, first_order, NULL);
    pthread_create(&two, NULL, second_order, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
}

#endif
