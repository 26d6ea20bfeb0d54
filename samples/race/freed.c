/* A block is freed while another thread may still read it.
 *
 * expect: data-race rule=use-after-free functions=reader,drop lines=@read,@free exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

static int *s_block;

static void *reader(void *unused)
{
    printf("%d\n", *s_block); /* @read */
    fflush(stdout);
    scene_arrive();
    return unused;
}

static void drop(void)
{
    free(s_block); /* @free */
}

int main(void)
{
    pthread_t thread;
    s_block = malloc(sizeof(*s_block));
    *s_block = 7;
    pthread_create(&thread, NULL, reader, NULL);
    scene_await(1);
#ifdef FIXED
    pthread_join(thread, NULL);
    drop();
#else
    drop();
    pthread_join(thread, NULL);
#endif
    return 0;
}
