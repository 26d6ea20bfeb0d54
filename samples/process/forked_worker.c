/* A child made by fork alone goes on and has the bug; the parent waits.
 *
 * expect: lock-order-inversion functions=first_order,second_order locks=lock_a,lock_b exit=66 */
#include "inversion.h"
#include <sys/wait.h>

int main(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        invert();
        exit(3);
    }
    waitpid(child, &status, 0);
    printf("child said %d\n", WEXITSTATUS(status));
    return 0;
}
