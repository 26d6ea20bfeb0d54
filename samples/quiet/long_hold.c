/* A lock is held for a long time by a thread that sleeps and computes; others wait for it. Slow, but no deadlock.
 *
 * expect: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *waiter(void *unused)
{
    pthread_mutex_lock(&s_mutex);
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

int main(void)
{
    pthread_t threads[3];
    struct timespec pause = {.tv_sec = 1};
    pthread_mutex_lock(&s_mutex);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, waiter, NULL);
    nanosleep(&pause, NULL);
    pthread_mutex_unlock(&s_mutex);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    puts("done");
    return 0;
}
