/* A joinable thread is neither joined nor detached: its stack is never given back. This alone does not fail the run.
 *
 * expect: thread-leak functions=main lines=@create exit=0
 * fixed: nothing */
#include "../scene.h"

static void *worker(void *unused)
{
    scene_arrive();
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, worker, NULL); /* @create */
    scene_await(1);
#ifdef FIXED
    pthread_join(thread, NULL);
#endif
    puts("done");
    return 0;
}
