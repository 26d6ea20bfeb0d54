/* test_symbolise.c - addresses of two small programs (programs/places*.c*) to names, lines, members. */
#include "reports/demangle.h"
#include "reports/symbolise.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place {
    uint64_t address;
    unsigned line;
};

/* What the program says of `word`. */
static struct place place_of(const char *program, const char *word)
{
    char command[4200], line[200], name[64];
    struct place found = {0};
    snprintf(command, sizeof(command), "'%s'", program);
    FILE *pipe = popen(command, "r");
    cr_assert(pipe);
    while (fgets(line, sizeof(line), pipe)) {
        unsigned long address;
        struct place place;
        if (sscanf(line, "%63s %lx %u", name, &address, &place.line) == 3 && !strcmp(name, word)) {
            place.address = address;
            found = place;
        }
    }
    pclose(pipe);
    cr_assert(found.address, "%s of %s", word, program);
    return found;
}

static const struct snarl_symbol_frames *frames_of(struct snarl_symboliser *symboliser, const char *program,
                                                   struct place place)
{
    struct snarl_symbols *symbols = snarl_symbols_open(symboliser, program, "");
    cr_assert_null(snarl_symbols_problem(symbols), "%s", snarl_symbols_problem(symbols));
    return snarl_symbols_frames(symbols, place.address);
}

static void expect_frame(const struct snarl_symbol_frame *frame, const char *function, const char *file,
                         unsigned line, bool inlined)
{
    cr_assert_str_eq(frame->function, function);
    cr_assert(frame->file && frame->file[0] == '/', "a whole path: %s", frame->file);
    cr_assert_str_eq(strrchr(frame->file, '/') + 1, file);
    cr_assert_eq(frame->line, line, "%s: line %u", function, frame->line);
    cr_assert_eq(frame->inlined, inlined);
}

Test(symbolise, a_plain_function)
{
    struct snarl_symboliser *symboliser = snarl_symboliser_new(NULL);
    struct place place = place_of(PLACES, "plain");
    const struct snarl_symbol_frames *frames = frames_of(symboliser, PLACES, place);
    cr_assert_eq(frames->count, 1);
    expect_frame(&frames->frames[0], "plain", "places.c", place.line, false);
    cr_assert_str_eq(frames->frames[0].language, "c");
    cr_assert(frames->frames[0].column);
    cr_assert_eq(frames, frames_of(symboliser, PLACES, place), "the second time from the cache");
    snarl_symboliser_free(symboliser);
}

static void expect_inlined(const char *program)
{
    struct snarl_symboliser *symboliser = snarl_symboliser_new(NULL);
    struct place place = place_of(program, "inlined");
    const struct snarl_symbol_frames *frames = frames_of(symboliser, program, place);
    cr_assert_eq(frames->count, 3);
    expect_frame(&frames->frames[0], "innermost", "places.c", place.line, true);
    expect_frame(&frames->frames[1], "middle", "places.c", 40, true);
    expect_frame(&frames->frames[2], "outer", "places.c", 46, false);
    snarl_symboliser_free(symboliser);
}

Test(symbolise, inlined_functions)
{
    expect_inlined(PLACES);
}

Test(symbolise, the_same_with_dwarf_4)
{
    expect_inlined(PLACES_DWARF4);
}

Test(symbolise, the_same_with_split_dwarf)
{
    expect_inlined(PLACES_SPLIT);
}

Test(symbolise, symbols_alone_give_the_function)
{
    struct snarl_symboliser *symboliser = snarl_symboliser_new(NULL);
    const struct snarl_symbol_frames *frames =
        frames_of(symboliser, PLACES_PLAIN, place_of(PLACES_PLAIN, "plain"));
    cr_assert_eq(frames->count, 1);
    cr_assert_str_eq(frames->frames[0].function, "plain");
    cr_assert_null(frames->frames[0].file);
    struct snarl_symbols *symbols = snarl_symbols_open(symboliser, PLACES_PLAIN, "");
    cr_assert_str_eq(snarl_symbols_variable(symbols, place_of(PLACES_PLAIN, "lock_a").address, 0)->name,
                     "lock_a");
    cr_assert_str_eq(snarl_symbols_variable(symbols, place_of(PLACES_PLAIN, "in_main").address, 0)->name,
                     "in_main");
    cr_assert_str_eq(snarl_symbols_variable(symbols, place_of(PLACES_PLAIN, "queue").address, 0)->name,
                     "queue+16");
    snarl_symboliser_free(symboliser);
}

Test(symbolise, where_a_function_begins)
{
    struct snarl_symboliser *symboliser = snarl_symboliser_new(NULL);
    struct snarl_symbols *symbols = snarl_symbols_open(symboliser, PLACES, "");
    uint64_t address = place_of(PLACES, "plain").address, entry = snarl_symbols_entry(symbols, address);
    cr_assert(entry && entry <= address);
    cr_assert_str_eq(snarl_symbols_frames(symbols, entry)->frames[0].function, "plain");
    cr_assert_eq(snarl_symbols_entry(symbols, entry), entry);
    cr_assert_neq(snarl_symbols_entry(symbols, entry - 1), entry);
    cr_assert_eq(snarl_symbols_entry(symbols, 0), 0);
    cr_assert_eq(snarl_symbols_entry(snarl_symbols_open(symboliser, "/no/such/file", ""), address), 0);
    snarl_symboliser_free(symboliser);
}

