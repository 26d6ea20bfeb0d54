/* frames.c - the .eh_frame records of an image: which ranges are functions, how frames are unwound inside
 * them, and where the unwinder enters them (landing pads). See image.h for the results.
 *
 * Every read goes through a cursor that stops at the end of the image and then answers zeros with `failed` set.
 * A record that makes no sense is skipped: its function is then unknown, which costs coverage, nothing else. */
#include "plan/image.h"

#include <stdlib.h>
#include <string.h>

#define PC_RELATIVE 0x10
#define INDIRECT 0x80
#define OMITTED 0xff

struct cursor {
    const struct snarl_image *image;
    uint64_t at; /* image offset */
    uint64_t end;
    bool failed;
};

struct cie {
    uint8_t pointer_encoding;
    uint8_t lsda_encoding;
    bool augmented;
    bool signal_frame;
    uint64_t code_align;
    int64_t data_align;
    uint64_t ops, ops_end;
};

struct unwind_state {
    struct snarl_unwind_row row;
    bool expression;
};

static uint64_t fixed(struct cursor *c, unsigned count)
{
    uint64_t value = 0;
    if (c->failed || c->at > c->end || count > c->end - c->at) {
        c->failed = true;
        return 0;
    }
    memcpy(&value, c->image->bytes + c->at, count);
    c->at += count;
    return value;
}

static uint64_t uleb(struct cursor *c)
{
    uint64_t value = 0;
    for (unsigned shift = 0; !c->failed; shift += 7) {
        uint8_t byte = (uint8_t)fixed(c, 1);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            break;
    }
    return value;
}

static int64_t sleb(struct cursor *c)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte = 0;
    do {
        byte = (uint8_t)fixed(c, 1);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (!c->failed && (byte & 0x80));
    if (shift < 64 && (byte & 0x40))
        value |= ~0ull << shift;
    return (int64_t)value;
}

static uint64_t plain(struct cursor *c, uint8_t encoding)
{
    switch (encoding & 0xf) {
    case 1:
        return uleb(c);
    case 2:
        return fixed(c, 2);
    case 3:
        return fixed(c, 4);
    case 9:
        return (uint64_t)sleb(c);
    case 0xa:
        return (uint64_t)(int16_t)fixed(c, 2);
    case 0xb:
        return (uint64_t)(int32_t)fixed(c, 4);
    default:
        return fixed(c, 8);
    }
}

/* An encoded pointer as an image offset; *null when it is the null pointer. */
static uint64_t pointer(struct cursor *c, uint8_t encoding, bool *null)
{
    uint64_t place = c->at;
    if (encoding == OMITTED) {
        *null = true;
        return 0;
    }
    uint64_t value = plain(c, encoding);
    *null = value == 0;
    return (encoding & 0x70) == PC_RELATIVE ? value + place : value - c->image->base;
}

static struct cursor cursor_at(const struct snarl_image *image, uint64_t at, uint64_t end)
{
    if (end > image->size)
        end = image->size;
    return (struct cursor){image, at, end, at > end};
}

static void read_augmentation(struct cursor *c, const uint8_t *text, struct cie *cie)
{
    if (*text != 'z')
        return;
    cie->augmented = true;
    uint64_t size = uleb(c), start = c->at;
    bool null;
    for (text++; *text && !c->failed; text++) {
        if (*text == 'R')
            cie->pointer_encoding = (uint8_t)fixed(c, 1);
        else if (*text == 'L')
            cie->lsda_encoding = (uint8_t)fixed(c, 1);
        else if (*text == 'P')
            pointer(c, (uint8_t)fixed(c, 1), &null);
        else if (*text == 'S')
            cie->signal_frame = true;
        else
            break;
    }
    c->at = start + size;
}

