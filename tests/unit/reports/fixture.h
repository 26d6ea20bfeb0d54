/* fixture.h - run files of an invented program, bank.c (golden/bank.c), with a finding of each sort.
 *
 * Frames are given in words, so nothing depends on a compiler. What must not matter for a fingerprint is
 * varied by `struct fixture`: addresses, identifiers, pids, which thread came first. */
#ifndef SNARL_TESTS_FIXTURE_H
#define SNARL_TESTS_FIXTURE_H

#include "runmaker.h"

enum fixture_findings {
    FIXTURE_DEADLOCK = 1,
    FIXTURE_INVERSION = 2, /* of three locks */
    FIXTURE_RACE = 4,
    FIXTURE_STALL = 8,
    FIXTURE_MISUSE = 16,
    FIXTURE_ALL = 31,
};

struct fixture {
    unsigned findings;
    int pid, ppid;
    uint64_t started; /* both clocks */
    uint64_t address; /* of everything */
    int thread;       /* number of the first worker */
    int lock;         /* number of lock_a */
    bool turned;      /* cycles start elsewhere, accesses are swapped */
    bool no_exit;
    const char *cwd;
};

/* The whole file in `maker`. */
void fixture_make(struct runmaker *maker, const struct fixture *fixture);
/* The same as a file of `directory`. */
void fixture_save(const struct fixture *fixture, const char *directory);

#endif
