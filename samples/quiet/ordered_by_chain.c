/* Opposite orders in two threads that are kept apart by a chain through a third one: semaphore, then barrier, then
 * the creation of the last thread.
 *
 * expect: nothing */
#include "../scene.h"
#include <semaphore.h>

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;
static sem_t s_done;
static pthread_barrier_t s_barrier;

static void *first(void *unused)
{
    pthread_mutex_lock(&lock_a);
    pthread_mutex_lock(&lock_b);
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
    sem_post(&s_done);
    return unused;
}

static void *between(void *unused)
{
    while (sem_wait(&s_done) != 0)
        ;
    pthread_barrier_wait(&s_barrier);
    return unused;
}

static void *last(void *unused)
{
    pthread_mutex_lock(&lock_b);
    pthread_mutex_lock(&lock_a);
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_b);
    return unused;
}

int main(void)
{
    pthread_t threads[3];
    sem_init(&s_done, 0, 0);
    pthread_barrier_init(&s_barrier, NULL, 2);
    pthread_create(&threads[0], NULL, first, NULL);
    pthread_create(&threads[1], NULL, between, NULL);
    pthread_barrier_wait(&s_barrier);
    pthread_create(&threads[2], NULL, last, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&s_barrier);
    puts("done");
    return 0;
}
