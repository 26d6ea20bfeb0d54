/* What printf's relatives write, and what they read: by width, precision and position.
 *
 * expect: data-race functions=first,second lines=@snprintf,@printf what=snprintf,printf exit=66
 * expect: data-race functions=first,second lines=@fprintf,@sprintf what=fprintf,sprintf
 * expect: data-race functions=first,second lines=@count,@memcpy what=printf,memcpy
 * expect: data-race functions=first,second lines=@swprintf,@wide what=swprintf,printf
 * fixed: nothing */
#include "../duet.h"

#include <wchar.h>

static char s_name[32], s_title[32] = "a title", s_tail[] = "12345678";
static wchar_t s_wide[32];
static int s_count;
static volatile size_t s_size = sizeof(int); /* keeps memcpy a call */

static void first(void)
{
    snprintf(s_name, sizeof(s_name), "name %d", 7); /* @snprintf */
    fprintf(stdout, "%2$d %1$s\n", s_title, 3); /* @fprintf */
    printf("counted%n\n", &s_count); /* @count */
    swprintf(s_wide, 32, L"%s %ls", "wide", L"text"); /* @swprintf */
    printf("%.4s\n", s_tail);
}

static void second(void)
{
    int copy;
    printf("%*.*s|\n", 12, (int)sizeof(s_name), s_name); /* @printf */
    sprintf(s_title, "%s", "another"); /* @sprintf */
    memcpy(&copy, &s_count, s_size); /* @memcpy */
    printf("%ls %d\n", s_wide, copy); /* @wide */
    strcpy(s_tail + 4, "xyz"); /* no more than four bytes of it have been read */
}

int main(void)
{
    duet();
    return 0;
}
