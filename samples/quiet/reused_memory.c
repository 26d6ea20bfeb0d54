/* Two locks are destroyed, and later two others are made at the same addresses with the opposite order: they are
 * different locks, and there is no cycle.
 *
 * expect: nothing */
#include "../scene.h"

struct pair {
    pthread_mutex_t low;
    pthread_mutex_t high;
};

static struct pair *s_pair;

static void make(void)
{
    pthread_mutex_init(&s_pair->low, NULL);
    pthread_mutex_init(&s_pair->high, NULL);
}

static void drop(void)
{
    pthread_mutex_destroy(&s_pair->low);
    pthread_mutex_destroy(&s_pair->high);
}

static void use(pthread_mutex_t *first, pthread_mutex_t *second)
{
    pthread_mutex_lock(first);
    pthread_mutex_lock(second);
    pthread_mutex_unlock(second);
    pthread_mutex_unlock(first);
}

static void *upwards(void *unused)
{
    make();
    use(&s_pair->low, &s_pair->high);
    drop();
    scene_arrive();
    return unused;
}

static void *downwards(void *unused)
{
    scene_await(1);
    make();
    use(&s_pair->high, &s_pair->low);
    drop();
    return unused;
}

int main(void)
{
    pthread_t one, two;
    s_pair = malloc(sizeof(*s_pair));
    pthread_create(&one, NULL, upwards, NULL);
    pthread_create(&two, NULL, downwards, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    free(s_pair);
    puts("done");
    return 0;
}
