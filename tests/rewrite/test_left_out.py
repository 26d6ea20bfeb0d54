"""A lock of which one half is inlined into the program, and the other half, for when it is taken, is in a library that is not
checked (as with Python's PyMutex): the thread that gets it there is ordered after the one that gave it back."""
import unittest

from full import FullCase

LIBRARY = r"""
#include <pthread.h>
#include <sched.h>

static pthread_mutex_t s_queue = PTHREAD_MUTEX_INITIALIZER;
static int s_queued, s_stage;

void reach(int stage)
{
    __atomic_store_n(&s_stage, stage, __ATOMIC_RELAXED);
}

void await(int stage)
{
    while (__atomic_load_n(&s_stage, __ATOMIC_RELAXED) < stage)
        sched_yield();
}

void lock_slowly(unsigned char *lock)
{
    unsigned char free = 0;
    pthread_mutex_lock(&s_queue);
    s_queued++;
    pthread_mutex_unlock(&s_queue);
    reach(2);
    while (!__atomic_compare_exchange_n(lock, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        free = 0;
        sched_yield();
    }
}
"""

# The first thread has the lock when the second one tries it, and gives it back when that one has tried.
PROGRAM = r"""
#include <pthread.h>
#include <stdlib.h>

struct account {
    long money;
    unsigned char lock;
};

void reach(int stage);
void await(int stage);
void lock_slowly(unsigned char *lock);

static int s_waits;

static void lock(struct account *account)
{
    unsigned char free = 0;
    if (__atomic_compare_exchange_n(&account->lock, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    if (s_waits)
        lock_slowly(&account->lock);
}

static void unlock(struct account *account)
{
    unsigned char taken = 1;
    __atomic_compare_exchange_n(&account->lock, &taken, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static void *first(void *argument)
{
    struct account *account = argument;
    lock(account);
    reach(1);
    await(2);
    account->money++;
    unlock(account);
    return NULL;
}

static void *second(void *argument)
{
    struct account *account = argument;
    await(1);
    lock(account);
    account->money++;
    reach(2);
    if (s_waits)
        unlock(account);
    return NULL;
}

int main(int argc, char **argv)
{
    struct account *account = calloc(1, sizeof(*account));
    pthread_t thread[2];
    (void)argv;
    s_waits = argc == 1;
    pthread_create(&thread[0], NULL, first, account);
    pthread_create(&thread[1], NULL, second, account);
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
    int status = account->money != 2;
    free(account);
    return status;
}
"""


class LeftOut(FullCase):
    def setUp(self):
        super().setUp()
        library = self.compile("libslow.so", LIBRARY, "-shared", "-fPIC")
        self.program = self.compile("program", PROGRAM, library)
        self.options = ["--skip-modules=*libslow.so"]

    def test_a_lock_that_was_got_in_there_orders(self):
        self.same(self.program, options=self.options)

    def test_a_lock_that_was_not_got_orders_nothing(self):
        run = self.full(self.program, "without waiting", options=self.options)
        self.assertEqual(run.returncode, 66, run.stderr)
        self.assertEqual([f["kind"] for f in run.document["findings"]], ["data-race"])


if __name__ == "__main__":
    unittest.main()
