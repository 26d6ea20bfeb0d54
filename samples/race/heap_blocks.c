/* Blocks of the heap, small, large and aligned, are written by two threads far from their beginnings: each race names its block
 * and where it was allocated.
 *
 * expect: data-race functions=small lines=@small allocated=@make_small size=24 exit=66
 * expect: data-race functions=large lines=@large allocated=@make_large size=300000
 * expect: data-race functions=aligned lines=@aligned allocated=@make_aligned size=1024
 * expect: data-race functions=moved lines=@moved allocated=@make_moved size=70000
 * fixed: nothing */
#include "../scene.h"

static char *s_small, *s_large, *s_aligned, *s_moved;

static void small(void)
{
    s_small[23]++; /* @small */
}

static void large(void)
{
    s_large[299999]++; /* @large */
}

static void aligned(void)
{
    s_aligned[900]++; /* @aligned */
}

static void moved(void)
{
    s_moved[69999]++; /* @moved */
}

static void *work(void *unused)
{
    small();
    large();
    aligned();
    moved();
    return unused;
}

int main(void)
{
    char *around[64];
    for (size_t i = 0; i < 64; i++) {
        around[i] = malloc(16 + 40 * i);
        if (i == 10)
            s_small = malloc(24); /* @make_small */
        if (i == 20)
            s_large = calloc(3, 100000); /* @make_large */
        if (i == 30)
            s_aligned = aligned_alloc(256, 1024); /* @make_aligned */
        if (i == 40)
            s_moved = realloc(malloc(100), 70000); /* @make_moved */
    }
    for (size_t i = 0; i < 64; i += 2)
        free(around[i]);
    memset(s_aligned, 0, 1024);
    memset(s_moved, 0, 70000);
    memset(s_small, 0, 24);
    pthread_t one, two;
    pthread_create(&one, NULL, work, NULL);
#ifdef FIXED
    pthread_join(one, NULL);
#endif
    pthread_create(&two, NULL, work, NULL);
#ifndef FIXED
    pthread_join(one, NULL);
#endif
    pthread_join(two, NULL);
    puts("done"); /* not the values, which the races may change */
    return 0;
}
