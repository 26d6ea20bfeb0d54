/* Two threads lock two files with flock in opposite order.
 *
 * expect: deadlock functions=worker lines=@own,@other threads=2 exit=66 hangs
 * fixed: nothing */
#include "../scene.h"
#include <fcntl.h>
#include <sys/file.h>

static char s_paths[2][64];
static int s_numbers[2] = {0, 1};

static void *worker(void *argument)
{
    int own = *(int *)argument;
    int other = 1 - own;
    int files[2];
#ifdef FIXED
    own = 0;
    other = 1;
#endif
    files[own] = open(s_paths[own], O_RDWR | O_CREAT, 0600);
    files[other] = open(s_paths[other], O_RDWR | O_CREAT, 0600);
    flock(files[own], LOCK_EX); /* @own */
#ifndef FIXED
    scene_meet(2);
#endif
    flock(files[other], LOCK_EX); /* @other */
    close(files[other]);
    close(files[own]);
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        snprintf(s_paths[i], sizeof(s_paths[i]), "/tmp/sample-file-lock-%d-%d", getpid(), i);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, worker, &s_numbers[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    unlink(s_paths[0]);
    unlink(s_paths[1]);
    puts("done");
    return 0;
}
