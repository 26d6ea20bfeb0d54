/* symbolise_scopes.h - where the variables of a function lie while one of its instructions is in progress. */
#ifndef SNARL_REPORTS_SYMBOLISE_SCOPES_H
#define SNARL_REPORTS_SYMBOLISE_SCOPES_H

#include "reports/symbolise_types.h"

/* Where something is: in a register (plus `offset`), or in memory `offset` bytes from the frame's CFA. */
enum snarl_home_kind { SNARL_HOME_UNKNOWN, SNARL_HOME_REGISTER, SNARL_HOME_FRAME };

struct snarl_home {
    enum snarl_home_kind kind;
    int reg; /* as the machine numbers them */
    int64_t offset;
};

/* Scopes around an instruction, the innermost last. */
struct snarl_scopes {
    struct snarl_symbol_unit *unit;
    size_t count;
    Dwarf_Die chain[SNARL_CHAIN_MAX];
};

bool snarl_scopes_find(struct snarl_symbols *symbols, uint64_t address, struct snarl_scopes *scopes);
/* CFA = reg + offset at the instruction. False: not known. */
bool snarl_scopes_cfa(struct snarl_symbols *symbols, uint64_t address, int *reg, int64_t *offset);
/* Calls `visit` for each variable and parameter in scope, the innermost first, until it says false. */
void snarl_scopes_each(struct snarl_symbols *symbols, const struct snarl_scopes *scopes,
                       bool (*visit)(Dwarf_Die *variable, void *context), void *context);
/* Of a variable in these scopes, while the instruction at `address` is in progress. */
struct snarl_home snarl_scopes_home(struct snarl_symbols *symbols, const struct snarl_scopes *scopes, Dwarf_Die *variable,
                                    uint64_t address);

#endif
