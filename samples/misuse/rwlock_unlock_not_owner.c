/* A thread gives back a write lock that another thread holds.
 *
 * expect: lock-misuse rule=unlock-not-owner functions=thief lines=@hold,@unlock locks=s_table exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_rwlock_t s_table = PTHREAD_RWLOCK_INITIALIZER;

static void *thief(void *unused)
{
    scene_await(1);
#ifndef FIXED
    pthread_rwlock_unlock(&s_table); /* @unlock */
#endif
    scene_arrive();
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, thief, NULL);
    pthread_rwlock_wrlock(&s_table); /* @hold */
    scene_arrive();
    scene_await(2);
#ifdef FIXED
    pthread_rwlock_unlock(&s_table);
#endif
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
