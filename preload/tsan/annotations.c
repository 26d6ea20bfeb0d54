/* annotations.c - the annotations of old (dynamic_annotations.h), as ThreadSanitizer's runtime has them.
 *
 * Programs that gcc links with that runtime may take them from there, so all names have to be here. Those of
 * locks, orders and threads are in preload/annotate.c; of the others the same few as there have a meaning:
 * what is ignored, and races that are said to be benign. */
#include <stddef.h>

#include "preload/access/trust.h"
#include "preload/shim.h"

#pragma GCC visibility push(default)

void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);

/* --- accesses that are not looked at --- */

void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
void AnnotateBenignRace(const char *file, int line, const volatile void *memory, const char *why);
void AnnotateBenignRaceSized(const char *file, int line, const volatile void *memory, size_t size,
                             const char *why);
void WTFAnnotateBenignRaceSized(const char *file, int line, const volatile void *memory, size_t size,
                                const char *why);

void AnnotateIgnoreReadsBegin(const char *file, int line)
{
    (void)file, (void)line;
    __tsan_ignore_thread_begin();
}

void AnnotateIgnoreReadsEnd(const char *file, int line)
{
    (void)file, (void)line;
    __tsan_ignore_thread_end();
}

void AnnotateIgnoreWritesBegin(const char *file, int line)
{
    (void)file, (void)line;
    __tsan_ignore_thread_begin();
}

void AnnotateIgnoreWritesEnd(const char *file, int line)
{
    (void)file, (void)line;
    __tsan_ignore_thread_end();
}

void AnnotateBenignRaceSized(const char *file, int line, const volatile void *memory, size_t size,
                             const char *why)
{
    (void)file, (void)line, (void)why;
    snarl_trust_benign((uintptr_t)memory, size);
}

void AnnotateBenignRace(const char *file, int line, const volatile void *memory, const char *why)
{
    AnnotateBenignRaceSized(file, line, memory, 1, why);
}

void WTFAnnotateBenignRaceSized(const char *file, int line, const volatile void *memory, size_t size,
                                const char *why)
{
    AnnotateBenignRaceSized(file, line, memory, size, why);
}

/* --- orders under another name --- */

void AnnotateHappensBefore(const char *file, int line, const volatile void *address);
void AnnotateHappensAfter(const char *file, int line, const volatile void *address);
void WTFAnnotateHappensBefore(const char *file, int line, const volatile void *address);
void WTFAnnotateHappensAfter(const char *file, int line, const volatile void *address);
void AnnotateRWLockCreate(const char *file, int line, const volatile void *lock);
void AnnotateRWLockCreateStatic(const char *file, int line, const volatile void *lock);

void WTFAnnotateHappensBefore(const char *file, int line, const volatile void *address)
{
    AnnotateHappensBefore(file, line, address);
}

void WTFAnnotateHappensAfter(const char *file, int line, const volatile void *address)
{
    AnnotateHappensAfter(file, line, address);
}

void AnnotateRWLockCreateStatic(const char *file, int line, const volatile void *lock)
{
    AnnotateRWLockCreate(file, line, lock);
}

/* --- what is known without them, or means nothing to this detector --- */

void AnnotateCondVarSignal(const char *file, int line, const volatile void *condition);
void AnnotateCondVarSignal(const char *file, int line, const volatile void *condition)
{
    (void)file, (void)line, (void)condition;
}

void AnnotateCondVarSignalAll(const char *file, int line, const volatile void *condition);
void AnnotateCondVarSignalAll(const char *file, int line, const volatile void *condition)
{
    (void)file, (void)line, (void)condition;
}

void AnnotateCondVarWait(const char *file, int line, const volatile void *condition,
                         const volatile void *lock);
void AnnotateCondVarWait(const char *file, int line, const volatile void *condition,
                         const volatile void *lock)
{
    (void)file, (void)line, (void)condition, (void)lock;
}

void AnnotateMutexIsNotPHB(const char *file, int line, const volatile void *lock);
void AnnotateMutexIsNotPHB(const char *file, int line, const volatile void *lock)
{
    (void)file, (void)line, (void)lock;
}

void AnnotateMutexIsUsedAsCondVar(const char *file, int line, const volatile void *lock);
void AnnotateMutexIsUsedAsCondVar(const char *file, int line, const volatile void *lock)
{
    (void)file, (void)line, (void)lock;
}

