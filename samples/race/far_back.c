/* The first access lies fifty million accesses back when the second comes: its stack is still complete.
 *
 * expect: data-race functions=deep,deeper,deepest,worker,main lines=@write,@read location=s_shared exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

static int s_shared;
static int s_private[1000];

static void deepest(void)
{
    s_shared = 1; /* @write */
}

static void deeper(void)
{
    deepest();
}

static void deep(void)
{
    deeper();
}

static void *worker(void *unused)
{
    deep();
    for (int i = 0; i < 25000000; i++)
        s_private[i % 1000] += i;
    scene_arrive();
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, worker, NULL);
    scene_await(1);
#ifdef FIXED
    pthread_join(thread, NULL);
#endif
    printf("%d\n", s_shared); /* @read */
#ifndef FIXED
    pthread_join(thread, NULL);
#endif
    return 0;
}
