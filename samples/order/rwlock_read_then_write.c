/* Each thread holds one read-write lock for reading and asks for the other one for writing: a reader keeps
 * writers out. In the twin one side asks for reading only, which the other side's read lock allows.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=table,index_lock exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t index_lock = PTHREAD_RWLOCK_INITIALIZER;

static void *worker_one(void *unused)
{
    pthread_rwlock_rdlock(&table); /* @a1 */
    pthread_rwlock_wrlock(&index_lock); /* @b1 */
    pthread_rwlock_unlock(&index_lock);
    pthread_rwlock_unlock(&table);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    pthread_rwlock_rdlock(&index_lock); /* @b2 */
#ifdef FIXED
    pthread_rwlock_rdlock(&table);
#else
    pthread_rwlock_wrlock(&table); /* @a2 */
#endif
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
