/* The process becomes another program after the inversion.
 *
 * expect: lock-order-inversion functions=first_order,second_order locks=lock_a,lock_b exit=66 */
#include "inversion.h"

int main(void)
{
    invert();
    execl("/bin/echo", "echo", "another", (char *)NULL);
    return 1;
}
