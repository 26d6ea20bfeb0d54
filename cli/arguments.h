/* arguments.h - the options of a sub-command: a table, read by one parser, which also prints the help.
 *
 * Long options take their value as `--name=value` or `--name value`, short ones as `-nvalue` or `-n value`.
 * `--` ends the options. Every sub-command has -h and --help without listing them. */
#ifndef SNARL_CLI_ARGUMENTS_H
#define SNARL_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

enum snarl_option_kind {
    SNARL_OPTION_SWITCH,  /* bool *target becomes true */
    SNARL_OPTION_CLEAR,   /* bool *target becomes false */
    SNARL_OPTION_TEXT,    /* const char **target; the last one counts */
    SNARL_OPTION_CHOICE,  /* as TEXT, one word of `choices` */
    SNARL_OPTION_REPEAT,  /* struct snarl_texts *target; every one is kept */
    SNARL_OPTION_NUMBER,  /* int *target, from 0 to 255 */
    SNARL_OPTION_SECONDS, /* double *target, above 0 */
};

struct snarl_option {
    const char *name; /* without the dashes */
    char letter;      /* short form; 0: none */
    enum snarl_option_kind kind;
    const char *value; /* what the help calls the value; NULL for switches; the choices are written a|b|c */
    const char *help;
    void *target;
};

/* A list of texts; the texts are not copied. */
struct snarl_texts {
    const char **items;
    size_t count;
};

void snarl_texts_add(struct snarl_texts *texts, const char *text);
void snarl_texts_free(struct snarl_texts *texts);

#define SNARL_TABLES_MAX 4

struct snarl_usage {
    const char *command;  /* "run" */
    const char *operands; /* "[--] PROGRAM [ARG...]" */
    const char *purpose;  /* a paragraph for the help */
    /* Each table ends with a NULL name; the first NULL ends the tables. */
    const struct snarl_option *tables[SNARL_TABLES_MAX + 1];
    bool stop_at_operand; /* what follows the first operand belongs to it */
};

enum snarl_parse {
    SNARL_PARSE_GO,     /* carry on */
    SNARL_PARSE_HELPED, /* the help was asked for and printed */
    SNARL_PARSE_WRONG,  /* a wrong call; one line says why */
};

/* Reads argv[1...]; what is no option goes to `operands` in order. */
enum snarl_parse snarl_arguments_parse(const struct snarl_usage *usage, int argc, char **argv,
                                       struct snarl_texts *operands);

/* Sets the option `name` as if it had been given with `value` (NULL: a switch). False after a line that says
 * what is wrong with the value, which came from `origin`. An option that the command does not have is left
 * out. */
bool snarl_argument_set(const struct snarl_usage *usage, const char *origin, const char *name,
                        const char *value);

void snarl_usage_print(const struct snarl_usage *usage);

/* The word of `words` (ends with NULL) that `text` was probably meant to be; NULL when none is near. */
const char *snarl_word_nearest(const char *text, const char *const *words);

#endif
