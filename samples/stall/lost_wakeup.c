/* The signal is sent before anybody waits, and the waiter does not look at a predicate first: nobody will ever
 * wake it. The twin tests the flag.
 *
 * expect: stall functions=worker_one lines=@wait locks=s_done exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_done = PTHREAD_COND_INITIALIZER;
static int s_finished;

static void *worker_one(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&s_mutex);
#ifdef FIXED
    while (!s_finished)
#endif
        pthread_cond_wait(&s_done, &s_mutex); /* @wait */
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

static void *worker_two(void *unused)
{
    pthread_mutex_lock(&s_mutex);
    s_finished = 1;
    pthread_cond_signal(&s_done);
    pthread_mutex_unlock(&s_mutex);
    scene_arrive();
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
