/* One thread changes the environment while another looks into it.
 *
 * expect: data-race functions=changer,looker lines=@set,@get exit=66
 * fixed: nothing */
#include "../scene.h"

static void *changer(void *unused)
{
    setenv("SAMPLE", "changed", 1); /* @set */
    scene_arrive();
    return unused;
}

static void *looker(void *changing)
{
#ifdef FIXED
    pthread_join(*(pthread_t *)changing, NULL);
#else
    (void)changing;
    scene_await(1);
#endif
    puts(getenv("SAMPLE") ? "there" : "not there"); /* @get */
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    setenv("SAMPLE", "first", 1);
    pthread_create(&threads[0], NULL, changer, NULL);
    pthread_create(&threads[1], NULL, looker, &threads[0]);
#ifndef FIXED
    pthread_join(threads[0], NULL);
#endif
    pthread_join(threads[1], NULL);
    return 0;
}
