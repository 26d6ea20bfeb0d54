/* render.c - a document file through one renderer, for tests: `render FORMAT DOCUMENT.json FILE`. */
#include "reports/reports.h"

int main(int argc, char **argv)
{
    char error[512] = "usage: render FORMAT DOCUMENT.json FILE";
    json_error_t where;
    json_t *document = argc == 4 ? json_load_file(argv[2], 0, &where) : NULL;
    if (argc == 4 && !document)
        snprintf(error, sizeof(error), "%s:%d: %s", argv[2], where.line, where.text);
    if (!document || snarl_report_write(document, argv[1], NULL, argv[3], error, sizeof(error))) {
        fprintf(stderr, "render: %s\n", error);
        return 1;
    }
    json_decref(document);
    return 0;
}
