/* One thread waits at a barrier with a lock in its hands that the other one needs on its way to the barrier.
 *
 * expect: stall functions=worker_one,worker_two lines=@hold,@wait,@need locks=s_mutex exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t s_barrier;

static void *worker_one(void *unused)
{
    pthread_mutex_lock(&s_mutex); /* @hold */
    scene_arrive();
#ifdef FIXED
    pthread_mutex_unlock(&s_mutex);
#endif
    pthread_barrier_wait(&s_barrier); /* @wait */
#ifndef FIXED
    pthread_mutex_unlock(&s_mutex);
#endif
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&s_mutex); /* @need */
    pthread_mutex_unlock(&s_mutex);
    pthread_barrier_wait(&s_barrier);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_barrier_init(&s_barrier, NULL, 2);
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    pthread_barrier_destroy(&s_barrier);
    puts("done");
    return 0;
}
