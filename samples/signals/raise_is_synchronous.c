/* raise() runs the handler at a place the program chose: nothing is interrupted, and malloc is fine there.
 *
 * expect: nothing */
#include "../scene.h"
#include <signal.h>

static char *s_text;

static void on_signal(int number)
{
    (void)number;
    s_text = malloc(20);
}

static void *worker(void *unused)
{
    raise(SIGUSR1);
    return unused;
}

int main(void)
{
    pthread_t thread;
    signal(SIGUSR1, on_signal);
    pthread_create(&thread, NULL, worker, NULL);
    pthread_join(thread, NULL);
    free(s_text);
    puts("done");
    return 0;
}
