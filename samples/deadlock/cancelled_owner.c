/* A thread is cancelled while it holds a lock and has no cleanup handler that gives it back.
 *
 * expect: lock-misuse rule=exit-holding-lock functions=sleeper lines=@hold locks=s_mutex
 * expect: deadlock functions=main,sleeper lines=@hold,@wait locks=s_mutex exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

#ifdef FIXED
static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}
#endif

static void *sleeper(void *unused)
{
    pthread_mutex_lock(&s_mutex); /* @hold */
    scene_arrive();
#ifdef FIXED
    pthread_cleanup_push(unlock, &s_mutex);
    for (;;)
        pause();
    pthread_cleanup_pop(1);
#else
    for (;;)
        pause();
#endif
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sleeper, NULL);
    scene_await(1);
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    pthread_mutex_lock(&s_mutex); /* @wait */
    pthread_mutex_unlock(&s_mutex);
    puts("done");
    return 0;
}
