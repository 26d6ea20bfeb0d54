/* 100,000 locks in four threads, nested pairs in one order. Memory and time must stay small.
 *
 * expect: nothing memory=200 */
#include "../scene.h"

#define LOCKS 100000
#define WORKERS 4

static pthread_mutex_t *s_locks;
static long s_sums[WORKERS];

static void *worker(void *argument)
{
    long *sum = argument;
    for (int i = 0; i + 1 < LOCKS; i++) {
        pthread_mutex_lock(&s_locks[i]);
        pthread_mutex_lock(&s_locks[i + 1]);
        (*sum)++;
        pthread_mutex_unlock(&s_locks[i + 1]);
        pthread_mutex_unlock(&s_locks[i]);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[WORKERS];
    long sum = 0;
    s_locks = calloc(LOCKS, sizeof(*s_locks));
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&s_locks[i], NULL);
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, worker, &s_sums[i]);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        sum += s_sums[i];
    }
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&s_locks[i]);
    free(s_locks);
    printf("%ld pairs\n", sum);
    return 0;
}
