/* lib/base: memory, maps, options, texts. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/text.h"

Test(memory, blocks_are_zeroed_aligned_and_apart)
{
    static const size_t sizes[] = {1, 16, 17, 24, 48, 64, 65, 100, 1000, 4096, 65536, 65537, 1 << 20};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        unsigned char *a = snarl_memory_alloc(sizes[i]), *b = snarl_memory_alloc(sizes[i]);
        cr_assert(a && b && a != b);
        cr_assert_eq((uintptr_t)a % (sizes[i] >= 64 ? 64 : 16), 0, "size %zu", sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            cr_assert_eq(a[k] | b[k], 0);
        memset(a, 0xff, sizes[i]);
        cr_assert_eq(b[0] | b[sizes[i] - 1], 0);
        snarl_memory_free(a, sizes[i]);
        unsigned char *c = snarl_memory_alloc(sizes[i]);
        cr_assert_eq(c[0] | c[sizes[i] - 1], 0, "reused memory is zeroed again");
    }
}

Test(map, keeps_what_was_put)
{
    struct snarl_map map = {0};
    for (uint64_t key = 1; key <= 10000; key++)
        cr_assert(snarl_map_put(&map, key * 7919, (void *)(uintptr_t)key));
    for (uint64_t key = 2; key <= 10000; key += 2)
        cr_assert_eq(snarl_map_remove(&map, key * 7919), (void *)(uintptr_t)key);
    for (uint64_t key = 1; key <= 10000; key++)
        cr_assert_eq(snarl_map_get(&map, key * 7919), key % 2 ? (void *)(uintptr_t)key : NULL);
    cr_assert_eq(snarl_map_count(&map), 5000);
}

static int s_complaints;

static void complain(const char *key, const char *value)
{
    (void)key, (void)value;
    s_complaints++;
}

Test(options, are_read_with_escapes)
{
    static struct snarl_options s_options;
    snarl_options_parse(&s_options, "races=off:out=/tmp/a\\:b\\\\c:exit-code=7:follow=0:quiet:unknown=1", complain);
    cr_assert_eq(s_options.races, SNARL_RACES_OFF);
    cr_assert_str_eq(s_options.out, "/tmp/a:b\\c");
    cr_assert_eq(s_options.exit_code, 7);
    cr_assert(!s_options.follow && s_options.quiet && s_options.python);
    cr_assert_eq(s_complaints, 0);
}

Test(options, a_wrong_value_is_told_and_the_default_stays)
{
    static struct snarl_options s_options;
    snarl_options_parse(&s_options, "races=some:exit-code=x:follow=maybe", complain);
    cr_assert_eq(s_options.races, SNARL_RACES_FULL);
    cr_assert_eq(s_options.exit_code, 66);
    cr_assert(s_options.follow);
    cr_assert_eq(s_complaints, 3);
}

Test(text, is_cut_not_overrun)
{
    char buffer[8];
    struct snarl_text text = snarl_text_in(buffer, sizeof(buffer));
    snarl_text_add_uint(snarl_text_add(&text, "ab"), 1234567890);
    cr_assert_str_eq(buffer, "ab12345");
}
