/* Two read-write locks in opposite order, but only ever taken for reading: readers let each other in.
 *
 * expect: nothing */
#include "../scene.h"

static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t index_lock = PTHREAD_RWLOCK_INITIALIZER;

static void *worker_one(void *unused)
{
    pthread_rwlock_rdlock(&table);
    pthread_rwlock_rdlock(&index_lock);
    pthread_rwlock_unlock(&index_lock);
    pthread_rwlock_unlock(&table);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    pthread_rwlock_rdlock(&index_lock);
    pthread_rwlock_rdlock(&table);
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
