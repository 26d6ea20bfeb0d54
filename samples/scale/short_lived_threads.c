/* 5,000 threads one after the other: what is kept of a thread that is gone must stay small.
 *
 * expect: nothing memory=200 */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static int s_sum;

static void *worker(void *unused)
{
    pthread_mutex_lock(&s_mutex);
    s_sum++;
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

int main(void)
{
    for (int i = 0; i < 5000; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, worker, NULL);
        pthread_join(thread, NULL);
    }
    printf("sum %d\n", s_sum);
    return 0;
}
