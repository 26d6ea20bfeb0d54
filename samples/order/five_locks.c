/* Five threads, five locks, each thread takes its own and then its neighbour's: a cycle of length five.
 *
 * expect: lock-order-inversion functions=worker lines=@own,@next locks=s_locks threads=5 exit=66
 * fixed: nothing */
#include "../scene.h"

#define COUNT 5

static pthread_mutex_t s_locks[COUNT];
static int s_numbers[COUNT];

static void *worker(void *argument)
{
    int own = *(int *)argument;
    int next = (own + 1) % COUNT;
    scene_await(own);
#ifdef FIXED
    if (own > next) {
        int swap = own;
        own = next;
        next = swap;
    }
#endif
    pthread_mutex_lock(&s_locks[own]); /* @own */
    pthread_mutex_lock(&s_locks[next]); /* @next */
    pthread_mutex_unlock(&s_locks[next]);
    pthread_mutex_unlock(&s_locks[own]);
    scene_arrive();
    return NULL;
}

int main(void)
{
    pthread_t threads[COUNT];
    for (int i = 0; i < COUNT; i++) {
        s_numbers[i] = i;
        pthread_mutex_init(&s_locks[i], NULL);
    }
    for (int i = 0; i < COUNT; i++)
        pthread_create(&threads[i], NULL, worker, &s_numbers[i]);
    for (int i = 0; i < COUNT; i++)
        pthread_join(threads[i], NULL);
    puts("done");
    return 0;
}
