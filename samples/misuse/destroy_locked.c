/* A mutex is destroyed while it is locked.
 *
 * expect: lock-misuse rule=destroy-locked functions=worker lines=@hold,@destroy locks=s_mutex exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *worker(void *unused)
{
    pthread_mutex_lock(&s_mutex); /* @hold */
#ifdef FIXED
    pthread_mutex_unlock(&s_mutex);
    pthread_mutex_destroy(&s_mutex);
#else
    pthread_mutex_destroy(&s_mutex); /* @destroy */
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
