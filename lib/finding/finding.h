/* finding.h - what was found, as plain data, and its way into the run file.
 *
 * A finding is filled by the part that detects it and reported once: snarl_finding_report drops what was
 * reported before (same kind, rule and stacks) and counts it instead. Everything that the finding names
 * (threads, locks, stacks) must have been described in the same session of the run file, or before. */
#ifndef SNARL_FINDING_FINDING_H
#define SNARL_FINDING_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#define SNARL_FINDING_EVENTS 64 /* a cycle of 32 locks; longer ones are cut */
#define SNARL_FINDING_LOCKS 128
#define SNARL_EVENT_HELD 64

enum snarl_event_flags { SNARL_EVENT_ATOMIC = 1, SNARL_EVENT_WRITE = 2 };

struct snarl_event {
    const char *role; /* a word of the contract */
    const char *what;
    uint32_t flags;
    uint32_t thread, lock, stack;
    uint64_t time_ns;
    uint64_t address, size;
    uint32_t held_count;
    uint32_t held[SNARL_EVENT_HELD];
};

struct snarl_location {
    const char *kind; /* a word of the contract, NULL: none */
    const char *symbol;
    uint64_t address, size;
    bool has_allocated;
    struct snarl_event allocated;
    uint64_t byte;            /* the first byte that both accesses of a race touch */
    uint32_t thread;          /* whose stack or thread-local storage it is; 0: not known */
    uintptr_t module;         /* thread-local: an address in the module that it belongs to, and where in its block */
    uint64_t offset;
    uint32_t stack, frame;    /* on a stack: the frame that holds it is this one of a stack, */
    uint64_t cfa;             /* and where that frame ends; stack 0: not known */
};

struct snarl_finding {
    const char *kind, *rule, *confidence, *message;
    struct snarl_location location;
    uint32_t lock_count, event_count;
    uint32_t lock[SNARL_FINDING_LOCKS];
    struct snarl_event event[SNARL_FINDING_EVENTS];
};

/* Empties `finding` for reuse. */
void snarl_finding_clear(struct snarl_finding *finding, const char *kind, const char *rule, const char *confidence);
/* The next free event, cleared; the last one again when all are used. */
struct snarl_event *snarl_finding_event(struct snarl_finding *finding, const char *role, const char *what);
/* Adds a lock unless it is there. */
void snarl_finding_add_lock(struct snarl_finding *finding, uint32_t lock);

/* The key by which equal findings are one: kind, rule and the events' roles and stacks, in any order; of a data race those of
 * the two accesses. */
uint64_t snarl_finding_key(const struct snarl_finding *finding);
/* Whether a finding with this key was reported; then it is counted once more. For callers that want
 * to save themselves the work of describing it. */
bool snarl_finding_seen(uint64_t key);
/* Within a session of the run file. True when it is new. */
bool snarl_finding_report(const struct snarl_finding *finding);
/* Within a session: COUNT records of the findings seen more than once. */
void snarl_finding_write_counts(void);
uint32_t snarl_finding_count(void);
void snarl_finding_forked(void);

#endif
