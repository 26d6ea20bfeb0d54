/* true.c - the true functions behind libsnarl-calls.so, and what several of its files need of strings; see
 * bridge.h. */
#include <wchar.h>

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

static size_t (*real_strnlen)(const char *, size_t);
static size_t (*real_wcsnlen)(const wchar_t *, size_t);

static const struct snarl_true s_true[] = {{"strnlen", &real_strnlen}, {"wcsnlen", &real_wcsnlen}};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

size_t snarl_string_extent(const char *string, size_t limit)
{
    prepare();
    size_t length = string ? real_strnlen(string, limit) : 0; /* a system call would say EFAULT */
    return string && length < limit ? length + 1 : length;
}

size_t snarl_string_size(const char *string)
{
    return snarl_string_extent(string, SIZE_MAX);
}

size_t snarl_wide_extent(const wchar_t *string, size_t limit)
{
    prepare();
    size_t length = real_wcsnlen(string, limit);
    return (length < limit ? length + 1 : limit) * sizeof(*string);
}
