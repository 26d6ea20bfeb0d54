/* Two threads join each other. The manual lets the C library refuse that; today's does not.
 *
 * expect: deadlock functions=worker_one,worker_two lines=@two,@one threads=2 exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_t s_one, s_two;
static int s_one_tid;

static void *worker_one(void *unused)
{
    s_one_tid = gettid();
    scene_await(1);
    scene_arrive();
    pthread_join(s_two, NULL); /* @two */
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(2);
    scene_await_blocked(s_one_tid);
#ifndef FIXED
    pthread_join(s_one, NULL); /* @one */
#endif
    return unused;
}

int main(void)
{
    pthread_create(&s_one, NULL, worker_one, NULL);
    pthread_create(&s_two, NULL, worker_two, NULL);
    scene_arrive();
#ifdef FIXED
    pthread_join(s_one, NULL);
    puts("done");
    return 0;
#else
    pthread_exit(NULL);
#endif
}
