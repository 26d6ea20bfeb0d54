/* Two readers, holding one read-write lock each, both wait to write the other one.
 *
 * expect: deadlock functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=table,index_lock exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t index_lock = PTHREAD_RWLOCK_INITIALIZER;

static void *worker_one(void *unused)
{
    pthread_rwlock_rdlock(&table); /* @a1 */
#ifdef FIXED
    pthread_rwlock_unlock(&table);
#else
    scene_meet(2);
#endif
    pthread_rwlock_wrlock(&index_lock); /* @b1 */
    pthread_rwlock_unlock(&index_lock);
#ifndef FIXED
    pthread_rwlock_unlock(&table);
#endif
    return unused;
}

static void *worker_two(void *unused)
{
    pthread_rwlock_rdlock(&index_lock); /* @b2 */
#ifdef FIXED
    pthread_rwlock_unlock(&index_lock);
#else
    scene_meet(2);
#endif
    pthread_rwlock_wrlock(&table); /* @a2 */
    pthread_rwlock_unlock(&table);
#ifndef FIXED
    pthread_rwlock_unlock(&index_lock);
#endif
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
