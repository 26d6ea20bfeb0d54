/* planner.c - see planner.h. */
#include "plan/planner.h"

#include "plan/atomics.h"
#include "plan/layout.h"
#include "plan/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *snarl_planner_reason(enum snarl_reason reason)
{
    static const char *const s_words[SNARL_REASON_COUNT] = {
        [SNARL_REASON_NONE] = "instrumented",
        [SNARL_REASON_UNDECODED] = "instructions that cannot be moved",
        [SNARL_REASON_UNRESOLVED] = "indirect jump not understood",
        [SNARL_REASON_ODD_TARGET] = "jump into an instruction",
        [SNARL_REASON_NO_ROOM] = "no room for a jump",
        [SNARL_REASON_ODD_ACCESS] = "gather, masked or thread-relative",
        [SNARL_REASON_OUTSIDE] = "code without unwinding information",
        [SNARL_REASON_SKIPPED] = "left out on request",
    };
    return reason < SNARL_REASON_COUNT ? s_words[reason] : "?";
}

static void skip_functions(struct snarl_code *code, const struct snarl_planner_options *options)
{
    if (!options->last)
        return;
    for (uint32_t i = 0; i < code->function_count; i++)
        if (i < options->first || i >= options->last) {
            struct snarl_function *function = &code->functions[i];
            if (function->copied)
                function->reason = SNARL_REASON_SKIPPED;
            function->copied = false;
            for (uint32_t b = 0; b < function->block_count; b++) {
                const struct snarl_block *block = &code->blocks[function->first_block + b];
                if (block->target >= 0)
                    code->blocks[block->target].flags |= SNARL_BLOCK_ENTRY;
            }
        }
}

static void measure(const struct snarl_code *code, struct snarl_planner_result *result)
{
    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct snarl_function *function = &code->functions[i];
        result->accesses += function->accesses;
        result->copied += function->copied;
        if (!function->copied) {
            result->missed[function->reason] += function->accesses;
            continue;
        }
        for (uint32_t b = 0; b < function->block_count; b++)
            result->missed[SNARL_REASON_NO_ROOM] +=
                snarl_layout_missed(code, &code->blocks[function->first_block + b]);
    }
    uint64_t missed = 0;
    for (int i = 1; i < SNARL_REASON_COUNT; i++)
        missed += result->missed[i];
    result->instrumented = result->accesses - missed;
    result->missed[SNARL_REASON_ODD_ACCESS] = code->odd_accesses;
    result->missed[SNARL_REASON_OUTSIDE] = code->outside_accesses;
    result->functions = code->function_count;
    for (uint32_t i = 0; i < code->instruction_count; i++)
        result->atomic_sites += code->instructions[i].atomic;
    result->atomic_objects = code->atomic_count;
    result->tables = code->tables;
    result->tables_unresolved = code->tables_unresolved;
}

static void fill_head(struct snarl_plan_head *head, const struct snarl_planner_result *result)
{
    memset(head, 0, sizeof(*head));
    head->accesses = result->accesses;
    head->instrumented = result->instrumented;
    for (int i = 0; i < SNARL_REASON_COUNT && i < SNARL_PLAN_REASONS; i++)
        head->missed[i] = result->missed[i];
}

static void read_head(const struct snarl_plan_head *head, struct snarl_planner_result *result)
{
    result->accesses = head->accesses;
    result->instrumented = head->instrumented;
    for (int i = 0; i < SNARL_REASON_COUNT && i < SNARL_PLAN_REASONS; i++)
        result->missed[i] = head->missed[i];
    result->copy_bytes = head->sections[SNARL_SECTION_CODE].size;
    result->cached = true;
}

static const char *write_plan(const struct snarl_code *code, const struct snarl_planner_options *options,
                              struct snarl_planfile *file, struct snarl_planner_result *result)
{
    struct snarl_emitter emitter;
    struct snarl_plan_head head;
    const char *problem = NULL;
    if (!snarl_emit(&emitter, code, options->check))
        problem = "its copy would be too large";
    result->copy_bytes = emitter.size;
    fill_head(&head, result);
    if (!problem && options->folder)
        problem = snarl_planfile_write(file, &head, &emitter);
    snarl_emit_free(&emitter);
    return problem;
}

static void plan_code(const struct snarl_image *image, const struct snarl_planner_options *options,
                      struct snarl_planfile *file, struct snarl_planner_result *result)
{
    struct snarl_code code;
    snarl_code_read(&code, image);
    snarl_atomics_find(&code);
    skip_functions(&code, options);
    snarl_live_compute(&code);
    snarl_layout_compute(&code);
    measure(&code, result);
    result->problem = write_plan(&code, options, file, result);
    snarl_code_free(&code);
}

static bool in_cache(const char *path, const struct snarl_planner_options *options,
                     struct snarl_planner_result *result)
{
    struct snarl_plan_head head;
    if (options->again || !snarl_planfile_check(path, result->build_id, result->build_id_size, options->check, &head))
        return false;
    read_head(&head, result);
    return true;
}

