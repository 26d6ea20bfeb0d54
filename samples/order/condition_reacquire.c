/* A condition wait gives its mutex back and takes it again when it returns. Here another lock, taken after the mutex,
 * is held across the wait: at the return the order is the other way round than at the start. The waiter itself is
 * enough for one half of the cycle; any thread that takes the two in the first order is the other half.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two lines=@inner,@wait,@mutex2,@inner2 locks=mutex,inner exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t inner = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_changed = PTHREAD_COND_INITIALIZER;
static int s_ready;

static void *worker_one(void *unused)
{
    pthread_mutex_lock(&mutex);
#ifndef FIXED
    pthread_mutex_lock(&inner); /* @inner */
#endif
    scene_arrive();
    while (!s_ready)
        pthread_cond_wait(&s_changed, &mutex); /* @wait */
#ifdef FIXED
    pthread_mutex_lock(&inner);
#endif
    pthread_mutex_unlock(&inner);
    pthread_mutex_unlock(&mutex);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&mutex);
    s_ready = 1;
    pthread_cond_signal(&s_changed);
    pthread_mutex_unlock(&mutex);
    scene_await(2);
    pthread_mutex_lock(&mutex); /* @mutex2 */
    pthread_mutex_lock(&inner); /* @inner2 */
    pthread_mutex_unlock(&inner);
    pthread_mutex_unlock(&mutex);
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
