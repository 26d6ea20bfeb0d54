/* Opposite orders under a gate lock cannot deadlock, since only one thread at a time is inside; here only one of
 * the two threads takes the gate, which protects nothing. The twin takes it in both.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=lock_a,lock_b exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;

static void *worker_one(void *unused)
{
    pthread_mutex_lock(&s_gate);
    pthread_mutex_lock(&lock_a); /* @a1 */
    pthread_mutex_lock(&lock_b); /* @b1 */
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&s_gate);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
#ifdef FIXED
    pthread_mutex_lock(&s_gate);
#endif
    pthread_mutex_lock(&lock_b); /* @b2 */
    pthread_mutex_lock(&lock_a); /* @a2 */
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_b);
#ifdef FIXED
    pthread_mutex_unlock(&s_gate);
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
