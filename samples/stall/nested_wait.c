/* A thread waits for a condition while it keeps hold of a second lock, which the signaller needs to get to the
 * signal. (The classic nested monitor.)
 *
 * expect: stall functions=worker_one,worker_two lines=@hold,@wait,@need locks=s_outer,s_changed exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_outer = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t s_inner = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_changed = PTHREAD_COND_INITIALIZER;
static int s_ready;

static void *worker_one(void *unused)
{
#ifndef FIXED
    pthread_mutex_lock(&s_outer); /* @hold */
#endif
    scene_arrive();
    pthread_mutex_lock(&s_inner);
    while (!s_ready)
        pthread_cond_wait(&s_changed, &s_inner); /* @wait */
    pthread_mutex_unlock(&s_inner);
#ifndef FIXED
    pthread_mutex_unlock(&s_outer);
#endif
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&s_outer); /* @need */
    pthread_mutex_lock(&s_inner);
    s_ready = 1;
    pthread_cond_signal(&s_changed);
    pthread_mutex_unlock(&s_inner);
    pthread_mutex_unlock(&s_outer);
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
