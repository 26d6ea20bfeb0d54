/* A thread joins another one while it holds a lock that the other one needs to finish.
 *
 * expect: deadlock functions=shut_down,worker lines=@hold,@join,@need locks=s_queue exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_queue = PTHREAD_MUTEX_INITIALIZER;
static int s_stopped;

static void *worker(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&s_queue); /* @need */
    pthread_mutex_unlock(&s_queue);
    return unused;
}

static void shut_down(pthread_t thread)
{
    pthread_mutex_lock(&s_queue); /* @hold */
    s_stopped = 1;
    scene_arrive();
#ifdef FIXED
    pthread_mutex_unlock(&s_queue);
    pthread_join(thread, NULL);
#else
    pthread_join(thread, NULL); /* @join */
    pthread_mutex_unlock(&s_queue);
#endif
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, worker, NULL);
    shut_down(thread);
    printf("stopped %d\n", s_stopped);
    return 0;
}
