/* text.c - the report for people. */
#include "reports/formats.h"

int snarl_text_render(const json_t *document, const struct snarl_render_options *options, FILE *out)
{
    (void)options;
    size_t count = json_array_size(json_object_get(document, "findings"));
    fprintf(out, "snarl: %zu finding%s\n", count, count == 1 ? "" : "s");
    return 0;
}
