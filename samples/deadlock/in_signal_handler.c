/* A signal handler takes a mutex that the interrupted thread holds. The twin gives the mutex
 * back first: no deadlock, but to lock in a handler stays unsafe.
 *
 * expect: signal-unsafe functions=on_signal lines=@handler
 * expect: deadlock functions=on_signal,worker lines=@hold,@handler locks=s_mutex exit=66 hangs
 * fixed: signal-unsafe functions=on_signal lines=@handler exit=66 */
#include "../scene.h"
#include <signal.h>

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static int s_signalled;

static void on_signal(int number)
{
    (void)number;
    pthread_mutex_lock(&s_mutex); /* @handler */
    __atomic_store_n(&s_signalled, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&s_mutex);
}

static void *worker(void *unused)
{
    pthread_mutex_lock(&s_mutex); /* @hold */
#ifdef FIXED
    pthread_mutex_unlock(&s_mutex);
#endif
    scene_arrive();
    while (!__atomic_load_n(&s_signalled, __ATOMIC_RELAXED))
        sched_yield();
#ifndef FIXED
    pthread_mutex_unlock(&s_mutex);
#endif
    return unused;
}

int main(void)
{
    pthread_t thread;
    signal(SIGUSR1, on_signal);
    pthread_create(&thread, NULL, worker, NULL);
    scene_await(1);
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
