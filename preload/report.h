/* report.h - the text report at the end of a process that no `snarl run` watches. */
#ifndef SNARL_PRELOAD_REPORT_H
#define SNARL_PRELOAD_REPORT_H

/* At the start: whether this process is the one that prints. */
void snarl_report_prepare(void);
/* A child prints nothing: its parent's report covers it. */
void snarl_report_forked(void);
/* Runs `snarl report DIR --text` on standard error and waits for it, unless somebody else reports or nothing is to
 * be said. */
void snarl_report_print(void);

#endif
