/* sorting.c - sorting and searching: the table is read, or written, as a whole before the call.
 *
 * The comparisons are the program's own code and run as such: outside of the guard, free to throw or to jump
 * away. */
#include <search.h>
#include <stdlib.h>

#include "preload/access/bridge.h"

static void (*real_qsort)(void *, size_t, size_t, __compar_fn_t);
static void (*real_qsort_r)(void *, size_t, size_t, __compar_d_fn_t, void *);
static void *(*real_bsearch)(const void *, const void *, size_t, size_t, __compar_fn_t);
static void *(*real_lfind)(const void *, const void *, size_t *, size_t, __compar_fn_t);
static void *(*real_lsearch)(const void *, void *, size_t *, size_t, __compar_fn_t);
static void *(*real_tsearch)(const void *, void **, __compar_fn_t);
static void *(*real_tfind)(const void *, void *const *, __compar_fn_t);
static void *(*real_tdelete)(const void *restrict, void **restrict, __compar_fn_t);
static int (*real_hcreate)(size_t);
static void (*real_hdestroy)(void);
static ENTRY *(*real_hsearch)(ENTRY, ACTION);

static const struct snarl_true s_true[] = {
    {"qsort", &real_qsort},       {"qsort_r", &real_qsort_r}, {"bsearch", &real_bsearch},
    {"lfind", &real_lfind},       {"lsearch", &real_lsearch}, {"tsearch", &real_tsearch},
    {"tfind", &real_tfind},       {"tdelete", &real_tdelete}, {"hcreate", &real_hcreate},
    {"hdestroy", &real_hdestroy}, {"hsearch", &real_hsearch},
};
static bool s_ready;

static char s_table[8]; /* of hsearch: only its address is used */

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

SNARL_EXPORT void qsort(void *table, size_t count, size_t size, __compar_fn_t compare)
{
    prepare();
    if (snarl_calls_wanted() && count > 1)
        snarl_call_writes("qsort", table, count * size, SNARL_SITE);
    real_qsort(table, count, size, compare);
}

SNARL_EXPORT void qsort_r(void *table, size_t count, size_t size, __compar_d_fn_t compare, void *context)
{
    prepare();
    if (snarl_calls_wanted() && count > 1)
        snarl_call_writes("qsort_r", table, count * size, SNARL_SITE);
    real_qsort_r(table, count, size, compare, context);
}

/* Which elements it compares is up to the comparison: those that it reads are the program's accesses. */
SNARL_EXPORT void *bsearch(const void *key, const void *table, size_t count, size_t size,
                           __compar_fn_t compare)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("bsearch", table, count * size, SNARL_SITE);
    return real_bsearch(key, table, count, size, compare);
}

SNARL_EXPORT void *lfind(const void *key, const void *table, size_t *count, size_t size,
                         __compar_fn_t compare)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("lfind", count, sizeof(*count), SNARL_SITE);
        snarl_call_reads("lfind", table, *count * size, SNARL_SITE);
    }
    return real_lfind(key, table, count, size, compare);
}

SNARL_EXPORT void *lsearch(const void *key, void *table, size_t *count, size_t size, __compar_fn_t compare)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_lsearch(key, table, count, size, compare);
    size_t before = *count;
    snarl_call_reads("lsearch", table, before * size, SNARL_SITE);
    char *found = real_lsearch(key, table, count, size, compare);
    if (found == (char *)table + before * size) { /* it was not there */
        snarl_call_writes("lsearch", found, size, SNARL_SITE);
        snarl_call_writes("lsearch", count, sizeof(*count), SNARL_SITE);
    }
    return found;
}

/* --- trees: their nodes are libc's, so a tree is told by the variable that holds its root --- */

SNARL_EXPORT void *tsearch(const void *key, void **root, __compar_fn_t compare)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("tsearch", root, sizeof(*root), SNARL_SITE);
    return real_tsearch(key, root, compare);
}

SNARL_EXPORT void *tfind(const void *key, void *const *root, __compar_fn_t compare)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("tfind", root, sizeof(*root), SNARL_SITE);
    return real_tfind(key, root, compare);
}

SNARL_EXPORT void *tdelete(const void *restrict key, void **restrict root, __compar_fn_t compare)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("tdelete", root, sizeof(*root), SNARL_SITE);
    return real_tdelete(key, root, compare);
}

/* --- the one table of hsearch --- */

SNARL_EXPORT int hcreate(size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("hcreate", s_table, sizeof(s_table), SNARL_SITE);
    return real_hcreate(size);
}

SNARL_EXPORT void hdestroy(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("hdestroy", s_table, sizeof(s_table), SNARL_SITE);
    real_hdestroy();
}

SNARL_EXPORT ENTRY *hsearch(ENTRY entry, ACTION action)
{
    prepare();
    if (snarl_calls_wanted() && action == ENTER)
        snarl_call_writes("hsearch", s_table, sizeof(s_table), SNARL_SITE);
    else if (snarl_calls_wanted())
        snarl_call_reads("hsearch", s_table, sizeof(s_table), SNARL_SITE);
    return real_hsearch(entry, action);
}
