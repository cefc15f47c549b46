/* advice.h: what to switch on so that a log contains better evidence. */
#ifndef INGEST_ADVICE_H
#define INGEST_ADVICE_H

#include "core/quality.h"
#include "ingest/streams.h"

/*
 * Adds as missing (QUALITY_BETTER) what would raise the grade of a file's servers that logged windows, or requests
 * with overlapping times, but no steps: the switch of the engine's version. Nothing if no switch helps.
 */
void advice_better(struct quality *q, const struct streams *s);

#endif
