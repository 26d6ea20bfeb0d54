/* test_store.c - which modules are instrumented, and which folders may hold plans. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/store.h"

Test(store, a_module_is_matched_by_its_path_or_its_last_part)
{
    cr_assert(snarl_store_matches("libx.so*", "/usr/lib/libx.so.3"));
    cr_assert(snarl_store_matches("a,/usr/*,b", "/usr/lib/libx.so.3"));
    cr_assert_not(snarl_store_matches("libx.so", "/usr/lib/libx.so.3"));
    cr_assert_not(snarl_store_matches("", "/usr/lib/libx.so.3"));
    cr_assert_not(snarl_store_matches(",,", "x"));
    cr_assert(snarl_store_matches("x", "x"));
}

Test(store, runtimes_are_unwound_only_and_ours_are_left_alone)
{
    cr_assert_eq(snarl_store_treatment("/lib/x86_64-linux-gnu/libc.so.6"), SNARL_TREAT_TABLES);
    cr_assert_eq(snarl_store_treatment("/lib64/ld-linux-x86-64.so.2"), SNARL_TREAT_TABLES);
    cr_assert_eq(snarl_store_treatment("/opt/snarl/libsnarl.so"), SNARL_TREAT_NOT);
    cr_assert_eq(snarl_store_treatment("linux-vdso.so.1"), SNARL_TREAT_NOT);
    cr_assert_eq(snarl_store_treatment(""), SNARL_TREAT_NOT);
    cr_assert_eq(snarl_store_treatment("/usr/lib/libcrypto.so.3"), SNARL_TREAT_CODE);
}

Test(store, a_folder_that_others_may_write_to_is_passed_over)
{
    char folder[] = "/tmp/snarl-store-XXXXXX", inner[64];
    static struct snarl_store s_store;
    cr_assert(mkdtemp(folder));
    snprintf(inner, sizeof(inner), "%s/snarl", folder);
    setenv("XDG_CACHE_HOME", folder, 1);
    setenv("TMPDIR", folder, 1);
    cr_assert(snarl_store_find(&s_store));
    cr_assert_str_eq(s_store.folder, inner);
    cr_assert_null(s_store.problem);
    chmod(inner, 0770);
    cr_assert(snarl_store_find(&s_store));
    cr_assert_str_eq(s_store.refused, inner);
    cr_assert_str_eq(s_store.problem, "others may write to it");
    cr_assert_str_neq(s_store.folder, inner);
    rmdir(s_store.folder);
    rmdir(inner);
    setenv("TMPDIR", "/proc/none", 1);
    setenv("XDG_CACHE_HOME", "/proc/none", 1);
    cr_assert_not(snarl_store_find(&s_store));
    cr_assert_str_eq(s_store.folder, "");
    rmdir(folder);
}
