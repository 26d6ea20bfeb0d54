/* Two initialisers run in two threads, and each asks for the other one's result.
 *
 * expect: deadlock functions=init_fonts,init_screen lines=@fonts,@screen_inside,@screen,@fonts_inside locks=s_fonts,s_screen exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_once_t s_fonts = PTHREAD_ONCE_INIT;
static pthread_once_t s_screen = PTHREAD_ONCE_INIT;

static void init_screen(void);

static void init_fonts(void)
{
#ifndef FIXED
    scene_meet(2);
    pthread_once(&s_screen, init_screen); /* @screen_inside */
#endif
}

static void init_screen(void)
{
#ifndef FIXED
    scene_meet(2);
#endif
    pthread_once(&s_fonts, init_fonts); /* @fonts_inside */
}

static void *draw_text(void *unused)
{
    pthread_once(&s_fonts, init_fonts); /* @fonts */
    return unused;
}

static void *open_window(void *unused)
{
    pthread_once(&s_screen, init_screen); /* @screen */
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, draw_text, NULL);
    pthread_create(&two, NULL, open_window, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
