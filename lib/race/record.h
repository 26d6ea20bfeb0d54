/* record.h - the table of access and state records, and how threads get units of it.
 *
 *     chunk = 128 units of 16 bytes, owned by one thread, filled in order
 *     run   = chunks in a row, taken together
 *
 * The table is one reservation indexed by unit; unit 0 is never given out. A thread takes runs of chunks, as long as its epochs ask for, so the
 * units that it makes in one epoch are a range (or the tail of one, after it took another run): that makes
 * "made by me in this epoch" one comparison. Chunks that no cell needs any more come back one by one through the collector (collect.c). */
#ifndef SNARL_RACE_RECORD_H
#define SNARL_RACE_RECORD_H

#include "race/cell.h"

#define SNARL_CHUNK_UNITS 128u
#define SNARL_CHUNKS ((1u << SNARL_CELL_UNIT_BITS) / SNARL_CHUNK_UNITS)
#define SNARL_RUN_CHUNKS 512u /* the longest run */
#define SNARL_STATE_MEMBERS (4 * (SNARL_CHUNK_UNITS - 2)) /* a state fits into a chunk of its own */

struct snarl_race_thread;

/* A cache line each: `stamp` is written at every epoch, and the next chunk may be another thread's. */
struct snarl_chunk {
    uint32_t owner;    /* the owner's serial number */
    uint32_t stamp;    /* the owner's stamp when it last made a unit of it; until then SNARL_STAMP_AHEAD more than it had */
    uint32_t taken;    /* serial number of the taking; 0: free */
    uint32_t next;     /* in the list of chunks in quarantine; record.c marks free ones here */
} __attribute__((aligned(64)));

/* What all records in a chunk have in common, apart from the chunk since it is what the fast path reads. */
struct snarl_chunk_moment {
    uint32_t slot;  /* of the thread that made them */
    uint32_t epoch; /* none is of a later one */
};

union snarl_record {
    struct snarl_access_record access;
    struct snarl_state_record state;
};

extern union snarl_record *snarl_records;
extern struct snarl_chunk *snarl_chunks;
extern struct snarl_chunk_moment *snarl_chunk_moments;

bool snarl_records_reserve(void);
#define SNARL_STAMP_AHEAD (1u << 30) /* a stamp so much later is still later after a long time */

/* The first unit of a run of at most *chunks chunks for `thr`, and how many it has; 0 when the table is full and nothing can be
 * collected, which is counted. */
uint32_t snarl_records_take_run(struct snarl_race_thread *thr, uint32_t *chunks);
/* Of a run, what its thread has not begun, and will not. */
void snarl_records_give_back(uint32_t first_chunk, uint32_t end_chunk);
/* A chunk for the collector's own use, without an owner; 0: there is none. */
uint32_t snarl_records_take_chunk(void);
/* Chunks in use. */
uint32_t snarl_records_chunks(void);

/* For the collector. Chunks below snarl_records_fresh() have been used at some time. A chunk that it releases is given
 * out again only after the next collection has begun: see collect.c. */
uint32_t snarl_records_fresh(void);
uint32_t snarl_records_last_taken(void);
/* Those that `stays` tells of by chunk wait for the next time. */
void snarl_records_begin_release(const uint8_t *stays);
void snarl_records_release_chunk(uint32_t chunk);
/* The next collection is due when `growth` more chunks are in use. */
void snarl_records_set_next(uint32_t growth);
uint32_t snarl_records_least_growth(void);

/* Forgets everything: for tests, and for the child of a fork. */
void snarl_records_reset(void);

static inline struct snarl_chunk_moment *snarl_record_moment(uint32_t word)
{
    return &snarl_chunk_moments[snarl_cell_unit(word) / SNARL_CHUNK_UNITS];
}

static inline const union snarl_record *snarl_record_at(uint32_t word)
{
    return &snarl_records[snarl_cell_unit(word)];
}

/* The bytes of a word that names an access. */
static inline uint32_t snarl_cell_bytes(uint32_t word)
{
    uint32_t mask = snarl_cell_mask(word);
    return mask ? mask : 0xf; /* an atomic access to the whole cell has none */
}

/* The accesses that a cell's word names itself (there may be more: bytes.h). *single is room for the one of a word that names an access itself. */
static inline const uint32_t *snarl_cell_members(uint32_t word, uint32_t *single, uint32_t *count)
{
    const union snarl_record *record = snarl_record_at(word);
    if (record->access.flags & SNARL_RECORD_STATE) {
        *count = record->state.count;
        return record->state.member;
    }
    *single = (word & ~SNARL_CELL_BYTES) | snarl_cell_bytes(word) << SNARL_CELL_MASK_SHIFT;
    *count = word != 0;
    return single;
}

#endif