/* The cache is looked into again once the right to write is ours: another planner may just have written. */
static void plan_image(const struct snarl_image *image, const struct snarl_planner_options *options,
                       struct snarl_planner_result *result)
{
    struct snarl_planfile file = {.fd = -1};
    char path[SNARL_PLAN_PATH_MAX];
    memcpy(result->build_id, image->build_id, image->build_id_size);
    result->build_id_size = image->build_id_size;
    result->text_bytes = image->text_end - image->text_start;
    if (!options->folder) {
        plan_code(image, options, &file, result);
        return;
    }
    if (!snarl_planfile_path(path, sizeof(path), options->folder, image->build_id, image->build_id_size,
                             options->check))
        result->problem = "the cache folder's path is too long";
    else if (!in_cache(path, options, result))
        result->problem = snarl_planfile_claim(&file, path, !options->idle);
    else
        return;
    if (!result->problem && !in_cache(path, options, result))
        plan_code(image, options, &file, result);
    snarl_planfile_release(&file);
}

bool snarl_planner_glance(const char *path, const struct snarl_planner_options *options,
                          struct snarl_planner_result *result)
{
    char plan[SNARL_PLAN_PATH_MAX];
    struct snarl_plan_head head;
    memset(result, 0, sizeof(*result));
    result->problem = snarl_image_identify(path, result->build_id, &result->build_id_size, &result->text_bytes);
    if (result->problem || !options->folder || options->again ||
        !snarl_planfile_path(plan, sizeof(plan), options->folder, result->build_id, result->build_id_size,
                             options->check) ||
        !snarl_planfile_look(plan, result->build_id, result->build_id_size, options->check, &head))
        return false;
    read_head(&head, result);
    return true;
}

void snarl_planner_run(const char *path, const struct snarl_planner_options *options,
                       struct snarl_planner_result *result)
{
    struct snarl_image image;
    memset(result, 0, sizeof(*result));
    result->problem = snarl_image_open(&image, path);
    if (!result->problem)
        plan_image(&image, options, result);
    snarl_image_close(&image);
}

static const struct snarl_function *find_function(const struct snarl_code *code, const char *name)
{
    char *end;
    uint64_t address = strtoull(name, &end, 16);
    unsigned long number = *name == '#' ? strtoul(name + 1, &end, 10) : code->function_count;
    if (number < code->function_count)
        return &code->functions[number];
    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct snarl_function *function = &code->functions[i];
        const char *symbol = snarl_image_symbol_at(code->image, function->start);
        if (symbol && !strcmp(symbol, name))
            return function;
        uint64_t start = function->start + code->image->base;
        if (!*end && address >= start && address - start < function->end - function->start)
            return function;
    }
    return NULL;
}

static void print_range(const uint8_t *bytes, uint64_t address, uint64_t end)
{
    char text[160];
    while (address < end) {
        unsigned length = snarl_decode_print(text, sizeof(text), bytes, (uint32_t)(end - address), address);
        printf("  %8llx  %s\n", (unsigned long long)address, text);
        address += length;
        bytes += length;
    }
}

static void print_atomics(const struct snarl_code *code, const struct snarl_block *block)
{
    for (uint32_t i = 0; i < block->count; i++)
        if (code->instructions[block->first + i].atomic)
            printf("  atomic: %x\n", code->instructions[block->first + i].offset);
}

static void print_function(const struct snarl_code *code, const struct snarl_emitter *emitter,
                           const struct snarl_function *function)
{
    uint32_t end = SNARL_PLAN_PAGE + emitter->size;
    for (uint32_t i = function->first_block + function->block_count; i < code->block_count; i++)
        if (code->functions[code->blocks[i].function].copied) {
            end = code->blocks[i].copy;
            break;
        }
    for (uint32_t i = 0; i < function->block_count; i++) {
        const struct snarl_block *block = &code->blocks[function->first_block + i];
        printf("block %u%s%s%s%s%s live %05x\n", i, block->flags & SNARL_BLOCK_ENTRY ? " entry" : "",
               block->flags & SNARL_BLOCK_UNREACHED ? " unreached" : "",
               block->flags & SNARL_BLOCK_PATCHED ? " jump" : "",
               block->flags & SNARL_BLOCK_SPRUNG ? " springboard" : "",
               block->flags & SNARL_BLOCK_STAYS ? " stays" : "", block->live_in);
        print_range(code->image->bytes + block->start, block->start, block->end);
        print_atomics(code, block);
        if (!function->copied)
            continue;
        uint32_t copy_end = i + 1 < function->block_count ? block[1].copy : end;
        printf("  copy:\n");
        print_range(emitter->bytes + (block->copy - SNARL_PLAN_PAGE), block->copy, copy_end);
    }
}

bool snarl_planner_dump(const char *path, const char *name, enum snarl_plan_check check)
{
    struct snarl_image image;
    struct snarl_code code;
    struct snarl_emitter emitter;
    const char *problem = snarl_image_open(&image, path);
    if (problem) {
        fprintf(stderr, "snarl-plan: %s: %s\n", path, problem);
        snarl_image_close(&image);
        return false;
    }
    snarl_code_read(&code, &image);
    snarl_atomics_find(&code);
    snarl_live_compute(&code);
    snarl_layout_compute(&code);
    snarl_emit(&emitter, &code, check);
    const struct snarl_function *function = find_function(&code, name);
    if (function) {
        printf("%s: function %u of %u, %s\n", name, (uint32_t)(function - code.functions), code.function_count,
               function->copied ? "copied" : snarl_planner_reason(function->reason));
        print_function(&code, &emitter, function);
    }
    for (uint32_t i = 0; i < code.atomic_count; i++)
        printf("atomic object at %x, %u times %u bytes\n", code.atomics[i].offset, code.atomics[i].count,
               code.atomics[i].size);
    snarl_emit_free(&emitter);
    snarl_code_free(&code);
    snarl_image_close(&image);
    return function != NULL;
}
