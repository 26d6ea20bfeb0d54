/* code.c - see code.h.
 *
 * Which instruction is which is asked of the `opcode` module, so no numbers are written down here. The interpreter of 3.12
 * and later does not tell how deep a running frame's stack is; it is worked out once for each instruction by following the
 * code with the stack effect that Python itself tells. */
#include "preload/python/code.h"

#include <string.h>

#include "base/map.h"
#include "base/memory.h"
#include "preload/python/agent.h"
#include "preload/python/frames.h"

enum { FORWARD = 1, BACKWARD = 2, STOPS = 4, FAST_STORE = 8 };

struct kind {
    const char *name;
    uint8_t access;
    bool write;
};

static const struct kind s_kinds[] = {
    {"LOAD_GLOBAL", SNARL_PY_GLOBAL, false},   {"STORE_GLOBAL", SNARL_PY_GLOBAL, true},
    {"LOAD_NAME", SNARL_PY_GLOBAL, false},     {"STORE_NAME", SNARL_PY_GLOBAL, true},
    {"LOAD_ATTR", SNARL_PY_ATTRIBUTE, false},  {"STORE_ATTR", SNARL_PY_ATTRIBUTE, true},
    {"BINARY_SUBSCR", SNARL_PY_ITEM, false},   {"STORE_SUBSCR", SNARL_PY_ITEM, true},
    {"LOAD_DEREF", SNARL_PY_CELL, false},      {"STORE_DEREF", SNARL_PY_CELL, true},
};

static const struct kind *s_kind_of[256];
static uint8_t s_flow[256];
static int s_extended;
static struct snarl_map s_codes;

static uint8_t flow_of(const char *name, bool jumps)
{
    uint8_t flow = 0;
    if (jumps)
        flow |= strstr(name, "BACKWARD") ? BACKWARD : FORWARD;
    if (strncmp(name, "RETURN_V", 8) == 0 || strncmp(name, "RETURN_C", 8) == 0 || strncmp(name, "RAISE", 5) == 0 ||
        strcmp(name, "RERAISE") == 0 || strncmp(name, "JUMP_FORW", 9) == 0 || strncmp(name, "JUMP_BACK", 9) == 0)
        flow |= STOPS;
    if (strncmp(name, "STORE_FAST", 10) == 0)
        flow |= FAST_STORE;
    return flow;
}

static void note_opcode(const char *name, long number)
{
    for (size_t i = 0; i < sizeof(s_kinds) / sizeof(s_kinds[0]); i++)
        if (strcmp(name, s_kinds[i].name) == 0)
            s_kind_of[number] = &s_kinds[i];
    if (strcmp(name, "EXTENDED_ARG") == 0)
        s_extended = (int)number;
    s_flow[number] = flow_of(name, strstr(name, "JUMP") || strcmp(name, "FOR_ITER") == 0 || strcmp(name, "SEND") == 0);
}

bool snarl_python_code_prepare(void)
{
    struct snarl_py_object *module = snarl_py.import("opcode");
    struct snarl_py_object *map = snarl_python_attribute(module, "opmap");
    struct snarl_py_object *key, *value;
    intptr_t position = 0;
    while (map && map->type == snarl_py.dict_type && snarl_py.dict_next(map, &position, &key, &value)) {
        long number = snarl_py.long_value(value);
        if (number >= 0 && number < 256)
            note_opcode(snarl_py.text(key), number);
    }
    snarl_py.clear_error();
    return s_extended != 0;
}

struct analysis {
    struct snarl_py_code *code;
    const uint8_t *bytes;
};

