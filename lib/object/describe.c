/* describe.c - objects in the run file; see object.h. */
#include <string.h>

#include "base/memory.h"
#include "finding/runfile_writer.h"
#include "object/object.h"

static const char *const s_kind_names[SNARL_KIND_MAX] = {
    [SNARL_KIND_NONE] = "unknown",
    [SNARL_KIND_MUTEX] = "mutex",
    [SNARL_KIND_RECURSIVE_MUTEX] = "recursive-mutex",
    [SNARL_KIND_ERRORCHECK_MUTEX] = "errorcheck-mutex",
    [SNARL_KIND_ROBUST_MUTEX] = "robust-mutex",
    [SNARL_KIND_RWLOCK] = "rwlock",
    [SNARL_KIND_SPINLOCK] = "spinlock",
    [SNARL_KIND_SEMAPHORE] = "semaphore",
    [SNARL_KIND_CONDITION] = "condition",
    [SNARL_KIND_BARRIER] = "barrier",
    [SNARL_KIND_ONCE] = "once",
    [SNARL_KIND_STATIC_GUARD] = "static-guard",
    [SNARL_KIND_CUSTOM] = "custom",
    [SNARL_KIND_PYTHON_LOCK] = "python-lock",
    [SNARL_KIND_PYTHON_RLOCK] = "python-rlock",
    [SNARL_KIND_PYTHON_QUEUE] = "python-queue",
    [SNARL_KIND_FILE_LOCK] = "file-lock",
};

const char *snarl_object_kind_name(const struct snarl_sync *sync)
{
    return s_kind_names[sync->kind];
}

void snarl_object_set_name(struct snarl_sync *sync, const char *name)
{
    size_t size = strlen(name) + 1;
    char *copy = snarl_memory_alloc(size);
    if (copy)
        memcpy(copy, name, size);
    sync->name = copy;
    sync->written = false;
}

static void write_lock(const struct snarl_ended *lock)
{
    snarl_runfile_stack(lock->create_stack);
    snarl_runfile_module_of(lock->address);
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_LOCK);
    snarl_wire_put_uint(writer, lock->id);
    snarl_wire_put_text(writer, s_kind_names[lock->kind]);
    snarl_wire_put_text(writer, lock->name);
    snarl_wire_put_uint(writer, lock->address);
    snarl_runfile_put_module_value(writer, lock->address);
    snarl_wire_put_uint(writer, lock->create_stack);
    snarl_wire_put_uint(writer, lock->create_thread);
    snarl_wire_put_uint(writer, lock->flags & SNARL_OBJECT_IMPLICIT);
    snarl_runfile_finish();
}

void snarl_object_describe(struct snarl_sync *sync)
{
    if (!sync || sync->written)
        return;
    sync->written = true;
    write_lock(&(struct snarl_ended){.id = sync->id,
                                     .kind = sync->kind,
                                     .flags = sync->flags,
                                     .create_stack = sync->create_stack,
                                     .create_thread = sync->create_thread,
                                     .address = sync->address,
                                     .name = sync->name});
}

struct sought {
    uint32_t id;
    bool found;
};

static void describe_sought(struct snarl_sync *sync, void *context)
{
    struct sought *sought = context;
    if (sync->id != sought->id)
        return;
    sought->found = true;
    snarl_object_describe(sync);
}

void snarl_object_describe_number(uint32_t id)
{
    struct sought sought = {.id = id};
    struct snarl_ended ended;
    snarl_object_each(describe_sought, &sought);
    if (!sought.found && snarl_object_ended(id, &ended))
        write_lock(&ended);
}

static void write_use(struct snarl_sync *sync, void *context)
{
    double ns_per_tick = *(double *)context;
    /* A hundred thousand locks that nobody fought for would only bury the others. */
    if (sync->acquisitions == 0 || (!sync->written && sync->contended == 0 && !sync->node))
        return;
    snarl_object_describe(sync);
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_LOCK_USE);
    snarl_wire_put_uint(writer, sync->id);
    snarl_wire_put_uint(writer, sync->acquisitions);
    snarl_wire_put_uint(writer, sync->contended);
    snarl_wire_put_uint(writer, sync->wait_ns);
    snarl_wire_put_uint(writer, (uint64_t)((double)sync->hold_max_ticks * ns_per_tick));
    snarl_runfile_finish();
}

void snarl_object_write_use(double ns_per_tick)
{
    snarl_object_each(write_use, &ns_per_tick);
}
