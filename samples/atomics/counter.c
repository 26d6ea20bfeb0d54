/* Threads count with relaxed read-modify-writes, and the main thread looks at the count meanwhile; the bug counts by a plain increment.
 *
 * expect: data-race functions=count lines=@count location=s_count exit=66
 * fixed: nothing */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define TIMES 20000

#ifdef FIXED
static atomic_long s_count;
#else
static long s_count;
#endif

static void *count(void *unused)
{
    for (int i = 0; i < TIMES; i++)
#ifdef FIXED
        atomic_fetch_add_explicit(&s_count, 1, memory_order_relaxed);
#else
        s_count++; /* @count */
#endif
    return unused;
}

int main(void)
{
    pthread_t thread[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&thread[i], NULL, count, NULL);
#ifdef FIXED
    long seen = 0;
    for (int i = 0; i < 100 && seen >= 0; i++)
        seen = atomic_load_explicit(&s_count, memory_order_relaxed);
    if (seen < 0)
        return 1;
#endif
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
#ifdef FIXED
    printf("%ld\n", s_count);
#endif
    return 0;
}
