"""Libraries that are not checked.

A lock of which one half is inlined into the program, and the other half, for when it is taken, is in such a library (as with Python's PyMutex):
the thread that gets it there is ordered after the one that gave it back. And what such a library copies and frees is its own affair, since the
order that it makes itself is not seen."""
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

# Hands blocks from thread to thread by an atomic pointer. In C++ memory ends by way of the C++ library.
BASKET = r"""
#include <cstring>
#include <sched.h>

static char *s_basket;

extern "C" void put(const char *text)
{
    char *block = new char[64], *none = nullptr;
    memcpy(block, text, strlen(text) + 1);
    while (!__atomic_compare_exchange_n(&s_basket, &none, block, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
        none = nullptr;
        sched_yield();
    }
}

extern "C" void take(char *text)
{
    char *block;
    while (!(block = __atomic_exchange_n(&s_basket, (char *)nullptr, __ATOMIC_ACQUIRE)))
        sched_yield();
    memcpy(text, block, strlen(block) + 1);
    memset(block, 0, 64);
    delete[] block;
}
"""

PUTTERS = r"""
#include <pthread.h>
#include <string.h>

void put(const char *text);
void take(char *text);
static char s_shared[64];

static void *taker(void *racy)
{
    char text[64];
    for (int i = 0; i < 100; i++)
        take(text);
    if (racy)
        strcpy(s_shared, text);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    pthread_create(&thread, NULL, taker, argc > 1 ? argv : NULL);
    for (int i = 0; i < 100; i++)
        put("a text");
    if (argc > 1)
        strcpy(s_shared, "mine");
    pthread_join(thread, NULL);
    return 0;
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

    def test_what_it_hands_on_by_itself_is_not_told(self):
        library = self.compile("libbasket.so", BASKET, "-shared", "-fPIC", compiler="g++")
        program = self.compile("putters", PUTTERS, library)
        for _ in range(3):
            self.same(program, options=["--skip-modules=*libbasket.so"])
        run = self.full(program, "racy", options=["--skip-modules=*libbasket.so"])
        self.assertEqual({f["location"]["symbol"].split("[")[0] for f in run.document["findings"]}, {"s_shared"}, run.stderr)


if __name__ == "__main__":
    unittest.main()
