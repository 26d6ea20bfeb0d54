/* Buffers handed from thread to thread: what is told through a pipe, a pair of sockets, a connection or an eventfd is
 * known to who reads it.
 *
 * expect: nothing */
#include "../scene.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define CHANNELS 4

static char s_text[CHANNELS][32];
static int s_to[CHANNELS], s_from[CHANNELS];

static void *teller(void *what)
{
    uint64_t one = 1;
    for (int i = 0; i < CHANNELS; i++) {
        strcpy(s_text[i], what);
        if (write(s_to[i], &one, sizeof(one)) != sizeof(one))
            perror("write");
    }
    return NULL;
}

/* By epoll where there is a set. */
static void await(int from)
{
    uint64_t value;
    struct epoll_event event = {.events = EPOLLIN};
    int set = epoll_create1(0);
    epoll_ctl(set, EPOLL_CTL_ADD, from, &event);
    epoll_wait(set, &event, 1, -1);
    close(set);
    if (read(from, &value, sizeof(value)) != sizeof(value))
        perror("read");
}

static void connect_two(int *to, int *from)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(name);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&name, sizeof(name));
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *)&name, &size);
    *to = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(*to, (struct sockaddr *)&name, sizeof(name)) != 0)
        perror("connect");
    *from = accept(listener, NULL, NULL);
    close(listener);
}

int main(void)
{
    pthread_t thread;
    int ends[2];
    if (pipe(ends) != 0)
        return 1;
    s_from[0] = ends[0], s_to[0] = ends[1];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    s_from[1] = ends[0], s_to[1] = dup(ends[1]);
    connect_two(&s_to[2], &s_from[2]);
    s_to[3] = s_from[3] = eventfd(0, 0);
    pthread_create(&thread, NULL, teller, (void *)"what was told");
    for (int i = 0; i < CHANNELS; i++) {
        await(s_from[i]);
        char copy[32];
        strcpy(copy, s_text[i]);
        puts(copy);
    }
    pthread_join(thread, NULL);
    return 0;
}
