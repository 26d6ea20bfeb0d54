/* planfile.h - writing plans and checking them (the format is in format.h, the folder in store.h).
 *
 * A plan's name is made of the module's build-id, the kind of check and snarl's version, so that nobody need look
 * into a file to know whether it is the right one. A plan is written to NAME.part, which its writer holds locked, and
 * renamed: a second planner of the same module waits for the lock and then finds the plan. A planner that dies leaves a
 * part that the next one writes over. */
#ifndef SNARL_PLAN_PLANFILE_H
#define SNARL_PLAN_PLANFILE_H

#include "plan/emit.h"

#define SNARL_PLAN_PATH_MAX 4096
#define SNARL_PLANFILE_KEPT_DAYS 60 /* unread for longer, a plan is removed; those of other versions after 7 days */

struct snarl_planfile {
    char path[SNARL_PLAN_PATH_MAX];
    char part[SNARL_PLAN_PATH_MAX + 8];
    int fd; /* of the part, locked; -1: not claimed */
};

/* The path of the plan of a build-id in the folder; false: too long. */
bool snarl_planfile_path(char *path, size_t size, const char *folder, const uint8_t *build_id,
                         unsigned build_id_size, enum snarl_plan_check check);
/* The right to write the plan, for which another planner may be waited for. NULL or why not. */
const char *snarl_planfile_claim(struct snarl_planfile *file, const char *path, bool wait);
/* Writes the plan. The head's counts are the caller's; its other fields are filled in. NULL or why not. */
const char *snarl_planfile_write(struct snarl_planfile *file, struct snarl_plan_head *head,
                                 struct snarl_emitter *emitter);
void snarl_planfile_release(struct snarl_planfile *file);
/* Whether the file is a plan of this version for this build-id: by its head alone, or every byte. */
bool snarl_planfile_look(const char *path, const uint8_t *build_id, unsigned build_id_size,
                         enum snarl_plan_check check, struct snarl_plan_head *head);
bool snarl_planfile_check(const char *path, const uint8_t *build_id, unsigned build_id_size,
                          enum snarl_plan_check check, struct snarl_plan_head *head);
/* Removes what has not been used for long. */
void snarl_planfile_tidy(const char *folder);

#endif
