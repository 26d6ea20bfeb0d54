/* A read-write lock is unlocked that nobody holds.
 *
 * expect: lock-misuse rule=unlock-not-locked functions=worker lines=@unlock locks=s_table exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_rwlock_t s_table = PTHREAD_RWLOCK_INITIALIZER;

static void *worker(void *unused)
{
#ifdef FIXED
    pthread_rwlock_rdlock(&s_table);
#endif
    pthread_rwlock_unlock(&s_table); /* @unlock */
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
