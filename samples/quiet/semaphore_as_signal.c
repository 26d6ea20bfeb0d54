/* Semaphores that carry signals from one thread to another are no locks: the pairs of waits and posts below look like
 * opposite orders, and are a plain producer and consumer with two semaphores.
 *
 * expect: nothing */
#include "../scene.h"
#include <semaphore.h>

static sem_t s_full, s_empty;
static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static int s_slots, s_sum;

static void *producer(void *unused)
{
    for (int i = 0; i < 500; i++) {
        sem_wait(&s_empty);
        pthread_mutex_lock(&s_mutex);
        s_slots++;
        pthread_mutex_unlock(&s_mutex);
        sem_post(&s_full);
    }
    return unused;
}

static void *consumer(void *unused)
{
    for (int i = 0; i < 500; i++) {
        sem_wait(&s_full);
        pthread_mutex_lock(&s_mutex);
        s_slots--;
        s_sum++;
        pthread_mutex_unlock(&s_mutex);
        sem_post(&s_empty);
    }
    return unused;
}

int main(void)
{
    pthread_t one, two;
    sem_init(&s_full, 0, 0);
    sem_init(&s_empty, 0, 1);
    pthread_create(&one, NULL, producer, NULL);
    pthread_create(&two, NULL, consumer, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    printf("sum %d\n", s_sum);
    return 0;
}
