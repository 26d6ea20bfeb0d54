/* Each thread holds one read-write lock for writing and asks for the other one for reading: a writer keeps
 * readers out, so this deadlocks in another schedule.
 * The twin holds for reading only: readers let each other in.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=table,index_lock exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t index_lock = PTHREAD_RWLOCK_INITIALIZER;

#ifdef FIXED
#define hold pthread_rwlock_rdlock
#else
#define hold pthread_rwlock_wrlock
#endif

static void *worker_one(void *unused)
{
    hold(&table); /* @a1 */
    pthread_rwlock_rdlock(&index_lock); /* @b1 */
    pthread_rwlock_unlock(&index_lock);
    pthread_rwlock_unlock(&table);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    hold(&index_lock); /* @b2 */
    pthread_rwlock_rdlock(&table); /* @a2 */
    pthread_rwlock_unlock(&table);
    pthread_rwlock_unlock(&index_lock);
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
