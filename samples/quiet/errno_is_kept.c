/* The program's own state survives every intercepted call: errno, the signal mask, floating-point rounding, and the
 * return values of calls that fail.
 *
 * expect: nothing */
#include "../scene.h"
#include <fenv.h>
#include <signal.h>

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static void check(int good, const char *what)
{
    if (!good)
        printf("changed: %s\n", what);
}

static void *worker(void *unused)
{
    sigset_t before, after;
    fesetround(FE_UPWARD);
    sigemptyset(&before);
    sigaddset(&before, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = 1234;
    pthread_mutex_lock(&s_mutex);
    check(pthread_mutex_trylock(&s_mutex) == EBUSY, "trylock's result");
    pthread_mutex_unlock(&s_mutex);
    check(errno == 1234, "errno");
    check(fegetround() == FE_UPWARD, "rounding");
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    check(sigismember(&after, SIGUSR2) == 1 && sigismember(&after, SIGUSR1) == 0, "the signal mask");
    check(pthread_join(pthread_self(), NULL) == EDEADLK, "join's result");
    return unused;
}

int main(void)
{
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, worker, &s_mutex);
    pthread_join(thread, &result);
    check(result == &s_mutex, "the thread's result");
    puts("done");
    return 0;
}
