/* A spinlock is unlocked that nobody holds.
 *
 * expect: lock-misuse rule=unlock-not-locked functions=worker lines=@unlock locks=s_spin exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_spinlock_t s_spin;

static void *worker(void *unused)
{
    pthread_spin_lock(&s_spin);
    pthread_spin_unlock(&s_spin);
#ifndef FIXED
    pthread_spin_unlock(&s_spin); /* @unlock */
#endif
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_spin_init(&s_spin, PTHREAD_PROCESS_PRIVATE);
    pthread_create(&thread, NULL, worker, NULL);
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
