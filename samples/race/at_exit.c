/* A handler that a thread has registered runs at the end, after all that the thread did before.
 *
 * expect: nothing */
#include "../scene.h"

static int s_counter;

static void at_exit(void)
{
    printf("%d at the end\n", s_counter);
}

static void *registrar(void *unused)
{
    s_counter = 5;
    atexit(at_exit);
    scene_arrive();
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, registrar, NULL);
    pthread_detach(thread);
    scene_await(1);
    return 0;
}
