/* frames.c - see frames.h.
 *
 * A frame is known by its code object and instruction (or line, by the public way). Code objects that were seen are kept
 * alive, so that their addresses stay theirs; s_words turns such a place into a frame in words of the depot. The
 * thread's cache maps a hash of all places to the depot's number: 64 bits of hash are taken for the stack itself.
 *
 * Mixed with C, one C frame of the function that runs Python code stands for the Python frames from the one it was
 * entered with to the innermost that it runs; it is replaced by them. */
#include "preload/python/frames.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mutex.h"
#include "base/options.h"
#include "stack/depot.h"
#include "stack/unwind.h"

#define CACHE 64          /* entries a thread, a power of two */
#define OWNED_BY_C 3      /* _frameowner of the shim frames between C and Python, 3.12 and later */
#define CHECKS 8          /* stacks that the layout has to be right about before it is trusted */

static const struct snarl_py_layout s_layouts[] = {
    {311, 56, 8, 32, 56, 48, 69, 8, 72, 68, 184, 64},
    {312, 56, 0, 0, 56, 8, 70, 24, 72, -1, 192, -1},
    {313, -1, 72, 0, 56, 8, 70, 24, 72, -1, 200, -1},
};

const struct snarl_py_layout *snarl_py_layout;
int snarl_py_version;

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_PYTHON}; /* guards s_words: the global lock may be let go in between */
static struct snarl_map s_words;
static int s_checks;

struct cached {
    uint64_t key;
    uint32_t stack;
};

static __thread struct cached s_cache[CACHE] __attribute__((tls_model("initial-exec")));

void snarl_python_frames_prepare(void)
{
    char *end;
    const char *text = snarl_py.version();
    snarl_py_version = (int)strtol(text, &end, 10) * 100;
    if (*end == '.')
        snarl_py_version += (int)strtol(end + 1, NULL, 10);
    for (size_t i = 0; i < sizeof(s_layouts) / sizeof(s_layouts[0]); i++)
        if (s_layouts[i].version == snarl_py_version)
            snarl_py_layout = &s_layouts[i];
}

/* --- reading frames in place --- */

static bool is_shim(const char *frame)
{
    const char *code = snarl_python_word(frame, snarl_py_layout->code);
    if (snarl_py_version >= 312 && frame[snarl_py_layout->owner] == OWNED_BY_C)
        return true;
    return !code || ((const struct snarl_py_object *)code)->type != snarl_py.code_type;
}

static char *skip_shims(char *frame)
{
    while (frame && is_shim(frame))
        frame = snarl_python_word(frame, snarl_py_layout->previous);
    return frame;
}

char *snarl_python_frame(void)
{
    if (!snarl_py_layout)
        return NULL;
    const void *state = snarl_py.thread_state();
    if (snarl_py_layout->indirection >= 0)
        state = snarl_python_word(state, snarl_py_layout->indirection);
    return skip_shims(snarl_python_word(state, snarl_py_layout->current));
}

char *snarl_python_frame_back(const char *frame)
{
    return skip_shims(snarl_python_word(frame, snarl_py_layout->previous));
}

struct snarl_py_object *snarl_python_frame_code(const char *frame)
{
    return (struct snarl_py_object *)snarl_python_word(frame, snarl_py_layout->code);
}

int snarl_python_frame_offset(const char *frame)
{
    const char *code = snarl_python_word(frame, snarl_py_layout->code);
    return (int)(snarl_python_word(frame, snarl_py_layout->instruction) - (code + snarl_py_layout->first_instruction));
}

/* --- places as words --- */

static const char *attribute_text(struct snarl_py_object *object, const char *name, struct snarl_py_object **held)
{
    *held = snarl_py.get_attribute(object, name);
    const char *text = *held ? snarl_py.text(*held) : NULL;
    if (!text)
        snarl_py.clear_error();
    return text ? text : "?";
}

static uintptr_t make_words(struct snarl_py_object *code, int line)
{
    struct snarl_py_object *file, *function;
    struct snarl_word_frame words = {
        .function = attribute_text(code, snarl_py_version >= 311 ? "co_qualname" : "co_name", &function),
        .file = attribute_text(code, "co_filename", &file),
        .language = "python",
        .line = line > 0 ? (uint32_t)line : 0};
    uintptr_t value = snarl_stack_word_frame(&words);
    if (file)
        snarl_py.release(file);
    if (function)
        snarl_py.release(function);
    return value;
}

/* `at` is an instruction's offset, or a line. */
static uintptr_t words_of(struct snarl_py_object *code, int at)
{
    uint64_t key = (uint64_t)(uintptr_t)code << 17 ^ (uint64_t)(unsigned)at;
    snarl_mutex_lock(&s_lock);
    uintptr_t value = (uintptr_t)snarl_map_get(&s_words, key);
    snarl_mutex_unlock(&s_lock);
    if (value)
        return value;
    value = make_words(code, snarl_py_layout ? snarl_py.code_line(code, at) : at);
    if (!value)
        return 0;
    snarl_py.retain(code);
    snarl_mutex_lock(&s_lock);
    snarl_map_put(&s_words, key, (void *)value);
    snarl_mutex_unlock(&s_lock);
    return value;
}

static uint64_t mix(uint64_t hash, uint64_t code, uint64_t at)
{
    hash = (hash ^ code) * 0x9e3779b97f4a7c15ull;
    hash = (hash << 23 | hash >> 41) + at;
    return hash;
}