/* From instruction `at`, which begins with a stack of `depth`, until the way ends or is known. */
static void follow(struct analysis *analysis, uint32_t at, int depth)
{
    struct snarl_py_code *code = analysis->code;
    const uint8_t *bytes = analysis->bytes;
    while (at < code->count) {
        uint32_t from = at;
        int argument = bytes[2 * at + 1];
        while (bytes[2 * at] == s_extended && at + 1 < code->count) {
            code->instructions[at++].depth = (int16_t)depth;
            argument = argument << 8 | bytes[2 * at + 1];
        }
        int opcode = bytes[2 * at];
        if (code->instructions[at].depth >= 0)
            return;
        (void)from;
        code->instructions[at].depth = (int16_t)depth;
        uint32_t next = at + 1;
        while (next < code->count && bytes[2 * next] == 0) /* inline caches */
            next++;
        if (s_flow[opcode] & (FORWARD | BACKWARD)) {
            int effect = snarl_py.stack_effect(opcode, argument, 1);
            int64_t target = s_flow[opcode] & BACKWARD ? (int64_t)next - argument : (int64_t)next + argument;
            if (effect > -1000 && effect < 1000 && depth + effect >= 0 && target >= 0 && target < code->count)
                follow(analysis, (uint32_t)target, depth + effect);
        }
        if (s_flow[opcode] & STOPS)
            return;
        int effect = snarl_py.stack_effect(opcode, argument, 0);
        if (effect > 1000 || effect < -1000 || depth + effect < 0)
            return;
        depth += effect;
        at = next;
    }
}

static uint32_t read_varint(const uint8_t **at, const uint8_t *end)
{
    uint32_t value = 0;
    while (*at < end) {
        uint8_t byte = *(*at)++;
        value = value << 6 | (byte & 63);
        if (!(byte & 64))
            break;
    }
    return value;
}

/* Handlers of exceptions begin with a stack that the table tells. */
static void follow_handlers(struct analysis *analysis, struct snarl_py_object *table)
{
    const uint8_t *at = (const uint8_t *)snarl_py.bytes(table), *end = at + snarl_py.bytes_size(table);
    while (at < end) {
        read_varint(&at, end);
        read_varint(&at, end);
        uint32_t target = read_varint(&at, end), depth = read_varint(&at, end);
        if (target < analysis->code->count)
            follow(analysis, target, (int)(depth >> 1) + (int)(depth & 1) + 1);
    }
}

/* Names of a class's body are the class's, not the module's. */
static bool is_module(struct snarl_py_object *code)
{
    struct snarl_py_object *name = snarl_python_attribute(code, "co_name");
    const char *text = name ? snarl_py.text(name) : NULL;
    bool module = text && strcmp(text, "<module>") == 0;
    if (name)
        snarl_py.release(name);
    return module;
}

static void note_stored(struct snarl_py_code *code, const struct snarl_py_instruction *store)
{
    for (uint32_t i = 0; i < code->count; i++) {
        struct snarl_py_instruction *other = &code->instructions[i];
        if (other->access == store->access && !other->write && other->argument == store->argument)
            other->stored = true;
    }
}

static void find_stored(struct snarl_py_code *code)
{
    for (uint32_t i = 0; i < code->count; i++)
        if (code->instructions[i].access && code->instructions[i].write)
            note_stored(code, &code->instructions[i]);
}

/* Whether there are any. */
static bool find_accesses(struct snarl_py_code *code, const uint8_t *bytes)
{
    int extended = 0;
    bool names = is_module(code->code), any = false;
    for (uint32_t i = 0; i < code->count; i++) {
        int opcode = bytes[2 * i], argument = bytes[2 * i + 1] | extended << 8;
        struct snarl_py_instruction *instruction = &code->instructions[i];
        extended = opcode == s_extended ? argument : 0;
        const struct kind *kind = s_kind_of[opcode];
        if (!kind || opcode == s_extended || (!names && strstr(kind->name, "_NAME")))
            continue;
        if (kind->access == SNARL_PY_GLOBAL && strcmp(kind->name, "LOAD_GLOBAL") == 0)
            argument >>= 1;
        if (kind->access == SNARL_PY_ATTRIBUTE && !kind->write && snarl_py_version >= 312) {
            if (argument & 1) /* a method to be called */
                continue;
            argument >>= 1;
        }
        uint32_t next = i + 1;
        while (next < code->count && bytes[2 * next] == 0)
            next++;
        instruction->access = kind->access;
        instruction->write = kind->write;
        instruction->argument = (uint16_t)argument;
        instruction->copies = next < code->count && s_flow[bytes[2 * next]] & FAST_STORE;
        any = true;
    }
    return any;
}

