/* A child is started with posix_spawn and an environment of its own.
 *
 * expect: lock-order-inversion functions=first_order,second_order locks=lock_a,lock_b exit=66 */
#include "inversion.h"
#include <spawn.h>
#include <sys/wait.h>

int main(int count, char **arguments)
{
    char *environment[] = {"GREETING=hello", NULL};
    char *again[] = {arguments[0], "child", NULL};
    int status = 0;
    pid_t child;
    if (count > 1) {
        invert();
        puts(getenv("GREETING"));
        return 3;
    }
    if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, again, environment) != 0)
        return 1;
    waitpid(child, &status, 0);
    printf("child said %d\n", WEXITSTATUS(status));
    return 0;
}
