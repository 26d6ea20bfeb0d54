/* formats.h - the render functions that the table in formats.c lists. See reports.h for their contract. */
#ifndef SNARL_REPORTS_FORMATS_H
#define SNARL_REPORTS_FORMATS_H

#include "reports/reports.h"

int snarl_text_render(const json_t *document, const struct snarl_render_options *options, FILE *out);
int snarl_json_render(const json_t *document, const struct snarl_render_options *options, FILE *out);
int snarl_html_render(const json_t *document, const struct snarl_render_options *options, FILE *out);
int snarl_sarif_render(const json_t *document, const struct snarl_render_options *options, FILE *out);
int snarl_junit_render(const json_t *document, const struct snarl_render_options *options, FILE *out);
int snarl_dot_render(const json_t *document, const struct snarl_render_options *options, FILE *out);
int snarl_markdown_render(const json_t *document, const struct snarl_render_options *options, FILE *out);
int snarl_github_render(const json_t *document, const struct snarl_render_options *options, FILE *out);

#endif
