/* The process dies of a null pointer after the inversion.
 *
 * expect: lock-order-inversion functions=first_order,second_order locks=lock_a,lock_b exit=66 */
#include "inversion.h"

int main(void)
{
    int *volatile nothing = NULL;
    invert();
    return *nothing;
}
