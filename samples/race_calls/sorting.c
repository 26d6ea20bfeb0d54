/* A table that one thread sorts and searches while another changes it. What a comparison does is its own matter, leaving by a
 * jump included.
 *
 * expect: data-race functions=first,second lines=@sort,@copy what=qsort,memcpy exit=66
 * expect: data-race functions=first,second lines=@search,@set what=bsearch,memset
 * expect: data-race functions=first,second lines=@add,@count what=lsearch,lfind
 * fixed: nothing */
#include "../duet.h"

#include <search.h>
#include <setjmp.h>

static int s_sorted[64], s_searched[64] = {1, 2, 3}, s_list[64];
static size_t s_list_count = 1;
static volatile size_t s_size = sizeof(s_sorted);
static jmp_buf s_out;

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int leave(const void *a, const void *b)
{
    (void)a, (void)b;
    longjmp(s_out, 1);
}

static void first(void)
{
    int own[8] = {8, 7}, key = 2;
    for (int i = 0; i < 3; i++)
        if (!setjmp(s_out))
            qsort(own, 8, sizeof(*own), leave);
    qsort(s_sorted, 64, sizeof(*s_sorted), compare); /* @sort */
    if (!bsearch(&key, s_searched, 3, sizeof(*s_searched), compare)) /* @search */
        puts("not there");
    lsearch(&key, s_list, &s_list_count, sizeof(*s_list), compare); /* @add */
}

static void second(void)
{
    int copy[64], key = 0;
    memcpy(copy, s_sorted, s_size); /* @copy */
    memset(s_searched, 0, s_size); /* @set */
    if (lfind(&key, s_list, &s_list_count, sizeof(*s_list), compare)) /* @count */
        puts("found");
}

int main(void)
{
    for (int i = 0; i < 64; i++)
        s_sorted[i] = 64 - i;
    duet();
    return 0;
}
