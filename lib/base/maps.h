/* maps.h - the mappings of this process, from /proc/self/maps. */
#ifndef SNARL_BASE_MAPS_H
#define SNARL_BASE_MAPS_H

#include <stdbool.h>
#include <stdint.h>

/* Calls visit for each mapping, in order of address; nothing is allocated. False: the list could not be read to its end. What is mapped
 * meanwhile may be missing. */
bool snarl_maps_each(void (*visit)(uintptr_t start, uintptr_t end, void *context), void *context);

#endif
