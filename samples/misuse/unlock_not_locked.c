/* A mutex is unlocked twice.
 *
 * expect: lock-misuse rule=unlock-not-locked functions=worker lines=@unlock locks=s_mutex exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *worker(void *unused)
{
    pthread_mutex_lock(&s_mutex);
    pthread_mutex_unlock(&s_mutex);
#ifndef FIXED
    pthread_mutex_unlock(&s_mutex); /* @unlock */
#endif
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, worker, NULL);
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
