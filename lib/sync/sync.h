/* sync.h - what the files of this folder share; everybody else includes engine.h. */
#ifndef SNARL_SYNC_SYNC_H
#define SNARL_SYNC_SYNC_H

#include "engine.h"

extern const struct snarl_host *snarl_host;

/* --- waits.c: what threads wait for --- */

/* From here on `thr` counts as waiting. */
void snarl_wait_begin(struct snarl_thread *thr, enum snarl_wait_kind kind, void *object, uint32_t object_id,
                      enum snarl_mode mode, bool timed, struct snarl_site site);
void snarl_wait_end(struct snarl_thread *thr);
/* Threads that now wait without a timeout. */
uint32_t snarl_wait_count(void);
/* In the child of a fork. */
void snarl_wait_forked(void);
/* What `thr` waits for, as an event of a finding; and, within a session, the records that this needs. */
void snarl_finding_add_wait(struct snarl_finding *finding, struct snarl_thread *thr);
void snarl_wait_describe(struct snarl_thread *thr);

/* --- deadlock.c, stall.c: called by a thread whose wait has begun, before it blocks --- */

/* Whether there is anything to confirm: a look that takes no lock. */
bool snarl_deadlock_suspected(struct snarl_thread *thr);
/* Looks for a cycle of waits through `thr`; confirms it, reports it and perhaps ends the process. */
void snarl_deadlock_check(struct snarl_thread *thr);
/* Whether one was reported: a process that stands still from then on is no news. */
bool snarl_deadlock_reported(void);
/* Whether every thread waits and nobody can go on; the same. */
void snarl_stall_check(struct snarl_thread *thr);
/* Whether no thread of the process seems able to go on, the caller included; and whether that lasts for some time. */
bool snarl_stall_suspected(void);
bool snarl_stall_stands_still(void);
/* `thr` has just ended: whether it leaves the others without help. */
void snarl_stall_check_end(struct snarl_thread *thr);
/* After a deadlock or stall was written: does what --on-deadlock says. */
void snarl_deadlock_end(struct snarl_thread *thr);

/* --- misuse.c --- */

/* A lock-misuse finding: the offending call, and where the object was last acquired or by whom it is held. */
void snarl_misuse_report(struct snarl_thread *thr, const char *rule, struct snarl_sync *sync, const char *role,
                         const char *what, struct snarl_site site);
/* The same with a stack of the offending call that is known already, and another held lock's acquisition. */
void snarl_misuse_report_held(struct snarl_thread *thr, const char *rule, const struct snarl_held *held,
                              struct snarl_thread *holder, const char *role, const char *what, uint32_t stack);
/* Adds to a finding how `holder` acquired what it holds. */
void snarl_finding_add_hold(struct snarl_finding *finding, struct snarl_thread *holder, const struct snarl_held *held);
/* The locks that `thr` holds, into an event. */
void snarl_finding_add_held(struct snarl_event *event, struct snarl_thread *thr);

#endif