static bool is_watched(struct snarl_py_object *code)
{
    struct snarl_py_object *file = snarl_python_attribute(code, "co_filename");
    const char *text = file ? snarl_py.text(file) : NULL;
    bool watched = text && text[0] != '<' && !strstr(text, "/lib/python3") && !strstr(text, "/dist-packages/") &&
                   !strstr(text, "/site-packages/");
    if (file)
        snarl_py.release(file);
    return watched;
}

static int count_of(struct snarl_py_object *code, const char *name)
{
    struct snarl_py_object *names = snarl_python_attribute(code, name);
    int count = names ? (int)snarl_py.tuple_size(names) : 0;
    if (names)
        snarl_py.release(names);
    return count;
}

static int locals_of(struct snarl_py_object *code)
{
    struct snarl_py_object *plain = snarl_python_attribute(code, "co_varnames");
    struct snarl_py_object *cells = snarl_python_attribute(code, "co_cellvars");
    int count = count_of(code, "co_varnames") + count_of(code, "co_freevars");
    for (intptr_t i = 0; cells && plain && i < snarl_py.tuple_size(cells); i++) {
        bool both = false;
        for (intptr_t k = 0; k < snarl_py.tuple_size(plain); k++)
            both |= snarl_py.tuple_item(plain, k) == snarl_py.tuple_item(cells, i);
        count += !both;
    }
    if (plain)
        snarl_py.release(plain);
    if (cells)
        snarl_py.release(cells);
    return count;
}

static void analyse(struct snarl_py_code *code)
{
    struct snarl_py_object *bytes = snarl_python_attribute(code->code, "co_code");
    struct snarl_py_object *table = snarl_python_attribute(code->code, "co_exceptiontable");
    code->names = snarl_python_attribute(code->code, "co_names");
    code->count = bytes ? (uint32_t)snarl_py.bytes_size(bytes) / 2 : 0;
    code->instructions = code->count ? snarl_memory_alloc(code->count * sizeof(*code->instructions)) : NULL;
    if (!code->instructions || !code->names) {
        code->watched = false;
        return;
    }
    code->locals = locals_of(code->code);
    struct analysis analysis = {code, (const uint8_t *)snarl_py.bytes(bytes)};
    code->watched = find_accesses(code, analysis.bytes);
    find_stored(code);
    for (uint32_t i = 0; i < code->count; i++)
        code->instructions[i].depth = -1;
    follow(&analysis, 0, 0);
    if (table)
        follow_handlers(&analysis, table);
    snarl_py.release(bytes);
    if (table)
        snarl_py.release(table);
}

int snarl_python_line(const struct snarl_py_code *code, struct snarl_py_instruction *instruction)
{
    if (!instruction->line) {
        int line = snarl_py.code_line(code->code, (int)(instruction - code->instructions) * 2);
        instruction->line = line > 0 ? line : -1;
    }
    return instruction->line;
}

struct snarl_py_code *snarl_python_code(struct snarl_py_object *object)
{
    static struct snarl_py_code *s_last;
    if (s_last && s_last->code == object)
        return s_last;
    struct snarl_py_code *code = s_last = snarl_map_get(&s_codes, (uintptr_t)object);
    if (code || !(code = snarl_memory_alloc(sizeof(*code))))
        return code;
    snarl_py.retain(object);
    code->code = object;
    code->watched = is_watched(object);
    if (code->watched)
        analyse(code);
    snarl_map_put(&s_codes, (uintptr_t)object, code);
    return code;
}
