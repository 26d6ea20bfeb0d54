/* A child process, started with fork and exec, has the bug; its parent never has a second thread.
 *
 * expect: lock-order-inversion functions=first_order,second_order locks=lock_a,lock_b exit=66 */
#include "inversion.h"
#include <sys/wait.h>

int main(int count, char **arguments)
{
    int status = 0;
    if (count > 1) {
        invert();
        return 3;
    }
    if (fork() == 0) {
        execl("/proc/self/exe", arguments[0], "child", (char *)NULL);
        _exit(1);
    }
    wait(&status);
    printf("child said %d\n", WEXITSTATUS(status));
    return 0;
}