struct list {
    uintptr_t frame[SNARL_STACK_DEPTH];
    uint32_t count;
    bool complete;
};

static void add(struct list *list, struct snarl_py_object *code, int at)
{
    uintptr_t value = words_of(code, at);
    if (value && list->count < SNARL_STACK_DEPTH)
        list->frame[list->count++] = value;
}

static uint32_t put(const struct list *list)
{
    return snarl_stack_put(list->frame, list->count, list->complete, true);
}

/* --- by layout --- */

static uint64_t hash_frames(char *frame, const struct snarl_py_layout *layout)
{
    uint64_t hash = 1;
    uint32_t count = 0;
    for (; frame && count < SNARL_STACK_DEPTH; frame = snarl_python_word(frame, layout->previous), count++)
        hash = mix(hash, (uintptr_t)snarl_python_word(frame, layout->code),
                   (uintptr_t)snarl_python_word(frame, layout->instruction));
    return hash;
}

static uint32_t gather(char *frame)
{
    struct list list = {.complete = true};
    for (; frame && list.count < SNARL_STACK_DEPTH; frame = snarl_python_frame_back(frame))
        add(&list, snarl_python_frame_code(frame), snarl_python_frame_offset(frame));
    list.complete = frame == NULL;
    return put(&list);
}

/* Whether the innermost frame is what the public interface says it is. */
static bool layout_is_right(const char *frame)
{
    struct snarl_py_object *object = snarl_py.frame();
    if (!object || !frame)
        return !object == !frame;
    struct snarl_py_object *code = snarl_py.frame_code(object);
    bool right = code == snarl_python_frame_code(frame) &&
                 (!snarl_py.frame_instruction || snarl_py.frame_instruction(object) == snarl_python_frame_offset(frame));
    snarl_py.release(code);
    return right;
}

static uint32_t stack_by_layout(void)
{
    char *frame = snarl_python_frame();
    if (s_checks < CHECKS) {
        s_checks++;
        if (!layout_is_right(frame)) {
            snarl_py_layout = NULL; /* a build with other options */
            return 0;
        }
    }
    if (!frame)
        return 0;
    uint64_t key = hash_frames(frame, snarl_py_layout);
    struct cached *cached = &s_cache[(key ^ key >> 32) % CACHE];
    if (cached->key == key)
        return cached->stack;
    uint32_t stack = gather(frame);
    *cached = (struct cached){key, stack};
    return stack;
}

/* --- by the public interface --- */

static uint32_t stack_by_interface(void)
{
    struct list list = {.complete = true};
    struct snarl_py_object *frame = snarl_py.frame();
    if (frame)
        snarl_py.retain(frame);
    while (frame && list.count < SNARL_STACK_DEPTH) {
        struct snarl_py_object *code = snarl_py.frame_code(frame);
        add(&list, code, snarl_py.frame_line(frame));
        snarl_py.release(code);
        struct snarl_py_object *back = snarl_py.frame_back(frame);
        snarl_py.release(frame);
        frame = back;
    }
    if (frame)
        snarl_py.release(frame);
    return put(&list);
}

uint32_t snarl_python_stack(void)
{
    uint32_t stack = snarl_py_layout ? stack_by_layout() : 0;
    return stack || snarl_py_layout ? stack : stack_by_interface();
}

/* --- mixed with C --- */

static uintptr_t s_evaluate, s_evaluate_size;

static bool is_evaluation(uintptr_t pc)
{
    return pc - s_evaluate < s_evaluate_size;
}

static void find_evaluation(void)
{
    Dl_info info;
    ElfW(Sym) *symbol = NULL;
    s_evaluate = (uintptr_t)snarl_py.evaluate;
    if (s_evaluate && dladdr1(snarl_py.evaluate, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol)
        s_evaluate_size = symbol->st_size;
}

static bool is_entered_from_c(const char *frame)
{
    const struct snarl_py_layout *layout = snarl_py_layout;
    const char *previous = snarl_python_word(frame, layout->previous);
    return layout->entered >= 0 ? frame[layout->entered] : previous && previous[layout->owner] == OWNED_BY_C;
}

/* The Python frames of one evaluation; returns the frame that is outside of it. */
static char *add_evaluation(struct list *list, char *frame)
{
    bool last = false;
    for (; frame && !last; frame = snarl_python_frame_back(frame)) {
        add(list, snarl_python_frame_code(frame), snarl_python_frame_offset(frame));
        last = is_entered_from_c(frame);
    }
    return frame;
}

uint32_t snarl_python_stack_shown(void)
{
    uint32_t plain = snarl_python_stack();
    if (!snarl_options.python_c_frames || !snarl_py_layout || !plain)
        return plain;
    if (!s_evaluate)
        find_evaluation();
    const struct snarl_stack *c = snarl_stack_get(snarl_unwind_capture((struct snarl_site){0, 0}, NULL));
    struct list list = {.complete = c && c->complete};
    char *frame = snarl_python_frame();
    for (uint32_t i = 0; c && i < c->count && list.count < SNARL_STACK_DEPTH; i++) {
        if (is_evaluation(c->frame[i]))
            frame = add_evaluation(&list, frame);
        else
            list.frame[list.count++] = c->frame[i];
    }
    return frame ? plain : snarl_stack_put(list.frame, list.count, list.complete, false); /* all of Python's must be in it */
}
