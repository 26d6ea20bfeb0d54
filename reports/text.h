/* text.h - between text.c (the report) and text_finding.c (one finding). */
#ifndef SNARL_REPORTS_TEXT_H
#define SNARL_REPORTS_TEXT_H

#include "reports/text_paint.h"

/* A group of findings (alike.h) as a block of lines; `with_process`: says which process, as there are several. */
void snarl_text_findings(const struct snarl_page *page, const json_t *group, bool with_process);

#endif
