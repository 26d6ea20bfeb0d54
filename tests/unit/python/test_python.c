/* The Python agent without a Python: which runtimes are taken, arguments of calls, instructions, order. */
#include <criterion/criterion.h>

#include "fake.h"
#include "preload/python/arguments.h"
#include "preload/python/code.h"
#include "preload/python/order.h"

/* --- versions --- */

Test(version, known_ones_are_taken)
{
    static const char *const known[] = {"3.10.13 (main, May  9 2026)", "3.11.2 (main)", "3.12.1", "3.13.0 (main) [GCC]"};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        cr_assert_null(snarl_python_problem(known[i], false), "%s", known[i]);
}

Test(version, others_are_refused_with_a_reason)
{
    static const char *const unknown[] = {"2.7.18 (default)", "3.9.18", "3.14.0 (main)", "3.15.0a1+", "4.0.0", "", "x"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
        cr_assert_str_eq(snarl_python_problem(unknown[i], false), "a version that snarl does not know (it knows 3.10 to 3.13)",
                         "%s", unknown[i]);
}

Test(version, builds_without_a_global_lock_are_refused)
{
    cr_assert_str_eq(snarl_python_problem("3.13.0 experimental free-threading build (main)", false),
                     "a build without a global lock");
    cr_assert_str_eq(snarl_python_problem("3.14.0 free-threading build (main)", false), "a build without a global lock");
    cr_assert_str_eq(snarl_python_problem("3.13.0 (main)", true), "a build without a global lock");
}

/* --- arguments --- */

static enum snarl_how how(int flags, void *a, void *b, void *c, void *d)
{
    return snarl_python_how(snarl_python_arguments(flags, a, b, c, d));
}

Test(arguments, vector_by_place_and_by_name)
{
    fake_begin(313);
    struct snarl_py_object *values[] = {fake_number(1), fake_number(2.5), fake_number(0)};
    struct snarl_py_object *name[] = {fake_text("timeout")}, *names = fake_tuple(1, name);
    int flags = SNARL_PY_FASTCALL | SNARL_PY_KEYWORDS;
    cr_assert_eq(how(flags, values, (void *)0, NULL, NULL), SNARL_HOW_BLOCK);
    cr_assert_eq(how(flags, values, (void *)1, NULL, NULL), SNARL_HOW_BLOCK);
    cr_assert_eq(how(flags, values, (void *)2, NULL, NULL), SNARL_HOW_TIMED);
    cr_assert_eq(how(flags, values + 2, (void *)1, NULL, NULL), SNARL_HOW_TRY);
    cr_assert_eq(how(flags, values + 1, (void *)0, names, NULL), SNARL_HOW_TIMED); /* acquire(timeout=2.5) */
    cr_assert_eq(how(flags | SNARL_PY_METHOD, NULL, values, (void *)2, NULL), SNARL_HOW_TIMED, "the class comes first");
}

Test(arguments, tuple_and_dictionary)
{
    fake_begin(311);
    struct snarl_py_object *none = fake_tuple(0, NULL), *keywords = fake_dict();
    int flags = SNARL_PY_VARARGS | SNARL_PY_KEYWORDS;
    cr_assert_eq(how(flags, none, NULL, NULL, NULL), SNARL_HOW_BLOCK);
    fake_set(keywords, "block", fake_number(0));
    cr_assert_eq(how(flags, none, keywords, NULL, NULL), SNARL_HOW_TRY);
    struct snarl_py_object *given[] = {fake_number(1), fake_number(-1)};
    cr_assert_eq(how(flags, fake_tuple(2, given), NULL, NULL, NULL), SNARL_HOW_BLOCK, "negative: for ever");
    given[1] = snarl_py.none_object;
    cr_assert_eq(how(flags, fake_tuple(2, given), NULL, NULL, NULL), SNARL_HOW_BLOCK, "None: for ever");
}

Test(arguments, none_at_all)
{
    fake_begin(312);
    cr_assert_eq(how(SNARL_PY_NOARGS, NULL, NULL, NULL, NULL), SNARL_HOW_BLOCK);
}

/* --- instructions --- */

#define CODE(instructions, file, name)                                                                      \
    snarl_python_code(fake_code(file, name, instructions, sizeof(instructions) / sizeof(*instructions)))

static void begin(int version)
{
    fake_begin(version);
    cr_assert(snarl_python_code_prepare());
}

Test(code, an_update_of_a_global)
{
    begin(312);
    static const uint8_t program[][2] = {{FAKE_LOAD_GLOBAL, 3 << 1}, {FAKE_CACHE, 0}, {FAKE_LOAD_CONST, 0},
                                         {FAKE_BINARY_OP, 0}, {FAKE_STORE_GLOBAL, 3}, {FAKE_LOAD_GLOBAL, 4 << 1 | 1},
                                         {FAKE_STORE_FAST, 0}, {FAKE_RETURN_VALUE, 0}};
    const struct snarl_py_code *code = CODE(program, "/home/u/p.py", "f");
    const struct snarl_py_instruction *in = code->instructions;
    cr_assert(code->watched);
    cr_assert(in[0].access == SNARL_PY_GLOBAL && !in[0].write && in[0].argument == 3 && in[0].stored && !in[0].copies);
    cr_assert(in[4].access == SNARL_PY_GLOBAL && in[4].write && in[4].argument == 3);
    cr_assert(in[5].argument == 4 && !in[5].stored && in[5].copies, "nobody here stores it; it goes into a local variable");
    cr_assert_eq(in[2].access, SNARL_PY_NOTHING);
}

Test(code, a_method_that_is_called_is_no_access)
{
    begin(312);
    static const uint8_t program[][2] = {{FAKE_LOAD_DEREF, 1}, {FAKE_LOAD_ATTR, 2 << 1}, {FAKE_LOAD_ATTR, 2 << 1 | 1}};
    const struct snarl_py_code *code = CODE(program, "/home/u/p.py", "f");
    cr_assert(code->instructions[0].access == SNARL_PY_CELL && code->instructions[0].argument == 1);
    cr_assert(code->instructions[1].access == SNARL_PY_ATTRIBUTE && code->instructions[1].argument == 2);
    cr_assert_eq(code->instructions[2].access, SNARL_PY_NOTHING);
}

Test(code, attributes_in_3_11_have_no_such_mark)
{
    begin(311);
    static const uint8_t program[][2] = {{FAKE_LOAD_DEREF, 1}, {FAKE_LOAD_ATTR, 5}};
    cr_assert_eq(CODE(program, "/home/u/p.py", "f")->instructions[1].argument, 5);
}

Test(code, long_arguments)
{
    begin(312);
    static const uint8_t program[][2] = {{FAKE_LOAD_CONST, 0}, {FAKE_EXTENDED_ARG, 1}, {FAKE_STORE_GLOBAL, 4}};
    const struct snarl_py_code *code = CODE(program, "/home/u/p.py", "f");
    cr_assert_eq(code->instructions[2].argument, 0x104);
    cr_assert_eq(code->instructions[2].depth, 1);
}

Test(code, depths_follow_branches_and_loops)
{
    begin(312);
    static const uint8_t program[][2] = {{FAKE_LOAD_CONST, 0}, {FAKE_LOAD_CONST, 0}, {FAKE_POP_JUMP_IF_FALSE, 2},
                                         {FAKE_LOAD_CONST, 0}, {FAKE_RETURN_VALUE, 0}, {FAKE_LOAD_CONST, 0},
                                         {FAKE_BINARY_SUBSCR, 0}, {FAKE_JUMP_BACKWARD, 7}, {FAKE_LOAD_DEREF, 0}};
    const struct snarl_py_code *code = CODE(program, "/home/u/p.py", "f");
    static const int depths[] = {0, 1, 2, 1, 2, 1, 2, 1, -1};
    for (int i = 0; i < 9; i++)
        cr_assert_eq(code->instructions[i].depth, depths[i], "instruction %d: %d", i, code->instructions[i].depth);
}

Test(code, names_of_a_class_are_not_the_modules)
{
    begin(312);
    static const uint8_t program[][2] = {{FAKE_LOAD_NAME, 0}, {FAKE_STORE_NAME, 0}};
    cr_assert_not(CODE(program, "/home/u/p.py", "Box")->watched);
    const struct snarl_py_code *module = CODE(program, "/home/u/p.py", "<module>");
    cr_assert(module->watched && module->instructions[0].access == SNARL_PY_GLOBAL && module->instructions[1].write);
}

Test(code, libraries_are_not_looked_at)
{
    begin(312);
    static const uint8_t program[][2] = {{FAKE_LOAD_GLOBAL, 0}, {FAKE_STORE_GLOBAL, 0}};
    static const char *const files[] = {"/usr/lib/python3.11/queue.py", "/usr/lib/python3/dist-packages/a.py",
                                        "/home/u/env/lib/python3.12/site-packages/a.py", "<frozen importlib._bootstrap>"};
    for (int i = 0; i < 4; i++)
        cr_assert_not(CODE(program, files[i], "f")->watched, "%s", files[i]);
    cr_assert(CODE(program, "/home/u/a.py", "f")->watched);
}

Test(code, lines_are_asked_for_once_each)
{
    begin(312);
    static const uint8_t program[][2] = {{FAKE_LOAD_GLOBAL, 0}, {FAKE_STORE_GLOBAL, 0}};
    const struct snarl_py_code *code = CODE(program, "/home/u/a.py", "f");
    cr_assert_eq(snarl_python_line(code, &code->instructions[1]), 102);
    snarl_py.code_line = NULL;
    cr_assert_eq(snarl_python_line(code, &code->instructions[1]), 102);
}

/* --- order --- */

static bool is_before(struct snarl_thread *a, uint32_t epoch, struct snarl_thread *b)
{
    return epoch <= snarl_vclock_get(snarl_python_clock(b), a->id);
}

Test(order, what_is_released_is_before_what_acquires_it)
{
    struct snarl_thread a = {.id = 5}, b = {.id = 6};
    uint32_t epoch = snarl_python_epoch(&a);
    cr_assert_not(is_before(&a, epoch, &b));
    snarl_python_order_release(&a, 64);
    snarl_python_order_acquire(&b, 128);
    cr_assert_not(is_before(&a, epoch, &b), "another object");
    snarl_python_order_acquire(&b, 64);
    cr_assert(is_before(&a, epoch, &b));
    cr_assert_not(is_before(&a, snarl_python_epoch(&a), &b), "what comes after the release");
}

Test(order, an_object_that_is_gone_orders_nothing)
{
    struct snarl_thread a = {.id = 5}, b = {.id = 6};
    uint32_t epoch = snarl_python_epoch(&a);
    snarl_python_order_release(&a, 64);
    snarl_python_order_gone(64);
    snarl_python_order_acquire(&b, 64);
    cr_assert_not(is_before(&a, epoch, &b));
}

Test(order, a_foreign_thread_comes_after_its_creators_past)
{
    struct snarl_thread a = {.id = 5}, b = {.id = 6, .creator = 5};
    uint32_t epoch = snarl_python_epoch(&a);
    cr_assert(is_before(&a, epoch, &b));
}
