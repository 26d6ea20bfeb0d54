/* A semaphore is destroyed while a thread waits for it; the waiter's time limit ends the wait.
 *
 * expect: lock-misuse rule=destroy-waiting functions=main lines=@destroy locks=s_items exit=66
 * fixed: nothing */
#include "../scene.h"
#include <semaphore.h>

static sem_t s_items;
static int s_tid;

static void *waiter(void *unused)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    s_tid = gettid();
    scene_arrive();
    sem_timedwait(&s_items, &until);
    return unused;
}

int main(void)
{
    pthread_t thread;
    sem_init(&s_items, 0, 0);
    pthread_create(&thread, NULL, waiter, NULL);
    scene_await(1);
    scene_await_blocked(s_tid);
#ifdef FIXED
    sem_post(&s_items);
    pthread_join(thread, NULL);
    sem_destroy(&s_items);
#else
    sem_destroy(&s_items); /* @destroy */
    pthread_join(thread, NULL);
#endif
    puts("done");
    return 0;
}
