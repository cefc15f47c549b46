/* quality_private.h: shared by quality.c and quality_notices.c; others use quality.h. */
#ifndef CORE_QUALITY_PRIVATE_H
#define CORE_QUALITY_PRIVATE_H

#include "core/quality.h"

/* Room for one more. Arrays only grow, one by one, and double at powers of two: no need to store their room. */
void *quality_room_for_one(void *array, size_t count, size_t item_bytes);

void quality_release_notices(struct quality *q);

#endif
