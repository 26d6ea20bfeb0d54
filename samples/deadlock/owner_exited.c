/* A thread ends while it holds a lock; whoever asks for the lock later waits for ever.
 *
 * expect: lock-misuse rule=exit-holding-lock functions=careless lines=@hold locks=s_mutex
 * expect: deadlock functions=main,careless lines=@hold,@wait locks=s_mutex exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *careless(void *unused)
{
    pthread_mutex_lock(&s_mutex); /* @hold */
#ifdef FIXED
    pthread_mutex_unlock(&s_mutex);
#endif
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, careless, NULL);
    pthread_join(thread, NULL);
    pthread_mutex_lock(&s_mutex); /* @wait */
    pthread_mutex_unlock(&s_mutex);
    puts("done");
    return 0;
}
