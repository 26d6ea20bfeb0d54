/* plug_host.c NAME ROUNDS RACE [NAME...] - four threads open and close libraries, and call what is in them. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int s_rounds, s_race, s_count;
static char **s_names;

static void *body(void *argument)
{
    long sum = 0;
    for (int i = 0; i < s_rounds; i++) {
        void *handle = dlopen(s_names[i % s_count], RTLD_NOW);
        if (!handle) {
            printf("%s\n", dlerror());
            exit(3);
        }
        sum += ((int (*)(int))dlsym(handle, "plug_sum"))(i & 3);
        if (s_race)
            ((void (*)(void))dlsym(handle, "plug_race"))();
        dlclose(handle);
    }
    *(long *)argument = sum;
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread[4];
    long sum[4];
    s_rounds = atoi(argv[2]);
    s_race = atoi(argv[3]);
    argv[3] = argv[1];
    s_names = argv + 3;
    s_count = argc - 3;
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, body, &sum[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    printf("%ld %ld %ld %ld\n", sum[0], sum[1], sum[2], sum[3]);
    return 4;
}
