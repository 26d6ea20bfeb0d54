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

void snarl_object_describe(struct snarl_sync *sync)
{
    if (!sync || sync->written)
        return;
    sync->written = true;
    snarl_runfile_stack(sync->create_stack);
    snarl_runfile_module_of(sync->address);
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_LOCK);
    snarl_wire_put_uint(writer, sync->id);
    snarl_wire_put_text(writer, snarl_object_kind_name(sync));
    snarl_wire_put_text(writer, sync->name);
    snarl_wire_put_uint(writer, sync->address);
    snarl_runfile_put_module_value(writer, sync->address);
    snarl_wire_put_uint(writer, sync->create_stack);
    snarl_wire_put_uint(writer, sync->create_thread);
    snarl_wire_put_uint(writer, sync->flags & SNARL_OBJECT_IMPLICIT);
    snarl_runfile_finish();
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
