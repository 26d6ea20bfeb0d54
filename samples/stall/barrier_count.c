/* A barrier was made for three threads, but only two ever come.
 *
 * expect: stall functions=worker lines=@wait locks=s_barrier exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

#define WORKERS 2
#ifdef FIXED
#define COUNT WORKERS
#else
#define COUNT (WORKERS + 1)
#endif

static pthread_barrier_t s_barrier;

static void *worker(void *unused)
{
    pthread_barrier_wait(&s_barrier); /* @wait */
    return unused;
}

int main(void)
{
    pthread_t threads[WORKERS];
    pthread_barrier_init(&s_barrier, NULL, COUNT);
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, worker, NULL);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&s_barrier);
    puts("done");
    return 0;
}
