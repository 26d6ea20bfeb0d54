/* Every kind of mutex, used as its manual says: recursive, error-checking (which tells its owner so instead of
 * deadlocking), adaptive, priority-inheriting and process-shared.
 *
 * expect: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutexes[5];
static int s_sum;

static void make(pthread_mutex_t *mutex, int type, int protocol, int shared)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type);
    pthread_mutexattr_setprotocol(&attributes, protocol);
    pthread_mutexattr_setpshared(&attributes, shared);
    pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static void *worker(void *unused)
{
    for (int i = 0; i < 1000; i++) {
        for (int kind = 0; kind < 5; kind++)
            pthread_mutex_lock(&s_mutexes[kind]);
        pthread_mutex_lock(&s_mutexes[0]);
        if (pthread_mutex_lock(&s_mutexes[1]) != EDEADLK)
            abort();
        s_sum++;
        pthread_mutex_unlock(&s_mutexes[0]);
        for (int kind = 4; kind >= 0; kind--)
            pthread_mutex_unlock(&s_mutexes[kind]);
    }
    return unused;
}

int main(void)
{
    pthread_t one, two;
    make(&s_mutexes[0], PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE, PTHREAD_PROCESS_PRIVATE);
    make(&s_mutexes[1], PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, PTHREAD_PROCESS_PRIVATE);
    make(&s_mutexes[2], PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_PRIO_NONE, PTHREAD_PROCESS_PRIVATE);
    make(&s_mutexes[3], PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT, PTHREAD_PROCESS_PRIVATE);
    make(&s_mutexes[4], PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_PROCESS_SHARED);
    pthread_create(&one, NULL, worker, NULL);
    pthread_create(&two, NULL, worker, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    for (int kind = 0; kind < 5; kind++)
        pthread_mutex_destroy(&s_mutexes[kind]);
    printf("sum %d\n", s_sum);
    return 0;
}
