/* planfile.h - where plans are kept, and writing them (the format is in format.h).
 *
 * A plan's name is made of the module's build-id, the kind of check and snarl's version, so that nobody need look
 * into a file to know whether it is the right one. The folder is the user's own ($XDG_CACHE_HOME/snarl or
 * ~/.cache/snarl): one that others could write to is refused, because what lies there is executed. */
#ifndef SNARL_PLAN_PLANFILE_H
#define SNARL_PLAN_PLANFILE_H

#include "plan/emit.h"

#define SNARL_PLAN_PATH_MAX 4096

/* The folder's path, making it when it does not exist. NULL or, when it cannot be used, why in words. */
const char *snarl_planfile_folder(char *folder, size_t size);
/* The path of the plan of a build-id in the folder; false: too long. */
bool snarl_planfile_path(char *path, size_t size, const char *folder, const uint8_t *build_id,
                         unsigned build_id_size, enum snarl_plan_check check);
/* Writes the plan under a temporary name and renames it. The head's counts are the caller's; its other
 * fields are filled in. NULL or why not. */
const char *snarl_planfile_write(const char *path, struct snarl_plan_head *head, struct snarl_emitter *emitter);
/* Whether the file is a whole plan of this version for this build-id. */
bool snarl_planfile_check(const char *path, const uint8_t *build_id, unsigned build_id_size,
                          enum snarl_plan_check check, struct snarl_plan_head *head);

#endif
