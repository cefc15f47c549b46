/* advice.h: what to switch on so that a log holds better evidence. */
#ifndef INGEST_ADVICE_H
#define INGEST_ADVICE_H

#include "core/quality.h"
#include "ingest/streams.h"

/*
 * States as missing (QUALITY_BETTER) what would raise the grade of the servers of a file that logged windows, or requests whose times
 * overlap, and no steps: the switch that the engine's version has. Nothing where no switch helps.
 */
void advice_better(struct quality *q, const struct streams *s);

#endif
