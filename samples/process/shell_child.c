/* The bug is in a grandchild, started through a shell.
 *
 * expect: lock-order-inversion functions=first_order,second_order locks=lock_a,lock_b exit=66 */
#include "inversion.h"

int main(int count, char **arguments)
{
    char command[4096];
    if (count > 1) {
        invert();
        return 3;
    }
    snprintf(command, sizeof(command), "%s child; echo status $?", arguments[0]);
    return system(command) == 0 ? 0 : 1;
}
