/* demangle.h - names of C++ and Rust symbols as their programmers wrote them. */
#ifndef SNARL_REPORTS_DEMANGLE_H
#define SNARL_REPORTS_DEMANGLE_H

/* The readable form of `symbol`, allocated with malloc; a copy of it when it is not mangled. Suffixes of
 * clones
 * (".constprop.0", ".cold") are dropped. `*language` becomes "c++" or "rust" when the mangling tells, else it
 * is left alone; it may be NULL. NULL when memory is short. */
char *snarl_demangle(const char *symbol, const char **language);

#endif
