/* A signal handler locks a mutex that happens to be free. The twin posts a semaphore, which handlers may do.
 *
 * expect: signal-unsafe functions=on_signal lines=@lock exit=66
 * fixed: nothing */
#include "../scene.h"
#include <semaphore.h>
#include <signal.h>

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t s_signalled;

static void on_signal(int number)
{
    (void)number;
#ifndef FIXED
    pthread_mutex_lock(&s_mutex); /* @lock */
    pthread_mutex_unlock(&s_mutex);
#else
    (void)s_mutex;
#endif
    sem_post(&s_signalled);
}

static void *worker(void *unused)
{
    scene_arrive();
    while (sem_trywait(&s_signalled) != 0)
        sched_yield();
    return unused;
}

int main(void)
{
    pthread_t thread;
    sem_init(&s_signalled, 0, 0);
    signal(SIGUSR1, on_signal);
    pthread_create(&thread, NULL, worker, NULL);
    scene_await(1);
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
