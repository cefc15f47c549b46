/* instances.h: how many GPUs there are in an instance of a cloud, by what its bill calls it. */
#ifndef INSPECT_INSTANCES_H
#define INSPECT_INSTANCES_H

#include "core/text.h"

/*
 * GPUs of the instance type that the text names, somewhere in it ("USE1-BoxUsage:p5.48xlarge", "ND96isr H100 v5",
 * "8x H100 SXM"). 0: it names an instance without GPUs; -1: it names none that is known.
 */
int64_t instance_gpus(struct text what);

#endif
