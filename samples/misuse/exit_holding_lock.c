/* A thread returns from its start function while it holds a mutex.
 *
 * expect: lock-misuse rule=exit-holding-lock functions=worker lines=@lock locks=s_mutex exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *worker(void *unused)
{
    pthread_mutex_lock(&s_mutex); /* @lock */
#ifdef FIXED
    pthread_mutex_unlock(&s_mutex);
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