static bool read_cie(const struct snarl_image *image, uint64_t at, struct cie *cie)
{
    struct cursor c = cursor_at(image, at, image->size);
    uint64_t length = fixed(&c, 4), start = c.at;
    memset(cie, 0, sizeof(*cie));
    cie->lsda_encoding = OMITTED;
    if (c.failed || !length || length >= 0xfffffff0 || fixed(&c, 4) != 0)
        return false;
    c.end = start + length < c.end ? start + length : c.end;
    uint8_t version = (uint8_t)fixed(&c, 1);
    const uint8_t *text = image->bytes + c.at;
    while (!c.failed && fixed(&c, 1))
        ;
    if (c.failed)
        return false;
    cie->code_align = uleb(&c);
    cie->data_align = sleb(&c);
    if (version == 1)
        fixed(&c, 1);
    else
        uleb(&c);
    read_augmentation(&c, text, cie);
    cie->ops = c.at;
    cie->ops_end = c.end;
    return !c.failed;
}

static void add_row(struct snarl_image *image, const struct unwind_state *state, uint64_t where)
{
    struct snarl_unwind_row row = state->row;
    row.start = (uint32_t)where;
    if (state->expression)
        row.cfa_register = SNARL_UNWIND_NONE;
    if (image->row_count == image->row_room) {
        image->row_room = image->row_room ? image->row_room * 2 : 4096;
        image->rows = snarl_plan_grow(image->rows, image->row_room, sizeof(*image->rows));
    }
    image->rows[image->row_count++] = row;
}

static void set_register(struct unwind_state *state, uint64_t number, int64_t offset)
{
    if (number == 6)
        state->row.rbp_offset = (int16_t)offset;
}

static void skip_block(struct cursor *c)
{
    uint64_t size = uleb(c);
    if (size > c->end - c->at)
        c->failed = true;
    else
        c->at += size;
}

/* An operation that defines the frame's address. */
static void define_cfa(struct cursor *c, uint8_t op, int64_t align, struct unwind_state *state)
{
    if (op == 0x0c || op == 0x0d || op == 0x12) /* def_cfa, def_cfa_register, def_cfa_sf */
        state->row.cfa_register = (uint8_t)uleb(c);
    if (op == 0x0c || op == 0x0e)
        state->row.cfa_offset = (int32_t)uleb(c);
    if (op == 0x12 || op == 0x13)
        state->row.cfa_offset = (int32_t)(sleb(c) * align);
    state->expression = op == 0x0f;
    if (op == 0x0f)
        skip_block(c);
}

/* How far an advance operation moves; 0 and *is_advance false for any other. */
static uint64_t advance_of(struct cursor *c, uint8_t op, bool *is_advance)
{
    *is_advance = true;
    if (op >> 6 == 1)
        return op & 0x3f;
    if (op == 0x02)
        return fixed(c, 1);
    if (op == 0x03)
        return fixed(c, 2);
    if (op == 0x04)
        return fixed(c, 4);
    *is_advance = false;
    return 0;
}

/* Operations about where registers are saved, of which only rbp matters here. */
static void register_rule(struct cursor *c, uint8_t op, const struct cie *cie, struct unwind_state *state,
                          const struct unwind_state *initial)
{
    uint64_t number;
    if (op >> 6 == 2) {
        set_register(state, op & 0x3f, (int64_t)uleb(c) * cie->data_align);
    } else if (op >> 6 == 3) {
        if ((op & 0x3f) == 6)
            state->row.rbp_offset = initial->row.rbp_offset;
    } else if (op == 0x05) {
        number = uleb(c);
        set_register(state, number, (int64_t)uleb(c) * cie->data_align);
    } else if (op == 0x11) {
        number = uleb(c);
        set_register(state, number, sleb(c) * cie->data_align);
    } else if (op == 0x06 || op == 0x07 || op == 0x08) {
        number = uleb(c);
        set_register(state, number, 0);
    } else if (op == 0x09) {
        uleb(c);
        uleb(c);
    } else if (op == 0x10 || op == 0x16) {
        uleb(c);
        skip_block(c);
    } else if (op == 0x2e) {
        uleb(c);
    } else if (op != 0) {
        c->failed = true;
    }
}

