/* load.c - from the paths that a user names to one document. */
#include "reports/reports.h"

json_t *snarl_report_load(const char *const *paths, size_t count, const struct snarl_load_options *options,
                          char *error, size_t error_size)
{
    (void)options;
    json_error_t problem;
    json_t *document = count ? json_load_file(paths[0], 0, &problem) : NULL;
    if (!document)
        snprintf(error, error_size, "%s: %s", count ? paths[0] : "no run given", count ? problem.text : "");
    return document;
}

void snarl_report_set_exit(json_t *document, int exit_status, double duration_s)
{
    json_t *run = json_object_get(document, "run");
    json_object_set_new(run, "exit_status", json_integer(exit_status));
    json_object_set_new(run, "duration_s", json_real(duration_s));
}
