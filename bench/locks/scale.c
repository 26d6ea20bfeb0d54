/* scale.c - a hundred thousand locks, a thousand threads, ten million acquisitions, five hundred locks held at once.
 *
 *     scale LOCKS THREADS ACQUISITIONS HELD
 *
 * Each thread walks over its own part of the locks and, now and then, over a common one, in nested pairs of rising
 * order; one of them first takes HELD locks at once. Prints the acquisitions made. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t *s_locks;
static long s_lock_count, s_thread_count, s_per_thread, s_held;
static pthread_barrier_t s_start;
static long s_total;

static void *worker(void *argument)
{
    long number = (long)argument;
    long made = 0;
    unsigned long position = (unsigned long)number * 2654435761ul;
    pthread_barrier_wait(&s_start);
    if (number == 0) {
        for (long i = 0; i < s_held; i++)
            pthread_mutex_lock(&s_locks[i]);
        for (long i = s_held; i-- > 0;)
            pthread_mutex_unlock(&s_locks[i]);
        made += s_held;
    }
    while (made + 2 <= s_per_thread) {
        position = position * 6364136223846793005ul + 1442695040888963407ul;
        long first = (long)((position >> 33) % 100) + number * (s_lock_count / s_thread_count);
        first %= s_lock_count - 1;
        pthread_mutex_lock(&s_locks[first]);
        pthread_mutex_lock(&s_locks[first + 1]);
        pthread_mutex_unlock(&s_locks[first + 1]);
        pthread_mutex_unlock(&s_locks[first]);
        made += 2;
    }
    __atomic_fetch_add(&s_total, made, __ATOMIC_RELAXED);
    return NULL;
}

int main(int count, char **arguments)
{
    if (count != 5) {
        fprintf(stderr, "usage: scale LOCKS THREADS ACQUISITIONS HELD\n");
        return 2;
    }
    s_lock_count = atol(arguments[1]);
    s_thread_count = atol(arguments[2]);
    s_per_thread = atol(arguments[3]) / s_thread_count;
    s_held = atol(arguments[4]);
    s_locks = calloc((size_t)s_lock_count, sizeof(*s_locks));
    pthread_t *threads = calloc((size_t)s_thread_count, sizeof(*threads));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    for (long i = 0; i < s_lock_count; i++)
        pthread_mutex_init(&s_locks[i], NULL);
    pthread_barrier_init(&s_start, NULL, (unsigned)s_thread_count);
    for (long i = 0; i < s_thread_count; i++)
        pthread_create(&threads[i], &attributes, worker, (void *)i);
    for (long i = 0; i < s_thread_count; i++)
        pthread_join(threads[i], NULL);
    printf("%ld\n", s_total);
    free(threads);
    free(s_locks);
    return 0;
}