static void expect_variable(struct snarl_symbols *symbols, const char *program, const char *word,
                            const char *name)
{
    const struct snarl_symbol_variable *variable =
        snarl_symbols_variable(symbols, place_of(program, word).address, 0);
    cr_assert(variable, "%s", word);
    cr_assert_str_eq(variable->name, name);
    cr_assert(variable->file && variable->line && variable->size);
}

Test(symbolise, variables_and_members)
{
    struct snarl_symboliser *symboliser = snarl_symboliser_new(NULL);
    const char *const programs[] = {PLACES, PLACES_DWARF4, PLACES_SPLIT};
    for (int i = 0; i < 3; i++) {
        struct snarl_symbols *symbols = snarl_symbols_open(symboliser, programs[i], "");
        expect_variable(symbols, programs[i], "lock_a", "lock_a");
        expect_variable(symbols, programs[i], "queue", "queue.state.mutex");
        expect_variable(symbols, programs[i], "table", "table[3].state.mutex");
        expect_variable(symbols, programs[i], "grid", "grid[2][3]");
        expect_variable(symbols, programs[i], "in_main", "in_main");
    }
    snarl_symboliser_free(symboliser);
}

Test(symbolise, cxx_names)
{
    struct snarl_symboliser *symboliser = snarl_symboliser_new(NULL);
    struct place place = place_of(PLACES_CXX, "member");
    const struct snarl_symbol_frames *frames = frames_of(symboliser, PLACES_CXX, place);
    expect_frame(&frames->frames[0], "bank::Account::deposit(std::string const&)", "places_cxx.cpp",
                 place.line, false);
    cr_assert_str_eq(frames->frames[0].language, "c++");
    frames = frames_of(symboliser, PLACES_CXX, place_of(PLACES_CXX, "template"));
    cr_assert_str_eq(frames->frames[0].function,
                     "void bank::each<int>(std::vector<int, std::allocator<int>> const&)");
    struct snarl_symbols *symbols = snarl_symbols_open(symboliser, PLACES_CXX, "");
    expect_variable(symbols, PLACES_CXX, "guard", "bank::account.guard");
    snarl_symboliser_free(symboliser);
}

Test(symbolise, another_build_is_refused)
{
    struct snarl_symboliser *symboliser = snarl_symboliser_new(NULL);
    struct snarl_symbols *symbols = snarl_symbols_open(symboliser, PLACES, "00112233445566778899");
    cr_assert(strstr(snarl_symbols_problem(symbols), "another file now"), "%s",
              snarl_symbols_problem(symbols));
    cr_assert_eq(snarl_symbols_frames(symbols, place_of(PLACES, "plain").address)->count, 0);
    cr_assert_null(snarl_symbols_variable(symbols, place_of(PLACES, "lock_a").address, 0));
    symbols = snarl_symbols_open(symboliser, "/no/such/file", "");
    cr_assert(snarl_symbols_problem(symbols));
    snarl_symboliser_free(symboliser);
}

static void expect_demangled(const char *symbol, const char *name, const char *language)
{
    const char *found = NULL;
    char *text = snarl_demangle(symbol, &found);
    cr_assert_str_eq(text, name);
    cr_assert(language ? found && !strcmp(found, language) : !found, "%s", symbol);
    free(text);
}

Test(demangle, names)
{
    expect_demangled("main", "main", NULL);
    expect_demangled("_exit", "_exit", NULL);
    expect_demangled("_Zbroken", "_Zbroken", NULL);
    expect_demangled("worker.constprop.0", "worker", NULL);
    expect_demangled("_ZN4bank7accountE", "bank::account", "c++");
    expect_demangled("_ZN4core3ptr42drop_in_place$LT$alloc..string..String$GT$17h0123456789abcdefE",
                     "core::ptr::drop_in_place<alloc::string::String>", "rust");
    expect_demangled("_ZN4main4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE",
                     "main::main::{{closure}}", "rust");
    expect_demangled("_RNvC6_123foo3bar", "123foo::bar", "rust");
    expect_demangled("_RNCNvC7mycrate3foo0B3_", "mycrate::foo::{closure#0}", "rust");
    expect_demangled("_RINvNtC3std3mem8align_ofjE", "std::mem::align_of::<usize>", "rust");
    expect_demangled("_RNvXCs1_7mycrateNtB2_3FooNtB2_5Trait3run", "<mycrate::Foo as mycrate::Trait>::run",
                     "rust");
    expect_demangled("_RNvMCs1_7mycrateNtB2_3Foo3new", "<mycrate::Foo>::new", "rust");
    expect_demangled("_RNvMCs6GmmlP4bgsG_1rNtB2_4Bank3pay", "<r::Bank>::pay", "rust");
    expect_demangled("_RINvCs6GmmlP4bgsG_1r4eachsEB2_", "r::each::<i16>", "rust");
    expect_demangled("_RNvMs5_NtNtNtCsjrHSEGnQ3l9_3std4sync6poison5mutexINtB5_5MutexlE4lockCs6GmmlP4bgsG_1r",
                     "<std::sync::poison::mutex::Mutex<i32>>::lock", "rust");
    expect_demangled("_RNv", "_RNv", NULL);
    expect_demangled("_RB_", "_RB_", NULL);
}
