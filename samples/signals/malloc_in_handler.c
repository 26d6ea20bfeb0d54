/* A signal handler calls malloc, which may have been interrupted in the middle. The twin sets a flag.
 *
 * expect: signal-unsafe functions=on_signal lines=@malloc exit=66
 * fixed: nothing */
#include "../scene.h"
#include <signal.h>

static char *s_text;
static int s_signalled;

static void on_signal(int number)
{
    (void)number;
#ifndef FIXED
    s_text = malloc(20); /* @malloc */
#endif
    __atomic_store_n(&s_signalled, 1, __ATOMIC_RELAXED);
}

static void *worker(void *unused)
{
    scene_arrive();
    while (!__atomic_load_n(&s_signalled, __ATOMIC_RELAXED))
        sched_yield();
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
    free(s_text);
    puts("done");
    return 0;
}
