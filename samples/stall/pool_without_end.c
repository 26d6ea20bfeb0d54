/* The workers of a pool wait for more work; the main thread has put in all there is and joins them without telling
 * them that this was all.
 *
 * expect: stall functions=worker lines=@wait locks=s_filled exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_filled = PTHREAD_COND_INITIALIZER;
static int s_waiting, s_done, s_end;

static void *worker(void *unused)
{
    pthread_mutex_lock(&s_mutex);
    for (;;) {
        while (s_waiting == 0 && !s_end)
            pthread_cond_wait(&s_filled, &s_mutex); /* @wait */
        if (s_waiting == 0)
            break;
        s_waiting--;
        s_done++;
    }
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

int main(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, worker, NULL);
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&s_mutex);
        s_waiting++;
        pthread_cond_signal(&s_filled);
        pthread_mutex_unlock(&s_mutex);
    }
#ifdef FIXED
    pthread_mutex_lock(&s_mutex);
    s_end = 1;
    pthread_cond_broadcast(&s_filled);
    pthread_mutex_unlock(&s_mutex);
#endif
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("did %d\n", s_done);
    return 0;
}
