/* A thousand messages wait in a pipe before anybody reads one. What was written before each is known to who has read it; what the writer does
 * after the last one is not.
 *
 * expect: data-race functions=writer,main lines=@late,@look location=s_late exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

#define MESSAGES 1000

static int s_pipe[2];
static int s_number[MESSAGES];
static int s_late;

static void send_one(void)
{
    if (write(s_pipe[1], "", 1) != 1)
        abort();
}

static void receive(int count)
{
    char byte;
    while (count--)
        if (read(s_pipe[0], &byte, 1) != 1)
            abort();
}

static void *writer(void *unused)
{
    s_late = 1; /* this is known to who has read a message */
    for (int i = 0; i < MESSAGES; i++) {
        s_number[i] = i;
        send_one();
    }
    scene_arrive();
    scene_await(2);
    s_late = 2; /* @late */
#ifdef FIXED
    send_one();
#endif
    scene_arrive();
    return unused;
}

int main(void)
{
    pthread_t thread;
    int sum = 0;
    if (pipe(s_pipe))
        return 1;
    pthread_create(&thread, NULL, writer, NULL);
    scene_await(1);
    receive(MESSAGES);
    for (int i = 0; i < MESSAGES; i++)
        sum += s_number[i];
    scene_arrive();
    scene_await(3);
#ifdef FIXED
    receive(1);
#endif
    printf("%d %d\n", sum, s_late); /* @look */
    pthread_join(thread, NULL);
    return 0;
}
