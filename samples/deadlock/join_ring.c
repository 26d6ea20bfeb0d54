/* Three threads join each other in a ring.
 *
 * expect: deadlock functions=worker lines=@join threads=3 exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

#define COUNT 3

static pthread_t s_threads[COUNT];
static int s_numbers[COUNT] = {0, 1, 2};

static void *worker(void *argument)
{
    int self = *(int *)argument;
    scene_await(1);
#ifdef FIXED
    if (self == COUNT - 1)
        return NULL;
#endif
    pthread_join(s_threads[(self + 1) % COUNT], NULL); /* @join */
    return NULL;
}

int main(void)
{
    for (int i = 0; i < COUNT; i++)
        pthread_create(&s_threads[i], NULL, worker, &s_numbers[i]);
    scene_arrive();
#ifdef FIXED
    pthread_join(s_threads[0], NULL);
    puts("done");
    return 0;
#else
    pthread_exit(NULL);
#endif
}
