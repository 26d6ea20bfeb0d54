/* demangle.c - see demangle.h. C++ by the C++ runtime's own demangler; Rust's older mangling is C++'s with a
 * hash and escapes in it, its newer one ("_R", v0) is in demangle_rust.c. */
#include "reports/demangle.h"

#include "reports/demangle_rust.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* libstdc++ (cxxabi.h is a C++ header). */
char *__cxa_demangle(const char *name, char *buffer, size_t *length, int *status);

struct rewrite {
    const char *from, *to;
};

/* "foo::bar::h0123456789abcdef" */
static bool has_rust_hash(const char *name)
{
    size_t length = strlen(name);
    if (length < 20 || strncmp(name + length - 19, "::h", 3))
        return false;
    for (const char *digit = name + length - 16; *digit; digit++)
        if (!isdigit((unsigned char)*digit) && !(*digit >= 'a' && *digit <= 'f'))
            return false;
    return true;
}

/* Replaces every `from` by `to`, which is not longer, in place. */
static void replace_all(char *text, const char *from, const char *to)
{
    size_t from_length = strlen(from), to_length = strlen(to);
    char *write = text;
    for (const char *read = text; *read;) {
        if (!strncmp(read, from, from_length)) {
            memcpy(write, to, to_length);
            write += to_length;
            read += from_length;
        } else {
            *write++ = *read++;
        }
    }
    *write = '\0';
}

static void replace_each(char *text, const struct rewrite *rewrites)
{
    for (; rewrites->from; rewrites++)
        replace_all(text, rewrites->from, rewrites->to);
}

static void mend_rust(char *name)
{
    static const struct rewrite s_escapes[] = {
        {"::_$", "::$"}, {"$LT$", "<"},   {"$GT$", ">"},  {"$RF$", "&"},  {"$BP$", "*"},
        {"$C$", ","},    {"$LP$", "("},   {"$RP$", ")"},  {"$u20$", " "}, {"$u27$", "'"},
        {"$u5b$", "["},  {"$u5d$", "]"},  {"$u7b$", "{"}, {"$u7d$", "}"}, {"$u7e$", "~"},
        {"$u2b$", "+"},  {"$u22$", "\""}, {"$SP$", "@"},  {"..", "::"},   {NULL, NULL},
    };
    name[strlen(name) - 19] = '\0';
    if (name[0] == '_' && name[1] == '$')
        memmove(name, name + 1, strlen(name));
    replace_each(name, s_escapes);
}

static void shorten_cxx(char *name)
{
    static const struct rewrite s_long[] = {
        {"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string"},
        {"std::basic_string_view<char, std::char_traits<char> >", "std::string_view"},
        {"std::__cxx11::", "std::"},
        {"std::__1::", "std::"},
        {"> >", ">>"},
        {NULL, NULL},
    };
    replace_each(name, s_long);
}

/* The symbol without ".constprop.0", ".part.3.cold", "@@VERSION". Names that are not mangled may hold dots
 * too. */
static char *without_suffix(const char *symbol)
{
    static const char *const s_suffixes[] = {".constprop.", ".isra.", ".part.", ".cold",      ".lto_priv.",
                                             ".llvm.",      "@@",     "@",      ".localalias"};
    size_t length = strlen(symbol);
    for (size_t i = 0; i < sizeof(s_suffixes) / sizeof(s_suffixes[0]); i++) {
        const char *at = strstr(symbol + (*symbol != '\0'), s_suffixes[i]);
        if (at && (size_t)(at - symbol) < length)
            length = at - symbol;
    }
    return strndup(symbol, length);
}

char *snarl_demangle(const char *symbol, const char **language)
{
    const char *ignored;
    if (!language)
        language = &ignored;
    char *plain = without_suffix(symbol);
    if (!plain || plain[0] != '_' || !plain[1])
        return plain;
    char *name = NULL;
    if (plain[1] == 'R') {
        name = snarl_demangle_rust(plain);
        if (name)
            *language = "rust";
    } else if (plain[1] == 'Z') {
        int status;
        name = __cxa_demangle(plain, NULL, NULL, &status);
        bool rust = name && has_rust_hash(name);
        if (name)
            *language = rust ? "rust" : "c++";
        if (rust)
            mend_rust(name);
        else if (name)
            shorten_cxx(name);
    }
    if (!name)
        return plain;
    free(plain);
    return name;
}
