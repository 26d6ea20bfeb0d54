/* A server's record for each connection stands in an array by descriptor. The kernel gives a number away again only after it was closed, so
 * whoever accepts the next connection of that number has the record to itself; the bug uses the record without.
 *
 * expect: data-race functions=first,second lines=@first,@second exit=66
 * fixed: nothing */
#include "../scene.h"

#include <sys/socket.h>

static char s_records[64][32], s_texts[2][32] = {"the first connection", "the second connection"};
static int s_listener, s_clients[2], s_number;

static int take(void)
{
    return accept(s_listener, NULL, NULL);
}

static void *first(void *unused)
{
    int fd = s_number;
    strcpy(s_records[fd], s_texts[0]); /* @first */
    close(fd);
    scene_arrive();
    return unused;
}

static void *second(void *unused)
{
    scene_await(1);
#ifdef FIXED
    int fd = take();
#else
    int fd = s_number;
#endif
    strcpy(s_records[fd], s_texts[1]); /* @second */
    puts(s_records[s_number]);
    return unused;
}

int main(void)
{
    pthread_t threads[2];
    struct sockaddr any = {.sa_family = AF_UNIX}; /* the kernel finds a name */
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);
    s_listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(s_listener, &any, sizeof(any.sa_family)) != 0 || listen(s_listener, 2) != 0 ||
        getsockname(s_listener, (struct sockaddr *)&name, &size) != 0)
        return 1;
    for (int i = 0; i < 2; i++) {
        s_clients[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(s_clients[i], (struct sockaddr *)&name, size) != 0)
            return 1;
    }
    s_number = take();
    pthread_create(&threads[0], NULL, first, NULL);
    pthread_create(&threads[1], NULL, second, NULL);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    return 0;
}
