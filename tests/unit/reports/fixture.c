/* fixture.c - see fixture.h. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* Stacks: one frame each but for what follows; the number is the stack's identifier. */
enum {
    DEPOSIT_A = 1,
    DEPOSIT_B,
    WITHDRAW_B,
    WITHDRAW_A,
    AUDIT_C,
    AUDIT_UNLOCK,
    AUDIT_WAIT,
    ADD,
    READ,
    MADE,
    STACKS
};

static void put_stack(struct runmaker *maker, int id, const char *function, int line)
{
    runmaker_record(maker, SNARL_RECORD_STACK, "iiiussiisussiis", id, 1, 2, (uint64_t)SNARL_FRAME_SYMBOLIC,
                    function, "bank.c", line, 5, "c", (uint64_t)SNARL_FRAME_SYMBOLIC, "start_thread", "", 0,
                    0, "c");
}

static void put_stacks(struct runmaker *maker)
{
    put_stack(maker, DEPOSIT_A, "deposit", 9);
    put_stack(maker, DEPOSIT_B, "deposit", 10);
    put_stack(maker, WITHDRAW_B, "withdraw", 17);
    put_stack(maker, WITHDRAW_A, "withdraw", 18);
    put_stack(maker, AUDIT_C, "audit", 24);
    put_stack(maker, AUDIT_UNLOCK, "audit", 25);
    put_stack(maker, AUDIT_WAIT, "audit", 26);
    put_stack(maker, ADD, "deposit", 11);
    put_stack(maker, READ, "withdraw", 19);
    put_stack(maker, MADE, "main", 32);
}

static void put_threads(struct runmaker *maker, const struct fixture *f)
{
    runmaker_record(maker, SNARL_RECORD_THREAD, "iisiiiii", 1, f->pid, "", 0, 0, 0, 0, 1);
    for (int i = 0; i < 3; i++)
        runmaker_record(maker, SNARL_RECORD_THREAD, "iisiiiii", f->thread + i, f->pid + 1 + i,
                        i == 2 ? "auditor" : "", 1, MADE, 1000 * i, 0, 0);
}

static void put_locks(struct runmaker *maker, const struct fixture *f)
{
    static const char *const s_names[] = {"lock_a", "lock_b", "lock_c"};
    for (int i = 0; i < 3; i++)
        runmaker_record(maker, SNARL_RECORD_LOCK, "issuiuiii", f->lock + i, "mutex", s_names[i],
                        f->address + 64 * i, 0, (uint64_t)0, 0, 0, 1);
    runmaker_record(maker, SNARL_RECORD_LOCK, "issuiuiii", f->lock + 3, "condition", "", f->address + 640, 0,
                    (uint64_t)0, MADE, 1, 0);
}

static void begin_finding(struct runmaker *maker, int id, const char *kind, const char *rule,
                          const char *confidence)
{
    runmaker_begin(maker);
    runmaker_fields(maker, "issssi", id, kind, rule, confidence, "", 5000000 * id);
}

static void put_no_location(struct runmaker *maker)
{
    runmaker_fields(maker, "siiiisi", "", 0, 0, 0, 0, "", 0);
}

struct deed {
    const char *role, *what;
    int flags, thread, lock, stack, held; /* lock and held: 0 none */
};

static void put_deed(struct runmaker *maker, const struct fixture *f, const struct deed *deed)
{
    runmaker_fields(maker, "ssiiiiiui", deed->role, deed->what, deed->flags,
                    deed->thread ? f->thread + deed->thread - 1 : 1,
                    deed->lock ? f->lock + deed->lock - 1 : 0, deed->stack, 1000000, f->address + 4096, 8);
    runmaker_fields(maker, deed->held ? "ii" : "i", deed->held ? 1 : 0,
                    deed->held ? f->lock + deed->held - 1 : 0);
}

/* The deeds from `start` on, then those before. */
static void put_deeds(struct runmaker *maker, const struct fixture *f, const struct deed *deeds, int count,
                      int start)
{
    runmaker_fields(maker, "ii", 0, count);
    for (int i = 0; i < count; i++)
        put_deed(maker, f, &deeds[(start + i) % count]);
    runmaker_end(maker, SNARL_RECORD_FINDING);
}

static void put_deadlock(struct runmaker *maker, const struct fixture *f)
{
    static const struct deed s_deeds[] = {
        {"hold", "acquired", 0, 1, 1, DEPOSIT_A, 0},
        {"wait", "waits to acquire", 0, 1, 2, DEPOSIT_B, 1},
        {"hold", "acquired", 0, 2, 2, WITHDRAW_B, 0},
        {"wait", "waits to acquire", 0, 2, 1, WITHDRAW_A, 2},
    };
    begin_finding(maker, 1, "deadlock", "", "observed");
    put_no_location(maker);
    put_deeds(maker, f, s_deeds, 4, f->turned ? 2 : 0);
}

