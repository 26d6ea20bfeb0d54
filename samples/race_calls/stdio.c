/* Buffers that one thread fills from a stream while another puts them out, and the other way round.
 *
 * expect: data-race functions=first,second lines=@fgets,@fputs what=fgets,fputs exit=66
 * expect: data-race functions=first,second lines=@fwrite,@fread what=fwrite,fread
 * expect: data-race functions=first,second lines=@getline,@puts what=getline,puts
 * fixed: nothing */
#include "../duet.h"

static char s_line[32] = "a line", s_block[32] = "a block";
static char *s_long;
static size_t s_long_size;

static void first(void)
{
    static char s_text[] = "first line\nsecond line\n";
    FILE *in = fmemopen(s_text, sizeof(s_text) - 1, "r"), *out = fopen("/dev/null", "w");
    if (!fgets(s_line, sizeof(s_line), in)) /* @fgets */
        perror("fgets");
    fwrite(s_block, 1, sizeof(s_block), out); /* @fwrite */
    if (getline(&s_long, &s_long_size, in) < 0) /* @getline */
        perror("getline");
    fclose(in);
    fclose(out);
}

static void second(void)
{
    FILE *in = fopen("/dev/zero", "r");
    fputs(s_line, stdout); /* @fputs */
    if (fread(s_block, 1, sizeof(s_block), in) != sizeof(s_block)) /* @fread */
        perror("fread");
    puts(s_long); /* @puts */
    fclose(in);
}

int main(void)
{
    s_long_size = 64;
    s_long = malloc(s_long_size);
    duet();
    free(s_long);
    return 0;
}
