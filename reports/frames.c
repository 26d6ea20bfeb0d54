/* frames.c - see frames.h. */
#include "reports/frames.h"

#include <stdio.h>
#include <string.h>

const char *snarl_json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

const char *snarl_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool starts_with_any(const char *text, const char *const *prefixes)
{
    for (; *prefixes; prefixes++)
        if (!strncmp(text, *prefixes, strlen(*prefixes)))
            return true;
    return false;
}

/* Libraries whose frames say where the program called them, not what it did. */
static bool is_runtime_module(const char *module)
{
    static const char *const s_runtime[] = {
        "libc.so",   "libc-2",       "libpthread", "ld-linux",   "ld-2",   "libstdc++.so",
        "libc++.so", "libc++abi.so", "libgcc_s",   "libm.so",    "libm-2", "librt.so",
        "libdl.so",  "libsnarl.so",  "libtsan.so", "linux-vdso", "[vdso]", "libgomp.so",
        "libomp.so", "libunwind",    "ld-musl",    NULL,
    };
    return starts_with_any(snarl_path_base(module), s_runtime);
}

/* Headers and sources of standard libraries, which are compiled into the program. */
static bool is_runtime_file(const char *file)
{
    const char *python = strstr(file, "/lib/python3"); /* its own modules, not those installed beside them */
    if (python && !strstr(python, "-packages/"))
        return true;
    return !strncmp(file, "/usr/include/", 13) || !strncmp(file, "/rustc/", 7) ||
           strstr(file, "/library/std/src/") || strstr(file, "/library/core/src/") ||
           strstr(file, "/library/alloc/src/");
}

bool snarl_frame_is_program(const json_t *frame)
{
    static const char *const s_start[] = {"_start",  "__libc_start", "start_thread",
                                          "__clone", "clone3",       NULL};
    const char *function = snarl_json_text(frame, "function");
    const char *module = snarl_json_text(frame, "module");
    const char *file = snarl_json_text(frame, "file");
    if (!*function && !*module)
        return false;
    return !is_runtime_module(module) && !is_runtime_file(file) && !starts_with_any(function, s_start) &&
           strncmp(function, "std::", 5) && strncmp(function, "void std::", 10);
}

const json_t *snarl_event_frame(const json_t *event)
{
    const json_t *stack = json_object_get(event, "stack");
    size_t count = json_array_size(stack);
    for (size_t i = 0; i < count; i++)
        if (snarl_frame_is_program(json_array_get(stack, i)))
            return json_array_get(stack, i);
    return json_array_get(stack, 0);
}

/* Whether the '(' or '<' at `at` belongs to the name: "operator()", "operator<", "(anonymous namespace)",
 * "{lambda(int)#1}", "<T as Trait>::f" of Rust. */
static bool part_of_name(const char *name, const char *at)
{
    static const char s_anonymous[] = "(anonymous namespace)";
    return at == name || (at - name >= 8 && !memcmp(at - 8, "operator", 8)) || at[-1] == '{' ||
           at[-1] == ':' || !strncmp(at, s_anonymous, sizeof(s_anonymous) - 1);
}

/* Copies `name` without what stands in brackets. */
static size_t without_brackets(const char *name, char *text, size_t size)
{
    size_t length = 0;
    int depth = 0;
    for (const char *at = name; *at && length + 1 < size; at++) {
        bool opens = *at == '(' || *at == '<',
             closes = *at == ')' || (*at == '>' && (at == name || at[-1] != '-'));
        if (!depth && opens && part_of_name(name, at)) {
            const char *end = strchr(at, *at == '(' ? ')' : '>');
            while (end && at < end && length + 2 < size)
                text[length++] = *at++;
            text[length++] = *at;
            continue;
        }
        depth += opens;
        if (!depth)
            text[length++] = *at;
        if (closes && depth)
            depth--;
        if (closes && !depth && at[1] == '\0')
            break;
    }
    text[length] = '\0';
    return length;
}

void snarl_frame_function(const json_t *frame, char *text, size_t size)
{
    const char *name = snarl_json_text(frame, "function");
    const char *language = snarl_json_text(frame, "language");
    if (strcmp(language, "c++") || !strchr(name, '(')) {
        snprintf(text, size, "%s", name);
        return;
    }
    char shorter[512];
    without_brackets(name, shorter, sizeof(shorter));
    static const char s_const[] = " const";
    size_t length = strlen(shorter);
    if (length > sizeof(s_const) && !strcmp(shorter + length - sizeof(s_const) + 1, s_const))
        shorter[length - sizeof(s_const) + 1] = '\0';
    /* Templates carry their return type: "void bank::each". */
    const char *space = strrchr(shorter, ' ');
    const char *start =
        space && !strstr(shorter, "operator") && !strchr(shorter, '{') && !strstr(shorter, "(anon")
            ? space + 1
            : shorter;
    while (*start == '*' || *start == '&')
        start++;
    snprintf(text, size, "%s", start);
}

void snarl_frame_place(const json_t *frame, char *text, size_t size)
{
    char function[256], where[512];
    const char *file = snarl_json_text(frame, "file");
    const char *module = snarl_json_text(frame, "module");
    json_int_t line = json_integer_value(json_object_get(frame, "line"));
    if (!frame) {
        snprintf(text, size, "an unknown place");
        return;
    }
    snarl_frame_function(frame, function, sizeof(function));
    if (*file && line)
        snprintf(where, sizeof(where), "%s:%lld", snarl_path_base(file), (long long)line);
    else if (*file)
        snprintf(where, sizeof(where), "%s", snarl_path_base(file));
    else
        snprintf(where, sizeof(where), "%s+%s", *module ? snarl_path_base(module) : "?",
                 snarl_json_text(frame, "offset"));
    if (*function)
        snprintf(text, size, "%s (%s)", function, where);
    else
        snprintf(text, size, "%s", where);
}

void snarl_thread_label(const json_t *thread, char *text, size_t size)
{
    const char *name = snarl_json_text(thread, "name");
    const char *number = strrchr(snarl_json_text(thread, "id"), '/');
    bool main_thread = json_is_true(json_object_get(thread, "main"));
    if (!number)
        snprintf(text, size, "a thread");
    else if (main_thread)
        snprintf(text, size, "the main thread");
    else if (*name)
        snprintf(text, size, "T%s (%s)", number + 1, name);
    else
        snprintf(text, size, "T%s", number + 1);
}
