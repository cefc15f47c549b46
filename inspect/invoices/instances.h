/* instances.h: the number of GPUs of a cloud instance, by its name in a bill. */
#ifndef INSPECT_INSTANCES_H
#define INSPECT_INSTANCES_H

#include "core/text.h"

/*
 * GPUs of the instance type that the text names anywhere ("USE1-BoxUsage:p5.48xlarge", "ND96isr H100 v5", "8x H100
 * SXM"). 0: it names an instance without GPUs; -1: no known name.
 */
int64_t instance_gpus(struct text what);

#endif
