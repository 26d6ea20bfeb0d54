/* wildcard.c - see wildcard.h. No recursion: a star is gone back to only once, to the last one, which is
 * enough because what comes before it has been matched as early as it can be. */
#include "reports/wildcard.h"

#include <stddef.h>
#include <string.h>

/* Matches pattern[0..length) with the whole text; `any` is the character for one of any kind, or 0. */
static bool match(const char *pattern, size_t length, const char *text, char any)
{
    const char *end = pattern + length, *star = NULL, *again = NULL;
    while (*text) {
        if (pattern < end && *pattern == '*') {
            star = pattern++;
            again = text;
        } else if (pattern < end && (*pattern == *text || (any && *pattern == any))) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}

bool snarl_wildcard_match(const char *pattern, const char *text)
{
    return match(pattern, strlen(pattern), text, '?');
}

bool snarl_wildcard_find(const char *pattern, const char *text)
{
    bool from_start = *pattern == '^';
    const char *body = pattern + from_start;
    size_t length = strlen(body);
    bool to_end = length && body[length - 1] == '$';
    char padded[1024]; /* the pattern with the stars that are understood; longer ones match nothing */
    size_t at = 0;
    length -= to_end;
    if (length + 3 > sizeof(padded))
        return false;
    if (!from_start)
        padded[at++] = '*';
    memcpy(padded + at, body, length);
    at += length;
    if (!to_end)
        padded[at++] = '*';
    return match(padded, at, text, 0);
}
