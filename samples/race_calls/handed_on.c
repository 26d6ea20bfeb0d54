/* Memory and a descriptor that go from thread to thread by atomic operations of the program's own, there and back; and a block whose
 * last user, by a reference count, frees it. Library calls do not show these orders, so nothing is said.
 *
 * expect: nothing */
#include "../scene.h"

#include <fcntl.h>

#define ROUNDS 20

static char *s_slot; /* the block that is handed on; NULL: it has been taken */
static char *s_back;
static int s_descriptor, s_references = 2;

static void give(char **where, char *what)
{
    while (__atomic_load_n(where, __ATOMIC_RELAXED))
        sched_yield();
    __atomic_store_n(where, what, __ATOMIC_RELEASE);
}

static char *take(char **where)
{
    char *what;
    while (!(what = __atomic_exchange_n(where, NULL, __ATOMIC_ACQ_REL)))
        sched_yield();
    return what;
}

static void use_shared(char *block, const char *text)
{
    if (strcmp(block, text) != 0)
        puts("strange");
    if (__atomic_fetch_sub(&s_references, 1, __ATOMIC_ACQ_REL) == 1)
        free(block);
}

static void *worker(void *shared)
{
    use_shared(shared, "a shared block");
    for (int i = 0; i < ROUNDS; i++) {
        char *block = take(&s_slot);
        puts(block);
        strcpy(block, "answered");
        if (write(s_descriptor, block, 8) != 8)
            perror("write");
        give(&s_back, block);
    }
    return NULL;
}

int main(void)
{
    pthread_t thread;
    char *shared = strdup("a shared block");
    pthread_create(&thread, NULL, worker, shared);
    use_shared(shared, "a shared block");
    for (int i = 0; i < ROUNDS; i++) {
        char *block = malloc(32);
        s_descriptor = open("/dev/null", O_WRONLY);
        snprintf(block, 32, "asked %d", i);
        give(&s_slot, block);
        block = take(&s_back);
        puts(block);
        free(block);
        close(s_descriptor);
    }
    pthread_join(thread, NULL);
    return 0;
}
