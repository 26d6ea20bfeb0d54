/* C++: std::condition_variable without a predicate, notified too early.
 *
 * expect: stall functions=wait_for_work lines=@wait locks=changed exit=66 hangs
 * fixed: nothing */
#include "../scene.h"
#include <condition_variable>
#include <mutex>
#include <thread>

static std::mutex mutex;
static std::condition_variable changed;
static bool ready;

static void wait_for_work()
{
    scene_await(1);
    std::unique_lock<std::mutex> lock(mutex);
#ifdef FIXED
    changed.wait(lock, [] { return ready; });
#else
    changed.wait(lock); /* @wait */
#endif
}

int main()
{
    std::thread worker(wait_for_work);
    {
        std::lock_guard<std::mutex> lock(mutex);
        ready = true;
        changed.notify_one();
    }
    scene_arrive();
    worker.join();
    puts("done");
    return 0;
}
