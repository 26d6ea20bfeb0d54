/* Two threads use localtime, which answers both from the same place.
 *
 * expect: data-race functions=first,second what=localtime exit=66
 * fixed: nothing */
#include "../scene.h"

static int year_of(const time_t *when, struct tm *own)
{
#ifdef FIXED
    return localtime_r(when, own)->tm_year;
#else
    (void)own;
    return localtime(when)->tm_year;
#endif
}

static void *first(void *year)
{
    struct tm own;
    time_t when = 86400 * 365;
    *(int *)year = year_of(&when, &own);
    scene_arrive();
    return NULL;
}

static void *second(void *year)
{
    struct tm own;
    time_t when = 86400 * 365 * 3;
    scene_await(1);
    *(int *)year = year_of(&when, &own);
    return NULL;
}

int main(void)
{
    int years[2];
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, first, &years[0]);
    pthread_create(&threads[1], NULL, second, &years[1]);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    printf("%d %d\n", years[0], years[1]);
    return 0;
}
