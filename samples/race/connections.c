/* A table by descriptor: who closes a connection gives its entry back with the number, and who accepts the next one takes it over without
 * a lock. What is still done to the entry after the close is a race.
 *
 * expect: data-race functions=leave,serve lines=@late,@taken exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

#include <sys/socket.h>
#include <sys/un.h>

#define CLIENTS 2

static struct {
    int requests, bytes;
} s_clients[64];

static void *leave(void *connection)
{
    int fd = *(int *)connection;
    s_clients[fd].requests = 0;
#ifdef FIXED
    s_clients[fd].bytes = 0;
#endif
    close(fd);
#ifndef FIXED
    s_clients[fd].bytes = 0; /* @late */
#endif
    scene_arrive();
    return NULL;
}

static void *serve(void *connection)
{
    int fd = *(int *)connection;
    s_clients[fd].requests = 1;
    s_clients[fd].bytes = 1; /* @taken */
    return NULL;
}

static int make_listener(struct sockaddr_un *name, socklen_t *size)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    name->sun_family = AF_UNIX;
    *size = sizeof(name->sun_family); /* a name that the kernel chooses */
    bind(listener, (struct sockaddr *)name, *size);
    *size = sizeof(*name);
    getsockname(listener, (struct sockaddr *)name, size);
    listen(listener, CLIENTS);
    return listener;
}

int main(void)
{
    struct sockaddr_un name = {0};
    socklen_t size;
    int client[CLIENTS], connection[CLIENTS], listener = make_listener(&name, &size);
    pthread_t thread[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        client[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        connect(client[i], (struct sockaddr *)&name, size);
    }
    connection[0] = accept(listener, NULL, NULL);
    pthread_create(&thread[0], NULL, leave, &connection[0]);
    scene_await(1);
    connection[1] = accept(listener, NULL, NULL); /* gets the same number */
    pthread_create(&thread[1], NULL, serve, &connection[1]);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(thread[i], NULL);
    printf("%d\n", s_clients[connection[0]].requests + s_clients[connection[1]].bytes);
    return 0;
}
