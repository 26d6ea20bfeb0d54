/* Orders that are carried from descriptor to descriptor, or by several messages at once, by a timer, through a stream.
 *
 * expect: nothing */
#include "../scene.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#define WAYS 4

static char s_text[WAYS][32];
static int s_to[WAYS], s_from[WAYS];

/* Not in place: the compiler would make a store of it, which is no call. */
static void put(int way, const char *text)
{
    strcpy(s_text[way], text);
}

static void tell_by_stream(int fd)
{
    FILE *out = fdopen(dup(fd), "w");
    fprintf(out, "%d\n", 8);
    fclose(out);
}

static void tell_by_messages(int fd)
{
    char bytes[2] = "ab";
    struct iovec parts[2] = {{&bytes[0], 1}, {&bytes[1], 1}};
    struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = &parts[0], .msg_iovlen = 1}},
                                  {.msg_hdr = {.msg_iov = &parts[1], .msg_iovlen = 1}}};
    sendmmsg(fd, messages, 2, 0);
}

static void tell_by_timer(int fd)
{
    struct itimerspec soon = {.it_value = {0, 1}};
    timerfd_settime(fd, 0, &soon, NULL);
}

static void *teller(void *unused)
{
    int ends[2];
    put(0, "by a stream");
    tell_by_stream(s_to[0]);
    put(1, "by messages");
    tell_by_messages(s_to[1]);
    put(2, "by a timer");
    tell_by_timer(s_to[2]);
    if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1)
        perror("pipe");
    put(3, "by splice");
    splice(ends[0], NULL, s_to[3], NULL, 1, 0);
    close(ends[0]);
    close(ends[1]);
    return unused;
}

static void await(int way)
{
    char bytes[8];
    if (way == 0) {
        FILE *in = fdopen(dup(s_from[way]), "r");
        if (!fgets(bytes, sizeof(bytes), in))
            perror("fgets");
        fclose(in);
    } else if (read(s_from[way], bytes, sizeof(bytes)) <= 0) {
        perror("read");
    }
}

int main(void)
{
    pthread_t thread;
    int ends[2];
    if (pipe(ends) != 0)
        return 1;
    s_from[0] = ends[0], s_to[0] = ends[1];
    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
    s_from[1] = ends[0], s_to[1] = ends[1];
    s_from[2] = s_to[2] = timerfd_create(CLOCK_MONOTONIC, 0);
    if (pipe(ends) != 0)
        return 1;
    s_from[3] = ends[0], s_to[3] = ends[1];
    pthread_create(&thread, NULL, teller, NULL);
    for (int way = 0; way < WAYS; way++) {
        char copy[32];
        await(way);
        strcpy(copy, s_text[way]);
        puts(copy);
    }
    pthread_join(thread, NULL);
    return 0;
}
