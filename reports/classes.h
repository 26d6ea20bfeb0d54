/* classes.h - lock orders that only different processes or runs together turn into a cycle.
 *
 * A process judges the orders that it saw itself. Here locks of all processes of a document are taken for one
 * when they have the same class (the same variable, the same annotated name, or made at the same place), so
 * that an order seen in one test and its reverse seen in another meet. Nothing proves that both ever run in
 * one process: such findings are `possible`, never more. */
#ifndef SNARL_REPORTS_CLASSES_H
#define SNARL_REPORTS_CLASSES_H

#include <jansson.h>
#include <stddef.h>

/* Adds a `lock-order-inversion` with "derived": "classes" for every cycle of classes whose orders no single
 * process has all of; those from an earlier call are removed first, so that the result depends on the
 * document's lock graph alone. Their events are those of one process per order, with locks named by one lock
 * of each class, and "origins" lists these processes. Returns how many findings were added. */
size_t snarl_classes_find(json_t *document);

#define SNARL_CLASSES_FOUND_MAX                                                                              \
    100u /* what one document gets at most; the shortest cycles of each edge first */

#endif
