/* A reader asks for the write lock of the lock it reads, with a time limit: the limit saves the program, but the write
 * lock can never be had this way.
 *
 * expect: lock-misuse rule=rwlock-upgrade functions=worker lines=@read,@write locks=s_table exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_rwlock_t s_table = PTHREAD_RWLOCK_INITIALIZER;

static void *worker(void *unused)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    pthread_rwlock_rdlock(&s_table); /* @read */
#ifdef FIXED
    pthread_rwlock_unlock(&s_table);
#endif
    pthread_rwlock_timedwrlock(&s_table, &until); /* @write */
    pthread_rwlock_unlock(&s_table);
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
