/* A reader asks for the write lock without giving its read lock back: it waits for itself.
 *
 * expect: lock-misuse rule=rwlock-upgrade functions=refresh lines=@read,@write locks=s_cache
 * expect: deadlock functions=refresh lines=@read,@write locks=s_cache exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_rwlock_t s_cache = PTHREAD_RWLOCK_INITIALIZER;

static void *refresh(void *unused)
{
    pthread_rwlock_rdlock(&s_cache); /* @read */
#ifdef FIXED
    pthread_rwlock_unlock(&s_cache);
#endif
    pthread_rwlock_wrlock(&s_cache); /* @write */
    pthread_rwlock_unlock(&s_cache);
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, refresh, NULL);
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
