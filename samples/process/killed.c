/* The process is killed by SIGKILL, which nobody can catch, after the inversion: what was found is not lost.
 *
 * expect: lock-order-inversion functions=first_order,second_order locks=lock_a,lock_b exit=66 */
#include "inversion.h"
#include <signal.h>

int main(void)
{
    invert();
    kill(getpid(), SIGKILL);
    return 0;
}
