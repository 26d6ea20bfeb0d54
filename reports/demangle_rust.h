/* demangle_rust.h - Rust's v0 mangling (RFC 2603). */
#ifndef SNARL_REPORTS_DEMANGLE_RUST_H
#define SNARL_REPORTS_DEMANGLE_RUST_H

/* Allocated; NULL when `symbol` is not of this form. Crate hashes are left out. */
char *snarl_demangle_rust(const char *symbol);

#endif
