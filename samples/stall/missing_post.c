/* The producer leaves by its error path without posting the semaphore.
 *
 * expect: stall functions=worker_one lines=@wait locks=s_items exit=66 hangs
 * fixed: nothing */
#include "../scene.h"
#include <semaphore.h>

static sem_t s_items;

static int produce(void)
{
    return -1;
}

static void *worker_one(void *unused)
{
    sem_wait(&s_items); /* @wait */
    return unused;
}

static void *worker_two(void *unused)
{
#ifndef FIXED
    if (produce() < 0)
        return NULL;
#else
    (void)produce;
#endif
    sem_post(&s_items);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    sem_init(&s_items, 0, 0);
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
