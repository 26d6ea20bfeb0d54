# The box of the gate: suppressions, baselines, settings, history. See gate.h.
pkg_check_modules(SQLITE REQUIRED sqlite3)
snarl_box(gate
    SOURCES
        baseline.c
        config.c
        gate.c
        store.c
        suppress.c
        suppress_read.c
        toml.c
        wildcard.c
    DEPS reports
    LIBS ${JANSSON_LIBRARIES} ${SQLITE_LIBRARIES})
