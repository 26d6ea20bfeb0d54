/* C++: the constructor of a function-local static waits for a mutex whose owner waits for the static to be ready.
 * The twin asks for the object before it takes the mutex.
 *
 * expect: deadlock functions=registry,use_registry lines=@guard,@mutex1,@mutex2 locks=names exit=66 hangs
 * fixed: nothing */
#include "../scene.h"
#include <mutex>
#include <thread>

static std::mutex names;

struct Registry {
    int entries;
    Registry() : entries(0)
    {
#ifndef FIXED
        scene_meet(2);
#endif
        std::lock_guard<std::mutex> hold(names); /* @mutex1 */
        entries = 1;
    }
};

static Registry &registry()
{
    static Registry instance; /* @guard */
    return instance;
}

static void use_registry()
{
#ifdef FIXED
    registry();
    std::lock_guard<std::mutex> hold(names);
#else
    std::lock_guard<std::mutex> hold(names); /* @mutex2 */
    scene_meet(2);
#endif
    registry().entries++;
}

int main()
{
    std::thread one([] { registry(); });
    std::thread two([] { use_registry(); });
    one.join();
    two.join();
    printf("entries %d\n", registry().entries);
    return 0;
}
