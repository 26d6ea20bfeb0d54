/* A race that the program says is meant, by the annotations that gcc's sanitizer runtime has.
 *
 * expect: nothing */
#include "../duet.h"

void AnnotateBenignRaceSized(const char *file, int line, const volatile void *memory, size_t size, const char *why);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);

static int s_statistics, s_looked_at;

static void first(void)
{
    s_statistics++;
    s_looked_at++;
}

static void second(void)
{
    s_statistics++;
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    if (s_looked_at > 5)
        puts("more than five");
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}

int main(void)
{
    AnnotateBenignRaceSized(__FILE__, __LINE__, &s_statistics, sizeof(s_statistics), "lost updates do not matter");
    duet();
    return 0;
}
