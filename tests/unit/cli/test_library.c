/* The words in which the command tells the library what to do: SNARL_OPTIONS and the environment. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "cli/library.h"
#include "base/options.h"

static void refuse(const char *key, const char *value)
{
    cr_assert_fail("%s=%s", key, value);
}

static const char *find(char **environment, const char *name)
{
    const char *found = NULL;
    size_t length = strlen(name);
    for (; *environment; environment++) {
        if (strncmp(*environment, name, length) || (*environment)[length] != '=')
            continue;
        cr_assert_null(found, "%s twice", name);
        found = *environment + length + 1;
    }
    return found;
}

Test(library, the_library_reads_what_the_command_writes)
{
    static struct snarl_options s_read;
    char *options = NULL;
    snarl_library_option(&options, "out", "/a:b\\c = d\\:");
    snarl_library_option(&options, "races", "off");
    snarl_library_option(&options, "follow", "0");
    snarl_options_parse(&s_read, options, refuse);
    cr_expect_str_eq(s_read.out, "/a:b\\c = d\\:");
    cr_expect_eq(s_read.races, SNARL_RACES_OFF);
    cr_expect_not(s_read.follow);
    free(options);
}

Test(library, what_the_environment_had_is_kept)
{
    struct snarl_library library = {.path = "/lib/libsnarl.so"};
    setenv("LD_PRELOAD", "other.so", 1);
    setenv("SNARL_OPTIONS", "out=/theirs:live=1", 1);
    char **environment = snarl_library_environment(&library, "out=/ours");
    cr_expect_str_eq(find(environment, "LD_PRELOAD"), "/lib/libsnarl.so:other.so");
    cr_expect_str_eq(find(environment, "SNARL_OPTIONS"), "out=/theirs:live=1:out=/ours");
    cr_expect_str_eq(find(environment, "PATH"), getenv("PATH"));
    static struct snarl_options s_read;
    snarl_options_parse(&s_read, find(environment, "SNARL_OPTIONS"), refuse);
    cr_expect_str_eq(s_read.out, "/ours", "the last one counts");
    cr_expect(s_read.live);
    free(environment);
}

Test(library, an_environment_without_either)
{
    struct snarl_library library = {.path = "/lib/libsnarl.so"};
    unsetenv("LD_PRELOAD");
    unsetenv("SNARL_OPTIONS");
    char **environment = snarl_library_environment(&library, "out=/ours");
    cr_expect_str_eq(find(environment, "LD_PRELOAD"), "/lib/libsnarl.so");
    cr_expect_str_eq(find(environment, "SNARL_OPTIONS"), "out=/ours");
    free(environment);
}
