/* Who is told by epoll, poll or select that there is something to read knows what was done before it was written, without reading.
 *
 * expect: nothing */
#include "../scene.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>

enum way { EPOLL, POLL, SELECT, WAYS };

static char s_text[WAYS][32];
static int s_event[WAYS], s_set;

static void put(enum way way, const char *text)
{
    strcpy(s_text[way], text);
    eventfd_write(s_event[way], 1);
}

static void *teller(void *unused)
{
    put(EPOLL, "by epoll");
    put(POLL, "by poll");
    put(SELECT, "by select");
    return unused;
}

static void watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.ptr = &s_event[EPOLL]}};
    s_set = epoll_create1(0);
    epoll_ctl(s_set, EPOLL_CTL_ADD, fd, &event);
}

static void await(enum way way)
{
    struct pollfd polled = {.fd = s_event[way], .events = POLLIN};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(s_event[way], &set);
    struct epoll_event event;
    if (way == EPOLL)
        epoll_wait(s_set, &event, 1, -1);
    else if (way == POLL)
        poll(&polled, 1, -1);
    else
        select(s_event[way] + 1, &set, NULL, NULL, NULL);
}

int main(void)
{
    pthread_t thread;
    for (int way = 0; way < WAYS; way++)
        s_event[way] = eventfd(0, 0);
    watch(s_event[EPOLL]); /* while there is one thread */
    pthread_create(&thread, NULL, teller, NULL);
    for (int way = 0; way < WAYS; way++) {
        char copy[32];
        await((enum way)way);
        strcpy(copy, s_text[way]);
        puts(copy);
    }
    pthread_join(thread, NULL);
    return 0;
}
