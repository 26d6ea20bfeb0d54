/* A descriptor is closed twice. In a program with threads another one may have been given its number in between.
 *
 * expect: lock-misuse rule=double-close functions=worker lines=@again exit=66
 * fixed: nothing */
#include "../scene.h"

static void *worker(void *unused)
{
    int file = dup(0);
    close(file);
#ifndef FIXED
    close(file); /* @again */
#endif
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, worker, NULL);
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