/* Runs unwinding operations from `where` on, adding a row at each step forward when `rows` is set. */
static void run_ops(struct snarl_image *image, struct cursor *c, const struct cie *cie,
                    struct unwind_state *state, const struct unwind_state *initial, uint64_t where, bool rows)
{
    struct unwind_state saved[8];
    unsigned depth = 0;
    while (!c->failed && c->at < c->end) {
        uint8_t op = (uint8_t)fixed(c, 1);
        bool is_advance;
        uint64_t advance = advance_of(c, op, &is_advance);
        if (is_advance) {
            if (rows && advance)
                add_row(image, state, where);
            where += advance * cie->code_align;
        } else if (op >= 0x0c && op <= 0x0f) {
            define_cfa(c, op, cie->data_align, state);
        } else if (op == 0x12 || op == 0x13) {
            define_cfa(c, op, cie->data_align, state);
        } else if (op == 0x0a && depth < 8) {
            saved[depth++] = *state;
        } else if (op == 0x0b && depth) {
            *state = saved[--depth];
        } else {
            register_rule(c, op, cie, state, initial);
        }
    }
    if (rows)
        add_row(image, state, where);
}

static struct snarl_function_range *new_function(struct snarl_image *image)
{
    if (image->function_count == image->function_room) {
        image->function_room = image->function_room ? image->function_room * 2 : 1024;
        image->functions =
            snarl_plan_grow(image->functions, image->function_room, sizeof(*image->functions));
    }
    struct snarl_function_range *function = &image->functions[image->function_count++];
    memset(function, 0, sizeof(*function));
    return function;
}

static void read_rows(struct snarl_image *image, const struct cie *cie, struct cursor *c,
                      struct snarl_function_range *function)
{
    struct unwind_state state = {.row = {.cfa_register = SNARL_UNWIND_NONE}};
    struct cursor first = cursor_at(image, cie->ops, cie->ops_end);
    run_ops(image, &first, cie, &state, &state, 0, false);
    struct unwind_state initial = state;
    function->first_row = image->row_count;
    run_ops(image, c, cie, &state, &initial, function->start, true);
    function->row_count = image->row_count - function->first_row;
    for (uint32_t i = function->first_row; i < image->row_count; i++)
        function->odd_frame |= image->rows[i].cfa_register == SNARL_UNWIND_NONE;
    function->odd_frame |= cie->signal_frame;
}

/* One frame description whose fields after the CIE pointer lie in [at, end). */
static void read_fde(struct snarl_image *image, const struct cie *cie, uint64_t at, uint64_t end)
{
    struct cursor c = cursor_at(image, at, end);
    bool null;
    uint64_t start = pointer(&c, cie->pointer_encoding, &null);
    uint64_t size = plain(&c, cie->pointer_encoding);
    if (c.failed || cie->pointer_encoding & INDIRECT || !snarl_image_is_exec(image, start) ||
        !size || size > image->size || !snarl_image_is_exec(image, start + size - 1))
        return;
    uint64_t lsda = 0;
    if (cie->augmented) {
        uint64_t length = uleb(&c), data = c.at;
        if (cie->lsda_encoding != OMITTED && length) {
            lsda = pointer(&c, cie->lsda_encoding, &null);
            if (null || cie->lsda_encoding & INDIRECT || lsda >= image->size)
                lsda = 0;
        }
        c.at = data + length;
        c.failed |= length > end - data;
    }
    if (c.failed)
        return;
    struct snarl_function_range *function = new_function(image);
    function->start = (uint32_t)start;
    function->end = (uint32_t)(start + size);
    function->lsda = (uint32_t)lsda;
    read_rows(image, cie, &c, function);
}

