/* One thread writes to a stream that another one closes.
 *
 * expect: data-race rule=use-after-close functions=first,second lines=@use,@close what=fprintf,fclose exit=66
 * fixed: nothing */
#include "../duet.h"

static FILE *s_log;

static void first(void)
{
    fprintf(s_log, "line %d\n", 1); /* @use */
}

static void second(void)
{
    fclose(s_log); /* @close */
}

int main(void)
{
    s_log = fopen("/dev/null", "w");
    duet();
    return 0;
}
