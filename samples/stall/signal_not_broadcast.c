/* Two threads wait for the same event, and one signal is sent: one of them sleeps on. The twin broadcasts.
 *
 * expect: stall functions=waiter lines=@wait locks=s_started exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_started = PTHREAD_COND_INITIALIZER;
static int s_go;

static void *waiter(void *unused)
{
    pthread_mutex_lock(&s_mutex);
    scene_arrive();
    while (!s_go)
        pthread_cond_wait(&s_started, &s_mutex); /* @wait */
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, waiter, NULL);
    pthread_create(&two, NULL, waiter, NULL);
    scene_await(2);
    pthread_mutex_lock(&s_mutex);
    s_go = 1;
#ifdef FIXED
    pthread_cond_broadcast(&s_started);
#else
    pthread_cond_signal(&s_started);
#endif
    pthread_mutex_unlock(&s_mutex);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
