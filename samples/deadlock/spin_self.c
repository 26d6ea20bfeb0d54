/* A thread takes a spinlock that it already holds.
 *
 * expect: deadlock functions=worker_one lines=@first,@again locks=spin exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_spinlock_t spin;

static void *worker_one(void *unused)
{
    pthread_spin_lock(&spin); /* @first */
#ifndef FIXED
    pthread_spin_lock(&spin); /* @again */
#endif
    pthread_spin_unlock(&spin);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    pthread_spin_lock(&spin);
    pthread_spin_unlock(&spin);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
