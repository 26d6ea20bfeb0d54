/* A block is used after another thread has freed it.
 *
 * expect: data-race rule=use-after-free functions=first,second lines=@free,@use exit=66
 * fixed: nothing */
#include "../duet.h"

static char *s_block;

static void first(void)
{
    if (strlen(s_block) > 100)
        puts("long");
#ifndef FIXED
    free(s_block); /* @free */
#endif
}

static void second(void)
{
    if (strlen(s_block) > 100) /* @use */
        puts("long");
#ifdef FIXED
    free(s_block);
#endif
}

int main(void)
{
    s_block = calloc(1, 2000);
    duet();
    return 0;
}
