/* Ten threads leak at one place: one finding with its count.
 *
 * expect: thread-leak functions=main lines=@create count=10 exit=0
 * fixed: nothing */
#include "../scene.h"

static void *worker(void *unused)
{
    scene_arrive();
    return unused;
}

int main(void)
{
    for (int i = 0; i < 10; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, worker, NULL); /* @create */
#ifdef FIXED
        pthread_detach(thread);
#endif
    }
    scene_await(10);
    puts("done");
    return 0;
}
