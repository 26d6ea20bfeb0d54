/* Both threads take the gate first, so their opposite orders never overlap, although they run at the same time.
 *
 * expect: nothing */
#include "../scene.h"

static pthread_mutex_t s_gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;

static void use(pthread_mutex_t *first, pthread_mutex_t *second)
{
    pthread_mutex_lock(&s_gate);
    pthread_mutex_lock(first);
    pthread_mutex_lock(second);
    pthread_mutex_unlock(&s_gate);
    pthread_mutex_unlock(second);
    pthread_mutex_unlock(first);
}

static void *worker_one(void *unused)
{
    for (int i = 0; i < 1000; i++)
        use(&lock_a, &lock_b);
    return unused;
}

static void *worker_two(void *unused)
{
    for (int i = 0; i < 1000; i++)
        use(&lock_b, &lock_a);
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
