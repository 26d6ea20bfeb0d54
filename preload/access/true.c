/* true.c - the true functions behind libsnarl-calls.so; see bridge.h. */
#include "preload/access/bridge.h"

void snarl_true_find(const struct snarl_true *list, size_t count, bool *done)
{
    for (size_t i = 0; i < count; i++) {
        void **kept = list[i].kept;
        void *found = snarl_call_true(list[i].name);
        if (found)
            __atomic_store_n(kept, found, __ATOMIC_RELAXED);
    }
    __atomic_store_n(done, true, __ATOMIC_RELEASE);
}