static void put_inversion(struct runmaker *maker, const struct fixture *f)
{
    static const struct deed s_deeds[] = {
        {"hold", "acquired", 0, 1, 1, DEPOSIT_A, 0},  {"acquire", "acquires", 0, 1, 2, DEPOSIT_B, 1},
        {"hold", "acquired", 0, 2, 2, WITHDRAW_B, 0}, {"acquire", "acquires", 0, 2, 3, WITHDRAW_A, 2},
        {"hold", "acquired", 0, 3, 3, AUDIT_C, 0},    {"acquire", "acquires", 0, 3, 1, AUDIT_UNLOCK, 3},
    };
    begin_finding(maker, 2, "lock-order-inversion", "", "possible");
    put_no_location(maker);
    put_deeds(maker, f, s_deeds, 6, f->turned ? 4 : 0);
}

static void put_race(struct runmaker *maker, const struct fixture *f)
{
    static const struct deed s_deeds[] = {
        {"access", "write of 8 bytes", 2, 1, 0, ADD, 1},
        {"access", "read of 8 bytes", 0, 2, 0, READ, 0},
    };
    static const struct deed s_made = {"allocate", "malloc of 24 bytes", 0, 0, 0, MADE, 0};
    begin_finding(maker, 3, "data-race", "", "observed");
    runmaker_fields(maker, "suiiisi", "heap", f->address + 4096, 24, 0, 0, "", 1);
    put_deed(maker, f, &s_made);
    put_deeds(maker, f, s_deeds, 2, f->turned ? 1 : 0);
}

static void put_stall(struct runmaker *maker, const struct fixture *f)
{
    static const struct deed s_deeds[] = {
        {"wait", "waits on a condition", 0, 3, 4, AUDIT_WAIT, 3},
        {"wait", "waits for a thread to end", 0, 0, 0, MADE, 0},
    };
    begin_finding(maker, 4, "stall", "", "observed");
    put_no_location(maker);
    put_deeds(maker, f, s_deeds, 2, f->turned ? 1 : 0);
}

static void put_misuse(struct runmaker *maker, const struct fixture *f)
{
    static const struct deed s_deeds[] = {
        {"release", "unlocks a lock that another thread holds", 0, 3, 1, AUDIT_UNLOCK, 3},
        {"hold", "acquired", 0, 1, 1, DEPOSIT_A, 0},
    };
    begin_finding(maker, 5, "lock-misuse", "unlock-not-owner", "observed");
    put_no_location(maker);
    put_deeds(maker, f, s_deeds, 2, 0);
}

void fixture_make(struct runmaker *maker, const struct fixture *f)
{
    runmaker_start(maker);
    runmaker_record(maker, SNARL_RECORD_PROCESS, "iiuussissss", f->pid, f->ppid,
                    (uint64_t)1700000000000000000 + f->started, f->started, "/home/u/bank",
                    f->cwd ? f->cwd : "/home/u", 1, "./bank", "full", "0.1.0", "run-of-the-bank");
    put_stacks(maker);
    put_threads(maker, f);
    put_locks(maker, f);
    if (f->findings & FIXTURE_DEADLOCK)
        put_deadlock(maker, f);
    if (f->findings & FIXTURE_INVERSION)
        put_inversion(maker, f);
    if (f->findings & FIXTURE_RACE)
        put_race(maker, f);
    if (f->findings & FIXTURE_STALL)
        put_stall(maker, f);
    if (f->findings & FIXTURE_MISUSE)
        put_misuse(maker, f);
    runmaker_record(maker, SNARL_RECORD_EDGE, "iiiiiissiii", f->lock, f->lock + 1, 3, 1, DEPOSIT_A, DEPOSIT_B,
                    "write", "write", f->thread, 1, f->lock + 2);
    runmaker_record(maker, SNARL_RECORD_LOCK_USE, "iiiii", f->lock, 100, 7, 2000000, 3000000);
    runmaker_record(maker, SNARL_RECORD_COUNTERS, "isisi", 2, "held-overflow", 3, "locks", 4);
    if (!f->no_exit)
        runmaker_record(maker, SNARL_RECORD_EXIT, "iiii", 3, 66, 250000000, 4);
}

void fixture_save(const struct fixture *fixture, const char *directory)
{
    char name[64];
    struct runmaker *maker = malloc(sizeof(*maker));
    fixture_make(maker, fixture);
    snprintf(name, sizeof(name), "%d-%llx.snarl", fixture->pid, (unsigned long long)fixture->started);
    if (!runmaker_save(maker, directory, name))
        abort();
    runmaker_free(maker);
    free(maker);
}
