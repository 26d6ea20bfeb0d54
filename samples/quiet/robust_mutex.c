/* The owner of a robust mutex dies; the next one is told (EOWNERDEAD), repairs the data and goes on. That is what
 * robust mutexes are for.
 *
 * expect: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex;
static int s_value;

static void *dies(void *unused)
{
    pthread_mutex_lock(&s_mutex);
    s_value = -1;
    return unused;
}

static void *repairs(void *unused)
{
    if (pthread_mutex_lock(&s_mutex) == EOWNERDEAD) {
        s_value = 7;
        pthread_mutex_consistent(&s_mutex);
    }
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&s_mutex, &attributes);
    pthread_create(&one, NULL, dies, NULL);
    pthread_join(one, NULL);
    pthread_create(&two, NULL, repairs, NULL);
    pthread_join(two, NULL);
    pthread_mutex_destroy(&s_mutex);
    printf("value %d\n", s_value);
    return 0;
}
