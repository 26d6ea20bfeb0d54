/* A semaphore that starts at one and is always posted by the thread that waited is a lock. Here it is one half of
 * an opposite order with a mutex.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=slot,mutex exit=66
 * fixed: nothing */
#include "../scene.h"
#include <semaphore.h>

static sem_t slot;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *worker_one(void *unused)
{
    sem_wait(&slot); /* @a1 */
    pthread_mutex_lock(&mutex); /* @b1 */
    pthread_mutex_unlock(&mutex);
    sem_post(&slot);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
#ifdef FIXED
    sem_wait(&slot);
    pthread_mutex_lock(&mutex);
#else
    pthread_mutex_lock(&mutex); /* @b2 */
    sem_wait(&slot); /* @a2 */
#endif
    sem_post(&slot);
    pthread_mutex_unlock(&mutex);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    sem_init(&slot, 0, 1);
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
