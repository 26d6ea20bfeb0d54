/* An initialiser run by pthread_once takes a mutex; another thread calls pthread_once while it holds that mutex.
 * If it comes while the initialiser runs, both wait for ever.
 *
 * expect: lock-order-inversion functions=load,worker_two lines=@once1,@config1,@config2,@once2 locks=s_once,config exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_once_t s_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t config = PTHREAD_MUTEX_INITIALIZER;
static int s_value;

static void load(void)
{
    pthread_mutex_lock(&config); /* @config1 */
    s_value = 42;
    pthread_mutex_unlock(&config);
}

static void *worker_one(void *unused)
{
    pthread_once(&s_once, load); /* @once1 */
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
#ifdef FIXED
    pthread_once(&s_once, load);
    pthread_mutex_lock(&config);
#else
    pthread_mutex_lock(&config); /* @config2 */
    pthread_once(&s_once, load); /* @once2 */
#endif
    s_value++;
    pthread_mutex_unlock(&config);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
