/* Streams are locked by each call, and by flockfile; the calls named `_unlocked` need that.
 *
 * expect: data-race functions=first,second lines=@first,@second what=putc_unlocked exit=66
 * fixed: nothing */
#include "../duet.h"

static FILE *s_log;
static char s_note[16];

static void first(void)
{
    fputs("a line\n", s_log);
    flockfile(s_log);
    strcpy(s_note, "noted");
    funlockfile(s_log);
    putc_unlocked('a', s_log); /* @first */
}

static void second(void)
{
    fputs("another\n", s_log);
    flockfile(s_log);
    puts(s_note);
    funlockfile(s_log);
    putc_unlocked('b', s_log); /* @second */
}

int main(void)
{
    s_log = fopen("/dev/null", "w");
    duet();
    fclose(s_log);
    return 0;
}
