/* A writer holds a mutex and waits for a read-write lock that two readers hold; one of the two waits for the mutex.
 * The other reader is not part of the cycle and finishes.
 *
 * expect: deadlock functions=reader,writer lines=@read,@mutex1,@mutex2,@write locks=s_table,s_journal threads=2 exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_rwlock_t s_table = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t s_journal = PTHREAD_MUTEX_INITIALIZER;

static void *bystander(void *unused)
{
    pthread_rwlock_rdlock(&s_table);
    scene_meet(3);
    pthread_rwlock_unlock(&s_table);
    return unused;
}

static void *reader(void *unused)
{
    pthread_rwlock_rdlock(&s_table); /* @read */
#ifdef FIXED
    scene_meet(3);
    pthread_rwlock_unlock(&s_table);
    pthread_mutex_lock(&s_journal);
#else
    scene_meet(3);
    pthread_mutex_lock(&s_journal); /* @mutex1 */
    pthread_rwlock_unlock(&s_table);
#endif
    pthread_mutex_unlock(&s_journal);
    return unused;
}

static void *writer(void *unused)
{
    pthread_mutex_lock(&s_journal); /* @mutex2 */
    scene_meet(3);
    pthread_rwlock_wrlock(&s_table); /* @write */
    pthread_rwlock_unlock(&s_table);
    pthread_mutex_unlock(&s_journal);
    return unused;
}

int main(void)
{
    void *(*workers[])(void *) = {bystander, reader, writer};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, workers[i], NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    puts("done");
    return 0;
}
