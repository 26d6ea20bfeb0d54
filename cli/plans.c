/* plans.c - see plans.h. */
#include "cli/plans.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/complain.h"
#include "cli/library.h"
#include "cli/strings.h"

/* Relative to the command's folder: the build tree, then an installation as it was configured, then a moved one. */
char *snarl_plans_planner(void)
{
    static const char *const s_places[] = {"../plan", "../" SNARL_INSTALL_LIBEXECDIR "/snarl", "../libexec/snarl"};
    char *folder = snarl_library_own_folder(), *planner = NULL;
    for (size_t i = 0; !planner && i < sizeof(s_places) / sizeof(*s_places); i++) {
        planner = snarl_string_format("%s/%s/snarl-plan", folder, s_places[i]);
        if (access(planner, X_OK)) {
            free(planner);
            planner = NULL;
        }
    }
    free(folder);
    return planner;
}

static void run_planner(const char *planner, const char *folder, const char *image, bool shown)
{
    char *where = snarl_string_format("--folder=%s", folder);
    char *const arguments[] = {(char *)planner, "--linked", "--trusting", "--silent", "--defer", where,
                               shown ? "--progress" : "--silent", (char *)image, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child;
    bool started = !posix_spawn(&child, planner, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    while (started && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    free(where);
}

static void tell_of_folder(const struct snarl_store *store)
{
    if (!store->folder[0])
        snarl_complain("code is not checked for races: there is no folder for what is prepared of it: %s%s%s",
                       store->refused, store->refused[0] ? " cannot be used: " : "", store->problem);
    else if (store->problem)
        snarl_complain("%s%s%s; what is prepared of code is kept in %s", store->refused,
                       store->refused[0] ? " cannot be used: " : "", store->problem, store->folder);
}

void snarl_plans_make(const struct snarl_program *program, struct snarl_store *store, bool shown, bool quiet)
{
    snarl_store_find(store);
    if (!quiet)
        tell_of_folder(store);
    char *planner = store->folder[0] && program->binary.is_elf ? snarl_plans_planner() : NULL;
    if (planner)
        run_planner(planner, store->folder, program->image, shown);
    free(planner);
}
