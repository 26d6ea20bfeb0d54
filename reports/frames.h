/* frames.h - what the renderers ask of a document's stacks and events, in one place.
 *
 * "Program frames" are the user's own: not those of libc, the dynamic linker, language runtimes, snarl, nor
 * functions of a standard library that were inlined. Texts returned belong to the document. */
#ifndef SNARL_REPORTS_FRAMES_H
#define SNARL_REPORTS_FRAMES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The member's text; "" when it is missing or no text. Never NULL. */
const char *snarl_json_text(const json_t *object, const char *key);
/* What follows the last '/'. */
const char *snarl_path_base(const char *path);

bool snarl_frame_is_program(const json_t *frame);
/* The innermost program frame of the event's stack; without one the innermost frame; NULL without any. */
const json_t *snarl_event_frame(const json_t *event);
/* The function without its parameters and template arguments: "bank::Account::deposit". Empty when the
 * function is not known. Cut to `size`. */
void snarl_frame_function(const json_t *frame, char *text, size_t size);
/* "worker (bank.c:21)"; "worker (libfoo.so+0x12)" without a line; "libfoo.so+0x12" without a function;
 * "an unknown place" for NULL. */
void snarl_frame_place(const json_t *frame, char *text, size_t size);

/* The name by which to call an event's thread: "T3", "T3 (worker)", "main thread". */
void snarl_thread_label(const json_t *thread, char *text, size_t size);

#endif
