/* 1,000 threads alive at once, each taking a common lock and one of its own.
 *
 * expect: nothing memory=200 */
#include "../scene.h"

#define WORKERS 1000

static pthread_mutex_t s_common = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t s_own[WORKERS];
static pthread_barrier_t s_all;
static int s_sum;

static void *worker(void *argument)
{
    pthread_mutex_t *own = argument;
    pthread_barrier_wait(&s_all);
    for (int i = 0; i < 10; i++) {
        pthread_mutex_lock(own);
        pthread_mutex_lock(&s_common);
        s_sum++;
        pthread_mutex_unlock(&s_common);
        pthread_mutex_unlock(own);
    }
    pthread_barrier_wait(&s_all);
    return NULL;
}

int main(void)
{
    static pthread_t threads[WORKERS];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    pthread_barrier_init(&s_all, NULL, WORKERS);
    for (int i = 0; i < WORKERS; i++) {
        pthread_mutex_init(&s_own[i], NULL);
        pthread_create(&threads[i], &attributes, worker, &s_own[i]);
    }
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    printf("sum %d\n", s_sum);
    return 0;
}
