/* A single-threaded program frees memory in a timer's handler.
 *
 * expect: signal-unsafe functions=on_alarm lines=@free exit=66
 * fixed: nothing */
#include "../scene.h"
#include <signal.h>
#include <sys/time.h>

static char *s_text;
static volatile sig_atomic_t s_fired;

static void on_alarm(int number)
{
    (void)number;
#ifndef FIXED
    free(s_text); /* @free */
#endif
    s_fired = 1;
}

int main(void)
{
    struct itimerval soon = {.it_value = {.tv_usec = 10000}};
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    s_text = malloc(100);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    while (!s_fired)
        sched_yield();
#ifdef FIXED
    free(s_text);
#endif
    puts("done");
    return 0;
}
