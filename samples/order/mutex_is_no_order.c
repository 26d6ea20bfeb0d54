/* In this run a third mutex was given back by the first thread and then taken by the second one, which makes it look as
 * if the first came before the second. A mutex promises no such thing: next time the second one may come first.
 * The twin uses a semaphore, which does promise it.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=lock_a,lock_b exit=66
 * fixed: nothing */
#include "../scene.h"
#include <semaphore.h>

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t s_log = PTHREAD_MUTEX_INITIALIZER;
static sem_t s_first;

static void note(void)
{
    pthread_mutex_lock(&s_log);
    pthread_mutex_unlock(&s_log);
}

static void *worker_one(void *unused)
{
    pthread_mutex_lock(&lock_a); /* @a1 */
    pthread_mutex_lock(&lock_b); /* @b1 */
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
    note();
    sem_post(&s_first);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
#ifdef FIXED
    while (sem_wait(&s_first) != 0)
        ;
#else
    scene_await(1);
#endif
    note();
    pthread_mutex_lock(&lock_b); /* @b2 */
    pthread_mutex_lock(&lock_a); /* @a2 */
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_b);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    sem_init(&s_first, 0, 0);
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
