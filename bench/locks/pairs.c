/* pairs.c - pairs of lock and unlock, and what one costs in nanoseconds.
 *
 *     pairs single N     one thread in the process
 *     pairs plain N      a second thread exists, asleep
 *     pairs nested N     the same, inside another lock (the inner pair is counted)
 *     pairs apart N      two threads at work, each on a lock of its own, on cache lines of their own
 *     pairs shared N     two threads, one lock
 *
 * The time is that of the slower thread, from a common start. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct work {
    pthread_mutex_t outer;
    pthread_mutex_t inner;
    long count;
    double seconds;
    char apart[128];
} __attribute__((aligned(128)));

static struct work s_works[2];
static struct work *s_locks[2] = {&s_works[0], &s_works[1]};
static pthread_barrier_t s_start;
static int s_nested;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void repeat(struct work *own, pthread_mutex_t *mutex)
{
    double start = now();
    for (long i = 0; i < own->count; i++) {
        pthread_mutex_lock(mutex);
        pthread_mutex_unlock(mutex);
    }
    own->seconds = now() - start;
}

static void measure(int number)
{
    struct work *own = &s_works[number];
    if (s_nested) {
        pthread_mutex_lock(&own->outer);
        repeat(own, &own->inner);
        pthread_mutex_unlock(&own->outer);
    } else {
        repeat(own, &s_locks[number]->inner);
    }
}

static void *second(void *unused)
{
    pthread_barrier_wait(&s_start);
    measure(1);
    return unused;
}

static void *asleep(void *unused)
{
    pthread_barrier_wait(&s_start);
    return unused;
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: pairs single|plain|nested|apart|shared N\n");
        return 2;
    }
    const char *how = arguments[1];
    pthread_t thread;
    int two = strcmp(how, "apart") == 0 || strcmp(how, "shared") == 0;
    s_nested = strcmp(how, "nested") == 0;
    if (strcmp(how, "shared") == 0)
        s_locks[1] = s_locks[0];
    for (int i = 0; i < 2; i++) {
        pthread_mutex_init(&s_works[i].outer, NULL);
        pthread_mutex_init(&s_works[i].inner, NULL);
        s_works[i].count = atol(arguments[2]);
    }
    pthread_barrier_init(&s_start, NULL, 2);
    if (strcmp(how, "single") == 0) {
        measure(0);
    } else {
        pthread_create(&thread, NULL, two ? second : asleep, NULL);
        if (two)
            pthread_barrier_wait(&s_start);
        measure(0);
        if (!two)
            pthread_barrier_wait(&s_start);
        pthread_join(thread, NULL);
    }
    double seconds = s_works[0].seconds > s_works[1].seconds ? s_works[0].seconds : s_works[1].seconds;
    printf("%.3f\n", seconds * 1e9 / (double)s_works[0].count);
    return 0;
}
