/* fake.c - see fake.h. */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include "preload/python/agent.h"
#include "preload/python/frames.h"

int snarl_py_version;
struct snarl_py_object fake_types[4]; /* text, number, dictionary, object */

static const struct {
    const char *name;
    int effect;
} s_opcodes[FAKE_OPCODES] = {
    [FAKE_CACHE] = {"CACHE", 0}, [FAKE_LOAD_GLOBAL] = {"LOAD_GLOBAL", 1}, [FAKE_STORE_GLOBAL] = {"STORE_GLOBAL", -1},
    [FAKE_LOAD_NAME] = {"LOAD_NAME", 1}, [FAKE_STORE_NAME] = {"STORE_NAME", -1}, [FAKE_LOAD_ATTR] = {"LOAD_ATTR", 0},
    [FAKE_STORE_ATTR] = {"STORE_ATTR", -2}, [FAKE_BINARY_SUBSCR] = {"BINARY_SUBSCR", -1},
    [FAKE_STORE_SUBSCR] = {"STORE_SUBSCR", -3}, [FAKE_LOAD_DEREF] = {"LOAD_DEREF", 1},
    [FAKE_STORE_DEREF] = {"STORE_DEREF", -1}, [FAKE_EXTENDED_ARG] = {"EXTENDED_ARG", 0},
    [FAKE_LOAD_CONST] = {"LOAD_CONST", 1}, [FAKE_BINARY_OP] = {"BINARY_OP", -1}, [FAKE_STORE_FAST] = {"STORE_FAST", -1},
    [FAKE_POP_JUMP_IF_FALSE] = {"POP_JUMP_IF_FALSE", -1}, [FAKE_JUMP_BACKWARD] = {"JUMP_BACKWARD", 0},
    [FAKE_RETURN_VALUE] = {"RETURN_VALUE", -1}, [FAKE_POP_TOP] = {"POP_TOP", -1},
};

static struct fake *fake_of(const struct snarl_py_object *object)
{
    return (struct fake *)object;
}

static struct fake *make(int type)
{
    struct fake *fake = calloc(1, sizeof(*fake));
    fake->head.type = &fake_types[type];
    return fake;
}

struct snarl_py_object *fake_text(const char *text)
{
    struct fake *fake = make(0);
    fake->text = text;
    fake->size = (long)strlen(text);
    return &fake->head;
}

struct snarl_py_object *fake_number(double number)
{
    struct fake *fake = make(1);
    fake->number = number;
    return &fake->head;
}

struct snarl_py_object *fake_dict(void)
{
    return &make(2)->head;
}

struct snarl_py_object *fake_tuple(int count, struct snarl_py_object *const *items)
{
    struct fake *fake = make(3);
    for (int i = 0; i < count; i++)
        fake->item[i] = fake_of(items[i]);
    fake->count = count;
    return &fake->head;
}

void fake_set(struct snarl_py_object *object, const char *name, struct snarl_py_object *value)
{
    struct fake *fake = fake_of(object);
    fake->name[fake->count] = name;
    fake->item[fake->count++] = fake_of(value);
}

struct snarl_py_object *fake_code(const char *file, const char *name, const uint8_t (*instructions)[2], int count)
{
    struct snarl_py_object *code = &make(3)->head, *none = fake_tuple(0, NULL);
    struct fake *bytes = make(3);
    bytes->text = (const char *)instructions;
    bytes->size = count * 2;
    fake_set(code, "co_filename", fake_text(file));
    fake_set(code, "co_name", fake_text(name));
    fake_set(code, "co_code", &bytes->head);
    fake_set(code, "co_exceptiontable", fake_text(""));
    fake_set(code, "co_names", none);
    fake_set(code, "co_varnames", none);
    fake_set(code, "co_cellvars", none);
    fake_set(code, "co_freevars", none);
    return code;
}

/* --- the interface --- */

static struct snarl_py_object *item_named(struct snarl_py_object *object, const char *name)
{
    struct fake *fake = fake_of(object);
    for (int i = 0; i < fake->count; i++)
        if (strcmp(fake->name[i], name) == 0)
            return &fake->item[i]->head;
    return NULL;
}

static struct snarl_py_object *import_opcode(const char *name)
{
    struct snarl_py_object *module = &make(3)->head, *map = fake_dict();
    (void)name;
    fake_set(module, "opmap", map);
    return module;
}

/* The map of opcodes is the only dictionary that is walked: it is longer than a fake can hold. */
static int next_opcode(struct snarl_py_object *dict, intptr_t *position, struct snarl_py_object **key,
                       struct snarl_py_object **value)
{
    (void)dict;
    if (*position == FAKE_OPCODES)
        return 0;
    *key = fake_text(s_opcodes[*position].name);
    *value = fake_number((double)*position);
    ++*position;
    return 1;
}

static int effect_of(int opcode, int argument, int jump)
{
    (void)argument;
    (void)jump;
    return s_opcodes[opcode].effect;
}

static const char *text_of(struct snarl_py_object *object)
{
    return fake_of(object)->text;
}

static intptr_t size_of(struct snarl_py_object *object)
{
    return fake_of(object)->size;
}

static intptr_t count_of(struct snarl_py_object *object)
{
    return fake_of(object)->count;
}

static struct snarl_py_object *item_at(struct snarl_py_object *object, intptr_t index)
{
    return &fake_of(object)->item[index]->head;
}

static long integer_of(struct snarl_py_object *object)
{
    return (long)fake_of(object)->number;
}

static double number_of(struct snarl_py_object *object)
{
    return fake_of(object)->number;
}

static int is_true(struct snarl_py_object *object)
{
    return fake_of(object)->number != 0;
}

static int line_of(struct snarl_py_object *code, int offset)
{
    (void)code;
    return 100 + offset;
}

static void ignore(struct snarl_py_object *object)
{
    (void)object;
}

static void nothing(void)
{
}

static struct snarl_py_object *no_error(void)
{
    return NULL;
}

struct snarl_py_object *snarl_python_attribute(struct snarl_py_object *object, const char *name)
{
    return object ? item_named(object, name) : NULL;
}

void fake_begin(int version)
{
    snarl_py_version = version;
    snarl_py = (struct snarl_py_api){
        .import = import_opcode, .dict_next = next_opcode, .dict_text_item = item_named, .stack_effect = effect_of,
        .text = text_of, .bytes = text_of, .bytes_size = size_of, .tuple_size = count_of, .tuple_item = item_at,
        .long_value = integer_of, .float_value = number_of, .is_true = is_true, .code_line = line_of, .retain = ignore,
        .release = ignore, .clear_error = nothing, .error = no_error, .text_type = &fake_types[0],
        .dict_type = &fake_types[2], .none_object = &fake_types[3]};
}
