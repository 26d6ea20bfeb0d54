/* An initialiser waits for a mutex whose owner waits for the initialiser.
 *
 * expect: deadlock functions=load,worker_two lines=@once1,@config1,@config2,@once2 locks=s_once,config exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_once_t s_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t config = PTHREAD_MUTEX_INITIALIZER;
static int s_value;

static void load(void)
{
#ifndef FIXED
    scene_meet(2);
#endif
    pthread_mutex_lock(&config); /* @config1 */
    s_value = 42;
    pthread_mutex_unlock(&config);
}

static void *worker_one(void *unused)
{
    pthread_once(&s_once, load); /* @once1 */
    return unused;
}

static void *worker_two(void *unused)
{
#ifdef FIXED
    pthread_once(&s_once, load);
    pthread_mutex_lock(&config);
#else
    pthread_mutex_lock(&config); /* @config2 */
    scene_meet(2);
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
