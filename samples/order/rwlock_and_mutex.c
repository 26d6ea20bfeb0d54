/* A mutex and a read-write lock: one thread reads the table and then takes the mutex, the other one takes the
 * mutex and then writes the table. The twin's second thread only reads the table.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=table,journal exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t journal = PTHREAD_MUTEX_INITIALIZER;

static void *worker_one(void *unused)
{
    pthread_rwlock_rdlock(&table); /* @a1 */
    pthread_mutex_lock(&journal); /* @b1 */
    pthread_mutex_unlock(&journal);
    pthread_rwlock_unlock(&table);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&journal); /* @b2 */
#ifdef FIXED
    pthread_rwlock_rdlock(&table);
#else
    pthread_rwlock_wrlock(&table); /* @a2 */
#endif
    pthread_rwlock_unlock(&table);
    pthread_mutex_unlock(&journal);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
