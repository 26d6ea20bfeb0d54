/* A thread unlocks a mutex that another thread holds.
 *
 * expect: lock-misuse rule=unlock-not-owner functions=thief lines=@hold,@unlock locks=s_mutex exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *thief(void *unused)
{
    scene_await(1);
#ifndef FIXED
    pthread_mutex_unlock(&s_mutex); /* @unlock */
#endif
    scene_arrive();
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, thief, NULL);
    pthread_mutex_lock(&s_mutex); /* @hold */
    scene_arrive();
    scene_await(2);
#ifdef FIXED
    pthread_mutex_unlock(&s_mutex);
#endif
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
