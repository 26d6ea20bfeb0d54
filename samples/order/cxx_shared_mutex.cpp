/* C++: a std::shared_mutex held for reading and a mutex, opposite order, with a writer on one side. The twin only
 * reads on both sides.
 *
 * expect: lock-order-inversion functions=lookup,update lines=@a1,@b1,@b2,@a2 locks=cache,log_mutex exit=66
 * fixed: nothing */
#include "../scene.h"
#include <mutex>
#include <shared_mutex>
#include <thread>

static std::shared_mutex cache;
static std::mutex log_mutex;

static void lookup()
{
    std::shared_lock<std::shared_mutex> reading(cache); /* @a1 */
    std::lock_guard<std::mutex> logging(log_mutex); /* @b1 */
}

static void update()
{
    std::lock_guard<std::mutex> logging(log_mutex); /* @b2 */
#ifdef FIXED
    std::shared_lock<std::shared_mutex> reading(cache);
#else
    std::unique_lock<std::shared_mutex> writing(cache); /* @a2 */
#endif
}

int main()
{
    std::thread one([] {
        lookup();
        scene_arrive();
    });
    std::thread two([] {
        scene_await(1);
        update();
    });
    one.join();
    two.join();
    puts("done");
    return 0;
}
