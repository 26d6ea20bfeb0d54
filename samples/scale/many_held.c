/* 500 locks held at once by one thread, taken in one order by two threads.
 *
 * expect: nothing memory=200 */
#include "../scene.h"

#define LOCKS 500

static pthread_mutex_t s_locks[LOCKS];
static int s_rounds;

static void *worker(void *unused)
{
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < LOCKS; i++)
            pthread_mutex_lock(&s_locks[i]);
        s_rounds++;
        for (int i = 0; i < LOCKS; i++)
            pthread_mutex_unlock(&s_locks[i]);
    }
    return unused;
}

int main(void)
{
    pthread_t one, two;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&s_locks[i], NULL);
    pthread_create(&one, NULL, worker, NULL);
    pthread_create(&two, NULL, worker, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    printf("rounds %d\n", s_rounds);
    return 0;
}
