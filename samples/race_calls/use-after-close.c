/* One thread writes to a descriptor that another one closes.
 *
 * expect: data-race rule=use-after-close functions=writer,closer lines=@write,@close exit=66
 * fixed: nothing */
#include "../scene.h"

#include <fcntl.h>

static int s_log;

static void *writer(void *unused)
{
    if (write(s_log, "line\n", 5) != 5) /* @write */
        perror("write");
    scene_arrive();
    return unused;
}

static void *closer(void *writing)
{
#ifdef FIXED
    pthread_join(*(pthread_t *)writing, NULL);
#else
    (void)writing;
    scene_await(1);
#endif
    close(s_log); /* @close */
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    s_log = open("/dev/null", O_WRONLY);
    pthread_create(&threads[0], NULL, writer, NULL);
    pthread_create(&threads[1], NULL, closer, &threads[0]);
#ifndef FIXED
    pthread_join(threads[0], NULL);
#endif
    pthread_join(threads[1], NULL);
    puts("done");
    return 0;
}
