/* text.h - between text.c (the report) and text_finding.c (one finding). */
#ifndef SNARL_REPORTS_TEXT_H
#define SNARL_REPORTS_TEXT_H

#include "reports/text_paint.h"

/* One finding as a block of lines; `with_process`: says which process, as there are several. */
void snarl_text_finding(const struct snarl_page *page, const json_t *finding, bool with_process);

#endif
