/* What scanf's relatives store, as far as they have come.
 *
 * expect: data-race functions=first,second lines=@sscanf,@word what=sscanf,puts exit=66
 * expect: data-race functions=first,second lines=@sscanf,@number what=sscanf,memset
 * expect: data-race functions=first,second lines=@fscanf,@set what=fscanf,strlen
 * fixed: nothing */
#include "../duet.h"

static char s_word[32], s_set[32], s_never[32] = "as it was";
static short s_number;
static int s_unread;
static volatile size_t s_short = sizeof(short), s_int = sizeof(int); /* keep memset a call */

static void first(void)
{
    static char s_text[] = "abc123 -";
    FILE *in = fmemopen(s_text, sizeof(s_text) - 1, "r");
    if (sscanf("12 word", "%hd %s %d", &s_number, s_word, &s_unread) != 2) /* @sscanf */
        puts("not two");
    if (fscanf(in, "%*2c%[a-z]%*d %d%s", s_set, &s_unread, s_never) != 1) /* @fscanf */
        puts("not one");
    fclose(in);
}

static void second(void)
{
    puts(s_word); /* @word */
    memset(&s_number, 0, s_short); /* @number */
    printf("%zu\n", strlen(s_set)); /* @set */
    memset(&s_unread, 0, s_int); /* these were not stored */
    puts(s_never);
}

int main(void)
{
    duet();
    return 0;
}
