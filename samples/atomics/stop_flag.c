/* A worker goes on until it is told to stop, and then leaves its result; the bug reads the result before the worker was joined.
 *
 * expect: data-race functions=work,main lines=@write,@read location=s_result exit=66
 * fixed: nothing */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_bool s_stop;
static long s_result;
static long s_steps[64];

static void step(int i)
{
    s_steps[i % 64] += i;
}

static void *work(void *unused)
{
    int i = 0;
    while (!s_stop)
        step(i++);
    s_result = s_steps[3]; /* @write */
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    usleep(20000);
    s_stop = 1;
#ifdef FIXED
    pthread_join(thread, NULL);
#endif
    long result = s_result; /* @read */
#ifndef FIXED
    pthread_join(thread, NULL);
#endif
    return result < 0;
}
