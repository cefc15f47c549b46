/* stated.h: GPUs per replica as logs state them. Private to attribute/. */
#ifndef ATTRIBUTE_STATED_H
#define ATTRIBUTE_STATED_H

#include "attribute/fleet/fleet.h"

/* The pool of a replica of --gpu-hour: its GPUs as stated, else those of --gpus, else one. */
const struct pool *fleet_fallback_of(const struct fleet *f, struct names *names, name_id replica);
/* Does its log state them, or --gpus? */
bool fleet_gpus_known(const struct fleet *f, struct names *names, name_id replica);
void fleet_forget_stated(struct fleet *f);

#endif
