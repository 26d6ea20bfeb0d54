/* json.c - the document as it is, one line per short value, keys in the order of the document. */
#include "reports/formats.h"

int snarl_json_render(const json_t *document, const struct snarl_render_options *options, FILE *out)
{
    (void)options;
    if (json_dumpf(document, out, JSON_INDENT(1) | JSON_REAL_PRECISION(9)))
        return -1;
    fputc('\n', out);
    return 0;
}
