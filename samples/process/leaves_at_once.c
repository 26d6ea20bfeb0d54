/* The process leaves with _exit from a second thread: no atexit function and no destructor runs.
 *
 * expect: lock-order-inversion functions=first_order,second_order locks=lock_a,lock_b exit=66 */
#include "inversion.h"

static void *leave(void *unused)
{
    _exit(unused ? 1 : 5);
}

int main(void)
{
    pthread_t thread;
    invert();
    pthread_create(&thread, NULL, leave, NULL);
    pthread_detach(thread);
    for (;;)
        pause();
}
