/* html_parts.h - the fixed parts of the HTML report, made out of reports/html/ by cmake/SnarlEmbed.cmake, and
 * the variable ones. */
#ifndef SNARL_REPORTS_HTML_PARTS_H
#define SNARL_REPORTS_HTML_PARTS_H

#include "reports/source.h"

#include <jansson.h>
#include <stddef.h>

extern const unsigned char snarl_html_script[], snarl_html_style[];
extern const size_t snarl_html_script_size, snarl_html_style_size;
extern const char snarl_html_script_digest[], snarl_html_style_digest[]; /* SHA-256, hexadecimal */

/* What the page's script reads: {doc, frames, threads, sources, layout}, see reports/html/data.js. The caller
 * owns it. NULL when memory is short. */
json_t *snarl_html_data(const json_t *document, struct snarl_sources *sources);

#endif
