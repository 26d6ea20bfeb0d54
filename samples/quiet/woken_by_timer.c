/* All threads wait, but one of them with a time limit, after which it wakes the other one: not a stall.
 *
 * expect: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_changed = PTHREAD_COND_INITIALIZER;
static int s_over;

static void *clockwork(void *unused)
{
    struct timespec until;
    pthread_mutex_lock(&s_mutex);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    while (pthread_cond_clockwait(&s_changed, &s_mutex, CLOCK_MONOTONIC, &until) == 0)
        ;
    s_over = 1;
    pthread_cond_broadcast(&s_changed);
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, clockwork, NULL);
    pthread_mutex_lock(&s_mutex);
    while (!s_over)
        pthread_cond_wait(&s_changed, &s_mutex);
    pthread_mutex_unlock(&s_mutex);
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