static void read_landing_pads(struct snarl_image *image, const struct snarl_function_range *function)
{
    struct cursor c = cursor_at(image, function->lsda, image->size);
    bool null;
    uint64_t base = function->start;
    uint8_t encoding = (uint8_t)fixed(&c, 1);
    if (encoding != OMITTED)
        base = pointer(&c, encoding, &null);
    if (fixed(&c, 1) != OMITTED) /* the type table's encoding, then its distance */
        uleb(&c);
    encoding = (uint8_t)fixed(&c, 1);
    uint64_t size = uleb(&c);
    if (c.failed || size > c.end - c.at)
        return;
    c.end = c.at + size;
    while (c.at < c.end && !c.failed) {
        plain(&c, encoding);
        plain(&c, encoding);
        uint64_t pad = plain(&c, encoding);
        uleb(&c);
        if (pad && !c.failed && snarl_image_is_exec(image, base + pad))
            snarl_offsets_add(&image->landing_pads, (uint32_t)(base + pad));
    }
}

static int compare_functions(const void *a, const void *b)
{
    const struct snarl_function_range *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->end > y->end ? -1 : x->end < y->end;
}

/* Functions that have a symbol but no unwinding information: hand-written assembly. */
static void add_symbol_functions(struct snarl_image *image)
{
    uint32_t known = image->function_count, k = 0, reached = 0;
    for (uint32_t i = 0; i < image->symbol_count; i++) {
        const struct snarl_symbol *symbol = &image->symbols[i];
        uint64_t end = (uint64_t)symbol->start + symbol->size;
        while (k < known && image->functions[k].end <= symbol->start)
            k++;
        bool free_range = symbol->size && symbol->start >= reached && snarl_image_is_exec(image, end - 1) &&
                          (k == known || end <= image->functions[k].start);
        if (!free_range)
            continue;
        struct snarl_function_range *function = new_function(image);
        function->start = symbol->start;
        function->end = reached = (uint32_t)end;
    }
    qsort(image->functions, image->function_count, sizeof(*image->functions), compare_functions);
}

static void merge_overlaps(struct snarl_image *image)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < image->function_count; i++) {
        struct snarl_function_range *last = kept ? &image->functions[kept - 1] : NULL;
        if (last && image->functions[i].start < last->end) {
            if (image->functions[i].end > last->end)
                last->end = image->functions[i].end;
            continue;
        }
        image->functions[kept++] = image->functions[i];
    }
    image->function_count = kept;
}

static const char *walk_records(struct snarl_image *image, uint64_t at)
{
    struct cie cie = {0};
    uint64_t cie_at = UINT64_MAX;
    bool good = false;
    while (at < image->size) {
        struct cursor c = cursor_at(image, at, image->size);
        uint64_t length = fixed(&c, 4), start = c.at;
        if (c.failed || !length || length >= 0xfffffff0 || length > image->size - start)
            break;
        uint64_t distance = fixed(&c, 4);
        if (distance && distance <= start) {
            if (start - distance != cie_at) {
                cie_at = start - distance;
                good = read_cie(image, cie_at, &cie);
            }
            if (good)
                read_fde(image, &cie, c.at, start + length);
        }
        at = start + length;
    }
    return image->function_count ? NULL : "its unwinding tables name no function";
}

const char *snarl_image_read_frames(struct snarl_image *image, uint32_t eh_frame_hdr)
{
    struct cursor c = cursor_at(image, eh_frame_hdr, image->size);
    if (!eh_frame_hdr || fixed(&c, 1) != 1)
        return "it has no unwinding tables (.eh_frame)";
    uint8_t encoding = (uint8_t)fixed(&c, 1);
    bool null;
    fixed(&c, 2);
    uint64_t at = pointer(&c, encoding, &null);
    if (c.failed || null || at >= image->size)
        return "its unwinding tables are damaged";
    const char *problem = walk_records(image, at);
    if (problem)
        return problem;
    qsort(image->functions, image->function_count, sizeof(*image->functions), compare_functions);
    merge_overlaps(image);
    for (uint32_t i = 0; i < image->function_count; i++)
        if (image->functions[i].lsda)
            read_landing_pads(image, &image->functions[i]);
    add_symbol_functions(image);
    return NULL;
}
