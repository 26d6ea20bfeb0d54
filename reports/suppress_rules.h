/* suppress_rules.h - what the reader of suppression files and the matcher share. */
#ifndef SNARL_REPORTS_SUPPRESS_RULES_H
#define SNARL_REPORTS_SUPPRESS_RULES_H

#include "reports/gate.h"

enum snarl_rule_type {
    SNARL_RULE_ANYWHERE, /* any frame's function, file or module, the variable's or a lock's name */
    SNARL_RULE_TOP,      /* the same for the innermost frames */
    SNARL_RULE_LIBRARY,  /* the module that made the call */
    SNARL_RULE_STACK,    /* a block in Valgrind's form: frames from the innermost one on */
};

struct snarl_rule_line {
    char kind;     /* 'f'unction, 'o'bject, 's'ource, '.' for any number of frames */
    char *pattern; /* NULL for '.' */
};

struct snarl_rule {
    enum snarl_rule_type type;
    uint32_t kinds; /* which kinds of finding it is for, as in gate.h; 0: another tool's, never used */
    char *name;     /* "file:line: rule", as reports say it */
    char *pattern;  /* NULL for a block */
    struct snarl_rule_line *lines;
    size_t line_count;
    size_t used;
};

struct snarl_suppressions {
    struct snarl_rule *rules;
    size_t count, room;
};

void snarl_rule_clear(struct snarl_rule *rule);
/* The kinds that the word of a rule stands for ("race" or "data-race"), and its type. 0: no such word. */
uint32_t snarl_rule_word(const char *word, enum snarl_rule_type *type);

#endif
