/* The main thread joins a thread that waits for a semaphore which only the main thread would have posted, later.
 *
 * expect: stall functions=main,worker lines=@wait,@join locks=s_stop exit=66 hangs
 * fixed: nothing */
#include "../scene.h"
#include <semaphore.h>

static sem_t s_stop;

static void *worker(void *unused)
{
    while (sem_wait(&s_stop) != 0) /* @wait */
        ;
    return unused;
}

int main(void)
{
    pthread_t thread;
    sem_init(&s_stop, 0, 0);
    pthread_create(&thread, NULL, worker, NULL);
#ifdef FIXED
    sem_post(&s_stop);
#endif
    pthread_join(thread, NULL); /* @join */
#ifndef FIXED
    sem_post(&s_stop);
#endif
    puts("done");
    return 0;
}
