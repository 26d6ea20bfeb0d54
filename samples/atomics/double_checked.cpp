/* Double-checked creation: the pointer is stored with release under a lock and loaded with acquire without it. The bug changes the object
 * after its pointer was stored.
 *
 * expect: data-race functions=instance,work lines=@write,@read exit=66
 * fixed: nothing */
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

struct Object {
    long size = 1;
    long late = 2;
};

static std::atomic<Object *> s_instance;
static std::mutex s_lock;

__attribute__((noinline)) static Object *instance()
{
    Object *object = s_instance.load(std::memory_order_acquire);
    if (object)
        return object;
    s_lock.lock();
    object = s_instance.load(std::memory_order_relaxed);
    if (!object) {
        object = new Object;
        s_instance.store(object, std::memory_order_release);
    }
    s_lock.unlock();
#ifndef FIXED
    object->late++; /* @write */
#endif
    return object;
}

__attribute__((noinline)) static long work()
{
    long sum = 0;
    for (int i = 0; i < 50; i++) {
        sum += instance()->size;
        sum += instance()->late; /* @read */
    }
    return sum;
}

int main()
{
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back(work);
    for (auto &thread : threads)
        thread.join();
    delete s_instance.load();
    return 0;
}
