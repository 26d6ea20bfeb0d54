/* C++: two std::mutex in opposite order through lock_guard. The twin lets std::scoped_lock take both, which never
 * waits while it holds one.
 *
 * expect: lock-order-inversion functions=deposit,audit lines=@a1,@b1,@b2,@a2 locks=ledger,archive exit=66
 * fixed: nothing */
#include "../scene.h"
#include <mutex>
#include <thread>

static std::mutex ledger, archive;

static void deposit()
{
#ifdef FIXED
    std::scoped_lock both(ledger, archive);
#else
    std::lock_guard<std::mutex> first(ledger); /* @a1 */
    std::lock_guard<std::mutex> second(archive); /* @b1 */
#endif
}

static void audit()
{
#ifdef FIXED
    std::scoped_lock both(archive, ledger);
#else
    std::lock_guard<std::mutex> first(archive); /* @b2 */
    std::lock_guard<std::mutex> second(ledger); /* @a2 */
#endif
}

int main()
{
    std::thread one([] {
        deposit();
        scene_arrive();
    });
    std::thread two([] {
        scene_await(1);
        audit();
    });
    one.join();
    two.join();
    puts("done");
    return 0;
}
