/* std::shared_ptr counts its references atomically and may be copied by many threads; what it points to is not protected.
 *
 * expect: data-race functions=Account::deposit,main lines=@write,@read exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

#include <memory>
#include <mutex>
#include <thread>

struct Account {
    std::mutex lock;
    long balance = 0;

    void deposit(long amount)
    {
        std::lock_guard<std::mutex> guard(lock);
        balance = amount; /* @write */
    }
};

int main()
{
    auto account = std::make_shared<Account>();
    std::thread thread([account] {
        account->deposit(5);
        scene_arrive();
    });
    scene_await(1);
#ifdef FIXED
    account->lock.lock();
#endif
    long balance = account->balance; /* @read */
#ifdef FIXED
    account->lock.unlock();
#endif
    printf("%ld\n", balance);
    thread.join();
    return 0;
}
