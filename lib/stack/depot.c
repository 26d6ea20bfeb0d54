/* depot.c - see depot.h.
 *
 * A hash table of chains, looked up without a lock. The part of it that is in use grows with the stacks, since few of them all over
 * a large table would cost a page each. Then all entries are linked anew, and who looks meanwhile may miss his, so a miss is
 * looked up again under the lock. A link always leads to an entry with a smaller identifier, before, while and after it is changed:
 * every walk ends. Identifiers index a two-level table of entries. */
#include "stack/depot.h"

#include <string.h>

#include "base/counters.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "stack/modules.h"

#define BUCKETS (1u << 16)
#define FIRST_BUCKETS (1u << 10)
#define GROWTH 4u /* times as many, when there are two stacks for each */
#define PAGE_ENTRIES 4096u
#define PAGES 1024u
#define BYTES_MAX ((size_t)64 << 20)

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_DEPOT}; /* guards insertion and the words */
static struct snarl_stack *s_buckets[BUCKETS];
static uint32_t s_in_use = FIRST_BUCKETS; /* buckets */
static struct snarl_stack **s_pages[PAGES];
static uint32_t s_count;
static size_t s_bytes;
static struct snarl_map s_words; /* hash of a word frame -> its chain */

struct word_entry {
    struct snarl_word_frame frame;
    struct word_entry *next;
};

static uint64_t hash_frames(const uintptr_t *frames, uint32_t count, bool complete, bool exact)
{
    uint64_t hash = (count * 4u + complete * 2u + exact) ^ snarl_modules_salt(frames, count);
    for (uint32_t i = 0; i < count; i++)
        hash = (hash ^ frames[i]) * 0x9e3779b97f4a7c15ull, hash ^= hash >> 29;
    return snarl_hash(hash);
}

static struct snarl_stack **bucket_of(uint32_t hash)
{
    return &s_buckets[hash & (__atomic_load_n(&s_in_use, __ATOMIC_RELAXED) - 1)];
}

static struct snarl_stack *find(uint32_t hash, const uintptr_t *frames, uint32_t count, bool complete, bool exact)
{
    struct snarl_stack *stack = __atomic_load_n(bucket_of(hash), __ATOMIC_ACQUIRE);
    for (; stack; stack = __atomic_load_n(&stack->next, __ATOMIC_ACQUIRE))
        if (stack->hash == hash && stack->count == count && stack->complete == complete &&
            stack->exact == exact && memcmp(stack->frame, frames, count * sizeof(*frames)) == 0)
            return stack;
    return NULL;
}

/* With the lock held. */
static struct snarl_stack *insert(uint32_t hash, const uintptr_t *frames, uint32_t count)
{
    size_t size = sizeof(struct snarl_stack) + count * sizeof(*frames);
    uint32_t page = s_count / PAGE_ENTRIES;
    if (page >= PAGES || s_bytes + size > BYTES_MAX)
        return NULL;
    if (!s_pages[page])
        s_pages[page] = snarl_memory_alloc(PAGE_ENTRIES * sizeof(*s_pages[page]));
    struct snarl_stack *stack = s_pages[page] ? snarl_memory_alloc(size) : NULL;
    if (!stack)
        return NULL;
    s_bytes += size;
    stack->id = s_count + 1;
    stack->hash = hash;
    stack->count = (uint16_t)count;
    memcpy(stack->frame, frames, count * sizeof(*frames));
    s_pages[page][s_count % PAGE_ENTRIES] = stack;
    __atomic_store_n(&s_count, s_count + 1, __ATOMIC_RELEASE);
    return stack;
}

static void publish(struct snarl_stack *stack)
{
    struct snarl_stack **bucket = bucket_of(stack->hash);
    __atomic_store_n(&stack->next, *bucket, __ATOMIC_RELEASE);
    __atomic_store_n(bucket, stack, __ATOMIC_RELEASE);
}

/* All stacks in the order of their identifiers, the last one among them. */
static void grow(void)
{
    for (uint32_t i = 0; i < s_in_use; i++)
        __atomic_store_n(&s_buckets[i], NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&s_in_use, GROWTH * s_in_use, __ATOMIC_RELAXED);
    for (uint32_t id = 1; id <= s_count; id++)
        publish(snarl_stack_get(id));
}

uint32_t snarl_stack_put(const uintptr_t *frames, uint32_t count, bool complete, bool exact)
{
    if (count == 0)
        return 0;
    if (count > SNARL_STACK_DEPTH) {
        count = SNARL_STACK_DEPTH;
        complete = false;
        snarl_count(SNARL_COUNT_STACK_CUT);
    }
    uint32_t hash = (uint32_t)hash_frames(frames, count, complete, exact);
    struct snarl_stack *stack = find(hash, frames, count, complete, exact);
    if (stack)
        return stack->id;
    snarl_mutex_lock(&s_lock);
    stack = find(hash, frames, count, complete, exact);
    if (!stack && (stack = insert(hash, frames, count))) {
        stack->complete = complete;
        stack->exact = exact;
        publish(stack);
        if (s_count > 2 * s_in_use && s_in_use < BUCKETS)
            grow();
    }
    snarl_mutex_unlock(&s_lock);
    if (!stack)
        snarl_count(SNARL_COUNT_STACK_DEPOT_FULL);
    return stack ? stack->id : 0;
}

struct snarl_stack *snarl_stack_get(uint32_t id)
{
    if (id == 0 || id > __atomic_load_n(&s_count, __ATOMIC_ACQUIRE))
        return NULL;
    return s_pages[(id - 1) / PAGE_ENTRIES][(id - 1) % PAGE_ENTRIES];
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3ull;
    return snarl_hash(hash);
}

static bool same_words(const struct snarl_word_frame *a, const struct snarl_word_frame *b)
{
    return a->line == b->line && a->column == b->column && strcmp(a->function, b->function) == 0 &&
           strcmp(a->file, b->file) == 0 && strcmp(a->language, b->language) == 0;
}

static const char *keep_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = snarl_memory_alloc(size);
    return copy ? memcpy(copy, text, size) : "";
}

static struct word_entry *keep_words(const struct snarl_word_frame *frame, uint64_t hash)
{
    struct word_entry *entry = snarl_memory_alloc(sizeof(*entry));
    if (!entry)
        return NULL;
    entry->frame = (struct snarl_word_frame){keep_text(frame->function), keep_text(frame->file),
                                             keep_text(frame->language), frame->line, frame->column};
    entry->next = snarl_map_get(&s_words, hash);
    return snarl_map_put(&s_words, hash, entry) ? entry : NULL;
}

uintptr_t snarl_stack_word_frame(const struct snarl_word_frame *frame)
{
    uint64_t hash = hash_text(hash_text(frame->line, frame->function), frame->file);
    snarl_mutex_lock(&s_lock);
    struct word_entry *entry = snarl_map_get(&s_words, hash);
    while (entry && !same_words(&entry->frame, frame))
        entry = entry->next;
    if (!entry)
        entry = keep_words(frame, hash);
    snarl_mutex_unlock(&s_lock);
    return entry ? (uintptr_t)entry | SNARL_FRAME_WORDS : 0;
}

const struct snarl_word_frame *snarl_stack_words(uintptr_t value)
{
    return (const struct snarl_word_frame *)(value & ~SNARL_FRAME_WORDS);
}

void snarl_stack_forked(void)
{
    for (uint32_t id = 1; id <= s_count; id++)
        snarl_stack_get(id)->written = false;
}
