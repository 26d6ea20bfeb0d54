/* With a lock that prefers writers, a reader that takes its read lock a second time waits for the writer that came
 * in between, and that one waits for the reader. The twin's lock prefers readers.
 *
 * expect: deadlock functions=reader,writer lines=@first,@second,@write locks=s_table threads=2 exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

#ifdef FIXED
static pthread_rwlock_t s_table = PTHREAD_RWLOCK_INITIALIZER;
#else
static pthread_rwlock_t s_table = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
#endif
static int s_writer_tid;

static void *reader(void *unused)
{
    pthread_rwlock_rdlock(&s_table); /* @first */
    scene_meet(2);
    scene_await_blocked(s_writer_tid);
    pthread_rwlock_rdlock(&s_table); /* @second */
    pthread_rwlock_unlock(&s_table);
    pthread_rwlock_unlock(&s_table);
    return unused;
}

static void *writer(void *unused)
{
    s_writer_tid = gettid();
    scene_meet(2);
    pthread_rwlock_wrlock(&s_table); /* @write */
    pthread_rwlock_unlock(&s_table);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, reader, NULL);
    pthread_create(&two, NULL, writer, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
