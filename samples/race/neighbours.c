/* Four threads write the four bytes of one word, each its own: no race, to the byte.
 *
 * expect: nothing */
#include "../scene.h"

static unsigned char s_bytes[4];

static void *writer(void *number)
{
    size_t index = (size_t)number;
    for (int i = 0; i < 1000; i++)
        s_bytes[index] = (unsigned char)(s_bytes[index] + index + 1);
    return NULL;
}

int main(void)
{
    pthread_t thread[4];
    for (size_t i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, writer, (void *)i);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    printf("%d %d %d %d\n", s_bytes[0], s_bytes[1], s_bytes[2], s_bytes[3]);
    return 0;
}
