/* A child is started with an empty environment: it is followed all the same.
 *
 * expect: lock-order-inversion functions=first_order,second_order locks=lock_a,lock_b exit=66 */
#include "inversion.h"
#include <sys/wait.h>

int main(int count, char **arguments)
{
    char *empty[] = {NULL};
    int status = 0;
    if (count > 1) {
        invert();
        return getenv("PATH") ? 1 : 3;
    }
    if (vfork() == 0) {
        char *again[] = {arguments[0], "child", NULL};
        execve("/proc/self/exe", again, empty);
        _exit(1);
    }
    wait(&status);
    printf("child said %d\n", WEXITSTATUS(status));
    return 0;
}
