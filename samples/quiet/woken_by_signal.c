/* Every thread waits, but a timer's signal handler will post the semaphore: not a stall.
 *
 * expect: nothing */
#include "../scene.h"
#include <semaphore.h>
#include <signal.h>

static sem_t s_alarm;

static void on_alarm(int number)
{
    (void)number;
    sem_post(&s_alarm);
}

static void *worker(void *unused)
{
    while (sem_wait(&s_alarm) != 0)
        ;
    return unused;
}

int main(void)
{
    pthread_t thread;
    sem_init(&s_alarm, 0, 0);
    signal(SIGALRM, on_alarm);
    alarm(1);
    pthread_create(&thread, NULL, worker, NULL);
    pthread_join(thread, NULL);
    sem_destroy(&s_alarm);
    puts("done");
    return 0;
}