void AnnotateTraceMemory(const char *file, int line, const volatile void *memory);
void AnnotateTraceMemory(const char *file, int line, const volatile void *memory)
{
    (void)file, (void)line, (void)memory;
}

void AnnotateFlushState(const char *file, int line);
void AnnotateFlushState(const char *file, int line)
{
    (void)file, (void)line;
}

void AnnotateNewMemory(const char *file, int line, const volatile void *memory, size_t size);
void AnnotateNewMemory(const char *file, int line, const volatile void *memory, size_t size)
{
    (void)file, (void)line, (void)memory, (void)size;
}

void AnnotateNoOp(const char *file, int line, const volatile void *memory);
void AnnotateNoOp(const char *file, int line, const volatile void *memory)
{
    (void)file, (void)line, (void)memory;
}

void AnnotateFlushExpectedRaces(const char *file, int line);
void AnnotateFlushExpectedRaces(const char *file, int line)
{
    (void)file, (void)line;
}

void AnnotateEnableRaceDetection(const char *file, int line, int enable);
void AnnotateEnableRaceDetection(const char *file, int line, int enable)
{
    (void)file, (void)line, (void)enable;
}

void AnnotatePCQCreate(const char *file, int line, const volatile void *queue);
void AnnotatePCQCreate(const char *file, int line, const volatile void *queue)
{
    (void)file, (void)line, (void)queue;
}

void AnnotatePCQDestroy(const char *file, int line, const volatile void *queue);
void AnnotatePCQDestroy(const char *file, int line, const volatile void *queue)
{
    (void)file, (void)line, (void)queue;
}

void AnnotatePCQPut(const char *file, int line, const volatile void *queue);
void AnnotatePCQPut(const char *file, int line, const volatile void *queue)
{
    (void)file, (void)line, (void)queue;
}

void AnnotatePCQGet(const char *file, int line, const volatile void *queue);
void AnnotatePCQGet(const char *file, int line, const volatile void *queue)
{
    (void)file, (void)line, (void)queue;
}

void AnnotateExpectRace(const char *file, int line, const volatile void *memory, const char *why);
void AnnotateExpectRace(const char *file, int line, const volatile void *memory, const char *why)
{
    (void)file, (void)line, (void)memory, (void)why;
}

void AnnotateIgnoreSyncBegin(const char *file, int line);
void AnnotateIgnoreSyncBegin(const char *file, int line)
{
    (void)file, (void)line;
}

void AnnotateIgnoreSyncEnd(const char *file, int line);
void AnnotateIgnoreSyncEnd(const char *file, int line)
{
    (void)file, (void)line;
}

void AnnotatePublishMemoryRange(const char *file, int line, const volatile void *memory, size_t size);
void AnnotatePublishMemoryRange(const char *file, int line, const volatile void *memory, size_t size)
{
    (void)file, (void)line, (void)memory, (void)size;
}

void AnnotateUnpublishMemoryRange(const char *file, int line, const volatile void *memory, size_t size);
void AnnotateUnpublishMemoryRange(const char *file, int line, const volatile void *memory, size_t size)
{
    (void)file, (void)line, (void)memory, (void)size;
}

void AnnotateMemoryIsInitialized(const char *file, int line, const volatile void *memory, size_t size);
void AnnotateMemoryIsInitialized(const char *file, int line, const volatile void *memory, size_t size)
{
    (void)file, (void)line, (void)memory, (void)size;
}

void AnnotateMemoryIsUninitialized(const char *file, int line, const volatile void *memory, size_t size);
void AnnotateMemoryIsUninitialized(const char *file, int line, const volatile void *memory, size_t size)
{
    (void)file, (void)line, (void)memory, (void)size;
}

int RunningOnValgrind(void);
int RunningOnValgrind(void)
{
    return 0;
}

double ValgrindSlowdown(void);
double ValgrindSlowdown(void)
{
    return 1;
}

const char *ThreadSanitizerQuery(const char *what);
const char *ThreadSanitizerQuery(const char *what)
{
    static const char s_known[] = "pure_happens_before";
    size_t i = 0;
    while (i < sizeof(s_known) && what[i] == s_known[i] && what[i])
        i++;
    return i + 1 == sizeof(s_known) && !what[i] ? "1" : "0";
}

#pragma GCC visibility pop
